"""The kinds of file that are read, by suffix."""

AUDIO_SUFFIXES = (".wav", ".flac", ".mp3", ".ogg")
MIDI_SUFFIXES = (".mid", ".midi", ".kar", ".rmi")
NOTATION_KINDS = {".musicxml": "musicxml", ".xml": "musicxml", ".mxl": "musicxml", ".abc": "abc", ".krn": "kern"}
SCORE_SUFFIXES = (*MIDI_SUFFIXES, *NOTATION_KINDS)
#: Every kind of file that `listen` takes.
SUFFIXES = (*AUDIO_SUFFIXES, *SCORE_SUFFIXES)
