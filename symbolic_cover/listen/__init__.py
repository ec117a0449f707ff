"""Listening: sound or score file -> notes in seconds and the grid of beats -> notes on the grid."""

from symbolic_cover.listen.audio import AUDIO_SUFFIXES
from symbolic_cover.listen.files import SCORE_SUFFIXES, read_score
from symbolic_cover.listen.quantize import quantize
from symbolic_cover.listen.song import listen

#: Every kind of file that `listen` takes.
SUFFIXES = (*AUDIO_SUFFIXES, *SCORE_SUFFIXES)

__all__ = ["AUDIO_SUFFIXES", "SCORE_SUFFIXES", "SUFFIXES", "listen", "quantize", "read_score"]
