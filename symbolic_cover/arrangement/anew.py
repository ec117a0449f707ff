"""Arrange some bars of a cover anew; the others keep every note, and the seams fit.

The model is given the bars before the fresh ones unchanged and continues them. It holds no note into a kept one that a
hand or an instrument could not play beside it. The candidate is taken that is preferred most (`choose`), the
likelihood of the kept bars that follow it included.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from symbolic_cover.analysis.form import SECTION_BARS
from symbolic_cover.arrangement.arranger import at_home, lay_melody_over
from symbolic_cover.arrangement.checkpoint import Checkpoint
from symbolic_cover.arrangement.choose import preference
from symbolic_cover.arrangement.conditioning import IGNORED_LABEL, Conditioning
from symbolic_cover.arrangement.decoder import log_probabilities
from symbolic_cover.arrangement.doubling import with_doublings
from symbolic_cover.arrangement.endings import close_together
from symbolic_cover.arrangement.kept import Kept
from symbolic_cover.core.arrangement import Arrangement
from symbolic_cover.core.controls import Controls
from symbolic_cover.core.ensemble import Style
from symbolic_cover.core.music import Note
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.evaluation.human_range import excerpt
from symbolic_cover.tokens.language import DRUMS

#: First tick, and the one after the last.
Ticks = tuple[int, int]
_Parts = dict[str, tuple[Note, ...]]
#: The number of bars before the fresh ones that the model sees, and of bars after them that are scored.
_BEFORE_BARS, _AFTER_BARS = SECTION_BARS, 2
#: Weight of the log likelihood per token of what follows, beside the preference among candidates; set by hand.
_FOLLOWING_WEIGHT = 2.0


def arrange_anew(
    checkpoint: Checkpoint,
    sheet: SongSheet,
    style: Style,
    controls: Controls,
    kept: Arrangement,
    fresh: Sequence[Ticks],
    progress: Callable[[float], None] | None = None,
) -> Arrangement:
    """`kept` with the `fresh` spans arranged anew by the model, for the parts of `style`, on the ticks of `sheet`.

    Spans are whole bars that do not overlap, in order. Notes that begin outside them are those of `kept`.
    """
    steps = sheet.key.steps_home
    home, played_by = sheet.transposed(steps), at_home(style, steps)
    parts = _moved(accompaniment(kept, style, fresh), steps)
    stretches = [bars for span in fresh if (bars := _bars(home, span))]
    for number, bars in enumerate(stretches):

        def tell(share: float, number: int = number) -> None:
            if progress:
                progress((number + share) / len(stretches))

        parts = _with_best(checkpoint, home, played_by, controls, parts, bars, tell)
    back = _moved(parts, -steps)
    closed = close_together(with_doublings(back, sheet, style.ensemble), sheet, style.ensemble)
    return splice(kept, lay_melody_over(closed, sheet, style, controls, arranger=checkpoint.name), fresh)


def splice(kept: Arrangement, other: Arrangement, fresh: Sequence[Ticks]) -> Arrangement:
    """`other` in the `fresh` spans, `kept` elsewhere; a note belongs where it begins.

    The melody of `other` ends where that of `kept` continues.
    """
    starts = sorted(note.onset_tick for note in kept.melody if not _inside(note, fresh))
    fresh_melody = {note: _cut(note, starts) for note in other.melody if _inside(note, fresh)}
    parts = tuple(
        replace(theirs, notes=tuple(sorted([
            *(note for note in ours.notes if not _inside(note, fresh)),
            *(fresh_melody.get(note, note) for note in theirs.notes if _inside(note, fresh)),
        ])))
        for ours, theirs in zip(kept.parts, other.parts, strict=True)
    )  # fmt: skip
    melody = [*(note for note in kept.melody if not _inside(note, fresh)), *fresh_melody.values()]
    return replace(other, parts=parts, melody=tuple(sorted(melody)))


def accompaniment(kept: Arrangement, style: Style, fresh: Sequence[Ticks] = ()) -> _Parts:
    """The notes of an arrangement without its melody, by the names of the ensemble's parts, outside `fresh` spans."""
    melody = {(note.onset_tick, note.pitch) for note in kept.melody}
    return {
        spec.name: tuple(
            note for note in part.notes
            if not _inside(note, fresh)
            and not (spec.name == style.ensemble.lead and (note.onset_tick, note.pitch) in melody)
        )
        for spec, part in zip(style.ensemble.parts, kept.parts, strict=True)
    }  # fmt: skip


