"""The bar-interleaved tokenizer, as a miditok tokenizer.

`source_bar` and `target_bar` write one bar of X and of Y; `encode` and `decode` (of miditok) carry
a whole pair as one `symusic.Score` with 12 ticks a quarter, in which the tracks ``source:melody``,
``source:bass`` and ``source:texture`` are the song, ``part:NAME`` the arrangement, and markers hold
chords (Harte) and the header (``style=...``). The round trip is exact for onsets, pitches, chords
and the durations of melody and arrangement up to 96 ticks; bass and texture of the source keep
onset and pitch only, velocities become one level for a part and bar.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import symusic
from miditok import MusicTokenizer, TokenizerConfig, TokSequence

from symbolic_cover.analysis.chords import merge_chords
from symbolic_cover.analysis.key import find_key
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.harte import parse_chord
from symbolic_cover.core.music import TICKS_PER_QUARTER, Bar, Chord, Meter, Note
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.tokens import vocabulary as v

HEADER = ("style", "level", "ensemble")
#: The part whose notes are struck on drums.
DRUMS = "drums"
DRUM_TICK = TICKS_PER_QUARTER // 4


class BarTokenizer(MusicTokenizer):
    """Bars of a song interleaved with the bars of its arrangement."""

    @classmethod
    def build(cls, styles: Sequence[str], ensembles: Sequence[str], parts: Sequence[str]) -> BarTokenizer:
        """A tokenizer that knows these styles, ensembles and part names."""
        names = {"styles": list(styles), "ensembles": list(ensembles), "parts": list(parts)}
        words = v.words(styles, ensembles, parts)
        return cls(TokenizerConfig(special_tokens=list(v.SPECIAL), use_programs=True, words=words, **names))

    @classmethod
    def load(cls, folder: Path) -> BarTokenizer:
        """Load ``tokenizer.json`` from a checkpoint folder."""
        return cls(params=Path(folder) / "tokenizer.json")

    def renaming(self, style: str, name: str) -> BarTokenizer:
        """A tokenizer with the same ids in which a style has another name."""
        told = self.config.additional_params
        names = {
            "styles": [name if known == style else known for known in told["styles"]],
            "words": [f"Style_{name}" if word == f"Style_{style}" else word for word in told["words"]],
        }
        special = list(v.SPECIAL)
        return BarTokenizer(TokenizerConfig(special_tokens=special, use_programs=True, **(told | names)))

    @property
    def styles(self) -> list[str]:
        """The styles this tokenizer has a token for."""
        return list(self.config.additional_params["styles"])

    @property
    def parts(self) -> list[str]:
        """The part names, in the order in which a bar writes them."""
        return list(self.config.additional_params["parts"])

    # --- writing -------------------------------------------------------------------------

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
        """What the song has in `bar`. Notes and chords must belong to the bar; `place` is one of `PLACES`."""
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
        """What the arrangement plays in `bar`, part by part."""
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

    # --- reading -------------------------------------------------------------------------

    def read_target_bar(self, bar: Bar, tokens: Sequence[str]) -> dict[str, list[Note]]:
        """The notes of each part from the tokens of one bar of Y."""
        return _BarReader(bar).read(tokens).parts

    def read_sheet(self, tokens: Sequence[str]) -> SongSheet:
        """The song (X) of a whole sequence, at 120 beats a minute."""
        score = self.decode(TokSequence(tokens=list(tokens)))
        tracks = {
            track.name: tuple(Note(n.time, n.duration, n.pitch, n.velocity) for n in track.notes)
            for track in score.tracks
        }
        bars = tuple(_bars_of(score))
        end_tick = bars[-1].end_tick
        seconds = end_tick / TICKS_PER_QUARTER * 0.5
        melody, bass, texture = (tracks.get(f"source:{name}", ()) for name in ("melody", "bass", "texture"))
        return SongSheet(
            grid=Grid(np.array([0, end_tick]), np.array([0.0, seconds]), bars),
            melody=melody,
            bass=bass,
            texture=texture,
            chords=tuple(_chords_of(score)),
            key=find_key(melody + bass + texture),
        )

    # --- miditok -------------------------------------------------------------------------

    def _tweak_config_before_creating_voc(self) -> None:
        self.config.use_chords = self.config.use_rests = self.config.use_tempos = False
        self.config.use_programs = self.config.one_token_stream_for_programs = True
        self._disable_attribute_controls()

    def _create_base_vocabulary(self) -> list[str]:
        return list(self.config.additional_params["words"])

    def _create_token_types_graph(self) -> dict[str, set[str]]:
        return {kind: set(following) for kind, following in v.GRAPH.items()}

    def _add_time_events(self, events: list[Any], time_division: int) -> list[Any]:
        return events  # every token of this language states its own time

    def preprocess_score(self, score: symusic.Score) -> symusic.Score:
        """Scores for this tokenizer are on its grid already; another resolution is an error."""
        if score.ticks_per_quarter != TICKS_PER_QUARTER:
            raise ValueError(f"expected {TICKS_PER_QUARTER} ticks a quarter, not {score.ticks_per_quarter}")
        return score

    def _score_to_tokens(self, score: symusic.Score, attribute_controls_indexes: Any = None) -> TokSequence:
        bars = _bars_of(score)
        tracks = {
            track.name: _by_bar([Note(n.time, n.duration, n.pitch, n.velocity) for n in track.notes], bars)
            for track in score.tracks
        }
        chords = _chords_by_bar(_chords_of(score), bars)
        facts = dict(m.text.split("=", 1) for m in score.markers if "=" in m.text)
        tokens = self.header(*(facts[name] for name in HEADER))
        for i, bar in enumerate(bars):
            x: dict[str, Any] = {
                name: tracks.get(f"source:{name}", [()] * len(bars))[i] for name in ("melody", "bass", "texture")
            }
            y = {name: tracks.get(f"part:{name}", [()] * len(bars))[i] for name in self.parts}
            tokens += self.source_bar(bar, place_of(i, len(bars)), chords[i], **x)
            tokens += self.target_bar(bar, y)
        tokens.append("EOS_None")
        return TokSequence(tokens=tokens, ids=self.ids(tokens))

    def _tokens_to_score(self, tokens: TokSequence, programs: Any = None) -> symusic.Score:
        names = tokens.tokens or self.names(tokens.ids)
        score = symusic.Score(TICKS_PER_QUARTER)
        facts = [token.split("_", 1) for token in names[: len(HEADER) + 1]]
        score.markers.extend([symusic.TextMeta(0, f"{kind.lower()}={value}") for kind, value in facts if kind != "BOS"])
        notes: dict[str, list[Note]] = {}
        chords: list[Chord] = []
        tick, meter = 0, None
        for bar_tokens in _split_bars(names):
            bar = Bar(tick, Meter(*map(int, bar_tokens[1].split("_")[1].split("/"))))
            reader = _BarReader(bar).read(bar_tokens)
            chords += reader.chords
            for name, found in reader.source.items():
                notes.setdefault(f"source:{name}", []).extend(found)
            for name, found in reader.parts.items():
                notes.setdefault(f"part:{name}", []).extend(found)
            if bar.meter != meter:
                score.time_signatures.append(symusic.TimeSignature(tick, *bar.meter))
            tick, meter = bar.end_tick, bar.meter
        score.markers.append(symusic.TextMeta(tick, "end"))
        score.markers.extend(_chord_markers(merge_chords(chords), tick))
        score.markers.sort(key=lambda marker: (marker.time, marker.text))
        for name in sorted(notes):
            track = symusic.Track(name=name)
            track.notes.extend([symusic.Note(*note) for note in sorted(notes[name])])
            score.tracks.append(track)
        return score


def place_of(index: int, n_bars: int) -> str:
    """Where a bar stands in its song: ``first``, ``inner`` or ``last``."""
    return "last" if index == n_bars - 1 else "first" if index == 0 else "inner"


def bars_of_sheet(sheet: SongSheet) -> list[dict[str, Any]]:
    """What `source_bar` needs of every bar of a song."""
    bars = sheet.grid.bars
    melody, bass, texture = (_by_bar(notes, bars) for notes in (sheet.melody, sheet.bass, sheet.texture))
    chords = _chords_by_bar(sheet.chords, bars)
    return [
        {"bar": bar, "place": place_of(i, len(bars)), "chords": chords[i], "melody": melody[i], "bass": bass[i],
         "texture": texture[i]}
        for i, bar in enumerate(bars)
    ]  # fmt: skip


def bars_of_parts(parts: Mapping[str, Sequence[Note]], bars: Sequence[Bar]) -> list[dict[str, list[Note]]]:
    """The notes of each part that begin in each bar."""
    split = {name: _by_bar(notes, bars) for name, notes in parts.items()}
    return [{name: split[name][i] for name in split} for i in range(len(bars))]


def _by_bar(notes: Sequence[Note], bars: Sequence[Bar]) -> list[list[Note]]:
    """Notes by the bar in which they begin, by onset and pitch; those outside all bars are left out."""
    found: list[list[Note]] = [[] for _ in bars]
    index = 0
    for note in sorted(notes, key=lambda note: (note.onset_tick, note.pitch)):
        while index < len(bars) and note.onset_tick >= bars[index].end_tick:
            index += 1
        if index < len(bars) and note.onset_tick >= bars[index].start_tick:
            found[index].append(note)
    return found


def _chords_by_bar(chords: Sequence[Chord], bars: Sequence[Bar]) -> list[list[Chord]]:
    """The chords that sound in each bar, cut at its lines."""
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


class _BarReader:
    """Reads the tokens of one bar back into chords and notes."""

    def __init__(self, bar: Bar) -> None:
        self.bar = bar
        self.chords: list[Chord] = []
        self.source: dict[str, list[Note]] = {}
        self.parts: dict[str, list[Note]] = {}

    def read(self, tokens: Sequence[str]) -> _BarReader:
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


def _split_bars(names: Sequence[str]) -> list[list[str]]:
    bars: list[list[str]] = []
    for token in names:
        if token.startswith("Bar_"):
            bars.append([])
        if bars and token not in ("EOS_None", "PAD_None"):
            bars[-1].append(token)
    return bars


def _bars_of(score: symusic.Score) -> list[Bar]:
    """Bars by the time signatures, up to the marker ``end`` or the last note."""
    stated = [marker.time for marker in score.markers if marker.text == "end"]
    end = max(stated, default=score.end())
    signatures = {s.time: Meter(s.numerator, s.denominator) for s in score.time_signatures}
    bars: list[Bar] = []
    tick, meter = 0, Meter(4, 4)
    while tick < end or not bars:
        meter = signatures.get(tick, meter)
        bars.append(Bar(tick, meter))
        tick = bars[-1].end_tick
    return bars


def _chords_of(score: symusic.Score) -> list[Chord]:
    chords: list[Chord] = []
    for marker in score.markers:
        if chords and chords[-1].end_tick > marker.time and (marker.text in ("N", "end") or ":" in marker.text):
            chords[-1] = chords[-1]._replace(end_tick=marker.time)
        named = parse_chord(marker.text) if ":" in marker.text else None
        if named:
            chords.append(Chord(marker.time, 10**9, *named))
    return chords


def _chord_markers(chords: Sequence[Chord], end_tick: int) -> list[symusic.TextMeta]:
    markers = []
    followings = [*(chord.start_tick for chord in chords[1:]), end_tick]
    for chord, following in zip(chords, followings, strict=False):
        markers.append(symusic.TextMeta(chord.start_tick, chord.label))
        if chord.end_tick < following:
            markers.append(symusic.TextMeta(chord.end_tick, "N"))
    return markers
