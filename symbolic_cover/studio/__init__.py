"""Recordings made here, of which everything is known: pieces of a corpus, played and recorded in many ways."""
