"""Parts that play another's notes an octave higher while they have none of their own, as cellos do with basses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symbolic_cover.core.ensemble import Ensemble
from symbolic_cover.core.music import Note
from symbolic_cover.core.sheet import SongSheet

_OCTAVE = 12


def with_doublings(parts: Mapping[str, Sequence[Note]], sheet: SongSheet, ensemble: Ensemble) -> dict[str, list[Note]]:
    """The parts, {name: notes}, with the doublings of `PartSpec.doubles`, bar by bar, within each part's range."""
    doubled = {name: list(notes) for name, notes in parts.items()}
    for spec in ensemble.parts:
        own = doubled.get(spec.name, [])
        added = []
        for bar in sheet.grid.bars if spec.doubles else ():
            if any(note.onset_tick < bar.end_tick and note.end_tick > bar.start_tick for note in own):
                continue
            added += [
                note._replace(pitch=note.pitch + _OCTAVE)
                for note in parts.get(spec.doubles, ())
                if bar.start_tick <= note.onset_tick < bar.end_tick
                and note.end_tick <= _next_onset(own, bar.end_tick)
                and spec.lowest <= note.pitch + _OCTAVE <= spec.highest
            ]
        doubled[spec.name] = sorted([*own, *added])
    return doubled


def _next_onset(notes: Sequence[Note], tick: int) -> float:
    """When the first note from a tick on begins."""
    return min((note.onset_tick for note in notes if note.onset_tick >= tick), default=float("inf"))
