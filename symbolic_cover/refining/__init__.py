"""Make the arranger better by what is preferred: by listeners, by who corrects a score, by our own measures."""