def in_octave_of(sheet: SongSheet, kept: Arrangement, fresh: Sequence[Ticks]) -> SongSheet:
    """The sheet with its melody in the octave in which `kept` plays it outside the fresh spans."""
    played = {note.onset_tick: note.pitch for note in kept.melody}
    off = [
        played[note.onset_tick] - note.pitch
        for note in sheet.melody
        if note.onset_tick in played and not _inside(note, fresh)
    ]
    octaves = [step for step in off if step % 12 == 0]
    step = max(sorted(set(octaves), key=abs), key=octaves.count, default=0)
    return replace(sheet, melody=tuple(note._replace(pitch=note.pitch + step) for note in sheet.melody))


def joined(spans: Sequence[Ticks]) -> list[Ticks]:
    """Spans in order, adjacent ones joined."""
    found: list[Ticks] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((begin, end))
    return found


def _with_best(
    checkpoint: Checkpoint,
    sheet: SongSheet,
    style: Style,
    controls: Controls,
    parts: _Parts,
    bars: range,
    progress: Callable[[float], None],
) -> _Parts:
    """The accompaniment with the best of several candidates in some bars (indices)."""
    from symbolic_cover.arrangement.sample import sample_accompaniments

    shown = Conditioning.of(checkpoint, sheet, style, controls)
    grid = sheet.grid
    span = grid.bars[bars.start].start_tick, grid.bars[bars.stop - 1].end_tick
    heard = range(max(bars.start - _BEFORE_BARS, shown.first), min(bars.stop + _AFTER_BARS - 1, shown.last) + 1)
    kept = Kept(parts, frozenset(bars), heard.start, bars.stop - 1)
    drawn = sample_accompaniments(checkpoint, sheet, style, controls, progress, kept=kept)
    candidates = [
        {
            name: tuple(sorted([*notes, *(note for note in candidate[name] if _inside(note, [span]))]))
            for name, notes in parts.items()
        }
        for candidate in drawn
    ]
    if len(candidates) == 1:
        return candidates[0]
    near = grid.bars[heard.start].start_tick, grid.bars[heard.stop - 1].end_tick
    melody = [note for note in sheet.melody if _inside(note, [near])]
    around = [
        {
            name: [*(note for note in notes if _inside(note, [near])), *(melody if name == style.ensemble.lead else ())]
            for name, notes in candidate.items()
        }
        for candidate in candidates
    ]
    song, human = excerpt(sheet, heard.start, heard.stop - 1), checkpoint.human.get(style.name)
    following = _likelihoods(checkpoint, shown, candidates, heard, bars.stop)
    best = int(np.argmax(preference(around, song, human) + _FOLLOWING_WEIGHT * following))
    return candidates[best]


def _likelihoods(
    checkpoint: Checkpoint, conditioning: Conditioning, candidates: Sequence[_Parts], heard: range, after: int
) -> np.ndarray:
    """For each candidate, the mean log probability per token from bar `after` on, given the `heard` bars before it."""
    context = int(checkpoint.config["max_position_embeddings"])
    whole = replace(conditioning, first=heard.start, last=heard.stop - 1)
    windows = [whole.window(parts, context) for parts in candidates]
    told = log_probabilities(checkpoint.weights, checkpoint.config, [ids for ids, _ in windows])
    found = []
    for parts, (_, labels), chances in zip(candidates, windows, told, strict=True):
        before, _ = replace(whole, last=after - 1).window(parts, context)
        wanted = np.array(labels)
        wanted[: len(before)] = IGNORED_LABEL
        places = np.flatnonzero(wanted != IGNORED_LABEL)
        found.append(float(chances[places - 1, wanted[places]].mean()) if len(places) else 0.0)
    return np.array(found)


def _bars(sheet: SongSheet, span: Ticks) -> range | None:
    """The bars (indices) of a span in which the song sounds; None if there are none."""
    begins = [note.onset_tick for note in sheet.notes] + [chord.start_tick for chord in sheet.chords]
    ends = [note.onset_tick for note in sheet.notes] + [chord.end_tick - 1 for chord in sheet.chords]
    grid = sheet.grid
    first = max(grid.bar_index(span[0]), grid.bar_index(min(begins)))
    last = min(grid.bar_index(span[1] - 1), grid.bar_index(max(ends)))
    return range(first, last + 1) if first <= last else None


def _moved(parts: Mapping[str, Sequence[Note]], semitones: int) -> _Parts:
    return {
        name: tuple(notes if name == DRUMS else (note._replace(pitch=note.pitch + semitones) for note in notes))
        for name, notes in parts.items()
    }


def _inside(note: Note, spans: Sequence[Ticks]) -> bool:
    return any(begin <= note.onset_tick < end for begin, end in spans)


def _cut(note: Note, starts: Sequence[int]) -> Note:
    """The note, cut at the first of `starts` within it."""
    within = [start for start in starts if note.onset_tick < start < note.end_tick]
    return note._replace(duration_tick=min(within) - note.onset_tick) if within else note
