"""The lyrics of an ABC tune: ``w:`` lines -> syllables of notes."""

from __future__ import annotations

import re

from symbolic_cover.listening.scores.abc_text import plain
from symbolic_cover.listening.scores.abc_voice import Voice
from symbolic_cover.listening.scores.barred import BarNote

_WORDS = re.compile(r"\\-|-|_|\*|\||~|[^\s\-_*|~]+|\s+")


def put_words(voice: Voice, text: str) -> None:
    """Assign the syllables of a ``w:`` line to the notes of the preceding line of music."""
    voice.verses += 1
    notes = iter(voice.sung)
    current: tuple[int, BarNote] | None = None
    waiting: tuple[int, BarNote] | None = None
    begun = ""

    def following() -> tuple[int, BarNote] | None:
        nonlocal waiting
        if waiting is not None:
            found, waiting = waiting, None
            return found
        return next(notes, None)

    bar = voice.sung[0][0] if voice.sung else 0
    tokens = _WORDS.findall(text)
    for index, token in enumerate(tokens):
        if token.isspace():
            continue
        if token == "-":
            if current is not None and begun:
                said = current[1].words.get(voice.verses, "")
                current[1].words[voice.verses] = said if said.endswith("-") else said + "-"
                if index and tokens[index - 1] in ("-",):
                    following()
            continue
        if token in ("_", "*"):
            following()
            if token == "*":
                begun = ""
            continue
        if token == "|":
            bar += 1
            while (one := following()) is not None:
                if one[0] >= bar:
                    waiting = one
                    break
            continue
        joined = index > 0 and tokens[index - 1] in ("~", "\\-")
        syllable = "-" if token == "\\-" else token
        if token == "~" or joined or (token == "\\-" and begun):
            if current is not None:
                current[1].words[voice.verses] = current[1].words.get(voice.verses, "") + (
                    " " if token == "~" else syllable
                )
            continue
        current = following()
        if current is None:
            return
        bar = current[0]
        begun = syllable
        current[1].words[voice.verses] = plain(syllable)
