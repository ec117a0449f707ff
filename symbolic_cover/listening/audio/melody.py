"""The melody of a recording: the singer's notes, and the leading line where nobody sings."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy.special import expit

from symbolic_cover.core.heard import TimedNote
from symbolic_cover.listening.audio.features import RATE_HZ
from symbolic_cover.listening.audio.lines import heard_line
from symbolic_cover.listening.audio.voice import VoiceFeatures
from symbolic_cover.listening.audio.voice_net import Sung
from symbolic_cover.listening.frames import LOWEST_PITCH

#: Parameters of the voice's line (`lines.heard_line`), and the weight of the song's pitch classes in nats, with its
#: bounds.
SUNG_LINE = {"bias": 1.0, "step_cost": 2.0, "leap_cost": 0.05, "onset_weight": 1.0, "struck_again": 0.25}
_CLASS_WEIGHT, _LEAST_CLASS, _MOST_CLASS = 1.0, -2.5, 1.0
_HEARD = 0.3
#: The mean confidence of a phrase above which somebody sings it, and the share of a recording that must be sung.
_LEAST_CONFIDENCE, _LEAST_SUNG = 0.4, 0.05
#: Somebody sings if the confidence of the voice exceeds that of the leading line by this: in songs with singers it did
#: by .24 and more, where instruments were taken for a voice by .16 at most.
_CONFIDENCE_MARGIN = 0.2
#: Notes closer than this belong to one phrase; the leading line enters this long after a phrase and ends before the
#: next.
_PHRASE_SEC, _AFTER_SEC, _BEFORE_SEC = 2.0, 0.75, 0.4
#: In singing, a single note that leaps this far away and back, and is within this of both neighbours an octave off
#: (semitones), is an overtone or an instrument, and so is one that leaps more than an octave both ways; neighbours are
#: at most this far apart. A leap that occurs three times is kept. As in `evaluation/findings.py`.
_LEAP, _NEAR, _APART_SEC, _MEANT = 9, 5, 1.0, 3
#: A line's usual range leaves out this share of its notes at either end; what lies so many semitones beyond it, and
#: within it an octave or two nearer, is an octave error.
_RARE, _BEYOND = 0.015, 7


def sung_line(sung: Sung, seen: VoiceFeatures) -> list[TimedNote]:
    """The sung notes; empty if nobody sings."""
    loudness = np.maximum(seen.note, seen.pitch)
    sings, begins = (side.astype(np.float32) for side in sung)
    sings += _class_prior(sung, seen)
    line = heard_line(sings, begins, loudness, **SUNG_LINE)
    kept = [
        note for phrase in _phrases(line) if _phrase_confidence(sung, phrase) > _LEAST_CONFIDENCE for note in phrase
    ]
    seconds = sum(note.end_sec - note.onset_sec for note in kept)
    return kept if seconds > _LEAST_SUNG * len(sung.sung) / RATE_HZ else []


def _class_prior(sung: Sung, seen: VoiceFeatures) -> np.ndarray:
    """A prior for each key, (88,): the share of its pitch class in the song and in what is sung. Singers slide; the
    song shows which keys they mean."""
    classes = (LOWEST_PITCH + np.arange(sung.sung.shape[1])) % 12
    band = seen.all_note / np.float32(255)
    shares = np.zeros(12)
    for heard in (expit(sung.sung.astype(np.float32)).sum(axis=0), np.where(band > _HEARD, band, 0).sum(axis=0)):
        histogram = np.bincount(classes, heard, 12)
        shares += histogram / max(float(histogram.sum()), 1e-6) / 2
    prior = np.clip(np.log(np.maximum(12 * shares, 1e-3)), _LEAST_CLASS, _MOST_CLASS)
    return np.asarray(_CLASS_WEIGHT * prior[classes])


def note_confidence(logits: np.ndarray, note: TimedNote) -> float:
    """The mean probability of a note, from `logits` (frames, 88) that each key sounds."""
    first, last = round(note.onset_sec * RATE_HZ), round(note.end_sec * RATE_HZ)
    heard = logits[first : max(last, first + 1), note.pitch - LOWEST_PITCH]
    return float(expit(heard.astype(float)).mean()) if len(heard) else 0.0


def somebody_sings(
    sung: Sequence[TimedNote], sung_logits: np.ndarray, leads: Sequence[TimedNote], lead_logits: np.ndarray
) -> bool:
    """Whether notes that may be sung have a higher confidence than those of the leading line."""
    if not sung:
        return False
    voice = np.mean([note_confidence(sung_logits, note) for note in sung])
    return bool(
        voice > _CONFIDENCE_MARGIN + (np.mean([note_confidence(lead_logits, note) for note in leads]) if leads else 0.0)
    )


def with_singer(leads: Sequence[TimedNote], sung: Sequence[TimedNote]) -> list[TimedNote]:
    """The singer's notes, and the leading line where nobody sings for a while, in an octave near the singer's."""
    if not sung:
        return list(leads)
    spans = [(phrase[0].onset_sec, phrase[-1].end_sec) for phrase in _phrases(sung)]
    starts, ends = (np.array(side) for side in zip(*spans, strict=True))
    between: dict[int, list[TimedNote]] = {}
    for note in leads:
        before = int(np.searchsorted(starts, note.onset_sec, side="right")) - 1
        follows = starts[before + 1] if before + 1 < len(starts) else np.inf
        if (before < 0 or note.onset_sec > ends[before] + _AFTER_SEC) and note.onset_sec < follows - _BEFORE_SEC:
            between.setdefault(before, []).append(note._replace(end_sec=min(note.end_sec, float(follows))))
    played = [note for passage in between.values() for note in _near(passage, sung)]
    return within_range(without_blips(sorted([*played, *sung])))


def _near(passage: Sequence[TimedNote], sung: Sequence[TimedNote]) -> list[TimedNote]:
    """The leading line between two phrases; if most of it is above or below the sung range, moved by octaves to the
    nearest, as it joins the singer's staff."""
    middle, singer = (float(np.median([note.pitch for note in notes])) for notes in (passage, sung))
    is_far = not min(note.pitch for note in sung) <= middle <= max(note.pitch for note in sung)
    steps = -12 * round((middle - singer) / 12) if is_far else 0
    return [note._replace(pitch=note.pitch + steps) for note in passage]


