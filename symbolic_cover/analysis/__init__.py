"""From what a source says to the song sheet: notes on the grid, key, chords, melody, bass, form, hands."""
