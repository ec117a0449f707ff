"""The texts of a MIDI file: its title, lyrics, and chord names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from symbolic_cover.core.harte import parse_chord
from symbolic_cover.listening.scores.chord_text import NotAChord, chord_of
from symbolic_cover.listening.scores.midi_file import MidiText

_TEXT, _NAME, _LYRIC, _MARKER, _CUE = 1, 3, 5, 6, 7
#: The least share of the possible chord names that must be chords.
_CHORD_SHARE, _FEWEST_CHORDS = 0.6, 2
_SECTION_LETTERS = frozenset("ABCDE")
_NO_TITLE = re.compile(
    r"(untitled|unnamed|track|conductor|tempo|control|seq(uence)?|midi|master|score|song|new|piano|melody|voice|words|lyrics|"
    r"right|left|staff|soft karaoke|untitled)?[\s\-_#:.]*\d*",
    re.IGNORECASE,
)


class Said(NamedTuple):
    """The content of texts. Times are in the file's ticks; a chord is (root, quality, bass) or None."""

    title: str
    composer: str
    chords: list[tuple[int, tuple[int, str, int] | None]]
    words: list[tuple[int, str]]


def understood(texts: Sequence[MidiText], notes: Sequence[int]) -> Said:
    """Interpret the texts of a file; `notes` are the counts by track."""
    title, composer = _heading(texts, notes)
    words, singing = _words(texts)
    rest = [one for one in texts if one.kind in (_TEXT, _MARKER, _CUE) and one not in singing]
    return Said(title, composer, _chords(rest), words)


def _heading(texts: Sequence[MidiText], notes: Sequence[int]) -> tuple[str, str]:
    """Title and composer: from a karaoke file's header, else the name of a first track without notes."""
    head = [one.text[2:].strip() for one in texts if one.kind == _TEXT and one.text.startswith("@T")]
    if head:
        return head[0], head[1] if len(head) > 1 else ""
    if len(notes) > 1 and notes[0] == 0:
        name = next((one.text.strip("\0 \t\r\n") for one in texts if one.kind == _NAME and one.track == 0), "")
        if name and not _NO_TITLE.fullmatch(name) and len(name) <= 120:
            return " ".join(name.split()), ""
    return "", ""


def _words(texts: Sequence[MidiText]) -> tuple[list[tuple[int, str]], set[MidiText]]:
    """(tick, syllable) of the lyrics, and the texts that they come from: lyric events, or a karaoke track's texts."""
    lyrics = [one for one in texts if one.kind == _LYRIC]
    if not lyrics:
        tracks = {one.track for one in texts if one.text.startswith(("@T", "@L")) and one.kind == _TEXT}
        tracks |= {one.track for one in texts if one.kind == _NAME and one.text.strip().lower() in ("words", "lyrics")}
        lyrics = [one for one in texts if one.kind == _TEXT and one.track in tracks and not one.text.startswith("@")]
    if not lyrics:
        return [], set()
    most = max((one.track for one in lyrics), key=[one.track for one in lyrics].count)
    lyrics = sorted((one for one in lyrics if one.track == most), key=lambda one: one.tick)
    return _syllables([(one.tick, one.text) for one in lyrics]), set(lyrics)


def _syllables(raw: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    """Syllables, with ``-`` at the end of those whose word continues: words end with a blank or at a new line."""
    has_blanks = any(text[:1].isspace() or text[-1:].isspace() for _, text in raw)
    found: list[tuple[int, str]] = []
    for index, (tick, text) in enumerate(raw):
        said = " ".join(text.lstrip("\\/").split())
        if not said or re.fullmatch(r"[\[<{].*[\]>}]", said):
            continue
        following = raw[index + 1][1] if index + 1 < len(raw) else " "
        ends = text[-1:].isspace() or following[:1].isspace() or following[:1] in "\\/" or not following.strip()
        goes_on = said.endswith("-") or (has_blanks and not ends)
        found.append((tick, said.rstrip("-") + "-" if goes_on else said))
    return found


def _chords(texts: Sequence[MidiText]) -> list[tuple[int, tuple[int, str, int] | None]]:
    """The chords that texts name, if most of them do; single letters, such as A, B, A, name sections."""
    for candidates in (texts, [one for one in texts if one.kind == _MARKER]):
        if any(":" in one.text and _is_harte(one.text) for one in candidates):  # single letters then name sections
            candidates = [one for one in candidates if _is_harte(one.text)]
        found: list[tuple[int, tuple[int, str, int] | None]] = []
        names: list[str] = []
        others = 0
        for one in sorted(candidates, key=lambda one: one.tick):
            said = one.text.strip("\0 \t\r\n")
            try:
                chord = None if said == "N" else chord_of(said)
            except NotAChord:
                others += one.tick > 0 and bool(said)
                continue
            found.append((one.tick, chord))
            names.append(said)
        if not found or len(found) < _CHORD_SHARE * (len(found) + others):
            continue
        are_letters = all(name in _SECTION_LETTERS for name in names)
        if not are_letters and (len(found) >= _FEWEST_CHORDS or ":" in names[0]):
            return found
    return []


def _is_harte(text: str) -> bool:
    """Whether a text is a chord in Harte's notation, or ``N``, which ends one."""
    return text == "N" or (":" in text and parse_chord(text) is not None)
