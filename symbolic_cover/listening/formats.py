"""The supported file formats, by suffix."""

#: Formats of libsndfile; the content decides, not the suffix.
AUDIO_SUFFIXES = (".wav", ".flac", ".mp3", ".ogg", ".opus", ".aiff", ".aif", ".au", ".caf")
#: Formats that ffmpeg converts, if it is installed.
FFMPEG_SUFFIXES = (".m4a", ".mp4", ".webm", ".aac")
MIDI_SUFFIXES = (".mid", ".midi", ".kar", ".rmi")
NOTATION_KINDS = {".musicxml": "musicxml", ".xml": "musicxml", ".mxl": "musicxml", ".abc": "abc", ".krn": "kern"}
SCORE_SUFFIXES = (*MIDI_SUFFIXES, *NOTATION_KINDS)
#: All formats that `listen` reads.
SUFFIXES = (*AUDIO_SUFFIXES, *FFMPEG_SUFFIXES, *SCORE_SUFFIXES)
