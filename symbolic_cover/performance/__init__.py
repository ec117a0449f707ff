"""An arrangement as it is played: MIDI as written and as performed, with touch, swing and pedal."""
