"""Whether a classifier can tell our arrangements from people's, and by which features.

A classifier is trained on segments written by people and segments that we made of the same songs, and tested on other
songs. The area under its ROC curve (AUC) is .5 at chance and 1 if it is always right. Note lengths and loudness are
left out, since editions differ in them.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from symbolic_cover.core.music import TICKS_PER_QUARTER, Note
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.evaluation.metrics import bar_repetition, grooving_similarity, pitch_class_entropy

#: The folds of cross-validation, and the trees of the forest.
_FOLDS, _TREES = 5, 400
_RESAMPLES = 400
#: Upper bounds of the classes of intervals between neighbours: step, third, fourth, tritone, fifth, sixth, seventh,
#: octave, more.
_INTERVALS = (2, 4, 5, 6, 7, 9, 11, 12)
_INTERVAL_NAMES = ("a step", "a third", "a fourth", "a tritone", "a fifth", "a sixth", "a seventh", "an octave", "more")
_MOTIONS = (0, 2, 4, 7, 12)
_MOTION_NAMES = ("stays", "moves by step", "by a third", "by a fourth or fifth", "up to an octave", "farther")
_MOST_STRUCK = 7
_PLACES = {"on the beat": 0, "on the half of a beat": 6, "on its first quarter": 3, "on its last": 9}


def features(parts: Mapping[str, Sequence[Note]], sheet: SongSheet) -> dict[str, float]:
    """The features of a few bars, without drums, by name; shares unless stated otherwise."""
    bars = sheet.grid.bars
    notes = sorted(note for name, played in parts.items() if name != "drums" for note in played)
    found: dict[str, float] = {}
    struck: dict[int, list[int]] = {}
    for note in notes:
        struck.setdefault(note.onset_tick, []).append(note.pitch)
    chords = [sorted(set(struck[tick])) for tick in sorted(struck)]
    _count(found, "{} notes struck at once", [len(chord) for chord in chords], range(1, _MOST_STRUCK + 1))
    gaps = [high - low for chord in chords for low, high in itertools.pairwise(chord)]
    _classes(found, "struck neighbours {} apart", gaps, _INTERVALS, _INTERVAL_NAMES)
    _classes(found, "the lowest voice {}", _steps([chord[0] for chord in chords]), _MOTIONS, _MOTION_NAMES)
    _classes(found, "the top voice {}", _steps([chord[-1] for chord in chords]), _MOTIONS, _MOTION_NAMES)
    for name, place in _PLACES.items():
        found[f"onsets {name}"] = _share([tick % TICKS_PER_QUARTER == place for tick in struck])
    starts = np.array([bar.start_tick for bar in bars])
    bar_of = np.searchsorted(starts, [note.onset_tick for note in notes], side="right") - 1
    for beat in range(4):
        tick = beat * TICKS_PER_QUARTER
        found[f"notes on beat {beat + 1}"] = _share(
            [note.onset_tick - starts[i] == tick for note, i in zip(notes, bar_of, strict=True)]
        )
    per_bar = np.bincount(bar_of[bar_of >= 0], minlength=len(bars))
    found["notes a bar"], found["notes in the busiest bar"] = float(per_bar.mean()), float(per_bar.max())
    found["spread of notes a bar"] = float(per_bar.std())
    pitches = np.array([note.pitch for note in notes]) if notes else np.zeros(1)
    for name, quantile in (("low", 0.05), ("lower middle", 0.3), ("middle", 0.5), ("upper middle", 0.7)):
        found[f"where {name} notes lie"] = float(np.quantile(pitches, quantile))
    found["chord tones"] = _share(_in_chord(notes, sheet))
    found["pitch-class entropy of a bar"] = _known(pitch_class_entropy(notes, bars))
    found["pitch-class entropy of four bars"] = _known(pitch_class_entropy(notes, bars, window=4))
    found["groove similarity"] = _known(grooving_similarity(notes, bars))
    found["bars repeated"] = _known(bar_repetition(notes, bars))
    return found


class Verdict(NamedTuple):
    """How well the classifier does: `auc`, its 95 % interval over songs, and its features by importance.

    `tells` has the name of a feature, its mean in people's and in our segments, and its importance.
    """

    auc: float
    low: float
    high: float
    tells: list[tuple[str, float, float, float]]


def judge(
    people: Sequence[Mapping[str, float]], ours: Sequence[Mapping[str, float]], songs: Sequence[str], seed: int = 0
) -> Verdict:
    """Tell `ours` from `people`'s by their features, segment i of both being of ``songs[i]``."""
    from sklearn.ensemble import RandomForestClassifier

    names = list(people[0])
    x = np.array([[one[name] for name in names] for one in (*people, *ours)])
    importances = np.zeros(len(names))

    def learned(rows: np.ndarray) -> Any:
        forest = RandomForestClassifier(_TREES, min_samples_leaf=2, random_state=seed, n_jobs=1)
        forest.fit(x[rows], y[rows])
        importances[:] += forest.feature_importances_ / _FOLDS
        return forest

    y = np.repeat([0, 1], [len(people), len(ours)])
    auc, low, high = _told(learned, x, y, songs, seed)
    means = ((name, float(x[y == 0, i].mean()), float(x[y == 1, i].mean())) for i, name in enumerate(names))
    tells = [(*mean, float(weight)) for mean, weight in zip(means, importances, strict=True)]
    return Verdict(auc, low, high, sorted(tells, key=lambda tell: -tell[3]))


