"""A piece of music -> a training pair: the song (X) and its arrangement (Y), bar by bar.

X comes from the same analysis that covers use. Y is the piece without its melody, since a cover adds the song's melody
to what the model plays; the parts of hands are made playable.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from symbolic_cover.analysis.hands import fill_gaps, split_hands
from symbolic_cover.analysis.melody import one_line
from symbolic_cover.analysis.song import sheet_of
from symbolic_cover.core.ensemble import Ensemble
from symbolic_cover.core.errors import InputError
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.heard import Role, Track
from symbolic_cover.core.music import TICKS_PER_QUARTER, Key, Note
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.corpus.bars import spell_bars, trim
from symbolic_cover.corpus.layouts import Laid, lay_out, merge_unisons
from symbolic_cover.tokens.language import DRUMS, bars_of_parts, bars_of_sheet
from symbolic_cover.tokens.tokenizer import BarTokenizer

#: The least size of a piece.
FEWEST_NOTES, FEWEST_BARS = 12, 2
#: Upper limits of notes per 4/4 bar of two hands for easy and intermediate pieces. Set by hand.
_LEVEL_BOUNDS = ((11.0, "easy"), (16.0, "intermediate"))
_MOST_TEXTURE = 32
_STRINGS = 6


class Piece(NamedTuple):
    """A piece of the corpus: `tracks` are on the grid, `key` is as stated in the piece.

    `melody` is given if another file states it. `is_performed`: its note lengths are those of a performance.
    """

    name: str
    dataset: str
    title: str
    composer: str
    style: str
    ensemble: str
    licence: str
    split_group: str
    tracks: tuple[Track, ...]
    grid: Grid
    key: Key | None = None
    melody: tuple[Note, ...] = ()
    is_performed: bool = False


@dataclass(frozen=True)
class Pair:
    """A song and its arrangement, before tokenization. `parts` are without the melody, which `lead` carries."""

    piece: Piece
    sheet: SongSheet
    ensemble: str
    lead: str
    parts: dict[str, list[Note]]
    level: str
    lost_share: float


def make_pair(piece: Piece, ensembles: dict[str, Ensemble]) -> Pair:
    """X by analysis, Y by the layout of the ensemble; raises `InputError` if a piece is too short."""
    laid = lay_out(piece.tracks, piece.ensemble, piece.melody)
    laid, grid = _trimmed(laid, piece.grid)
    everything = [note for notes in laid.parts.values() for note in notes]
    if len(everything) < FEWEST_NOTES or len(grid.bars) < FEWEST_BARS:
        raise InputError(f"Too little music: {len(everything)} notes in {len(grid.bars)} bars.", "Leave it out.")
    sheet = _sheet(laid, grid, piece)
    leads = {one.lead for one in ensembles.values() if one.lead_spec and not one.lead_spec.is_hand}
    parts = _without_melody(laid, sheet, piece.is_performed, leads)
    n_before = len(everything) - len(sheet.melody)
    n_after = sum(map(len, parts.values()))
    lead = ensembles[laid.ensemble].lead
    level = _level(parts, grid)
    return Pair(piece, sheet, laid.ensemble, lead, parts, level, max(0.0, 1 - n_after / max(n_before, 1)))


def _trimmed(laid: Laid, grid: Grid) -> tuple[Laid, Grid]:
    """The piece without empty bars before and after the music, in metres of the vocabulary."""
    everything = [note for notes in laid.parts.values() for note in notes]
    if not everything:
        raise InputError("There are no notes.", "Leave it out.")
    grid = replace(grid, bars=spell_bars(grid.bars))
    first, last = min(note.onset_tick for note in everything), max(note.onset_tick for note in everything)
    grid, shift = trim(grid, first, last + 1)

    def moved(notes: Sequence[Note]) -> list[Note]:
        return [n._replace(onset_tick=n.onset_tick - shift) for n in notes if shift <= n.onset_tick < shift + end]

    end = grid.end_tick
    parts = {name: moved(notes) for name, notes in laid.parts.items()}
    return laid._replace(parts=parts, melody=moved(laid.melody), stacks=moved(laid.stacks)), grid


def _sheet(laid: Laid, grid: Grid, piece: Piece) -> SongSheet:
    """The result of `sheet_of` for the piece, given its melody, if known."""
    melody = one_line(laid.melody) if laid.melody else ()
    struck = {(note.onset_tick, note.pitch) for note in melody}
    pitched = [note for name, notes in laid.parts.items() if name != DRUMS for note in notes]
    rest = [note for note in merge_unisons(pitched) if (note.onset_tick, note.pitch) not in struck]
    if not melody and not rest:
        return SongSheet(grid, (), (), (), (), Key(0, "major"), piece.title)
    told = ((Role.MELODY, melody), (Role.UNSAID, rest), (Role.CHORDS, laid.stacks))
    tracks = [Track("", tuple(sorted(notes)), role=role) for role, notes in told if notes]
    return sheet_of(tracks, grid, key=piece.key, title=piece.title)


def _without_melody(laid: Laid, sheet: SongSheet, is_performed: bool, leads: Collection[str]) -> dict[str, list[Note]]:
    """Y: the parts, those in `leads` without the melody; notes for two hands are divided between them."""
    melody = {(note.onset_tick, note.pitch) for note in sheet.melody}

    def rest(notes: Sequence[Note]) -> list[Note]:
        return [note for note in notes if (note.onset_tick, note.pitch) not in melody]

    if laid.ensemble == "solo-piano":
        left, right = split_hands(rest(laid.parts["right-hand"]), sheet.melody)
        if is_performed:
            left, right = fill_gaps(left, [*right, *sheet.melody]), fill_gaps(right, left, sheet.melody)
        return {"left-hand": left, "right-hand": right}
    if laid.ensemble == "voice-piano":
        left, right = split_hands(laid.parts["right-hand"])
        return {"voice": rest(laid.parts["voice"]), "right-hand": right, "left-hand": left}
    parts = {name: rest(notes) if name in leads else notes for name, notes in laid.parts.items()}
    return {name: _on_strings(notes) if name.endswith("guitar") else notes for name, notes in parts.items()}


def _on_strings(notes: Sequence[Note]) -> list[Note]:
    """A guitar's notes with at most as many sounding as it has strings: those held longest are damped."""
    done: list[Note] = []
    sounding: list[Note] = []
    for note in sorted(notes):
        done += [held for held in sounding if held.end_tick <= note.onset_tick]
        sounding = [held for held in sounding if held.end_tick > note.onset_tick]
        while len(sounding) >= _STRINGS and sounding[0].onset_tick < note.onset_tick:
            damped = sounding.pop(0)
            done.append(damped._replace(duration_tick=note.onset_tick - damped.onset_tick))
        if len(sounding) < _STRINGS:
            sounding.append(note)
    return sorted(done + sounding)


