"""Shared by all packages: data types, errors and constants."""
