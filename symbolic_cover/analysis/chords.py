"""Chords: named from given notes, or recognised beat by beat.

The recogniser compares the chroma of every beat, weighted by duration and by the bass, with the
template of every chord and finds the best path with a Viterbi search that prefers chords that
last (after Sheh & Ellis, ISMIR 2003, without the training).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from symbolic_cover.core.grid import Grid
from symbolic_cover.core.music import CHORD_INTERVALS, Chord, Key, Note
from symbolic_cover.core.viterbi import steadiest_path

#: The qualities that are recognised; others come from chord symbols only.
_RECOGNISED = ("maj", "min", "7", "maj7", "min7", "dim", "sus4", "hdim7", "aug")
_QUALITY_PRIOR = {"maj": 0.0, "min": 0.0, "7": -0.07, "maj7": -0.09, "min7": -0.06, "dim": -0.10, "sus4": -0.12,
                  "hdim7": -0.12, "aug": -0.15}  # fmt: skip
_SHARPNESS, _CHANGE_COST, _BASS_BONUS, _KEY_BONUS = 8.0, 2.0, 0.16, 0.05
_BASS_BELOW = 55


def name_chord(pitches: Sequence[int]) -> tuple[int, str, int] | None:
    """The chord of a set of simultaneous pitches: (root, quality, bass), or None for fewer than two."""
    tones = {pitch % 12 for pitch in pitches}
    if len(tones) < 2:
        return None
    bass = min(pitches) % 12
    best: tuple[float, tuple[int, str, int]] | None = None
    for root in tones:
        for quality, intervals in CHORD_INTERVALS.items():
            chord = {(root + step) % 12 for step in intervals}
            score = len(tones & chord) - 0.8 * len(tones - chord) - 0.7 * len(chord - tones) + 0.5 * (root == bass)
            if best is None or score > best[0]:
                best = (score, (root, quality, bass if bass in chord else root))
    return best[1] if best else None


def chords_from_stacks(notes: Iterable[Note]) -> tuple[Chord, ...]:
    """Chords from a track that states them as block chords."""
    stacks: dict[int, list[Note]] = {}
    for note in notes:
        stacks.setdefault(note.onset_tick, []).append(note)
    onsets = sorted(stacks)
    chords = []
    for onset, following in zip(onsets, [*onsets[1:], 10**9], strict=False):
        named = name_chord([note.pitch for note in stacks[onset]])
        end = min(max(note.end_tick for note in stacks[onset]), following)
        if named and end > onset:
            chords.append(Chord(onset, end, *named))
    return merge_chords(chords)


def merge_chords(chords: Iterable[Chord]) -> tuple[Chord, ...]:
    """Join neighbours with the same chord."""
    merged: list[Chord] = []
    for chord in sorted(chords):
        if merged and merged[-1][2:] == chord[2:] and merged[-1].end_tick == chord.start_tick:
            merged[-1] = merged[-1]._replace(end_tick=chord.end_tick)
        else:
            merged.append(chord)
    return tuple(merged)


def recognise_chords(notes: Sequence[Note], grid: Grid, key: Key | None = None) -> tuple[Chord, ...]:
    """The chord of every beat, from all notes of a piece. Beats without notes get none."""
    edges = np.array(beat_edges(grid))
    chroma, bass = beat_chroma(notes, edges)
    chroma = np.sqrt(chroma)  # which tones sound matters more than how long
    candidates = [(root, quality) for quality in _RECOGNISED for root in range(12)]
    templates = np.zeros((len(candidates), 12))
    prior = np.zeros(len(candidates))
    scale = _scale(key) if key else None
    for row, (root, quality) in enumerate(candidates):
        spelled = [(root + step) % 12 for step in CHORD_INTERVALS[quality]]
        templates[row, spelled] = 1.0
        templates[row, root] = 1.2
        prior[row] = _QUALITY_PRIOR[quality] + (_KEY_BONUS if scale and set(spelled) <= scale else 0.0)
    templates /= np.linalg.norm(templates, axis=1, keepdims=True)
    norms = np.linalg.norm(chroma, axis=1, keepdims=True)
    fit = (chroma / np.maximum(norms, 1e-9)) @ templates.T + prior
    roots = np.array([root for root, _ in candidates])
    sounding_bass = bass >= 0
    fit[sounding_bass] += _BASS_BONUS * (roots[None, :] == bass[sounding_bass, None])
    cost = _CHANGE_COST * np.where(_is_bar_start(edges[:-1], grid), 0.5, 1.0)  # a change costs less at a bar line
    path = steadiest_path(_SHARPNESS * fit, cost)
    chords = []
    for beat, state in enumerate(path):
        if norms[beat, 0] > 0:
            root, quality = candidates[state]
            low = int(bass[beat])
            tones = {(root + step) % 12 for step in CHORD_INTERVALS[quality]}
            chords.append(Chord(int(edges[beat]), int(edges[beat + 1]), root, quality, low if low in tones else root))
    return merge_chords(_steady_bass(chords))


def _steady_bass(chords: list[Chord]) -> list[Chord]:
    """Keep the bass of a chord's first beat: a moving bass under one chord is not a new inversion."""
    steady: list[Chord] = []
    for chord in chords:
        if steady and steady[-1].end_tick == chord.start_tick and steady[-1][2:4] == chord[2:4]:
            chord = chord._replace(bass=steady[-1].bass)
        steady.append(chord)
    return steady


def beat_edges(grid: Grid) -> list[int]:
    """Ticks of all beats by the metre of each bar, and the end of the last bar."""
    edges = [tick for bar in grid.bars for tick in range(bar.start_tick, bar.end_tick, bar.meter.beat_tick)]
    return [*edges, grid.end_tick]


def beat_chroma(notes: Sequence[Note], edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sounding time of the pitch classes in each beat (n, 12), and the pitch class of its lowest note (n,).

    The latter is -1 if no note is low enough for a bass.
    """
    n_beats = len(edges) - 1
    chroma = np.zeros((n_beats, 12))
    bass = np.full(n_beats, -1)
    lowest = np.full(n_beats, _BASS_BELOW)
    for note in notes:
        first = max(int(np.searchsorted(edges, note.onset_tick, side="right")) - 1, 0)
        for beat in range(first, n_beats):
            if edges[beat] >= note.end_tick:
                break
            overlap = min(note.end_tick, edges[beat + 1]) - max(note.onset_tick, edges[beat])
            chroma[beat, note.pitch % 12] += overlap * (0.5 + note.velocity / 254)
            if note.pitch < lowest[beat]:
                lowest[beat], bass[beat] = note.pitch, note.pitch % 12
    return chroma, bass


def _is_bar_start(ticks: np.ndarray, grid: Grid) -> np.ndarray:
    return np.isin(ticks, [bar.start_tick for bar in grid.bars])


def _scale(key: Key) -> set[int]:
    steps = (0, 2, 4, 5, 7, 9, 11) if key.mode == "major" else (0, 2, 3, 5, 7, 8, 10, 11)
    return {(key.tonic + step) % 12 for step in steps}
