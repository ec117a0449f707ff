"""The last bar: singers, strings and winds that play until then hold a tone of the last chord under the end of the
melody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symbolic_cover.core.ensemble import Ensemble, PartSpec
from symbolic_cover.core.instruments import HOLDING
from symbolic_cover.core.music import Bar, Chord, Note
from symbolic_cover.core.sheet import SongSheet

#: General MIDI programs of bows, winds and voices, whose silence under a held melody sounds like a mistake.
_LATELY_BARS = 2


def close_together(parts: Mapping[str, Sequence[Note]], sheet: SongSheet, ensemble: Ensemble) -> dict[str, list[Note]]:
    """The parts, with a last note for each that played until just before the bar in which the melody ends.

    It is the chord tone nearest to the part's last note, or the root for the lowest part, within the part's range and
    below the melody if the ensemble has the melody on top. An excerpt gets no ending.
    """
    closed = {name: list(notes) for name, notes in parts.items()}
    if not (sheet.is_whole and sheet.melody):
        return closed
    index = sheet.grid.bar_index(sheet.melody[-1].onset_tick)
    bar, before = sheet.grid.bars[index], sheet.grid.bars[max(index - _LATELY_BARS, 0)]
    chord = next((c for c in sheet.chords if c.start_tick <= sheet.melody[-1].onset_tick < c.end_tick), None)
    holding = [spec for spec in ensemble.parts if spec.name != ensemble.lead and spec.program in HOLDING]
    for spec in holding:
        notes = closed.get(spec.name, [])
        last = max(notes, key=lambda note: note.end_tick, default=None)
        if chord and last is not None and before.start_tick <= last.onset_tick and last.end_tick <= bar.start_tick:
            closed[spec.name] = [*notes, *_last_note(last, spec, chord, bar, sheet, ensemble)]
    return closed


def _last_note(last: Note, spec: PartSpec, chord: Chord, bar: Bar, sheet: SongSheet, ensemble: Ensemble) -> list[Note]:
    """One note, or none if no chord tone fits."""
    end = sheet.melody[-1].end_tick
    over = [note.pitch for note in sheet.melody if note.end_tick > bar.start_tick]
    highest = min([spec.highest, *(pitch - 1 for pitch in over)] if ensemble.melody_on_top else [spec.highest])
    is_lowest = spec.name == ensemble.parts[-1].name
    tones = {chord.bass} if is_lowest else {chord.root, *chord.pitch_classes}
    fitting = [pitch for pitch in range(spec.lowest, highest + 1) if pitch % 12 in tones]
    if not fitting:
        return []
    pitch = min(fitting, key=lambda tone: (abs(tone - last.pitch), tone))
    return [Note(bar.start_tick, end - bar.start_tick, pitch, last.velocity)]
