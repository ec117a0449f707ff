"""Small arrangements to render."""

from __future__ import annotations

from hypothesis import strategies as st

from symbolic_cover.core.arrangement import Arrangement, Part
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.music import Chord, Key, Meter, Note

C_MAJOR = Key(0, "major")


def piano(right, left, melody=(), *, grid=None, key=C_MAJOR, chords=(), title="Test piece") -> Arrangement:
    """An arrangement for two hands."""
    parts = (Part("right hand", "piano", 0, tuple(right)), Part("left hand", "piano", 0, tuple(left)))
    return Arrangement(parts, tuple(melody), grid or Grid.steady(4), key, tuple(chords), "pop-piano", "rules", title)


def golden() -> Arrangement:
    """Four bars in F major: a melody over chords and a broken accompaniment, with a triplet and a borrowed chord."""
    melody = [
        Note(0, 18, 72, 90), Note(18, 6, 74, 90), Note(24, 24, 77, 90),
        Note(48, 4, 76, 88), Note(52, 4, 74, 88), Note(56, 4, 72, 88), Note(60, 36, 70, 88),
        Note(96, 24, 73, 80), Note(126, 18, 72, 80),
        Note(144, 48, 69, 70),
    ]  # fmt: skip
    under = [Note(24, 24, 69), Note(24, 24, 72), Note(60, 36, 65), Note(108, 12, 65), Note(144, 48, 65)]
    broken = [(41, 48, 53, 57), (46, 53, 58, 62), (46, 53, 58, 61), (41, 48, 53, 57)]
    left = [
        Note(48 * bar + 12 * beat + half, 24, chord[(2 * beat + half // 6) % 4], 60)
        for bar, chord in enumerate(broken)
        for beat in range(4)
        for half in (0, 6)
    ]
    chords = [
        Chord(0, 48, 5, "maj", 5),
        Chord(48, 96, 10, "maj", 10),
        Chord(96, 144, 10, "min", 1),
        Chord(144, 192, 5, "maj", 5),
    ]
    return piano(melody + under, left, melody, grid=Grid.steady(4, bpm=92), key=Key(5, "major"), chords=chords)


METERS = [Meter(*sign) for sign in ((4, 4), (3, 4), (6, 8), (12, 8), (9, 16), (5, 4), (7, 8), (2, 2), (3, 2))]


@st.composite
def arrangements(draw: st.DrawFn) -> Arrangement:
    """Random music for two hands of up to five notes at a time, with a melody among the right hand's notes."""
    meter = draw(st.sampled_from(METERS))
    grid = Grid.steady(draw(st.integers(1, 4)), meter)
    key = Key(draw(st.integers(0, 11)), draw(st.sampled_from(["major", "minor"])))
    right = draw(_hand(grid.end_tick, 60))
    left = draw(_hand(grid.end_tick, 36))
    melody = [note for note in right if draw(st.booleans())]
    return piano(right, left, melody, grid=grid, key=key)


@st.composite
def _hand(draw: st.DrawFn, end_tick: int, lowest: int) -> list[Note]:
    onsets = draw(st.lists(st.integers(0, end_tick - 1), max_size=14, unique=True))
    notes = []
    for onset in sorted(onsets):
        root = draw(st.integers(lowest, lowest + 20))
        steps = draw(st.sets(st.integers(0, 12), min_size=1, max_size=5))
        length = draw(st.integers(1, 60))
        notes += [Note(onset, min(length, end_tick - onset), root + step) for step in sorted(steps)]
    return notes
