"""The bar-interleaved tokenizer, as a miditok tokenizer.

`source_bar` and `target_bar` write one bar of X and of Y; `encode` and `decode` (of miditok) carry
a whole pair as one `symusic.Score` with 12 ticks a quarter, in which the tracks ``source:melody``,
``source:bass`` and ``source:texture`` are the song, ``part:NAME`` the arrangement, and markers hold
chords (Harte) and the header (``style=...``). The round trip is exact for onsets, pitches, chords
and the durations of melody and arrangement up to 96 ticks; bass and texture of the source keep
onset and pitch only, velocities become one level for a part and bar.
"""

from __future__ import annotations

from collections.abc import Sequence
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
from symbolic_cover.tokens.language import TOKENIZER_FILE, BarReader, BarWriter, by_bar, chords_by_bar, place_of

HEADER = ("style", "level", "ensemble")


class BarTokenizer(MusicTokenizer, BarWriter):
    """Tokenizer of bars of a song interleaved with the bars of its arrangement."""

    @classmethod
    def build(cls, styles: Sequence[str], ensembles: Sequence[str], parts: Sequence[str]) -> BarTokenizer:
        """A tokenizer with these styles, ensembles and part names."""
        names = {"styles": list(styles), "ensembles": list(ensembles), "parts": list(parts)}
        words = v.words(styles, ensembles, parts)
        return cls(TokenizerConfig(special_tokens=list(v.SPECIAL), use_programs=True, words=words, **names))

    @classmethod
    def load(cls, folder: Path) -> BarTokenizer:
        """Load ``tokenizer.json`` from a checkpoint folder."""
        return cls(params=Path(folder) / TOKENIZER_FILE)

    @property
    def styles(self) -> list[str]:
        """The styles with a token."""
        return list(self.config.additional_params["styles"])

    @property
    def parts(self) -> list[str]:  # type: ignore[override]
        """The part names, in the order in which a bar writes them."""
        return list(self.config.additional_params["parts"])

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
        return events  # every token has its own time

    def preprocess_score(self, score: symusic.Score) -> symusic.Score:
        """Scores for this tokenizer are on its grid already; another resolution raises `ValueError`."""
        if score.ticks_per_quarter != TICKS_PER_QUARTER:
            raise ValueError(f"expected {TICKS_PER_QUARTER} ticks a quarter, not {score.ticks_per_quarter}")
        return score

    def _score_to_tokens(self, score: symusic.Score, attribute_controls_indexes: Any = None) -> TokSequence:
        bars = _bars_of(score)
        tracks = {
            track.name: by_bar([Note(n.time, n.duration, n.pitch, n.velocity) for n in track.notes], bars)
            for track in score.tracks
        }
        chords = chords_by_bar(_chords_of(score), bars)
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
            reader = BarReader(bar).read(bar_tokens)
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
