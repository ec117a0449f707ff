"""Rendering scores as sound: synthesizer, SoundFonts, loudness."""
