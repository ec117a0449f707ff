"""A score becomes sound: synthesizer, SoundFonts, loudness."""
