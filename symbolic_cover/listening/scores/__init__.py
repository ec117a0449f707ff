"""Scores: MIDI, MusicXML, ABC and kern, read as written."""
