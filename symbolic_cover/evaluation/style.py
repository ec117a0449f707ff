"""The sound of a style as numbers: the style profile, and features for a classifier of styles.

The profile counts, over all pairs of notes of a part that begin within four beats, interval against onset difference,
and over all notes place in the beat against duration (after Cífka, Şimşekli & Richard, Groove2Groove, TASLP 2020).
Parts are distinguished, but not by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from symbolic_cover.core.music import TICKS_PER_QUARTER, Bar, Note

#: The style profile as Cífka et al. (2020) define it: pairs within four beats, intervals up to twenty semitones.
_WINDOW_TICK = 4 * TICKS_PER_QUARTER
_STEP_TICK = TICKS_PER_QUARTER // 4
_WIDEST = 20
_DURATIONS = np.array([2, 3, 4, 6, 9, 12, 18, 24, 36, 48])
_POLYPHONY, _PITCHES, _STRUCK = 8, 9, 8


def style_profile(parts: Iterable[Sequence[Note]]) -> np.ndarray:
    """The profile of an arrangement, each of its two tables summing to one, flattened."""
    pairs = np.zeros((_WINDOW_TICK // _STEP_TICK + 1, 2 * _WIDEST + 1))
    places = np.zeros((TICKS_PER_QUARTER, len(_DURATIONS) + 1))
    for notes in parts:
        ordered = sorted(notes)
        for index, note in enumerate(ordered):
            places[note.onset_tick % TICKS_PER_QUARTER, np.searchsorted(_DURATIONS, note.duration_tick)] += 1
            for other in ordered[index + 1 :]:
                later = other.onset_tick - note.onset_tick
                if later > _WINDOW_TICK:
                    break
                interval = max(-_WIDEST, min(other.pitch - note.pitch, _WIDEST))
                pairs[later // _STEP_TICK, interval + _WIDEST] += 1
    return np.concatenate([(table / max(table.sum(), 1)).ravel() for table in (pairs, places)])


def style_fit(one: np.ndarray, other: np.ndarray) -> float:
    """Cosine of two style profiles, 0..1."""
    return float(one @ other / max(np.linalg.norm(one) * np.linalg.norm(other), 1e-12))


def texture_features(parts: Mapping[str, Sequence[Note]], bars: Sequence[Bar], drums: str = "drums") -> np.ndarray:
    """Features of a few bars of an arrangement, without the names of its parts, (features,).

    Density, rhythm by place in the beat and in the bar, durations, polyphony, register, how many notes are struck
    together and at what distance, how the lowest line moves, and the share of drums.
    """
    pitched = sorted(note for name, notes in parts.items() if name != drums for note in notes)
    struck_drums = [note for name, notes in parts.items() if name == drums for note in notes]
    n_quarters = (bars[-1].end_tick - bars[0].start_tick) / TICKS_PER_QUARTER
    starts = np.array([bar.start_tick for bar in bars])
    features = [np.array([len(pitched) / n_quarters, len(struck_drums) / n_quarters, sum(map(bool, parts.values()))])]
    for notes in (pitched, struck_drums):
        onset = np.array([note.onset_tick for note in notes], dtype=int)
        in_bar = onset - starts[np.searchsorted(starts, onset, side="right") - 1] if len(onset) else onset
        features += [_shares(onset % TICKS_PER_QUARTER, TICKS_PER_QUARTER), _shares(in_bar // 6, 8)]
    features.append(_shares(np.searchsorted(_DURATIONS, [n.duration_tick for n in pitched]), len(_DURATIONS) + 1))
    features.append(_shares(np.array([(n.pitch - 21) // 10 for n in pitched]), _PITCHES))
    drum_kind = np.array([note.pitch - 35 for note in struck_drums])
    features.append(_shares(drum_kind, 24))
    together: dict[int, list[int]] = {}
    for note in pitched:
        together.setdefault(note.onset_tick, []).append(note.pitch)
    sizes = np.array([len(chord) for chord in together.values()])
    gaps = np.array(
        [b - a for chord in together.values() for a, b in zip(sorted(chord), sorted(chord)[1:], strict=False)]
    )
    features += [_shares(sizes, _STRUCK), _shares(gaps, 25), _shares(_polyphony(pitched, bars), _POLYPHONY)]
    lowest = np.array([min(together[tick]) for tick in sorted(together)])
    features.append(_shares(np.abs(np.diff(lowest)), 25))
    return np.concatenate(features)


def _polyphony(notes: Sequence[Note], bars: Sequence[Bar]) -> np.ndarray:
    """The number of notes sounding at each tick."""
    first = bars[0].start_tick
    sounding = np.zeros(bars[-1].end_tick - first, dtype=int)
    for note in notes:
        sounding[max(note.onset_tick - first, 0) : note.end_tick - first] += 1
    return sounding


def _shares(values: np.ndarray, n_bins: int) -> np.ndarray:
    """The share of values in each of `n_bins`, the last one open."""
    counts = np.bincount(np.clip(np.asarray(values, dtype=int), 0, n_bins - 1), minlength=n_bins)
    return counts / max(counts.sum(), 1)
