"""Beats, bars and swing among onsets, heard or played."""
