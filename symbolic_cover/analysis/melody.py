"""Find the melody and the bass.

If no track is labelled as the melody, a melodic track is looked for: a single moving line above the others. Otherwise
the melody is the best chain of notes: high (as in the skyline of Uitdenbogerd & Zobel, 1999), loud, in a singer's
range, without leaps, and with rests.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from symbolic_cover.core.music import TICKS_PER_QUARTER, Note

#: A melodic track: the least share of its notes that are struck alone, that move, and of the song's double bars in
#: which it sounds.
_ALONE_SHARE, _MOVING_SHARE, _PRESENT_SHARE = 0.9, 0.4, 0.4
_LOWEST_MELODY = 55
_SINGING_CENTER, _HIGH_ENOUGH = 70, 7
_NEAR_TICK = 8 * TICKS_PER_QUARTER
_OVERTONES = (12, 19, 24)
_BELOW = 60
_FAINT, _SPLIT = 0.8, 0.9

#: Log odds that a note belongs to the melody, by `_features`: a logistic regression on 80 songs of POP909's training
#: split, as transcribed and as written. The bias is higher than the fitted one (-2.5), since the chain also weighs each
#: note against its rivals.
_WEIGHTS = {
    "loud": 0.98,
    "long": -0.08,
    "on top": 1.16,
    "struck above": -0.53,
    "height": -0.24,
    "height squared": -1.18,
    "above what is around": 0.57,
    "alone": 0.76,
    "overtone": -0.25,
    "repeated": 3.41,
}
_BIAS = -1.3
#: The chain of notes: up to a whole tone is a step; a leap costs this much per semitone beyond, for at most five, and
#: half as much after a rest of two quarters; a note that is cut short costs 1. Set by hand;
#: `benchmarks/listening/melody.py` measures the result.
_STEP, _WIDEST_LEAP, _LEAP_COST = 2, 5, 0.08
_FORGET_TICK, _CUT_COST = 24, 1.0
_HOME_SPREAD, _HOME_COST = 7, 0.3
#: How many notes back a note's predecessor is searched: enough for a bar of the thickest texture.
_LOOK_BACK = 40
#: The share of notes that may begin while another sounds in a single melody: overlaps of legato playing.
_ALMOST_NONE = 0.03


def one_line(notes: Sequence[Note]) -> tuple[Note, ...]:
    """A melody track made monophonic: the highest note of each onset, each ending where the next begins."""
    top: dict[int, Note] = {}
    for note in notes:
        if note.onset_tick not in top or note.pitch > top[note.onset_tick].pitch:
            top[note.onset_tick] = note
    line = [top[onset] for onset in sorted(top)]
    ends = [note.onset_tick for note in line[1:]] + [10**9]
    return tuple(
        note._replace(duration_tick=min(note.duration_tick, end - note.onset_tick))
        for note, end in zip(line, ends, strict=False)
    )


def is_one_line(notes: Sequence[Note]) -> bool:
    """Whether hardly any note begins while another sounds: a single melody. `notes` are sorted by onset."""
    ends = itertools.accumulate((note.end_tick for note in notes), max)
    over = sum(end > following.onset_tick for end, following in zip(ends, notes[1:], strict=False))
    return bool(notes) and over <= _ALMOST_NONE * len(notes)


def find_melody_track(tracks: Sequence[Sequence[Note]]) -> tuple[Note, ...]:
    """The melodic track, made one line; () if there is only one track, or none is melodic.

    A melodic track has single notes, moves, is in or above a singer's range and covers a good part of the song. Of
    several such tracks, the one with the highest melody odds among all notes is taken.
    """
    tracks = [sorted(track, key=lambda note: (note.onset_tick, note.pitch)) for track in tracks if track]
    if len(tracks) < 2:
        return ()
    joined = sorted(
        ((note, index) for index, track in enumerate(tracks) for note in track),
        key=lambda pair: (pair[0].onset_tick, pair[0].pitch),
    )
    log_odds = _log_odds([note for note, _ in joined])
    owner = np.array([index for _, index in joined])
    n_places = len({note.onset_tick // _NEAR_TICK for note, _ in joined})
    fit = [
        (float(log_odds[owner == index].mean()), index)
        for index, track in enumerate(tracks)
        if _goes_like_a_melody(track, n_places)
    ]
    return one_line(tracks[max(fit)[1]]) if fit else ()


def _goes_like_a_melody(track: Sequence[Note], n_places: int) -> bool:
    onsets = {note.onset_tick for note in track}
    line = one_line(track)
    moves = [before.pitch != after.pitch for before, after in itertools.pairwise(line)]
    return (
        len(onsets) >= _ALONE_SHARE * len(track)
        and sum(moves) > _MOVING_SHARE * len(moves)
        and len({onset // _NEAR_TICK for onset in onsets}) >= _PRESENT_SHARE * n_places
        and float(np.median([note.pitch for note in track])) >= _LOWEST_MELODY
    )


def find_melody(notes: Sequence[Note]) -> tuple[Note, ...]:
    """Find the melody in a texture without labelled tracks.

    Each note is scored by the log odds that it belongs to the melody, given its surroundings (`_features`). The melody
    is the chain of notes in time with the greatest sum of log odds, less the cost of leaps and of notes cut short by
    the next. Notes with low odds stay out, so a melody may rest. A first chain shows the register of the melody; the
    second one is drawn towards it.
    """
    ordered = sorted(set(notes), key=lambda note: (note.onset_tick, note.pitch))
    if not ordered:
        return ()
    onset, length, pitch, _ = np.array(ordered, dtype=float).T
    log_odds = _log_odds(ordered)
    chain = _best_chain(log_odds, onset, onset + length, pitch)
    if chain:
        center = np.median(np.repeat(pitch[chain], np.maximum(length[chain].astype(int) // 3, 1)))
        away = np.maximum(np.abs(pitch - center) - _HOME_SPREAD, 0)
        chain = _best_chain(log_odds - _HOME_COST * away, onset, onset + length, pitch)
    return one_line([ordered[index] for index in chain])


def find_bass(notes: Sequence[Note], beat_edges: Sequence[int]) -> tuple[Note, ...]:
    """The lowest note struck on every beat, if it is below middle C."""
    lowest: dict[int, Note] = {}
    beats = np.searchsorted(beat_edges, [note.onset_tick for note in notes], side="right")
    for beat, note in zip(beats, notes, strict=True):
        if note.pitch < _BELOW and (beat not in lowest or note.pitch < lowest[beat].pitch):
            lowest[int(beat)] = note
    return tuple(lowest[beat] for beat in sorted(lowest))


def without_faint_lows(notes: Sequence[Note]) -> list[Note]:
    """Leave out faint transcribed notes below middle C: quieter than most notes near their pitch."""
    pitch = np.array([note.pitch for note in notes])
    velocity = np.array([note.velocity for note in notes], dtype=float)
    floor = {
        int(low): _FAINT * float(np.median(velocity[np.abs(pitch - low) <= 12])) for low in set(pitch[pitch < _BELOW])
    }
    return [note for note in notes if note.velocity >= floor.get(note.pitch, 0.0)]


def hold_split_notes(line: Sequence[Note]) -> tuple[Note, ...]:
    """A transcribed line in which notes split by the transcriber are joined.

    A note followed at once by a quieter one of its pitch, one of the two no longer than a sixteenth, is held.
    """
    held: list[Note] = []
    for note in line:
        last = held[-1] if held else None
        if (
            last is not None
            and last.pitch == note.pitch
            and last.end_tick == note.onset_tick
            and note.velocity < _SPLIT * last.velocity
            and min(last.duration_tick, note.duration_tick) <= TICKS_PER_QUARTER // 4
        ):
            held[-1] = last._replace(duration_tick=note.end_tick - last.onset_tick)
        else:
            held.append(note)
    return tuple(held)


def _log_odds(ordered: Sequence[Note]) -> np.ndarray:
    """The log odds of each note (notes sorted by onset, then pitch)."""
    onset, length, pitch, velocity = np.array(ordered, dtype=float).T
    return _features(onset, onset + length, pitch, velocity) @ np.array(list(_WEIGHTS.values())) + _BIAS


def _features(onset: np.ndarray, end: np.ndarray, pitch: np.ndarray, velocity: np.ndarray) -> np.ndarray:
    """Features of each note (notes sorted by onset, then pitch), as columns named by `_WEIGHTS`."""
    n_notes = len(onset)
    first, last = onset.astype(int) - int(onset.min()), end.astype(int) - int(onset.min())
    highest = np.zeros(last.max(), dtype=int)
    for start, stop, height in zip(first, last, pitch.astype(int), strict=True):
        np.maximum(highest[start:stop], height, out=highest[start:stop])
    on_top = np.array([np.mean(highest[a:b] <= height) for a, b, height in zip(first, last, pitch, strict=True)])
    struck_end = np.searchsorted(onset, onset, side="right")
    above = struck_end - 1 - np.arange(n_notes)
    far_start = np.searchsorted(onset, onset - _NEAR_TICK, side="left")
    far_end = np.searchsorted(onset, onset + _NEAR_TICK, side="right")
    total = np.concatenate([[0.0], np.cumsum(pitch)])
    around = (total[far_end] - total[far_start]) / (far_end - far_start)
    below, doubled, repeated = np.full(n_notes, 12.0), np.zeros(n_notes), np.zeros(n_notes)
    for index in range(n_notes):
        window = slice(far_start[index], far_end[index])
        sounding = (onset[window] <= onset[index]) & (end[window] > onset[index])
        distance = pitch[index] - pitch[window][sounding]
        louder = velocity[window][sounding] > velocity[index]
        lower = distance[distance > 0]
        below[index] = min(lower.min(), 12) if len(lower) else 12
        doubled[index] = np.any(louder & np.isin(distance, _OVERTONES))
        repeated[index] = np.mean(pitch[window] == pitch[index])
    height = np.minimum(pitch - _SINGING_CENTER, _HIGH_ENOUGH) / 12
    return np.column_stack(
        [
            np.clip((velocity - np.median(velocity)) / 20, -3, 3),
            np.clip(np.log2((end - onset) / TICKS_PER_QUARTER), -2, 2),
            on_top,
            np.minimum(above, 3),
            height,
            height**2,
            (pitch - around) / 12,
            below / 12,
            doubled,
            repeated,
        ]
    )


def _best_chain(log_odds: np.ndarray, onset: np.ndarray, end: np.ndarray, pitch: np.ndarray) -> list[int]:
    """Indices of the chain of notes, at most one an onset, with the greatest log odds less the cost of its joints."""
    n_notes = len(log_odds)
    best, before = log_odds.copy(), np.full(n_notes, -1)
    earlier = np.searchsorted(onset, onset, side="left")
    for index in range(n_notes):
        stop = int(earlier[index])
        start = max(stop - _LOOK_BACK, 0)
        if stop == 0:
            continue
        window = slice(start, stop)
        rest = np.maximum(onset[index] - end[window], 0)
        leap = np.clip(np.abs(pitch[index] - pitch[window]) - _STEP, 0, _WIDEST_LEAP)
        cut = np.maximum(end[window] - onset[index], 0) / (end[window] - onset[window])
        total = best[window] - _LEAP_COST * leap / (1 + rest / _FORGET_TICK) - _CUT_COST * cut
        choice = int(np.argmax(total))
        if total[choice] > 0:
            best[index] += total[choice]
            before[index] = start + choice
    chain = [int(np.argmax(best))]
    if best[chain[0]] <= 0:
        return []
    while before[chain[-1]] >= 0:
        chain.append(int(before[chain[-1]]))
    return chain[::-1]
