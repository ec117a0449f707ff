"""The use cases of the program, one file each: cover, analyse, play, evaluate, doctor."""