def without_blips(line: Sequence[TimedNote]) -> list[TimedNote]:
    """The line with single notes that leap away and back moved by an octave towards their neighbours."""
    mended = list(line)
    threes = list(zip(line, line[1:], line[2:], strict=False))
    leaps_of = Counter((note.pitch - before.pitch, note.pitch - after.pitch) for before, note, after in threes)
    for index, (_, note, after) in enumerate(threes, start=1):
        before = mended[index - 1]
        steps = (note.pitch - before.pitch, note.pitch - after.pitch)
        near = note.onset_sec - before.end_sec < _APART_SEC and after.onset_sec - note.end_sec < _APART_SEC
        leaps = min(steps) >= _LEAP or max(steps) <= -_LEAP
        off = all(abs(abs(step) - 12) <= _NEAR for step in steps) or all(abs(step) > 12 for step in steps)
        if near and leaps and leaps_of[steps] < _MEANT and off:
            mended[index] = note._replace(pitch=note.pitch - 12 if steps[0] > 0 else note.pitch + 12)
    return mended


def within_range(line: Sequence[TimedNote]) -> list[TimedNote]:
    """The line, single notes far outside its usual range moved by octaves into it."""
    low, high = np.quantile([note.pitch for note in line], [_RARE, 1 - _RARE])
    mended = []
    for note in line:
        is_far = not low - _BEYOND <= note.pitch <= high + _BEYOND
        nearer = [note.pitch + steps for steps in (-24, -12, 12, 24) if low <= note.pitch + steps <= high]
        pitch = min(nearer, key=lambda one: abs(one - note.pitch)) if is_far and nearer else note.pitch
        mended.append(note._replace(pitch=pitch))
    return mended


def _phrases(line: Sequence[TimedNote]) -> list[list[TimedNote]]:
    """The notes of a line, split where it rests."""
    edges = [
        index
        for index, (before, after) in enumerate(itertools.pairwise(line), start=1)
        if after.onset_sec - before.end_sec > _PHRASE_SEC
    ]
    return [list(line[a:b]) for a, b in itertools.pairwise([0, *edges, len(line)]) if b > a]


def _phrase_confidence(sung: Sung, phrase: Sequence[TimedNote]) -> float:
    return float(np.mean([note_confidence(sung.sung, note) for note in phrase]))
