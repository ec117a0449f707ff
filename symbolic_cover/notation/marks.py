"""The signs around the notes: titles, clefs, tempo, dynamics, sections and chord symbols, as music21 objects."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean

from music21 import articulations, bar, clef, duration, dynamics, expressions, harmony, metadata, stream, tempo, text

from symbolic_cover.core.arrangement import Arrangement
from symbolic_cover.core.music import TICKS_PER_QUARTER, Chord, Key, Meter, Note
from symbolic_cover.notation.fingering import LEFT, RIGHT, fingers_of
from symbolic_cover.notation.layout import Layout
from symbolic_cover.notation.players import Player, is_hand
from symbolic_cover.notation.rhythm import PLAIN_VALUES
from symbolic_cover.notation.spelling import spell_bass, spell_root

#: MusicXML's kind, and the text after the root, of each Harte quality.
CHORD_KINDS = {
    "maj": ("major", ""),
    "min": ("minor", "m"),
    "7": ("dominant-seventh", "7"),
    "maj7": ("major-seventh", "maj7"),
    "min7": ("minor-seventh", "m7"),
    "dim": ("diminished", "dim"),
    "aug": ("augmented", "aug"),
    "sus4": ("suspended-fourth", "sus4"),
    "sus2": ("suspended-second", "sus2"),
    "hdim7": ("half-diminished-seventh", "m7b5"),
    "dim7": ("diminished-seventh", "dim7"),
    "min6": ("minor-sixth", "m6"),
    "maj6": ("major-sixth", "6"),
}
#: Longer titles, composers and file names are shortened on the page.
_LINE_LETTERS = 90
#: Upper limits of velocity for each dynamic: half-way between the velocities that MIDI gives to these dynamics.
_DYNAMICS = ((0, ""), (25, "ppp"), (41, "pp"), (57, "p"), (73, "mp"), (89, "mf"), (105, "f"), (120, "ff"), (128, "fff"))
#: The least difference of velocity that marks a section's dynamics anew.
_CLEARLY = 6
SWING = "Swing"


def clef_named(name: str) -> clef.Clef:
    """A clef by its name in `Player.clefs`."""
    kinds = {
        "treble": clef.TrebleClef,
        "treble-8": clef.Treble8vbClef,
        "alto": clef.AltoClef,
        "tenor": clef.TenorClef,
        "bass": clef.BassClef,
        "bass-8": clef.Bass8vbClef,
        "percussion": clef.PercussionClef,
    }
    return kinds[name]()


def mark_head(score: stream.Score, arrangement: Arrangement, part_name: str = "") -> None:
    """Title, composer, arranger, rights and part name, as metadata and on the page."""
    title = "".join(sign for sign in arrangement.title if sign.isprintable()) or "Untitled"
    composer = "".join(sign for sign in arrangement.composer if sign.isprintable())
    arranger = f"arr. symbolic-cover ({arrangement.style})"
    source = f" from {_short(arrangement.source)}" if arrangement.source else ""
    rights = f"Arranged by symbolic-cover{source}; the rights in the song stay with its owners."
    score.metadata = metadata.Metadata(title=title)
    score.metadata.add("arranger", arranger)
    score.metadata.add("copyright", rights)
    if composer:
        score.metadata.add("composer", composer)
    credits = [(_short(title), 22, "center", "top", 600, 1600), (_short(composer), 11, "right", "top", 1130, 1540),
               (arranger, 11, "right", "top", 1130, 1520), (part_name, 13, "left", "top", 70, 1600),
               (rights, 8, "center", "bottom", 600, 50)]  # fmt: skip
    for words, size, justify, align, x, y in credits:
        if words:
            score.insert(0, _credit(words, size, justify, align, (x, y)))


def _short(words: str) -> str:
    """As much as fits on a line of the page; the metadata has the whole text."""
    return words if len(words) <= _LINE_LETTERS else words[: _LINE_LETTERS - 1].rstrip() + "…"


def _credit(words: str, size: int, justify: str, align: str, place: tuple[int, int]) -> text.TextBox:
    credit = text.TextBox(words, *place)
    credit.page = 1
    credit.style.fontSize = size
    credit.style.justify = justify
    credit.style.alignVertical = align
    return credit


def mark_top_staff(staff: stream.Part, arrangement: Arrangement, page: Layout, *, with_chords: bool) -> None:
    """Tempo and chord symbols, once for all staves."""
    measures = list(staff.getElementsByClass(stream.Measure))
    measures[0].insert(0, _tempo_mark(arrangement.grid.tempo_bpm, arrangement.grid.meter, swings=page.swings))
    last_symbol = None
    for chord_ in sorted(arrangement.chords) if with_chords else ():
        is_over = chord_.end_tick <= page.opening_tick or chord_.start_tick >= page.bars[-1].end_tick
        if chord_[2:] == last_symbol or is_over:
            continue
        last_symbol = chord_[2:]
        index, offset = page.place(chord_.start_tick)
        measures[index].insert(offset, _symbol(chord_, arrangement.key))


def mark_sections(staff: stream.Part, arrangement: Arrangement, page: Layout, *, with_labels: bool) -> None:
    """A double bar line before each section of the form and, once for all staves, its letter."""
    measures = list(staff.getElementsByClass(stream.Measure))
    for section in arrangement.sections if len(arrangement.sections) > 1 else ():
        if section.start_tick >= page.bars[-1].end_tick:
            continue
        index, offset = page.place(section.start_tick)
        if with_labels:
            measures[index].insert(offset, expressions.RehearsalMark(section.label))
        if index > 0:
            measures[index - 1].rightBarline = bar.Barline("double")


def mark_dynamics(
    staff: stream.Part, notes: Sequence[Note], arrangement: Arrangement, page: Layout, *, above: bool = False
) -> None:
    """Dynamics at a player's start and where a section is clearly louder or softer than the one before.

    Above the staff for singers, whose lyrics are below.
    """
    measures = list(staff.getElementsByClass(stream.Measure))
    starts = [0, *(section.start_tick for section in arrangement.sections if section.start_tick > 0)]
    last_velocity = -math.inf
    for start, end in zip(starts, [*starts[1:], math.inf], strict=True):
        played = [note_ for note_ in notes if start <= note_.onset_tick < end]
        if not played:
            continue
        velocity = fmean(note_.velocity for note_ in played)
        if abs(velocity - last_velocity) < _CLEARLY or _dynamic(velocity) == _dynamic(last_velocity):
            continue
        last_velocity = velocity
        mark = dynamics.Dynamic(_dynamic(velocity))
        if above:
            mark.placement = "above"
        index, offset = page.place(min(note_.onset_tick for note_ in played))
        measures[index].insert(offset, mark)


def _dynamic(velocity: float) -> str:
    return next(mark for limit, mark in _DYNAMICS if velocity < limit)


def mark_fingers(staff: stream.Part, player: Player, place: int, page: Layout) -> None:
    """The finger of each note of a hand at a keyboard, outside the staves; of a key repeated by the same finger, the
    first time only."""
    if not is_hand(player, place):
        return
    side, placement = (LEFT, "below") if place else (RIGHT, "above")
    fingers = fingers_of(player.staves[place].notes, side)
    last: list[tuple[int, int | None]] = []
    for index, measure in enumerate(staff.getElementsByClass(stream.Measure)):
        start = page.bars[index].start_tick if index else page.opening_tick
        for element in sorted(measure.recurse().notes, key=lambda one: one.getOffsetInHierarchy(measure)):
            if isinstance(element, harmony.ChordSymbol) or (element.tie and element.tie.type != "start"):
                continue
            tick = start + round(element.getOffsetInHierarchy(measure) * TICKS_PER_QUARTER)
            found = [(one.midi, fingers.get((tick, one.midi))) for one in element.pitches]
            if found != last:
                for _, finger in found:
                    if finger is not None:
                        mark = articulations.Fingering(finger)
                        mark.placement = placement
                        element.articulations.append(mark)
            last = found


def _tempo_mark(bpm: float, meter_: Meter, *, swings: bool) -> tempo.MetronomeMark:
    value, dots = PLAIN_VALUES[meter_.beat_tick]
    beat = duration.Duration(type=value, dots=dots)
    return tempo.MetronomeMark(SWING if swings else None, max(1, round(bpm)), beat)


def _symbol(chord_: Chord, key_: Key) -> harmony.ChordSymbol:
    kind, words = CHORD_KINDS[chord_.quality]
    bass = _letter(*spell_bass(chord_, key_)) if chord_.bass != chord_.root else None
    symbol = harmony.ChordSymbol(root=_letter(*spell_root(chord_.root, key_, chord_.quality)), bass=bass, kind=kind)
    symbol.chordKindStr = words
    return symbol


def _letter(step: str, alter: int) -> str:
    return step + {-1: "-", 0: "", 1: "#"}[alter]
