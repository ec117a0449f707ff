"""The players of an arrangement: their parts, staves, names, clefs and families."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from symbolic_cover.core import instruments
from symbolic_cover.core.arrangement import Arrangement, Part
from symbolic_cover.core.music import Note
from symbolic_cover.notation.clefs import beyond
from symbolic_cover.notation.sharing import shared

STRINGS, VOICES = "strings", "voices"
#: Clefs of single staves by part name; the first match counts.
_CLEFS_BY_NAME = (
    (r"violins?\b", "treble"),
    (r"violas?\b", "alto"),
    (r"cellos?\b", "bass"),
    (r"(double|contra) ?bass", "bass-8"),
    (r"\btenors?\b", "treble-8"),
    (r"\b(soprano|alto)s?\b", "treble"),
)
_CLEFS_BY_PROGRAM = {40: "treble", 41: "alto", 42: "bass", 43: "bass-8", instruments.TIMPANI: "bass"}
#: Programs of transposing instruments: the name of the instrument, and the interval from the written to the sounding
#: note.
TRANSPOSING = {
    56: ("trumpet in B♭", "-M2"), 59: ("trumpet in B♭", "-M2"), 60: ("horn in F", "-P5"),
    64: ("soprano saxophone in B♭", "-M2"), 65: ("alto saxophone in E♭", "-M6"), 66: ("tenor saxophone in B♭", "-M9"),
    67: ("baritone saxophone in E♭", "-M13"), 69: ("English horn in F", "-P5"), 71: ("clarinet in B♭", "-M2"),
    72: ("piccolo", "P8"),
}  # fmt: skip
_ABBREVIATIONS = {
    "piano": "Pno.", "keys": "Keys", "voice": "V.", "soprano": "S.", "alto": "A.", "tenor": "T.", "bass": "B.",
    "violin": "Vln.", "violins": "Vln.", "viola": "Vla.", "violas": "Vla.", "violoncello": "Vc.",
    "violoncellos": "Vc.", "cello": "Vc.", "double bass": "Db.", "double basses": "Db.", "woodwinds": "Ww.",
    "brass": "Br.", "winds": "Wi.", "timpani": "Timp.", "guitar": "Gtr.", "melody": "Mel.", "chords": "Ch.",
    "strings": "Str.", "drums": "Dr.",
}  # fmt: skip
#: Other clefs of players of a single staff, by the usual one: cellists and violists.
_OTHER_CLEFS = {("bass", 42): ("tenor", "treble"), ("alto", 41): ("treble",)}
_TWO_LEDGER_LINES = 9
#: A part with more than this share of notes beyond two ledger lines gets two staves.
_FAR_SHARE = 0.08
_MIDDLE = 60
#: ... if it spans at least this many semitones.
_WIDE_SPAN = 24
#: The mean distance outside its staff, in semitones, from which a hand gets the other clef.
_FAR_HAND = 7
#: How far a whole chord may reach over the middle before it is divided between two staves.
_ACROSS = 4


@dataclass(frozen=True)
class Player:
    """One instrument of the score: its `parts` as arranged, and its staves, top first, each with a clef.

    A clef is ``treble``, ``alto``, ``tenor``, ``bass`` or ``percussion``, with ``-8`` if it sounds an octave lower;
    `clefs` are the usual ones.
    """

    name: str
    abbreviation: str
    parts: tuple[Part, ...]
    staves: tuple[Part, ...]
    clefs: tuple[str, ...]
    leads: bool
    family: str = ""
    transposition: str | None = None

    @property
    def is_drums(self) -> bool:
        """Whether it reads from a percussion staff."""
        return self.staves[0].is_drums


def players_of(arrangement: Arrangement) -> list[Player]:
    """The players in the order of the parts, without those that have no notes; all if nobody has any."""
    groups: dict[str, list[Part]] = defaultdict(list)
    for number, part in enumerate(arrangement.parts):
        groups[part.group or f"\0{number}"].append(part)
    playing = [parts for parts in groups.values() if any(part.notes for part in parts)] or list(groups.values())
    leading = _leading_part(arrangement)
    melody = _onsets(arrangement.melody)
    return [_player(parts, melody, leads=any(part is leading for part in parts)) for parts in playing]


def families_of(players: Sequence[Player]) -> list[tuple[str, list[Player]]]:
    """Adjacent players of one family (strings, voices), which are bracketed; only groups of two or more."""
    runs = [(family, list(run)) for family, run in groupby(players, key=lambda player: player.family)]
    return [(family, run) for family, run in runs if family and len(run) > 1]


def names_chords(players: Sequence[Player]) -> bool:
    """Whether someone plays from chord symbols, or a single line is a lead sheet: scores for choir, strings or
    orchestra have none."""
    is_lead_sheet = len(players) == 1 and len(players[0].staves) == 1 and not players[0].is_drums
    return is_lead_sheet or any(plays_from_chords(player) for player in players)


def plays_from_chords(player: Player) -> bool:
    """Whether a player's instrument plays chords or the bass."""
    harmonic = instruments.CHORDAL_KEYBOARDS | instruments.GUITARS | instruments.BASSES
    return not player.is_drums and player.staves[0].program in harmonic


