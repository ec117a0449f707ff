"""Listening: sound or score file -> notes in seconds and the grid of beats -> notes on the grid."""

from symbolic_cover.listen.quantize import quantize
from symbolic_cover.listen.song import listen

__all__ = ["listen", "quantize"]