def judge_by_words(
    people: Sequence[Sequence[str]], ours: Sequence[Sequence[str]], songs: Sequence[str], seed: int = 0
) -> Verdict:
    """A second classifier without musical features: logistic regression on tokens and pairs of successive tokens.

    It is never used for training, choosing or tuning.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    told = [" ".join(words) for words in (*people, *ours)]
    x = TfidfVectorizer(token_pattern=r"\S+", lowercase=False, ngram_range=(1, 2), min_df=3).fit_transform(told)
    y = np.repeat([0, 1], [len(people), len(ours)])
    auc, low, high = _told(lambda rows: LogisticRegression(C=10, max_iter=500).fit(x[rows], y[rows]), x, y, songs, seed)
    return Verdict(auc, low, high, [])


def _told(
    learned: Callable[[np.ndarray], Any], x: Any, y: np.ndarray, songs: Sequence[str], seed: int
) -> tuple[float, float, float]:
    """The AUC with which models, each `learned` on some rows, classify rows of other songs; and its interval."""
    from sklearn.metrics import roc_auc_score

    known = sorted(set(songs))
    rng = np.random.default_rng(seed)
    fold_of = dict(zip(known, rng.permutation(len(known)) % _FOLDS, strict=True))
    song = np.array([*songs, *songs])
    fold = np.array([fold_of[name] for name in song])
    scores = np.zeros(len(y))
    for held_out in range(_FOLDS):
        here = np.flatnonzero(fold == held_out)
        if len(here):
            scores[here] = learned(np.flatnonzero(fold != held_out)).predict_proba(x[here])[:, 1]
    of_song = {name: np.flatnonzero(song == name) for name in known}
    drawn = [np.concatenate([of_song[name] for name in rng.choice(known, len(known))]) for _ in range(_RESAMPLES)]
    low, high = np.quantile([roc_auc_score(y[rows], scores[rows]) for rows in drawn], [0.025, 0.975])
    return float(roc_auc_score(y, scores)), float(low), float(high)


def _count(found: dict[str, float], name: str, values: Sequence[int], kinds: range) -> None:
    for kind in kinds:
        last = kind == kinds[-1]
        words = name.format(f"{kind} and more" if last else kind)
        found[words] = _share([value >= kind if last else value == kind for value in values])


def _classes(
    found: dict[str, float], name: str, values: Sequence[int], bounds: Sequence[int], words: Sequence[str]
) -> None:
    shares = np.bincount(np.searchsorted(bounds, values), minlength=len(words)) / max(len(values), 1)
    found |= {name.format(word): float(share) for word, share in zip(words, shares, strict=True)}


def _steps(line: Sequence[int]) -> list[int]:
    return [abs(later - earlier) for earlier, later in itertools.pairwise(line)]


def _in_chord(notes: Sequence[Note], sheet: SongSheet) -> list[bool]:
    begins = np.array([chord.start_tick for chord in sheet.chords])
    index = np.searchsorted(begins, [note.onset_tick for note in notes], side="right") - 1
    return [
        note.pitch % 12 in sheet.chords[i].pitch_classes
        for note, i in zip(notes, index, strict=True)
        if i >= 0 and note.onset_tick < sheet.chords[i].end_tick
    ]


def _share(told: Sequence[bool]) -> float:
    return float(np.mean(told)) if len(told) else 0.0


def _known(value: float) -> float:
    return float(np.nan_to_num(value))