def is_hand(player: Player, place: int) -> bool:
    """Whether a staff is played by one hand at a keyboard."""
    return len(player.staves) > 1 and player.staves[place].program in instruments.PIANOS


def clefs_known(player: Player, place: int) -> tuple[str, ...]:
    """The clefs that a staff may have, the usual one first: hands read treble and bass, and so do winds and keyboards
    without a clef by name; cellists and violists have higher ones."""
    part, usual = player.staves[place], player.clefs[place]
    if part.is_drums or player.transposition or player.family == VOICES:
        return (usual,)
    if is_hand(player, place) or (not _given_clef(part) and part.program not in TRANSPOSING):
        return (usual, "bass" if usual == "treble" else "treble")
    name = next((clef for pattern, clef in _CLEFS_BY_NAME[1:3] if re.search(pattern, part.name.lower())), "")
    program = {"alto": 41, "bass": 42}.get(name, part.program)
    return (usual, *_OTHER_CLEFS.get((usual, program), ()))


def is_bass(part: Part) -> bool:
    """Whether a part is a bass guitar or double bass."""
    return not part.is_drums and (part.program in instruments.BASSES or _given_clef(part) == "bass-8")


def is_guitar(part: Part) -> bool:
    """Whether a part is a guitar's."""
    return not part.is_drums and part.program in instruments.GUITARS


def sustains(part: Part) -> bool:
    """Whether a part is for bows, winds or an organ, which hold notes as written."""
    return not part.is_drums and part.program in instruments.SUSTAINING


def held_melody(notes: Sequence[Note], overlap_tick: int) -> set[tuple[int, int]]:
    """The upper voice of sustained notes: those above which no other sounds for `overlap_tick` or more."""
    upper: set[tuple[int, int]] = set()
    sounding: list[Note] = []
    for _, struck in groupby(sorted(notes), key=lambda note: note.onset_tick):
        together = list(struck)
        top = max(together, key=lambda note: note.pitch)
        sounding = [note for note in sounding if note.end_tick - top.onset_tick >= overlap_tick]
        if all(note.pitch <= top.pitch for note in sounding):
            upper.add((top.onset_tick, top.pitch))
        sounding += together
    return upper


def _leading_part(arrangement: Arrangement) -> Part | None:
    melody = _onsets(arrangement.melody)
    pitched = [part for part in arrangement.parts if not part.is_drums]
    return max(pitched, key=lambda part: len(melody & _onsets(part.notes)), default=None)


def _onsets(notes: Sequence[Note]) -> set[tuple[int, int]]:
    return {(note.onset_tick, note.pitch) for note in notes}


def _player(parts: list[Part], melody: set[tuple[int, int]], *, leads: bool) -> Player:
    first = parts[0]
    name = first.name if len(parts) == 1 else first.group.capitalize()
    family = STRINGS if first.program in instruments.STRINGS else VOICES if first.program in instruments.VOICES else ""
    staves, clefs = _staves(_shared(parts, melody))
    return Player(name, abbreviate(name), tuple(parts), staves, clefs, leads, "" if first.is_drums else family)


