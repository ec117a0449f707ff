"""Analysis, from heard music to the song sheet: quantization, key, chords, melody, bass, form, hands."""
