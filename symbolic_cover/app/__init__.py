"""The stories of the program, one a file: cover, analyse, play, evaluate, doctor."""
