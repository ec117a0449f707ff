"""Tokenize a bar of a song (X) and of its arrangement (Y), and read it back.

This is all that making a cover needs, without the tokenizer library (`tokens.tokenizer`), which takes seconds to load.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from symbolic_cover.core.music import TICKS_PER_QUARTER, Bar, Chord, Note
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.tokens import vocabulary as v

#: The part whose notes are drum strokes.
DRUMS = "drums"
DRUM_TICK = TICKS_PER_QUARTER // 4
TOKENIZER_FILE = "tokenizer.json"


class BarWriter(ABC):
    """Writes and reads bars with a vocabulary, in the order of its `parts`."""

    vocab: Mapping[str, int]
    parts: Sequence[str]

    @abstractmethod
    def __getitem__(self, index: int) -> str:
        """The token of an id."""

    def header(self, style: str, level: str, ensemble: str) -> list[str]:
        """The tokens before the first bar."""
        return ["BOS_None", f"Style_{style}", f"Level_{level}", f"Ensemble_{ensemble}"]

    def source_bar(
        self,
        bar: Bar,
        place: str,
        chords: Sequence[Chord],
        melody: Sequence[Note],
        bass: Sequence[Note] = (),
        texture: Sequence[Note] = (),
    ) -> list[str]:
        """The source tokens of `bar`. Notes and chords must belong to the bar; `place` is one of `PLACES`."""
        tokens = [f"Bar_{place}", f"TimeSig_{bar.meter}"]
        if chords:
            tokens.append("Section_chords")
            tokens += _write_chords(bar, chords)
        for name, notes, timed in (("melody", melody, True), ("bass", bass, False), ("texture", texture, False)):
            if notes:
                tokens.append(f"Section_{name}")
                tokens += _write_notes(bar, notes, timed)
        return [*tokens, "Section_arrangement"]

    def target_bar(self, bar: Bar, parts: Mapping[str, Sequence[Note]]) -> list[str]:
        """The target tokens of `bar`, part by part."""
        tokens: list[str] = []
        for name in self.parts:
            notes = parts.get(name, ())
            if notes:
                loudness = sum(note.velocity for note in notes) / len(notes)
                tokens += [f"Part_{name}", f"Velocity_{v.velocity_level(loudness)}"]
                tokens += _write_drums(bar, notes) if name == DRUMS else _write_notes(bar, notes, timed=True)
        return tokens

    def ids(self, tokens: Sequence[str]) -> list[int]:
        """Token names -> ids."""
        return [self.vocab[token] for token in tokens]

    def names(self, ids: Sequence[int]) -> list[str]:
        """Ids -> token names."""
        return [self[int(i)] for i in ids]

    def read_target_bar(self, bar: Bar, tokens: Sequence[str]) -> dict[str, list[Note]]:
        """The notes of each part from the tokens of one bar of Y."""
        return BarReader(bar).read(tokens).parts


class Language(BarWriter):
    """A vocabulary, and bars of a song interleaved with the bars of its arrangement.

    `styles` and `parts` are those with tokens, parts in the order in which a bar writes them; `vocab` has the id of
    each token.
    """

    def __init__(self, words: Sequence[str], styles: Sequence[str], parts: Sequence[str]) -> None:
        self.styles, self.parts = list(styles), list(parts)
        self.tokens = [*(f"{special}_None" for special in v.SPECIAL), *words]
        self.vocab = {token: index for index, token in enumerate(self.tokens)}

    @classmethod
    def load(cls, folder: str | Path) -> Language:
        """Load from the ``tokenizer.json`` of a checkpoint or a corpus."""
        told = additional_parameters(Path(folder))
        return cls(told["words"], told["styles"], told["parts"])

    def __len__(self) -> int:
        return len(self.tokens)

    def __getitem__(self, index: int) -> str:
        return self.tokens[index]

    def renaming(self, style: str, name: str) -> Language:
        """The same ids, with another name for a style."""
        words = [f"Style_{name}" if word == f"Style_{style}" else word for word in self.tokens[len(v.SPECIAL) :]]
        return Language(words, [name if known == style else known for known in self.styles], self.parts)


def additional_parameters(folder: Path) -> dict[str, Any]:
    """Our additions to miditok's settings: ``words``, ``styles``, ``ensembles``, ``parts``."""
    told = json.loads((folder / TOKENIZER_FILE).read_text(encoding="utf-8"))
    return dict(told["config"]["additional_params"])


def place_of(index: int, n_bars: int) -> str:
    """The place of a bar in its song: ``first``, ``inner`` or ``last``."""
    return "last" if index == n_bars - 1 else "first" if index == 0 else "inner"


def bars_of_sheet(sheet: SongSheet) -> list[dict[str, Any]]:
    """The arguments of `source_bar` for every bar of a song."""
    bars = sheet.grid.bars
    melody, bass, texture = (by_bar(notes, bars) for notes in (sheet.melody, sheet.bass, sheet.texture))
    chords = chords_by_bar(sheet.chords, bars)
    return [
        {"bar": bar, "place": place_of(i, len(bars)), "chords": chords[i], "melody": melody[i], "bass": bass[i],
         "texture": texture[i]}
        for i, bar in enumerate(bars)
    ]  # fmt: skip


