"""The token vocabulary of the model and its miditok tokenizer."""
