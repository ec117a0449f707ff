"""Process long recordings in stretches, so that an hour needs little more memory than ten minutes.

Stretches begin and end on frames of every model, and overlap, so that results near an edge have context, which is then
cut off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np

from symbolic_cover.core.heard import Recording, TimedNote

#: Samples at 22050 Hz after which frames of 512 and of 441 samples begin together: 10.24 s.
_UNIT = 512 * 441
#: A stretch is 4 minutes, without the overlap; recordings below ten minutes are one stretch.
STRETCH, OVERLAP = 24 * _UNIT, _UNIT
LONGEST = 235 * _UNIT // 4

Arrays = TypeVar("Arrays")


class Stretch(NamedTuple):
    """Samples `begin` to `end` are processed, of which `first` to `last` are kept."""

    begin: int
    end: int
    first: int
    last: int

    def of(self, recording: Recording) -> Recording:
        """The sound of the stretch."""
        return Recording(recording.samples[self.begin : self.end], recording.rate_hz)

    def kept(self, arrays: Arrays, hop: int) -> Arrays:
        """The kept frames of a named tuple of arrays, with a frame every `hop` samples along their first axis."""
        begin, end = (
            (self.first - self.begin) // hop,
            None if self.last == self.end else (self.last - self.begin) // hop,
        )
        return type(arrays)(*(values[begin:end] for values in arrays))  # type: ignore[attr-defined]

    def moved(self, notes: Sequence[TimedNote], rate_hz: int) -> list[TimedNote]:
        """The notes that begin in the kept part, in seconds of the whole."""
        begin, first, last = (sample / rate_hz for sample in (self.begin, self.first, self.last))
        moved = [note._replace(onset_sec=note.onset_sec + begin, end_sec=note.end_sec + begin) for note in notes]
        return [note for note in moved if first <= note.onset_sec < last]


def stretches_of(n_samples: int) -> list[Stretch]:
    """The stretches of a recording at 22050 Hz; one if it is short."""
    if n_samples <= LONGEST:
        return [Stretch(0, n_samples, 0, n_samples)]
    firsts = list(range(0, n_samples - STRETCH // 4, STRETCH))
    lasts = [*firsts[1:], n_samples]
    return [
        Stretch(max(first - OVERLAP, 0), min(last + OVERLAP, n_samples), first, last)
        for first, last in zip(firsts, lasts, strict=True)
    ]


def joined(pieces: Sequence[Arrays]) -> Arrays:
    """Join named tuples of arrays end to end."""
    if len(pieces) == 1:
        return pieces[0]
    return type(pieces[0])(*(np.concatenate(parts) for parts in zip(*pieces, strict=True)))


class Stream:
    """Samples that come in blocks, of which stretches that overlap are taken in their order."""

    def __init__(self, blocks: Iterable[np.ndarray]) -> None:
        self.blocks: Iterator[np.ndarray] = iter(blocks)
        self.begin, self.waiting = 0, np.zeros(0, np.float32)

    def take(self, begin: int, end: int, progress: Callable[[float], Any] = lambda share: None) -> np.ndarray:
        """Samples from `begin` to `end`; silence where there are none any more. What lies before is let go."""
        parts, known = [self.waiting], self.begin + len(self.waiting)
        while known < end and (block := next(self.blocks, None)) is not None:
            parts.append(block)
            known += len(block)
            progress(min((known - begin) / (end - begin), 1.0))
        self.waiting = np.concatenate(parts)[max(begin - self.begin, 0) :]
        self.begin = begin
        found = self.waiting[: end - begin]
        return np.pad(found, (0, end - begin - len(found)))
