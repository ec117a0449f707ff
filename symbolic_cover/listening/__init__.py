"""Listening: a recording or a score becomes what it says, in seconds."""
