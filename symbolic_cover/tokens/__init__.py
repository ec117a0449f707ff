"""The language the model speaks, as a miditok tokenizer."""
