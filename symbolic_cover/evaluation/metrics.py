"""Metrics of an arrangement, against its source or against another arrangement of the song.

Conventions: notes are on the grid (12 ticks a quarter); a "bar" is a bar of the grid; every metric
is a float, most of them shares between 0 and 1. Where nothing can be counted the value is NaN.

What is measured of a cover, and under which names, stands in `measures`.

Faithfulness: `melody_retention`, `chord_accuracy`, `chord_tone_ratio`, `own_notes`.
Against a human version: `bar_chroma_cosine`, `bar_onset_cosine`, `note_f1`.
Playing: `unplayable_share` (of keyboards). Texture: `notes_per_bar`, `grooving_similarity`, `pitch_class_entropy`
(Wu & Yang, ISMIR 2020), `ioi_pattern_entropy`, `bar_repetition`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from symbolic_cover.analysis.chords import beat_edges, recognise_chords
from symbolic_cover.analysis.hands import Reach, unplayable_onsets
from symbolic_cover.core.arrangement import Part
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.instruments import KEYBOARDS
from symbolic_cover.core.music import Bar, Chord, Note
from symbolic_cover.core.sheet import SongSheet


def compare_with_human(notes: Iterable[Note], human: Iterable[Note], bars: Sequence[Bar]) -> dict[str, float]:
    """Overlap with a human arrangement of the same song on the same grid."""
    ours, theirs = tuple(sorted(notes)), tuple(sorted(human))
    return {
        "bar_chroma_cosine": _mean_cosine(bar_chroma(ours, bars), bar_chroma(theirs, bars)),
        "bar_onset_cosine": _mean_cosine(bar_onsets(ours, bars), bar_onsets(theirs, bars)),
        "note_f1": note_f1(ours, theirs),
    }


def own_notes(notes: Sequence[Note], sheet: SongSheet) -> float:
    """The share of `notes` whose onset and pitch class the song does not have."""
    there = {(note.onset_tick, note.pitch % 12) for note in sheet.notes}
    return float(np.mean([(n.onset_tick, n.pitch % 12) not in there for n in notes])) if notes else math.nan


def melody_retention(melody: Sequence[Note], notes: Iterable[Note]) -> float:
    """Share of melody notes whose onset and pitch are among `notes`."""
    there = {(note.onset_tick, note.pitch) for note in notes}
    return _mean([(note.onset_tick, note.pitch) in there for note in melody])


def melody_on_top(melody: Sequence[Note], notes: Sequence[Note]) -> float:
    """Share of melody notes above which nothing sounds at their onset."""
    begins, ends, pitches = (
        np.array([getattr(note, name) for note in notes]) for name in ("onset_tick", "end_tick", "pitch")
    )
    on_top = [
        not np.any((begins <= sung.onset_tick) & (sung.onset_tick < ends) & (pitches > sung.pitch)) for sung in melody
    ]
    return _mean(on_top)


def chord_accuracy(chords: Sequence[Chord], notes: Sequence[Note], grid: Grid) -> float:
    """Share of beats with a source chord whose recognised chord has the same root and third (majmin)."""
    found = recognise_chords(notes, grid)
    edges = beat_edges(grid)[:-1]
    pairs = [(chord_at(chords, tick), chord_at(found, tick)) for tick in edges]
    return _mean([
        heard is not None and majmin(heard) == majmin(wanted)
        for wanted, heard in pairs
        if wanted is not None and majmin(wanted) is not None
    ])  # fmt: skip


def chord_tone_ratio(accompaniment: Iterable[Note], chords: Sequence[Chord]) -> float:
    """Share of notes whose pitch class is in the chord that sounds at their onset."""
    judged = ((note, chord_at(chords, note.onset_tick)) for note in accompaniment)
    return _mean([note.pitch % 12 in chord.pitch_classes for note, chord in judged if chord is not None])


def unplayable_share(notes: Iterable[Note], reach: Reach = Reach()) -> float:
    """Share of onsets that two hands cannot hold, including notes that still sound."""
    bad, total = unplayable_onsets(notes, reach)
    return bad / total if total else math.nan


def unplayable_on_keyboards(parts: Iterable[Part], reach: Reach = Reach()) -> float:
    """Share of the onsets of keyboard instruments that two hands cannot hold; NaN without a keyboard.

    Parts of one `group` are the hands of one player; a single keyboard part is played by two hands as well.
    """
    players: dict[str, list[Note]] = {}
    for number, part in enumerate(parts):
        if not part.is_drums and part.program in KEYBOARDS:
            players.setdefault(part.group or f"\0{number}", []).extend(part.notes)
    counts = [unplayable_onsets(notes, reach) for notes in players.values()]
    total = sum(onsets for _, onsets in counts)
    return sum(bad for bad, _ in counts) / total if total else math.nan


def grooving_similarity(notes: Sequence[Note], bars: Sequence[Bar]) -> float:
    """GS: 1 - mean XOR of the sixteenth-note onset vectors over pairs of bars of the same metre."""
    rows = [row[: bar.meter.bar_tick : 3] > 0 for row, bar in zip(bar_onsets(notes, bars), bars, strict=True)]
    rows = [row for row in rows if row.any()]
    agreements = []
    for length in {len(row) for row in rows}:
        same = np.array([row for row in rows if len(row) == length], dtype=float)
        if len(same) > 1:
            xor = same @ (1 - same).T + (1 - same) @ same.T
            upper = np.triu_indices(len(same), 1)
            agreements += list(1 - xor[upper] / length)
    return _mean(agreements)


def bar_repetition(notes: Sequence[Note], bars: Sequence[Bar], reach: int = 4) -> float:
    """Share of the bars with notes that equal one of the `reach` bars before in every onset and pitch."""
    played: list[frozenset[tuple[int, int]]] = [frozenset() for _ in bars]
    for index, note in placed_in(notes, bars):
        played[index] |= {(note.onset_tick - bars[index].start_tick, note.pitch)}
    return _mean([bar in played[max(i - reach, 0) : i] for i, bar in enumerate(played) if bar])


def ioi_pattern_entropy(notes: Sequence[Note], length: int = 4) -> float:
    """IPE: entropy in bits of patterns of `length` successive inter-onset intervals (after Etude, 2025).

    It grows with the number of notes, so only pieces of equal length can be compared. (Etude's other measure of rhythm,
    RGC, is the distance of onsets from the grid: 0 for everything notated on one.)
    """
    gaps = np.diff(sorted({note.onset_tick for note in notes}))
    patterns = Counter(tuple(gaps[i : i + length]) for i in range(len(gaps) - length + 1))
    shares = np.array(list(patterns.values())) / max(sum(patterns.values()), 1)
    return float(-(shares * np.log2(shares)).sum()) if len(shares) else math.nan


def pitch_class_entropy(notes: Sequence[Note], bars: Sequence[Bar], window: int = 1) -> float:
    """H: mean entropy in bits of the pitch classes that begin within `window` bars."""
    chroma = bar_chroma(notes, bars)
    entropies = []
    for start in range(0, len(bars) - window + 1, window):
        counts = chroma[start : start + window].sum(axis=0)
        if counts.sum():
            shares = counts[counts > 0] / counts.sum()
            entropies.append(float(-(shares * np.log2(shares)).sum()))
    return _mean(entropies)


def empty_bars(notes: Sequence[Note], source: Sequence[Note], bars: Sequence[Bar]) -> float:
    """Share of the source's bars with notes in which the arrangement begins none."""
    ours, theirs = bar_onsets(notes, bars).sum(axis=1), bar_onsets(source, bars).sum(axis=1)
    return _mean(list(ours[theirs > 0] == 0))


