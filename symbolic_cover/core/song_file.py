"""``song.json``: a song sheet as a file that a person can read, correct and cover again.

There is one object for each bar, in order. Places in a bar are ticks from its start, twelve to a quarter note, and may
lie outside it (a note held over, a beat before the song). The keys are

- ``beats``: ``tick=second`` wherever the grid ties the two;
- ``chords``: ``first-last label`` in Harte's notation;
- ``melody``, ``bass``, ``texture``: ``tick duration pitch velocity``, middle C being C4;
- ``lyrics``: [tick, syllable]; ``section``: the name of one that begins in the bar, with its tick if that is not 0;
- ``confidence``: the listener's probabilities for the bar, 0..1.

A corrected sheet has ``corrections`` (as text, in order; those that can be redone are ``undone``) and ``before``, the
sheet without them. Its bars are those of the corrected sheet.

Reading gives back an equal sheet. `VERSION` grows when older readers could not read the file; a sheet without
corrections is written as version 1, which had none.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
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
from symbolic_cover.core.sheet import Corrections, SongSheet

SONG_FILE = "song.json"
FORMAT, VERSION = "symbolic-cover song", 2
_UNCORRECTED = 1
_LAYERS = ("melody", "bass", "texture")
#: Bars are counted in quarters, their binary parts, or single ticks (`written.meter_of_length`).
_DENOMINATORS = frozenset({1, 2, 4, 8, 16, 48})
#: Two days of music at the fastest tempo.
_FARTHEST_TICK = 10**9
_STEPS = {name: step for names in (PITCH_NAMES_FLAT, PITCH_NAMES_SHARP) for step, name in enumerate(names)}


def write_sheet(sheet: SongSheet, path: str | Path) -> Path:
    """Write a song sheet, whole or not at all; returns the path."""
    write_text(path, sheet_as_json(sheet))
    return Path(path)


def read_sheet(path: str | Path) -> SongSheet:
    """Read a song sheet. Raises `InputError`, which says what cannot be read and where."""
    path = Path(path)
    try:
        return sheet_from_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}.", "Give a song.json written by this program.") from error
    except InputError as error:
        raise InputError(f"{path}: {error.cause}", error.remedy) from error


def sheet_as_json(sheet: SongSheet) -> str:
    """The text of a song sheet's file."""
    before, made = sheet.corrections.before, sheet.corrections
    facts: dict[str, Any] = {
        "format": FORMAT,
        "version": _UNCORRECTED if before is None else VERSION,
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
    if sheet.remarks:
        facts["remarks"] = list(sheet.remarks)
    if before is not None:
        facts |= {"corrections": list(made.done), "undone": list(made.undone)}
    head = json.dumps(facts, ensure_ascii=False, indent=1)
    bars = ",\n".join("  " + json.dumps(bar, ensure_ascii=False) for bar in _bars_written(sheet))
    nested = "" if before is None else f',\n "before": {sheet_as_json(before).rstrip()}'
    return f'{head[:-2]},\n "bars": [\n{bars}\n ]{nested}\n}}\n'


def _bars_written(sheet: SongSheet) -> list[dict[str, Any]]:
    """One object a bar; empty entries are left out."""
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
    """Parse the text of a song sheet's file. Raises `InputError`, which says what cannot be read and in which bar."""
    try:
        facts = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"it is not JSON: {error}.", "Undo the last change to it.") from error
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        raise InputError("it is not a song sheet.", "Give a song.json written by this program.")
    version = facts.get("version")
    if isinstance(version, bool) or not isinstance(version, int) or not 1 <= version <= VERSION:
        raise InputError(f"its version {version} is unknown.", "Install a newer symbolic-cover.")
    try:
        return _sheet_of(facts)
    except (KeyError, ValueError, TypeError, AttributeError, IndexError, ArithmeticError) as error:
        said = f"'{error.args[0]}' is missing" if isinstance(error, KeyError) else str(error)
        raise InputError(f"{said}.", "Undo the last change to it.") from error


