"""``song.json``: a song sheet as a file that a person can read, correct and give back.

One object a bar, from the first to the last, so that bar 13 is found as bar 13. Inside a bar places are ticks from its
beginning, twelve to a quarter note, and may lie outside it (a note held over, a beat before the song). Written are

- ``beats``: ``tick=second`` wherever the grid ties the two;
- ``chords``: ``first-last label`` in Harte's notation;
- ``melody``, ``bass``, ``texture``: ``tick duration pitch velocity``, middle C being C4;
- ``lyrics``: [tick, syllable]; ``section``: the name of one that begins in the bar, with its tick if that is not 0;
- ``confidence``: how probable the listener found what it says of the bar, 0..1.

Reading gives back the very same sheet. `VERSION` grows when a reader of today could not read what is written then.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from symbolic_cover.core.errors import InputError
from symbolic_cover.core.files import write_text
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.harte import parse_chord
from symbolic_cover.core.heard import Confidence, Source
from symbolic_cover.core.music import (
    PITCH_NAMES_FLAT,
    PITCH_NAMES_SHARP,
    TICKS_PER_QUARTER,
    Bar,
    Chord,
    Key,
    Lyric,
    Meter,
    Note,
    Section,
)
from symbolic_cover.core.sheet import SongSheet

SONG_FILE = "song.json"
FORMAT, VERSION = "symbolic-cover song", 1
_LAYERS = ("melody", "bass", "texture")
_STEPS = {name: step for names in (PITCH_NAMES_FLAT, PITCH_NAMES_SHARP) for step, name in enumerate(names)}


def write_sheet(sheet: SongSheet, path: str | Path) -> None:
    """Write a song sheet, whole or not at all."""
    write_text(path, sheet_as_json(sheet))


def read_sheet(path: str | Path) -> SongSheet:
    """Read a song sheet. Raises `InputError` that names what cannot be read, and where."""
    path = Path(path)
    try:
        return sheet_from_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}.", "Give a song.json that this program wrote.") from error
    except InputError as error:
        raise InputError(f"{path}: {error.cause}", error.remedy) from error


def sheet_as_json(sheet: SongSheet) -> str:
    """The text of a song sheet's file."""
    facts: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "title": sheet.title,
        "composer": sheet.composer,
        "source": {"name": sheet.source.name, "kind": sheet.source.kind},
        "key": sheet.key.label,
        "ticks_per_quarter": TICKS_PER_QUARTER,
        "second_eighth_tick": sheet.grid.second_tick,
        "beat_confidence": sheet.grid.confidence,
        "confidence": dict(sheet.confidence.whole),
    }
    if not sheet.is_whole:
        facts["is_excerpt"] = True
    head = json.dumps(facts, ensure_ascii=False, indent=1)
    bars = ",\n".join("  " + json.dumps(bar, ensure_ascii=False) for bar in _bars_written(sheet))
    return f'{head[:-2]},\n "bars": [\n{bars}\n ]\n}}\n'


def _bars_written(sheet: SongSheet) -> list[dict[str, Any]]:
    """One object a bar; what a bar has nothing of is left out."""
    grid, flats = sheet.grid, sheet.key.prefers_flats
    written: list[dict[str, Any]] = [
        {"bar": number, "meter": str(bar.meter)} for number, bar in enumerate(grid.bars, 1)
    ]

    def place(tick: int) -> tuple[dict[str, Any], int]:
        index = grid.bar_index(tick)
        return written[index], tick - grid.bars[index].start_tick

    def append(name: str, tick: int, text: str) -> None:
        bar, _ = place(tick)
        bar[name] = f"{bar[name]}, {text}" if name in bar else text

    for section in sheet.sections:
        bar, tick = place(section.start_tick)
        bar.setdefault("section", []).append([tick, section.label])
    for bar_facts in written:
        begun = bar_facts.get("section")
        if begun and len(begun) == 1 and begun[0][0] == 0:
            bar_facts["section"] = begun[0][1]
    for tick, sec in zip(grid.beat_tick.tolist(), grid.beat_sec.tolist(), strict=True):
        append("beats", tick, f"{place(tick)[1]}={sec!r}")
    for chord in sheet.chords:
        start = place(chord.start_tick)[1]
        append("chords", chord.start_tick, f"{start}-{start + chord.end_tick - chord.start_tick} {chord.label}")
    for layer in _LAYERS:
        for note in getattr(sheet, layer):
            name = _pitch_name(note.pitch, flats)
            tick = place(note.onset_tick)[1]
            append(layer, note.onset_tick, f"{tick} {note.duration_tick} {name} {note.velocity}")
    for lyric in sheet.lyrics:
        bar, tick = place(lyric.tick)
        bar.setdefault("lyrics", []).append([tick, lyric.text])
    for name, values in sheet.confidence.bars.items():
        for bar_facts, value in zip(written, values, strict=True):
            bar_facts.setdefault("confidence", {})[name] = None if math.isnan(value) else value
    return written