def bars_of_parts(parts: Mapping[str, Sequence[Note]], bars: Sequence[Bar]) -> list[dict[str, list[Note]]]:
    """The notes of each part that begin in each bar."""
    split = {name: by_bar(notes, bars) for name, notes in parts.items()}
    return [{name: split[name][i] for name in split} for i in range(len(bars))]


def by_bar(notes: Sequence[Note], bars: Sequence[Bar]) -> list[list[Note]]:
    """Notes by the bar in which they begin, by onset and pitch; those outside all bars are left out."""
    found: list[list[Note]] = [[] for _ in bars]
    index = 0
    for note in sorted(notes, key=lambda note: (note.onset_tick, note.pitch)):
        while index < len(bars) and note.onset_tick >= bars[index].end_tick:
            index += 1
        if index < len(bars) and note.onset_tick >= bars[index].start_tick:
            found[index].append(note)
    return found


def chords_by_bar(chords: Sequence[Chord], bars: Sequence[Bar]) -> list[list[Chord]]:
    """The chords that sound in each bar, cut at bar lines."""
    found: list[list[Chord]] = []
    for bar in bars:
        inside = [chord for chord in chords if chord.start_tick < bar.end_tick and chord.end_tick > bar.start_tick]
        found.append([
            chord._replace(start_tick=max(chord.start_tick, bar.start_tick), end_tick=min(chord.end_tick, bar.end_tick))
            for chord in inside
        ])  # fmt: skip
    return found


def _write_chords(bar: Bar, chords: Sequence[Chord]) -> list[str]:
    """Each chord at its position; ``ChordQuality_N`` where a gap begins after a chord."""
    tokens: list[str] = []
    end = bar.start_tick
    for chord in chords:
        if chord.start_tick > end and tokens:
            tokens += [f"Position_{end - bar.start_tick}", "ChordQuality_N"]
        tokens += [f"Position_{chord.start_tick - bar.start_tick}", f"ChordRoot_{chord.root}"]
        tokens.append(f"ChordQuality_{chord.quality}")
        if chord.bass != chord.root:
            tokens.append(f"ChordBass_{chord.bass}")
        end = chord.end_tick
    if end < bar.end_tick:
        tokens += [f"Position_{end - bar.start_tick}", "ChordQuality_N"]
    return tokens


def _write_notes(bar: Bar, notes: Sequence[Note], timed: bool) -> list[str]:
    tokens: list[str] = []
    at = -1
    for note in sorted(notes, key=lambda note: (note.onset_tick, note.pitch)):
        position = note.onset_tick - bar.start_tick
        if position != at:
            tokens.append(f"Position_{position}")
            at = position
        tokens.append(f"Pitch_{v.within_range(note.pitch)}")
        if timed:
            tokens.append(f"Duration_{min(note.duration_tick, v.LONGEST_DURATION)}")
    return tokens


def _write_drums(bar: Bar, notes: Sequence[Note]) -> list[str]:
    tokens: list[str] = []
    at = -1
    for position, pitch in sorted({(note.onset_tick - bar.start_tick, note.pitch) for note in notes}):
        if position != at:
            tokens.append(f"Position_{position}")
            at = position
        tokens.append(f"Drum_{min(max(pitch, v.LOWEST_DRUM), v.HIGHEST_DRUM)}")
    return tokens


class BarReader:
    """Reads the tokens of one bar back into chords and notes."""

    def __init__(self, bar: Bar) -> None:
        self.bar = bar
        self.chords: list[Chord] = []
        self.source: dict[str, list[Note]] = {}
        self.parts: dict[str, list[Note]] = {}

    def read(self, tokens: Sequence[str]) -> BarReader:
        """Read the tokens of the bar; returns self."""
        section, tick, velocity, root = "arrangement", self.bar.start_tick, 80, 0
        into: list[Note] = []
        for token in tokens:
            kind, value = token.split("_", 1)
            if kind == "Section":
                section = value
                into = self.source.setdefault(value, []) if value in ("melody", "bass", "texture") else []
            elif kind == "Part":
                into = self.parts.setdefault(value, [])
            elif kind == "Velocity":
                velocity = v.velocity_of(int(value))
            elif kind == "Position":
                tick = self.bar.start_tick + int(value)
            elif kind == "Pitch":
                into.append(Note(tick, 1, int(value), velocity if section == "arrangement" else 80))
            elif kind == "Drum":
                into.append(Note(tick, DRUM_TICK, int(value), velocity))
            elif kind == "Duration":
                into[-1] = into[-1]._replace(duration_tick=int(value))
            elif kind == "ChordRoot":
                root = int(value)
            elif kind == "ChordQuality":
                self._end_chord(tick)
                if value != "N":
                    self.chords.append(Chord(tick, self.bar.end_tick, root, value, root))
            elif kind == "ChordBass":
                self.chords[-1] = self.chords[-1]._replace(bass=int(value))
        return self

    def _end_chord(self, tick: int) -> None:
        if self.chords and self.chords[-1].end_tick > tick:
            self.chords[-1] = self.chords[-1]._replace(end_tick=tick)
