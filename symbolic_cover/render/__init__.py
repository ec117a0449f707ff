"""An arrangement leaves the house: as score, MIDI and sound."""
