"""Listening: recordings and scores -> their contents, in seconds."""