@dataclass
class _Read:
    """The contents of the bars of a file, as they are read."""

    bars: list[Bar] = field(default_factory=list)
    beats: list[tuple[int, float]] = field(default_factory=list)
    chords: list[Chord] = field(default_factory=list)
    layers: dict[str, list[Note]] = field(default_factory=lambda: {layer: [] for layer in _LAYERS})
    sections: list[Section] = field(default_factory=list)
    lyrics: list[Lyric] = field(default_factory=list)
    confidence: list[Mapping[str, float]] = field(default_factory=list)

    def add(self, one: Mapping[str, Any]) -> None:
        """Read the next bar. Raises `ValueError`, `KeyError` or `TypeError` for an invalid one."""
        start = self.bars[-1].end_tick if self.bars else 0
        bar = Bar(start, _meter(one["meter"]))
        self.bars.append(bar)
        for word in _words(one, "beats"):
            beat = _beat(word, start)
            if self.beats and not (beat[0] > self.beats[-1][0] and beat[1] > self.beats[-1][1]):
                raise ValueError(
                    f"(or bar {len(self.bars) - 1}) the beat '{word}' does not come after the one before it"
                )
            self.beats.append(beat)
        self.chords += [_chord(word, start) for word in _words(one, "chords")]
        for layer, notes in self.layers.items():
            notes += [_note(word, start) for word in _words(one, layer)]
        begun = one.get("section", [])
        begun = [[0, begun]] if isinstance(begun, str) else begun
        self.sections += [Section(start + _whole(tick), str(label)) for tick, label in begun]
        self.lyrics += [Lyric(start + _whole(tick), str(syllable)) for tick, syllable in one.get("lyrics", ())]
        confidence = one.get("confidence", {})
        self.confidence.append({str(name): math.nan if v is None else float(v) for name, v in confidence.items()})
        if self.confidence[-1].keys() != self.confidence[0].keys():
            raise ValueError(f"its confidence is not of {', '.join(self.confidence[0]) or 'nothing'}")


def _sheet_of(facts: Mapping[str, Any]) -> SongSheet:
    if facts["ticks_per_quarter"] != TICKS_PER_QUARTER:
        raise ValueError(f"a quarter has {facts['ticks_per_quarter']} ticks instead of {TICKS_PER_QUARTER}")
    read = _Read()
    for number, one in enumerate(facts["bars"], 1):
        try:
            read.add(one)
        except (KeyError, ValueError, TypeError, AttributeError, ArithmeticError) as error:
            said = f"'{error.args[0]}' is missing" if isinstance(error, KeyError) else str(error)
            raise ValueError(f"bar {number}: {said}") from error
    if not read.bars:
        raise ValueError("there are no bars")
    chords = sorted(read.chords)
    if clash := next((b for a, b in pairwise(chords) if b.start_tick < a.end_tick), None):
        raise ValueError(f"the chord {clash.label} begins before the one before it ends")
    names = dict.fromkeys(name for one in read.confidence for name in one)
    return SongSheet(
        grid=_grid(read, facts),
        **{layer: tuple(sorted(notes)) for layer, notes in read.layers.items()},
        chords=tuple(chords),
        key=_key(facts["key"]),
        title=str(facts["title"]),
        is_whole=not facts.get("is_excerpt", False),
        composer=str(facts["composer"]),
        source=Source(str(facts["source"]["name"]), str(facts["source"]["kind"])),
        sections=tuple(sorted(read.sections)),
        lyrics=tuple(sorted(read.lyrics, key=lambda lyric: lyric.tick)),
        confidence=Confidence(
            {str(name): float(value) for name, value in facts["confidence"].items()},
            {name: tuple(one[name] for one in read.confidence) for name in names},
        ),
        remarks=tuple(str(remark) for remark in facts.get("remarks", ())),
        corrections=_corrections(facts),
    )