def sheet_from_json(text: str) -> SongSheet:
    """The song sheet in the text of its file. Raises `InputError` that names what cannot be read, and where."""
    try:
        facts = json.loads(text)
    except ValueError as error:
        raise InputError(f"it is not JSON: {error}.", "Undo the last change to it.") from error
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        raise InputError("it is no song sheet.", "Give a song.json that this program wrote.")
    if not isinstance(facts.get("version"), int) or facts["version"] > VERSION:
        raise InputError(f"its version {facts.get('version')} is unknown.", "Install a newer symbolic-cover.")
    try:
        return _sheet_of(facts)
    except (KeyError, ValueError, TypeError, AttributeError, IndexError) as error:
        said = f"'{error.args[0]}' is missing" if isinstance(error, KeyError) else str(error)
        raise InputError(f"{said}.", "Undo the last change to it.") from error


def _sheet_of(facts: Mapping[str, Any]) -> SongSheet:
    bars = _bars_read(facts["bars"])
    read = list(zip(bars, facts["bars"], strict=True))
    beats = [_beat(word, bar) for bar, one in read for word in _words(one.get("beats"))]
    grid = Grid(
        np.array([tick for tick, _ in beats], dtype=int),
        np.array([sec for _, sec in beats], dtype=float),
        tuple(bars),
        float(facts["beat_confidence"]),
        facts["second_eighth_tick"],
    )
    numbered = [(number, bar, one) for number, (bar, one) in enumerate(read, 1)]
    layers = {
        layer: tuple(_note(word, bar, number) for number, bar, one in numbered for word in _words(one.get(layer)))
        for layer in _LAYERS
    }
    names = dict.fromkeys(name for _, one in read for name in one.get("confidence", {}))
    return SongSheet(
        grid=grid,
        **layers,
        chords=tuple(_chord(word, bar, number) for number, bar, one in numbered for word in _words(one.get("chords"))),
        key=_key(facts["key"]),
        title=str(facts["title"]),
        is_whole=not facts.get("is_excerpt", False),
        composer=str(facts["composer"]),
        source=Source(str(facts["source"]["name"]), str(facts["source"]["kind"])),
        sections=tuple(
            Section(bar.start_tick + int(tick), str(label)) for bar, one in read for tick, label in _sections(one)
        ),
        lyrics=tuple(
            Lyric(bar.start_tick + int(tick), str(text)) for bar, one in read for tick, text in one.get("lyrics", ())
        ),
        confidence=Confidence(
            {str(name): float(value) for name, value in facts["confidence"].items()},
            {name: tuple(_sure(one["confidence"][name]) for _, one in read) for name in names},
        ),
    )


def _bars_read(written: Sequence[Mapping[str, Any]]) -> list[Bar]:
    bars: list[Bar] = []
    tick = 0
    for one in written:
        numerator, denominator = map(int, one["meter"].split("/"))
        bars.append(Bar(tick, Meter(numerator, denominator)))
        tick = bars[-1].end_tick
    if not bars:
        raise ValueError("there are no bars")
    return bars


def _words(text: str | None) -> Iterable[str]:
    return filter(None, (word.strip() for word in (text or "").split(",")))


def _beat(word: str, bar: Bar) -> tuple[int, float]:
    tick, _, sec = word.partition("=")
    return bar.start_tick + int(tick), float(sec)


def _note(word: str, bar: Bar, number: int) -> Note:
    try:
        tick, duration, name, velocity = word.split()
        note = Note(bar.start_tick + int(tick), int(duration), _pitch(name), int(velocity))
    except ValueError as error:
        raise ValueError(f"bar {number}: '{word}' is no note such as '0 12 C4 80'") from error
    if note.duration_tick < 1 or not 0 <= note.velocity <= 127:
        raise ValueError(f"bar {number}: '{word}' has no length or an impossible velocity")
    return note


def _chord(word: str, bar: Bar, number: int) -> Chord:
    span, _, label = word.partition(" ")
    start, _, end = span.rpartition("-")
    named = parse_chord(label)
    if named is None or int(end) <= int(start):
        raise ValueError(f"bar {number}: '{word}' is no chord such as '0-48 C:maj'")
    return Chord(bar.start_tick + int(start), bar.start_tick + int(end), *named)


def _sections(one: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
    begun = one.get("section", [])
    return [[0, begun]] if isinstance(begun, str) else begun


def _sure(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _key(label: str) -> Key:
    tonic, _, mode = label.partition(" ")
    if tonic not in _STEPS or mode not in ("major", "minor"):
        raise ValueError(f"'{label}' is no key such as 'Bb major'")
    return Key(_STEPS[tonic], mode)


def _pitch_name(pitch: int, flats: bool) -> str:
    octave, step = divmod(pitch, 12)
    return f"{(PITCH_NAMES_FLAT if flats else PITCH_NAMES_SHARP)[step]}{octave - 1}"


def _pitch(name: str) -> int:
    letter = name.rstrip("-0123456789")
    if letter not in _STEPS:
        raise ValueError(f"'{name}' is no pitch")
    return 12 * (int(name[len(letter) :]) + 1) + _STEPS[letter]
