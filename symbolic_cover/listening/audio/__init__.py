"""Transcription of recordings."""
