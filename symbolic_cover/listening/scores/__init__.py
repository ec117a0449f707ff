"""Readers of scores: MIDI, MusicXML, ABC and kern."""
