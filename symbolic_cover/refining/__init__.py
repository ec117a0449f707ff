"""Refine the arranger on preferences: of listeners, of corrected scores, and of our own measures."""