def note_f1(ours: Iterable[Note], theirs: Iterable[Note]) -> float:
    """F1 over (onset, pitch), counted with multiplicity."""
    a = Counter((note.onset_tick, note.pitch) for note in ours)
    b = Counter((note.onset_tick, note.pitch) for note in theirs)
    total = sum(a.values()) + sum(b.values())
    return 2 * sum((a & b).values()) / total if total else math.nan


def bar_chroma(notes: Iterable[Note], bars: Sequence[Bar]) -> np.ndarray:
    """Onsets of each pitch class in each bar, (bars, 12)."""
    chroma = np.zeros((len(bars), 12))
    for index, note in placed_in(notes, bars):
        chroma[index, note.pitch % 12] += 1
    return chroma


def bar_onsets(notes: Iterable[Note], bars: Sequence[Bar]) -> np.ndarray:
    """Notes that begin at each tick of each bar, (bars, ticks of the longest bar)."""
    onsets = np.zeros((len(bars), max(bar.meter.bar_tick for bar in bars)))
    for index, note in placed_in(notes, bars):
        onsets[index, note.onset_tick - bars[index].start_tick] += 1
    return onsets


def placed_in(notes: Iterable[Note], bars: Sequence[Bar]) -> Iterable[tuple[int, Note]]:
    """The notes that begin in the bars, each with the index of its bar."""
    starts = [bar.start_tick for bar in bars]
    inside = [note for note in notes if starts[0] <= note.onset_tick < bars[-1].end_tick]
    places = np.searchsorted(starts, [note.onset_tick for note in inside], side="right") - 1
    return zip(places.tolist(), inside, strict=True)


def _mean_cosine(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Mean over the bars in which either has notes; 0 if only one has."""
    norms = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
    either = (ours.sum(axis=1) + theirs.sum(axis=1)) > 0
    return _mean(list(((ours * theirs).sum(axis=1) / np.maximum(norms, 1e-12))[either]))


def chord_at(chords: Sequence[Chord], tick: int) -> Chord | None:
    """The chord that sounds at a tick."""
    low, high = 0, len(chords)
    while low < high:
        middle = (low + high) // 2
        if chords[middle].start_tick <= tick:
            low = middle + 1
        else:
            high = middle
    chord = chords[low - 1] if low else None
    return chord if chord and chord.end_tick > tick else None


def majmin(chord: Chord) -> tuple[int, str] | None:
    """Root and third, as in mir_eval's majmin vocabulary; None for chords without a major or minor triad."""
    if chord.quality in ("maj", "7", "maj7", "maj6"):
        return chord.root, "maj"
    if chord.quality in ("min", "min7", "min6"):
        return chord.root, "min"
    return None


def _mean(values: Sequence[float | bool]) -> float:
    return float(np.mean(values)) if len(values) else math.nan
