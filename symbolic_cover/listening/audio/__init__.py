"""Recordings: what sounds in them."""
