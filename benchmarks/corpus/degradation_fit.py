"""Count transcription errors in measured excerpts, and convert the counts to `KindErrors` (for `degradation.py`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from degradation_match import KINDS_OF_GHOST, TOLERANCE_TICK, ghosts_of, match, partners
from degradation_pieces import Measured

from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.corpus.degrade import ROOM_TICK, degrade
from symbolic_cover.corpus.mishearing import HARMONICS, LENGTH_BOUNDS_SEC, SHARES, Errors, KindErrors
from symbolic_cover.corpus.sounding import (
    CIRCUMSTANCES,
    ROLES,
    Sounding,
    circumstances,
    predecessors,
    roll_of,
    sounding,
)

N_ROUNDS = 4
RIDGE = 1.0
EARLIEST = 0.03
SPLIT_AFTER_SEC = 0.1


class Counts(NamedTuple):
    """One excerpt, true and heard (or degraded), note by note.

    `hit` (true notes,): heard, within an eighth or later while the note lasts. `held`: (how many sound on, of how many)
    missed notes whose pitch was heard just before. `split_sec`, `splits` by role: seconds of heard notes that may
    split, and splits. `ghosts`, `room` (kinds, 2): ghosts of heard and of missed notes, and how many notes left
    room for one; `steps` to those anywhere, `struck` with their note or later.
    `lost`, `octave`, `over`, `alone`: (how often, of how many) the melody finder erred.
    """

    features: np.ndarray
    hit: np.ndarray
    pitch: np.ndarray
    held: tuple[int, int]
    splits: np.ndarray
    split_sec: np.ndarray
    ghosts: np.ndarray
    room: np.ndarray
    steps: np.ndarray
    struck: np.ndarray
    lost: tuple[int, int]
    octave: tuple[int, int]
    over: tuple[int, int]
    alone: tuple[int, int]


def count(true_content: SongSheet, heard_content: SongSheet, seed: int = 0) -> Counts:
    """Compare what is heard of an excerpt with the truth."""
    true, heard = sounding(true_content), sounding(heard_content)
    partner = late_too(true, heard, match(true, heard))
    hit = partner >= 0
    index, kind, parent = ghosts_of(true, heard, partner)
    end_tick = true_content.grid.end_tick + 1
    roles = np.eye(len(ROLES))[true.role]
    room_sec = np.maximum(heard.length_sec[partner] - 2 * SPLIT_AFTER_SEC, 0) * hit
    of_split = parent[kind == 0]
    ghosts = np.zeros((len(HARMONICS) + 1, 2))
    room = np.zeros_like(ghosts)
    roll = roll_of(true, end_tick, ROOM_TICK)
    for number, step in enumerate(HARMONICS):
        pitch = true.pitch + step
        free = (pitch >= 21) & (pitch <= 108)
        free[free] &= ~roll[pitch[free], true.onset[free]]
        room[number] = [np.sum(free & hit), np.sum(free & ~hit)]
        of_it = parent[kind == number + 1]
        ghosts[number] = [np.sum(hit[of_it]), np.sum(~hit[of_it])]
    near, steps = _neighbours(true, heard, index[kind == len(KINDS_OF_GHOST) - 1], seed)
    room[-1] = [np.sum(hit), np.sum(~hit)]
    ghosts[-1] = [np.sum(hit[near]), np.sum(~hit[near])]
    harmonic = (kind > 0) & (kind < len(KINDS_OF_GHOST) - 1)
    return Counts(
        np.column_stack([roles, circumstances(true, roll_of(true, end_tick))]),
        hit,
        true.pitch,
        _held(true, roll_of(heard, end_tick), hit),
        np.array([np.sum(true.role[of_split] == role) for role in range(len(ROLES))]),
        room_sec @ roles,
        ghosts,
        room,
        steps,
        np.abs(heard.onset[index[harmonic]] - true.onset[parent[harmonic]]) <= 1,
        *_melody_errors(true, heard, partner),
    )


def late_too(true: Sounding, heard: Sounding, partner: np.ndarray) -> np.ndarray:
    """Also match notes without a partner to one that begins while they last, if it is free."""
    partner = partner.copy()
    free = set(np.setdiff1d(np.arange(len(heard.onset)), partner).tolist())
    for index in np.flatnonzero(partner < 0):
        inside = (heard.pitch == true.pitch[index]) & (heard.onset >= true.onset[index])
        for other in np.flatnonzero(inside & (heard.onset < true.end[index])).tolist():
            if other in free:
                partner[index] = other
                free.remove(other)
                break
    return partner


def _held(true: Sounding, heard_roll: np.ndarray, hit: np.ndarray) -> tuple[int, int]:
    """`held` of `Counts`."""
    before = predecessors(true)
    sounds = heard_roll[true.pitch, (true.onset + true.end) // 2]
    asked = np.flatnonzero(~hit & (before >= 0))
    asked = asked[sounds[before[asked]]]
    return int(sounds[asked].sum()), len(asked)


def _neighbours(true: Sounding, heard: Sounding, ghosts: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """For each ghost any note that sounds with it (else the nearest), and the semitones from that to the ghost."""
    rng = np.random.default_rng(seed)
    near = np.zeros(len(ghosts), dtype=int)
    for place, ghost in enumerate(ghosts):
        with_it = np.flatnonzero((true.onset <= heard.onset[ghost] + 3) & (true.end >= heard.onset[ghost]))
        nearest = np.argmin(np.abs(true.onset - heard.onset[ghost]))
        near[place] = rng.choice(with_it) if len(with_it) else nearest
    return near, heard.pitch[ghosts] - true.pitch[near]


def _melody_errors(true: Sounding, heard: Sounding, partner: np.ndarray) -> tuple[tuple[int, int], ...]:
    """(lost, octave, over, alone) of `Counts`."""
    melody, found = np.flatnonzero(true.role == 0), np.flatnonzero(heard.role == 0)
    reached = melody[partner[melody] >= 0]
    kept = reached[heard.role[partner[reached]] == 0]
    octave_of = {
        int(other)
        for note in np.setdiff1d(melody, kept)
        for other in found
        if abs(heard.onset[other] - true.onset[note]) <= 3 and abs(heard.pitch[other] - true.pitch[note]) == 12
    }
    right = set(partner[kept].tolist())
    struck = set(heard.onset[list(right | octave_of)].tolist())
    sung = np.zeros(int(max(true.end.max(initial=0), heard.end.max(initial=0))) + 1, dtype=bool)
    for note in kept:
        sung[true.onset[note] : true.end[note]] = True
    strange = set(heard.onset[[other for other in found if other not in right | octave_of]].tolist())
    asked = sorted(set(heard.onset.tolist()) - struck)
    over = [onset in strange for onset in asked if sung[onset]]
    alone = [onset in strange for onset in asked if not sung[onset]]
    return (
        (len(reached) - len(kept), len(reached)),
        (len(octave_of), len(melody)),
        (sum(over), len(over)),
        (sum(alone), len(alone)),
    )


def fit(pieces: Sequence[Measured]) -> KindErrors:
    """The errors of one kind of ensemble, set so that degraded excerpts have as many as the transcripts."""
    counts = [count(piece.true, piece.heard) for piece in pieces]
    errors = _first_guess(pieces, counts)
    for number in range(N_ROUNDS):
        rng = np.random.default_rng(number)
        simulated = []
        for piece in [*pieces, *pieces]:
            degraded = degrade(piece.true, Errors({"it": errors}), rng, "it")
            simulated.append(count(piece.true, degraded))
        errors = _corrected(errors, counts, simulated)
    return errors


def _first_guess(pieces: Sequence[Measured], counts: Sequence[Counts]) -> KindErrors:
    features, hit = np.concatenate([c.features for c in counts]), np.concatenate([c.hit for c in counts])
    weights = _logistic(features, ~hit)
    n_piece = np.array([len(c.hit) for c in counts])
    ghosts, room = sum(c.ghosts for c in counts), sum(c.room for c in counts)
    split = sum(c.splits for c in counts) / np.maximum(sum(c.split_sec for c in counts), 1)
    expected = [1 / (1 + np.exp(-c.features @ weights)) for c in counts]
    shifts, noise = _shifts(expected, counts)
    rates = ghosts / np.maximum(room, 1)
    per_piece = [(c.ghosts.sum(), (rates * c.room).sum()) for c in counts]
    splits = [(c.splits.sum(), (split * c.split_sec).sum()) for c in counts]
    late, late_piece, length, ghosts_sec = _times(pieces)
    return KindErrors(
        missed=tuple(weights),
        missed_spread=_spread(shifts, noise, n_piece),
        missed_tilt=_spread(*_tilts(expected, counts, shifts), n_piece),
        held=_share([c.held for c in counts]),
        split=tuple(split),
        split_spread=_rate_spread(splits),
        ghosts=tuple((float(a), float(b)) for a, b in rates),
        ghosts_spread=_rate_spread(per_piece),
        ghosts_struck=float(np.mean(np.concatenate([c.struck for c in counts] or [[1.0]]))),
        ghosts_steps=_quantiles(np.concatenate([c.steps for c in counts])),
        ghosts_sec=ghosts_sec,
        late_sec=late,
        late_piece_sec=late_piece,
        length=length,
        loudness=_loudness(pieces),
        melody_lost=_share([c.lost for c in counts]),
        melody_octave=_share([c.octave for c in counts]),
        melody_strange=(_share([c.over for c in counts]), _share([c.alone for c in counts])),
    )


def _corrected(errors: KindErrors, counts: Sequence[Counts], simulated: Sequence[Counts]) -> KindErrors:
    """The errors with every rate scaled by the ratio of observed to simulated counts."""

    def ratio(seen: np.ndarray | float, made: np.ndarray | float) -> np.ndarray:
        return np.clip((np.asarray(seen) + 1e-4) / (np.asarray(made) + 1e-4), 0.5, 2.0)

    def rate(of: Sequence[Counts], name: str, per: str) -> np.ndarray:
        return sum(getattr(c, name) for c in of) / np.maximum(sum(getattr(c, per) for c in of), 1)

    roles = slice(0, len(ROLES))
    missed = [
        sum(((~c.hit)[:, None] * c.features[:, roles]).sum(0) for c in of)
        / np.maximum(sum(c.features[:, roles].sum(0) for c in of), 1)
        for of in (counts, simulated)
    ]
    odds = [np.log(np.clip(m, 1e-3, 1 - 1e-3) / (1 - np.clip(m, 1e-3, 1 - 1e-3))) for m in missed]
    weights = np.array(errors.missed)
    weights[roles] += np.clip(odds[0] - odds[1], -1, 1)
    ghosts = np.array(errors.ghosts) * ratio(rate(counts, "ghosts", "room"), rate(simulated, "ghosts", "room"))
    split = np.array(errors.split) * ratio(rate(counts, "splits", "split_sec"), rate(simulated, "splits", "split_sec"))
    melody = {
        name: float(ratio(_share([getattr(c, name) for c in counts]), _share([getattr(c, name) for c in simulated])))
        for name in ("lost", "octave", "over", "alone")
    }
    over, alone = errors.melody_strange
    return replace(
        errors,
        missed=tuple(weights),
        ghosts=tuple((float(a), float(b)) for a, b in np.minimum(ghosts, 1)),
        split=tuple(split),
        melody_lost=min(errors.melody_lost * melody["lost"], 1.0),
        melody_octave=min(errors.melody_octave * melody["octave"], 1.0),
        melody_strange=(min(over * melody["over"], 1.0), min(alone * melody["alone"], 1.0)),
    )


def _logistic(features: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Weights of a logistic regression, by Newton's steps, drawn a little towards 0."""
    assert features.shape[1] == len(ROLES) + len(CIRCUMSTANCES)
    weights = np.zeros(features.shape[1])
    for _ in range(12):
        p = 1 / (1 + np.exp(-features @ weights))
        gradient = features.T @ (wanted - p) - RIDGE * weights
        curvature = (features * (p * (1 - p))[:, None]).T @ features + RIDGE * np.eye(len(weights))
        weights = weights + np.linalg.solve(curvature, gradient)
    return weights


