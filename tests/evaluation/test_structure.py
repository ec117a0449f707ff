"""Structure against values worked out by hand."""

import math

import numpy as np
import pytest

from symbolic_cover.core.grid import Grid
from symbolic_cover.core.music import Bar, Chord, Key, Meter, Note
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.evaluation.structure import (
    fitness_by_length,
    form_return,
    self_similarity,
    stale_repetition,
    structure_indicators,
)


def test_the_fitness_of_a_half_that_returns_is_a_half():
    """Six frames, the second three like the first: score 6 of 6 cells, 3 of them trivial; coverage 6 of 6 likewise."""
    stripe = np.eye(6) + np.eye(6, k=3) + np.eye(6, k=-3)
    fitness = fitness_by_length(np.where(stripe > 0, 1.0, -2.0))
    assert fitness[3] == pytest.approx(0.5)
    assert fitness[1] == pytest.approx(0.25)  # by two cells of 2, and 2 of 6 rows: 2 * (1/2 * 1/6) / (2/3)
    assert fitness[4] == fitness[5] == fitness[6] == 0.0


def test_a_slower_return_counts_with_fewer_cells():
    """Frames 4..7 are frames 0, 1 at half speed. The best path steps (2, 1), covers all rows, and has fewer cells."""
    like = [0, 1, 2, 3, 0, 9, 1, 9]
    matrix = np.where(np.equal.outer(like, like), 1.0, -2.0)
    matrix[5, 7] = matrix[7, 5] = -2.0
    # segment 0..1: itself 2 cells; rows 4 and 6 by the step (2, 1): 2 cells, 3 rows.
    # score (4 - 2) / 4, coverage (2 + 3 - 2) / 8: harmonic mean
    assert fitness_by_length(matrix)[2] == pytest.approx(2 * 0.5 * 0.375 / 0.875)


def test_the_matrix_is_one_on_its_diagonal_and_penalises_what_is_unlike():
    notes = [Note(24 * frame, 24, 60 + (frame % 4) * 2) for frame in range(8)]
    matrix = self_similarity(notes, 0, 8, 24)
    assert (np.diag(matrix) == 1).all()
    assert matrix[0, 4] == pytest.approx(1.0)
    assert matrix[0, 1] == -2.0


def test_structure_is_high_where_a_piece_returns_and_low_where_nothing_does():
    bars = [Bar(48 * i, Meter(4, 4)) for i in range(32)]
    phrase = np.random.default_rng(0).integers(48, 72, 64)
    returning = [Note(12 * i, 12, int(phrase[i % 64])) for i in range(128)]
    other = [Note(12 * i, 12, int(p)) for i, p in enumerate(np.random.default_rng(1).integers(48, 72, 128))]
    back, new = structure_indicators(returning, bars), structure_indicators(other, bars)
    assert all(back[span] > new[span] + 0.1 for span in ("mid", "long"))
    assert math.isnan(structure_indicators(returning, bars[:2])["short"])


def form_song() -> SongSheet:
    """Eight bars of melody, then the same eight."""
    grid = Grid.steady(16)
    pitches = np.random.default_rng(4).integers(60, 72, 32)
    melody = tuple(Note(12 * i, 12, int(pitches[i % 32])) for i in range(64))
    chords = tuple(Chord(bar.start_tick, bar.end_tick, (5 * (i % 8)) % 12, "maj", (5 * (i % 8)) % 12)
                   for i, bar in enumerate(grid.bars))  # fmt: skip
    return SongSheet(grid, melody, (), (), chords, Key(0, "major"))


def test_form_return_is_the_likeness_of_what_returns():
    song = form_song()
    first = [Note(48 * bar, 48, 40 + bar) for bar in range(8)]
    same = [note._replace(onset_tick=note.onset_tick + 8 * 48) for note in first]
    half = [note._replace(pitch=note.pitch + 30 * (i % 2)) for i, note in enumerate(same)]
    assert form_return(first + same, song) == 1.0
    assert form_return(first + half, song) == 0.5
    assert math.isnan(form_return(first, SongSheet(Grid.steady(4), (), (), (), (), Key(0, "major"))))


def test_stale_repetition_is_beyond_what_the_song_repeats():
    song = form_song()
    vamp = [Note(48 * bar + tick, 24, 48) for bar in range(16) for tick in (0, 24)]
    assert stale_repetition(vamp, song) == pytest.approx(15 / 16)
    standing = SongSheet(song.grid, song.melody, tuple(Note(48 * i, 48, 36) for i in range(16)), (), (), song.key)
    assert stale_repetition(vamp, standing) == 0.0


def test_a_piece_on_one_chord_is_all_structure():
    bars = [Bar(48 * i, Meter(4, 4)) for i in range(16)]
    drone = [Note(48 * i, 48, pitch) for i in range(16) for pitch in (48, 55, 64)]
    assert structure_indicators(drone, bars)["short"] > 0.7
