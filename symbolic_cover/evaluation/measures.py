"""The registry of measures of a cover: how each is computed, and what to try outside people's range.

A new measure is a function (in `metrics`, `structure`, `style`, ... or a module of its own) and an entry here. People's
ranges are computed with a corpus (`corpus.people`) and stored beside the weights; a new measure has no range yet.
Undefined values are NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from symbolic_cover.core.arrangement import Arrangement
from symbolic_cover.core.music import Bar, Note
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.evaluation import metrics
from symbolic_cover.evaluation.difficulty import difficulty
from symbolic_cover.evaluation.figures import longest_figure
from symbolic_cover.evaluation.memorisation import PatternIndex, accompaniment, copies
from symbolic_cover.evaluation.structure import form_return, stale_repetition, structure_indicators
from symbolic_cover.evaluation.style import style_fit, style_profile


@dataclass(frozen=True)
class Case:
    """The input of the measures: an arrangement and its song, transposed and at the tempo of the cover.

    `profile` is people's mean in the style, `patterns` those of the training songs; measures that need a missing one
    are NaN.
    """

    arrangement: Arrangement
    sheet: SongSheet
    profile: np.ndarray | None = None
    patterns: PatternIndex | None = None

    @property
    def bars(self) -> tuple[Bar, ...]:
        """The bars of the song."""
        return self.sheet.grid.bars

    @cached_property
    def pitched(self) -> tuple[Note, ...]:
        """All notes but the drums."""
        return self.arrangement.pitched_notes

    @cached_property
    def beside(self) -> list[Note]:
        """The accompaniment: pitched notes without the melody."""
        return accompaniment(self.arrangement)

    @cached_property
    def is_drums_alone(self) -> bool:
        """Whether there are only drums; then melody and chords cannot be measured."""
        parts = self.arrangement.parts
        return bool(parts) and all(part.is_drums for part in parts)

    @cached_property
    def structure(self) -> dict[str, float]:
        """The structure indicators, by span."""
        return structure_indicators(self.pitched, self.bars)

    @cached_property
    def copied(self) -> dict[str, float]:
        """The result of the search for copies."""
        return copies(self.beside, self.bars, self.patterns)


@dataclass(frozen=True)
class Measure:
    """One measure: its name, its aspect, its description, and its function of a `Case`.

    `below` and `above` say what to try below or above people's range. `is_reported` includes it in every cover's
    report. `has_range` is False if people's pieces, being their own songs, give no range; `needs_source` is True if it
    needs the song.
    """

    name: str
    aspect: str
    text: str
    of: Callable[[Case], float]
    below: str = ""
    above: str = ""
    is_reported: bool = False
    has_range: bool = True
    needs_source: bool = False


def _unless_drums(value: Callable[[Case], float]) -> Callable[[Case], float]:
    return lambda case: math.nan if case.is_drums_alone else value(case)


def _beside(value: Callable[[Sequence[Note], Case], float]) -> Callable[[Case], float]:
    """A measure of the accompaniment, NaN without one."""
    return lambda case: value(case.beside, case) if case.beside else math.nan


def _style_fit(case: Case) -> float:
    if case.profile is None:
        return math.nan
    return style_fit(style_profile(part.notes for part in case.arrangement.parts), case.profile)


MEASURES: tuple[Measure, ...] = (
    Measure(
        "melody_retention", "faithfulness", "share of the song's melody notes (onset and pitch) that the cover plays",
        _unless_drums(lambda c: metrics.melody_retention(c.sheet.melody, c.pitched)),
        is_reported=True, has_range=False, needs_source=True,
    ),
    Measure(
        "chord_accuracy", "faithfulness", "share of beats whose recognised chord is the song's (major/minor)",
        _unless_drums(lambda c: metrics.chord_accuracy(c.sheet.chords, c.pitched, c.sheet.grid)),
        below="The harmony strays from the song's: raise --fidelity.", is_reported=True, needs_source=True,
    ),
    Measure(
        "form_return", "faithfulness",
        "in bars that return in the song: similarity (note F1) of the accompaniment to the first time",
        lambda c: form_return(c.beside, c.sheet),
        below="Repeated passages differ too much: lower --candidates, or try another --seed.",
        needs_source=True,
    ),
    Measure(
        "grooving_similarity", "coherence", "similarity of the rhythms of the bars (Wu & Yang 2020)",
        lambda c: metrics.grooving_similarity(c.arrangement.notes, c.bars),
        below="The rhythm is restless: try another --seed.",
        above="The rhythm is too even: try another --seed, or more --candidates.", is_reported=True,
    ),
    Measure(
        "structure_short", "coherence",
        "fitness of repetitions after 3 to 8 s (structure indicator, Wu & Yang 2020)",
        lambda c: c.structure["short"],
    ),
    Measure("structure_mid", "coherence", "the same, 8 to 15 s", lambda c: c.structure["mid"]),
    Measure(
        "structure_long", "coherence", "the same, 15 s and more", lambda c: c.structure["long"],
        below="There are few long repetitions: check the bars with `analyze --out`.",
    ),
    Measure(
        "pitch_class_entropy", "coherence", "bits of pitch-class variety within a bar (H1)",
        lambda c: metrics.pitch_class_entropy(c.pitched, c.bars),
        above="The bars have many different notes: raise --fidelity, or lower --density.", is_reported=True,
    ),
    Measure(
        "pitch_class_entropy_4", "coherence", "the same, within four bars (H4)",
        lambda c: metrics.pitch_class_entropy(c.pitched, c.bars, 4),
    ),
    Measure(
        "bar_repetition", "coherence", "share of the bars whose accompaniment is that of one of the four before",
        _beside(lambda notes, c: metrics.bar_repetition(notes, c.bars)),
        above="Bars repeat too often: try another --seed, or more --candidates.",
    ),
    Measure(
        "stale_repetition", "coherence", "the same, less that of the song itself",
        _beside(lambda notes, c: stale_repetition(notes, c.sheet)),
        above="The accompaniment repeats bars where the song does not: try another --seed.",
    ),
    Measure(
        "longest_figure", "coherence", "longest run of bars in which a part has one figure (rhythm and contour)",
        lambda c: longest_figure(c.arrangement.parts, c.arrangement.melody, c.bars),
    ),
    Measure(
        "own_notes", "creativity", "share of the accompaniment that the song does not have (onset and pitch class)",
        lambda c: metrics.own_notes(c.beside, c.sheet), has_range=False, needs_source=True,
    ),
    Measure(
        "copied_bars", "creativity", "share of the bars whose accompaniment is copied from a training song",
        lambda c: c.copied["copied_bars"],
    ),
    Measure(
        "nearest_song", "creativity", "share of the accompaniment's distinctive patterns found in one training song",
        lambda c: c.copied["nearest_song"],
    ),
    Measure(
        "style_fit", "style", "cosine of the style profile with people's mean (Cífka et al. 2020)", _style_fit,
        below="It does not sound like the style: more --candidates, or another --density.",
    ),
    Measure(
        "chord_tone_ratio", "style", "share of accompanying notes that belong to the sounding chord",
        lambda c: metrics.chord_tone_ratio(c.beside, c.sheet.chords),
        below="Many notes are outside the chords: raise --fidelity, or more --candidates.",
        above="There are only chord tones: try another --seed, or raise --fidelity.", is_reported=True,
    ),
    Measure(
        "notes_per_bar", "style", "notes a bar, melody included", lambda c: len(c.arrangement.notes) / len(c.bars),
        below="Too few notes for the style: raise --density.", above="Too many notes for the style: lower --density.",
        is_reported=True,
    ),
    Measure(
        "unplayable_share", "playability",
        "share of a keyboard's onsets that two hands (5 notes within 12 semitones each) cannot hold",
        lambda c: metrics.unplayable_on_keyboards(c.arrangement.parts),
        above="Two hands cannot hold some notes: choose an easier --level.", is_reported=True,
    ),
    Measure(
        "difficulty", "playability", "difficulty of the hardest part, 0 to 10 (Sébastien et al. 2012)",
        lambda c: difficulty(c.arrangement), is_reported=True,
    ),
    Measure(
        "melody_on_top", "playability", "share of melody notes that no other note sounds above",
        lambda c: metrics.melody_on_top(c.arrangement.melody, c.pitched),
        below="The melody is covered: choose an --ensemble whose leader is above the others.", is_reported=True,
    ),
    Measure(
        "empty_bars", "playability", "share of the song's bars in which the cover has no note",
        lambda c: metrics.empty_bars(c.arrangement.notes, c.sheet.notes, c.bars),
        is_reported=True, has_range=False, needs_source=True,
    ),
)  # fmt: skip

BY_NAME = {measure.name: measure for measure in MEASURES}
DESCRIPTIONS = {measure.name: measure.text for measure in MEASURES}


def measure_cover(case: Case, *, has_source: bool = True) -> dict[str, float]:
    """All measures by name; without a source, NaN for those that need it."""
    return {m.name: float(m.of(case)) if has_source or not m.needs_source else math.nan for m in MEASURES}


def score_arrangement(arrangement: Arrangement, sheet: SongSheet) -> dict[str, float]:
    """The measures of a cover's report, which need no human version, people's ranges or training songs.

    `sheet` is the song as covered, transposed if requested.
    """
    case = Case(arrangement, sheet)
    return {measure.name: float(measure.of(case)) for measure in MEASURES if measure.is_reported}
