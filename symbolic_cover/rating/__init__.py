"""What listeners prefer: a blind listening page on this machine, their answers, and what they say together."""
