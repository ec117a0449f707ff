"""What the notes on the grid mean: key, chords, melody, bass, and what hands can play."""
