"""Chords in Harte's notation (Harte et al., ISMIR 2005), read by mir_eval: ``A:min7``, ``C:maj/3``, ``N``."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

from symbolic_cover.core.music import CHORD_INTERVALS


@lru_cache(maxsize=4096)
def parse_chord(label: str) -> tuple[int, str, int] | None:
    """(root, quality, bass) of a chord, root and bass as pitch classes; None for ``N``, ``X`` and anything else.

    A quality that `CHORD_INTERVALS` lacks becomes the most similar one.
    """
    from mir_eval import chord

    try:
        letter, quality, _, degree = chord.split(label.strip(), reduce_extended_chords=True)
        if letter in (chord.NO_CHORD, chord.X_CHORD):
            return None
        root = chord.pitch_class_to_semitone(letter) % 12
        bass = (root + chord.scale_degree_to_semitone(degree)) % 12
        if quality not in CHORD_INTERVALS:
            bitmap = chord.quality_to_bitmap(quality)
            quality = nearest_quality({step for step in range(12) if bitmap[step]})
    except chord.InvalidChordException:
        return None
    return root, quality, bass


def nearest_quality(steps: Collection[int]) -> str:
    """The quality most similar to pitch classes above the root; ties go to the first in `CHORD_INTERVALS`."""
    heard = set(steps)

    def likeness(quality: str) -> float:
        tones = set(CHORD_INTERVALS[quality])
        return len(tones & heard) / len(tones | heard)

    return max(CHORD_INTERVALS, key=likeness)