def _corrections(facts: Mapping[str, Any]) -> Corrections:
    before = facts.get("before")
    if before is None:
        return Corrections()
    if "before" in before:
        raise ValueError("the sheet before its corrections has corrections itself")
    told = {name: facts.get(name, []) for name in ("corrections", "undone")}
    if wrong := next((name for name, words in told.items() if not _is_words(words)), None):
        raise ValueError(f"its {wrong} are not a list of text")
    return Corrections(tuple(told["corrections"]), tuple(told["undone"]), _sheet_of(before))


def _is_words(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _grid(read: _Read, facts: Mapping[str, Any]) -> Grid:
    second, confidence = facts["second_eighth_tick"], float(facts["beat_confidence"])
    if isinstance(second, bool) or not isinstance(second, int | float) or not 0 < second < TICKS_PER_QUARTER:
        raise ValueError(f"the second eighth cannot be at {second!r} of a quarter's {TICKS_PER_QUARTER} ticks")
    if not 0 <= confidence <= 1:
        raise ValueError(f"{confidence} is not a confidence")
    ticks = np.array([tick for tick, _ in read.beats], dtype=np.int64)
    return Grid(ticks, np.array([sec for _, sec in read.beats], dtype=float), tuple(read.bars), confidence, second)


def _words(one: Mapping[str, Any], name: str) -> list[str]:
    text = one.get(name) or ""
    if not isinstance(text, str):
        raise ValueError(f"{name} are not text: {text!r}")
    return [word.strip() for word in text.split(",") if word.strip()]


def _whole(tick: object) -> int:
    if isinstance(tick, bool) or not isinstance(tick, int) or abs(tick) > _FARTHEST_TICK:
        raise ValueError(f"{tick!r} is not a tick")
    return tick


def _meter(text: str) -> Meter:
    found = re.fullmatch(r"(\d{1,4})/(\d{1,2})", text)
    if not found or int(found[1]) < 1 or int(found[2]) not in _DENOMINATORS:
        raise ValueError(f"'{text}' is not a metre")
    return Meter(int(found[1]), int(found[2]))


def _beat(word: str, start: int) -> tuple[int, float]:
    tick, _, sec = word.partition("=")
    try:
        beat = start + _whole(int(tick)), float(sec)
    except ValueError as error:
        raise ValueError(f"'{word}' is not a beat such as '12=0.5'") from error
    if not math.isfinite(beat[1]):
        raise ValueError(f"'{word}' is not a beat such as '12=0.5'")
    return beat


def _note(word: str, start: int) -> Note:
    try:
        tick, duration, name, velocity = word.split()
        note = Note(start + _whole(int(tick)), _whole(int(duration)), _pitch(name), int(velocity))
    except ValueError as error:
        raise ValueError(f"'{word}' is not a note such as '0 12 C4 80'") from error
    if note.duration_tick < 1 or not 0 <= note.velocity <= 127 or not 0 <= note.pitch <= 127:
        raise ValueError(f"'{word}' has no length, or a pitch or velocity that MIDI lacks")
    return note


def _chord(word: str, start: int) -> Chord:
    found = re.fullmatch(r"(-?\d{1,9})-(-?\d{1,9}) (\S+)", word)
    named = parse_chord(found[3]) if found else None
    if not found or named is None or int(found[2]) <= int(found[1]):
        raise ValueError(f"'{word}' is not a chord such as '0-48 C:maj'")
    return Chord(start + int(found[1]), start + int(found[2]), *named)


def _key(label: str) -> Key:
    tonic, _, mode = label.partition(" ")
    if tonic not in _STEPS or mode not in ("major", "minor"):
        raise ValueError(f"'{label}' is not a key such as 'Bb major'")
    return Key(_STEPS[tonic], mode)


def _pitch_name(pitch: int, flats: bool) -> str:
    octave, step = divmod(pitch, 12)
    return f"{(PITCH_NAMES_FLAT if flats else PITCH_NAMES_SHARP)[step]}{octave - 1}"


def _pitch(name: str) -> int:
    letter = name.rstrip("-0123456789")
    if letter not in _STEPS:
        raise ValueError(f"'{name}' is not a pitch")
    return 12 * (int(name[len(letter) :]) + 1) + _STEPS[letter]
