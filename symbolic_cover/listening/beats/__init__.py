"""Beats, bars and swing from onsets."""
