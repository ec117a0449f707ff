"""All that `evaluate` measures of a whole cover, by aspect.

What each number is stands in `ASPECTS`; how it is computed in `metrics`, `structure`, `style`, `memorisation` and
`readability`. What cannot be told is NaN.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from symbolic_cover.core.arrangement import Arrangement, Part
from symbolic_cover.core.music import Bar, Note
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.evaluation.memorisation import PatternIndex, accompaniment, copied_share, pattern_hashes
from symbolic_cover.evaluation.metrics import bar_repetition, pitch_class_entropy, score_arrangement
from symbolic_cover.evaluation.structure import form_return, stale_repetition, structure_indicators
from symbolic_cover.evaluation.style import style_fit, style_profile

ASPECTS: dict[str, dict[str, str]] = {
    "faithfulness": {
        "melody_retention": "share of the song's melody notes (onset and pitch) that the cover plays",
        "chord_accuracy": "share of beats whose recognised chord is the song's (major/minor)",
        "form_return": "where the song brings bars back: likeness (note F1) of what accompanies them to the first time",
    },
    "coherence": {
        "grooving_similarity": "how alike the rhythms of the bars are (Wu & Yang 2020)",
        "structure_short": "fitness of what returns after 3 to 8 s (structure indicator, Wu & Yang 2020)",
        "structure_mid": "the same, 8 to 15 s",
        "structure_long": "the same, 15 s and more",
        "pitch_class_entropy": "bits of pitch-class variety within a bar (H1)",
        "pitch_class_entropy_4": "the same, within four bars (H4)",
        "bar_repetition": "share of the bars whose accompaniment is that of one of the four before",
        "stale_repetition": "how much more of the bars than in the song itself",
        "longest_figure": "bars in a row in which a part has one figure (rhythm and contour)",
    },
    "creativity": {
        "own_notes": "share of the accompaniment that the song does not have (onset and pitch class)",
        "copied_bars": "share of the bars whose accompaniment is that of a training song",
        "nearest_song": "share of the accompaniment's telling patterns that one training song has",
    },
    "style": {
        "style_fit": "cosine of the style profile with people's mean (Cífka et al. 2020)",
        "chord_tone_ratio": "share of accompanying notes that belong to the sounding chord",
        "notes_per_bar": "notes a bar, melody included",
    },
    "playability": {
        "unplayable_share": "share of a keyboard's onsets that two hands cannot hold",
        "melody_on_top": "share of melody notes that no other note sounds above",
        "empty_bars": "share of the song's bars in which the cover has no note",
    },
}
DESCRIPTIONS = {name: text for measures in ASPECTS.values() for name, text in measures.items()}


def measure_cover(
    arrangement: Arrangement, sheet: SongSheet, profile: np.ndarray | None = None, index: PatternIndex | None = None
) -> dict[str, float]:
    """Every number of `ASPECTS`. `profile` is people's mean in the style, `index` the training songs' patterns."""
    bars = sheet.grid.bars
    pitched, beside = arrangement.pitched_notes, accompaniment(arrangement)
    structure = structure_indicators(pitched, bars)
    basic = score_arrangement(arrangement, sheet)
    measured = {
        **{name: basic[name] for name in DESCRIPTIONS if name in basic},
        "form_return": form_return(beside, sheet),
        **{f"structure_{span}": value for span, value in structure.items()},
        "pitch_class_entropy_4": pitch_class_entropy(pitched, bars, 4),
        "bar_repetition": bar_repetition(beside, bars) if beside else math.nan,
        "stale_repetition": stale_repetition(beside, sheet) if beside else math.nan,
        "longest_figure": longest_figure(arrangement.parts, arrangement.melody, bars),
        "own_notes": own_notes(beside, sheet),
        "style_fit": math.nan if profile is None else style_fit(_profile_of(arrangement), profile),
        **copies(beside, bars, index),
    }
    return {name: float(measured[name]) for name in DESCRIPTIONS}


def own_notes(notes: Sequence[Note], sheet: SongSheet) -> float:
    """The share of `notes` whose onset and pitch class the song does not have."""
    there = {(note.onset_tick, note.pitch % 12) for note in sheet.notes}
    return float(np.mean([(n.onset_tick, n.pitch % 12) not in there for n in notes])) if notes else math.nan


def longest_figure(parts: Sequence[Part], melody: Sequence[Note], bars: Sequence[Bar]) -> float:
    """The longest run of bars in which a pitched part, its share of the tune aside, keeps one figure."""
    runs = [last - first + 1 for part in parts for first, last in figure_runs(part, melody, bars)]
    return float(max(runs, default=1)) if any(part.notes for part in parts if not part.is_drums) else math.nan


def figure_runs(part: Part, melody: Sequence[Note], bars: Sequence[Bar]) -> list[tuple[int, int]]:
    """Runs (first and last bar) in which a part has the same rhythm and the same contour, at whatever pitch and width.

    The contour is which of the bar's pitches, counted from below, are struck when. A figure has two onsets or more:
    chords that are held for a bar are none.
    """
    tune = {(note.onset_tick, note.pitch) for note in melody}
    if part.is_drums:
        return []
    starts = np.array([bar.start_tick for bar in bars])
    played: list[list[Note]] = [[] for _ in bars]
    for note in part.notes:
        if bars[0].start_tick <= note.onset_tick < bars[-1].end_tick and (note.onset_tick, note.pitch) not in tune:
            played[int(np.searchsorted(starts, note.onset_tick, side="right")) - 1].append(note)
    figures = [_figure(notes, bar) for notes, bar in zip(played, bars, strict=True)]
    runs: list[tuple[int, int]] = []
    first = 0
    for bar in range(1, len(figures) + 1):
        if bar == len(figures) or figures[bar] != figures[first]:
            if figures[first] and bar - first > 1:
                runs.append((first, bar - 1))
            first = bar
    return runs


def _figure(notes: Sequence[Note], bar: Bar) -> frozenset[tuple[int, int]]:
    if len({note.onset_tick for note in notes}) < 2:
        return frozenset()
    height = {pitch: rank for rank, pitch in enumerate(sorted({note.pitch for note in notes}))}
    return frozenset((note.onset_tick - bar.start_tick, height[note.pitch]) for note in notes)


def _profile_of(arrangement: Arrangement) -> np.ndarray:
    return style_profile(part.notes for part in arrangement.parts)


def copies(beside: Sequence[Note], bars: Sequence[Bar], index: PatternIndex | None) -> dict[str, float]:
    """`copied_bars` and `nearest_song` of an accompaniment; NaN without an index."""
    if index is None or not beside:
        return {"copied_bars": math.nan, "nearest_song": math.nan}
    patterns = pattern_hashes(beside, bars)
    return {"copied_bars": copied_share(index.copied(patterns), len(bars)), "nearest_song": index.nearest(patterns)[0]}