def _shared(parts: list[Part], melody: set[tuple[int, int]]) -> list[Part]:
    """The parts of two hands, with notes far from their hand given to the other."""
    if len(parts) != 2 or any(part.is_drums or part.program not in instruments.PIANOS for part in parts):
        return parts
    both = shared(sorted(parts[0].notes), sorted(parts[1].notes), melody)
    return [replace(part, notes=notes) for part, notes in zip(parts, both, strict=True)]


def abbreviate(name: str) -> str:
    """The abbreviation before later systems: Vln. 1 for Violin 1."""
    found = re.fullmatch(r"(.*?)( \d+)?", name.strip())
    stem, number = (found[1], found[2] or "") if found else (name, "")
    short = _ABBREVIATIONS.get(stem.lower()) or (stem if len(stem) <= 5 else f"{stem[:4]}.")
    return short + number


def _staves(parts: list[Part]) -> tuple[tuple[Part, ...], tuple[str, ...]]:
    if len(parts) > 1:
        return tuple(parts), tuple(_hand_clef(part, "bass" if place else "treble") for place, part in enumerate(parts))
    part = parts[0]
    clef = _given_clef(part) or _nearest_clef(part)
    if _given_clef(part) or not _is_wide(part.notes, clef):
        return (part,), (clef,)
    upper, lower = _divided(part.notes)
    return (replace(part, notes=upper), replace(part, notes=lower)), ("treble", "bass")


def _hand_clef(part: Part, usual: str) -> str:
    """The usual clef of a hand, or the other if most of its notes are far outside."""
    other = "bass" if usual == "treble" else "treble"
    far = sum(beyond(note.pitch, usual) for note in part.notes)
    is_far = far > _FAR_HAND * len(part.notes)
    return other if is_far and 2 * sum(beyond(note.pitch, other) for note in part.notes) < far else usual


def _given_clef(part: Part) -> str:
    """The usual clef for this kind of part, whatever its notes."""
    if part.is_drums:
        return "percussion"
    for pattern, clef in _CLEFS_BY_NAME:
        if re.search(pattern, part.name.lower()):
            return clef
    if part.program in instruments.GUITARS:
        return "treble-8"
    if part.program in instruments.BASSES:
        return "bass-8"
    if part.program in instruments.VOICES and re.search(r"\b(bass|baritone)\b", part.name.lower()):
        return "bass"
    return _CLEFS_BY_PROGRAM.get(part.program, "")


def _nearest_clef(part: Part) -> str:
    """Treble or bass, and for men's voices the octave treble clef: whichever needs the fewest ledger lines."""
    choice = ["treble", "bass"]
    if part.program in instruments.VOICES:
        choice.insert(1, "treble-8")
    return min(choice, key=lambda clef: sum(beyond(note.pitch, clef) for note in part.notes))


def _is_wide(notes: Sequence[Note], clef: str) -> bool:
    """Whether a part of chords does not fit on one staff."""
    if not notes:
        return False
    lowest, highest = min(note.pitch for note in notes), max(note.pitch for note in notes)
    has_chords = len({note.onset_tick for note in notes}) < len(_onsets(notes))
    far = sum(beyond(note.pitch, clef) > _TWO_LEDGER_LINES for note in notes)
    return has_chords and highest - lowest >= _WIDE_SPAN and far > _FAR_SHARE * len(notes)


def _divided(notes: Sequence[Note]) -> tuple[tuple[Note, ...], tuple[Note, ...]]:
    """The notes for an upper and a lower staff. A chord stays together if it reaches little across."""
    upper: list[Note] = []
    lower: list[Note] = []
    for _, struck in groupby(sorted(notes), key=lambda note: note.onset_tick):
        chord = list(struck)
        lowest, highest = min(note.pitch for note in chord), max(note.pitch for note in chord)
        fits_above, fits_below = lowest >= _MIDDLE - _ACROSS, highest < _MIDDLE + _ACROSS
        limit = _MIDDLE
        if fits_above and fits_below:
            follows_upper = not lower or (bool(upper) and upper[-1].onset_tick >= lower[-1].onset_tick)
            limit = 0 if follows_upper else 128
        elif fits_above or fits_below:
            limit = 0 if fits_above else 128
        upper += [note for note in chord if note.pitch >= limit]
        lower += [note for note in chord if note.pitch < limit]
    return tuple(upper), tuple(lower)
