"""Blind listening tests: a page on this machine, the answers, and their statistics."""
