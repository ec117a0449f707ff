"""MIDI of an arrangement, as written and as performed, with touch, swing and pedal."""
