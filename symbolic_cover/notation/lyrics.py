"""The lyrics under the notes of the melody."""

from __future__ import annotations

from bisect import bisect_left
from typing import NamedTuple

from symbolic_cover.core import instruments
from symbolic_cover.core.arrangement import Arrangement
from symbolic_cover.notation.players import STRINGS, Player, is_guitar

#: The largest distance between a note's onset and its syllable, in ticks: swung notes are written straight.
_NEAR_TICK = 2


class Syllable(NamedTuple):
    """The syllable of a note; `syllabic` is MusicXML's: single, begin, middle or end."""

    text: str
    syllabic: str


def sings(player: Player) -> bool:
    """Whether a player has the melody with its lyrics: a voice, or a single line that is not bowed."""
    if not player.leads or player.is_drums or len(player.staves) > 1:
        return False
    part = player.staves[0]
    reads_chords = part.program in instruments.CHORDAL_KEYBOARDS or is_guitar(part)
    return part.program in instruments.VOICES or not (player.family == STRINGS or reads_chords)


def syllables(arrangement: Arrangement) -> dict[int, Syllable]:
    """The syllable of each note of the melody, by the tick at which the note begins."""
    onsets = sorted({note.onset_tick for note in arrangement.melody})
    found: dict[int, Syllable] = {}
    inside = False
    for lyric in sorted(arrangement.lyrics, key=lambda lyric: lyric.tick):
        goes_on = lyric.text.endswith("-")
        text = " ".join(lyric.text.rstrip("-").split())
        place = bisect_left(onsets, lyric.tick)
        near = min(onsets[max(place - 1, 0) : place + 1], key=lambda onset: abs(onset - lyric.tick), default=None)
        syllabic = ("middle" if goes_on else "end") if inside else ("begin" if goes_on else "single")
        inside = goes_on
        if text and near is not None and abs(near - lyric.tick) <= _NEAR_TICK and near not in found:
            found[near] = Syllable(text, syllabic)
    return found
