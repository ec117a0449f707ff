"""How good a cover is, and how we say so."""