def _shifts(expected: Sequence[np.ndarray], counts: Sequence[Counts]) -> tuple[np.ndarray, np.ndarray]:
    """Each piece's log odds of being missed about those expected of its notes, and their variance by chance."""
    information = np.array([(p * (1 - p)).sum() + 1.0 for p in expected])
    excess = np.array([(~c.hit).sum() - p.sum() for p, c in zip(expected, counts, strict=True)])
    return np.clip(excess / information, -3, 3), 1 / information


def _tilts(
    expected: Sequence[np.ndarray], counts: Sequence[Counts], shifts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Each piece's log odds for every octave upwards, beside what is expected, and their variance by chance."""
    tilts, noise = [], []
    for p, c, shift in zip(expected, counts, shifts, strict=True):
        own = 1 / (1 + (1 - p) / p * np.exp(-shift))
        octaves = (c.pitch - c.pitch.mean()) / 12
        information = (octaves**2 * own * (1 - own)).sum() + 1.0
        tilts.append((octaves * (~c.hit - own)).sum() / information)
        noise.append(1 / information)
    return np.clip(tilts, -3, 3), np.array(noise)


def _spread(shifts: np.ndarray, noise: np.ndarray, n_notes: np.ndarray) -> float:
    """The deviation between pieces, corrected for chance."""
    variance = np.average(np.square(shifts) - noise, weights=np.sqrt(n_notes))
    return float(np.sqrt(max(variance, 0.0)))


def _rate_spread(pairs: Sequence[tuple[float, float]]) -> float:
    """The deviation of a piece's log rate, of (counted, expected), corrected for chance."""
    counted, expected = np.array(pairs, dtype=float).T
    excess = np.sum((counted - expected) ** 2 - expected) / max(np.sum(expected**2), 1e-9)
    return float(np.sqrt(np.log1p(np.clip(excess, 0, 4))))


def _share(pairs: Sequence[tuple[int, int]]) -> float:
    return sum(a for a, _ in pairs) / max(sum(b for _, b in pairs), 1)


def _quantiles(values: np.ndarray) -> tuple[float, ...]:
    return tuple(np.quantile(values, SHARES)) if len(values) else (0.0,) * len(SHARES)


def _times(pieces: Sequence[Measured]) -> tuple[tuple[float, ...], ...]:
    """`late_sec`, `late_piece_sec`, `length` and `ghosts_sec`, from the transcripts before the grid."""
    residuals, medians, lengths, classes, ghosts = [], [], [], [], []
    for piece in pieces:
        true, raw = sounding(piece.true), piece.raw
        tolerance = TOLERANCE_TICK * (true.length_sec / (true.end - true.onset)).mean()
        of_true = list(zip(true.pitch, true.start_sec, strict=True))
        partner = partners(of_true, [(int(row[2]), row[0]) for row in raw], tolerance)
        late, log_length = [], []
        followed = set(predecessors(true).tolist())
        for index in range(len(true.pitch)):
            heard = _whole(true, index, raw, partner)
            if heard:
                late.append(heard[0] - true.start_sec[index])
            if heard and index not in followed:
                log_length.append(np.log2(heard[1] / true.length_sec[index]))
                classes.append(np.searchsorted(LENGTH_BOUNDS_SEC, true.length_sec[index]))
        if late:
            medians.append(np.median(late))
            residuals.append(np.array(late) - medians[-1])
            lengths += log_length
        ghosts.append(raw[np.setdiff1d(np.arange(len(raw)), partner), 1])
    length = tuple(
        _quantiles(np.array(lengths)[np.array(classes) == number]) for number in range(len(LENGTH_BOUNDS_SEC) + 1)
    )
    total = np.concatenate([median + part for median, part in zip(medians, residuals, strict=True)])
    middle = (float(np.mean(medians)), float(np.std(medians)), float(np.quantile(total, EARLIEST)))
    return _quantiles(np.concatenate(residuals)), middle, length, _quantiles(np.concatenate(ghosts))


def _whole(true: Sounding, index: int, raw: np.ndarray, partner: np.ndarray) -> tuple[float, float] | None:
    """When a true note is heard and how long, including repeated strikes; None if it is missed."""
    start, end = true.start_sec[index], true.start_sec[index] + true.length_sec[index]
    of_pitch = raw[raw[:, 2] == true.pitch[index]]
    if partner[index] >= 0:
        begun = raw[partner[index], 0]
        until = begun + raw[partner[index], 1]
    else:
        inside = of_pitch[(of_pitch[:, 0] > start) & (of_pitch[:, 0] < end)]
        if not len(inside):
            return None
        begun, until = inside[0, 0], inside[0, 0] + inside[0, 1]
    again = of_pitch[(of_pitch[:, 0] > begun) & (of_pitch[:, 0] < end - SPLIT_AFTER_SEC)]
    return begun, max([until, *(again[:, 0] + again[:, 1])]) - begun


def _loudness(pieces: Sequence[Measured]) -> tuple[float, float, float]:
    """Mean of the heard velocities, their slope on the true ones (about each piece's mean), and what is left."""
    x, y = [], []
    for piece in pieces:
        true, heard = sounding(piece.true), sounding(piece.heard)
        partner = match(true, heard)
        hit = partner >= 0
        x.append(true.velocity[hit] - true.velocity.mean())
        y.append(heard.velocity[partner[hit]])
    loud, found = np.concatenate(x).astype(float), np.concatenate(y).astype(float)
    slope = float(np.cov(loud, found)[0, 1] / max(loud.var(), 1e-9))
    return float(found.mean()), slope, float(np.std(found - slope * loud))