def _level(parts: dict[str, list[Note]], grid: Grid) -> str:
    """The level by the number of notes of two hands (or players)."""
    busy = [len(notes) for name, notes in parts.items() if notes and name != DRUMS]
    density = 2 * sum(busy) / max(len(busy), 1) / (grid.end_tick / (4 * TICKS_PER_QUARTER))
    return next((name for bound, name in _LEVEL_BOUNDS if density < bound), "full")


class TokenizedPiece(NamedTuple):
    """A piece as token ids: its header, and for each bar X, X as transcribed, and Y.

    `lead` is the token of the part with the melody, `steps_home` are semitones to C major or A minor.
    """

    header: list[int]
    lead: int
    steps_home: int
    bars: list[tuple[list[int], list[int], list[int]]]


def tokenize_pair(pair: Pair, heard: SongSheet, tokenizer: BarTokenizer) -> TokenizedPiece:
    """Tokenize every bar of a pair; `heard` is its sheet with simulated transcription errors."""
    bars = []
    played = bars_of_parts(pair.parts, pair.sheet.grid.bars)
    for known, misheard, parts in zip(bars_of_sheet(pair.sheet), bars_of_sheet(heard), played, strict=True):
        x, x_heard = (tokenizer.source_bar(**_thinned(facts)) for facts in (known, misheard))
        y = tokenizer.target_bar(known["bar"], parts)
        bars.append((tokenizer.ids(x), tokenizer.ids(x_heard), tokenizer.ids(y)))
    header = tokenizer.ids(tokenizer.header(pair.piece.style, pair.level, pair.ensemble))
    lead = tokenizer.vocab[f"Part_{pair.lead}"] if pair.lead else 0
    return TokenizedPiece(header, lead, pair.sheet.key.steps_home, bars)


def _thinned(facts: dict[str, Any]) -> dict[str, Any]:
    """At most `_MOST_TEXTURE` texture notes a bar, the longest ones."""
    texture = sorted(facts["texture"], key=lambda note: (-note.duration_tick, note.onset_tick, note.pitch))
    return facts | {"texture": sorted(texture[:_MOST_TEXTURE])}


def facts_of(pair: Pair) -> dict[str, Any]:
    """The catalogue's entry of a piece."""
    piece, sheet = pair.piece, pair.sheet
    grid = sheet.grid
    pitched = [note for name, notes in pair.parts.items() if name != DRUMS for note in notes] + list(sheet.melody)
    n_notes = sum(map(len, pair.parts.values())) + len(sheet.melody)
    sounding = sum(note.duration_tick for note in pitched)
    covered = len({tick for note in pitched for tick in range(note.onset_tick, min(note.end_tick, grid.end_tick), 3)})
    qualities = Counter(chord.quality for chord in sheet.chords)
    return {
        "dataset": piece.dataset,
        "name": piece.name,
        "title": piece.title,
        "composer": piece.composer,
        "style": piece.style,
        "ensemble": pair.ensemble,
        "licence": piece.licence,
        "split_group": piece.split_group,
        "bars": len(grid.bars),
        "seconds": round(float(grid.sec_at(grid.end_tick)), 1),
        "notes": n_notes,
        "meter": str(grid.meter),
        "key": sheet.key.label if pitched else "",
        "tempo_bpm": round(grid.tempo_bpm, 1),
        "notes_per_bar": round(n_notes / len(grid.bars), 2),
        "polyphony": round(sounding / (3 * covered), 2) if covered else 0,
        "melody_notes": len(sheet.melody),
        "chords_per_bar": round(len(sheet.chords) / len(grid.bars), 2),
        "chord_qualities": " ".join(f"{quality}:{count}" for quality, count in qualities.most_common()),
        "mean_pitch": round(float(np.mean([note.pitch for note in pitched])), 1) if pitched else 0,
        "level": pair.level,
        "lost_share": round(pair.lost_share, 4),
    }
