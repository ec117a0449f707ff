"""The kinds of file that are read, by suffix."""

#: What libsndfile reads; its content says what a file is.
AUDIO_SUFFIXES = (".wav", ".flac", ".mp3", ".ogg", ".opus", ".aiff", ".aif", ".au", ".caf")
#: What ffmpeg turns into sound, where it is installed.
FFMPEG_SUFFIXES = (".m4a", ".mp4", ".webm", ".aac")
MIDI_SUFFIXES = (".mid", ".midi", ".kar", ".rmi")
NOTATION_KINDS = {".musicxml": "musicxml", ".xml": "musicxml", ".mxl": "musicxml", ".abc": "abc", ".krn": "kern"}
SCORE_SUFFIXES = (*MIDI_SUFFIXES, *NOTATION_KINDS)
#: Every kind of file that `listen` takes.
SUFFIXES = (*AUDIO_SUFFIXES, *FFMPEG_SUFFIXES, *SCORE_SUFFIXES)
