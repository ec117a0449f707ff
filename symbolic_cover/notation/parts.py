"""Separate parts for each player, at written pitch."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from music21 import interval, stream
from music21.musicxml.m21ToXml import ScoreExporter

from symbolic_cover.core.arrangement import Arrangement, Part
from symbolic_cover.core.controls import Notation
from symbolic_cover.core.files import writable_folder
from symbolic_cover.core.music import Key, Note
from symbolic_cover.notation.layout import Layout, lay_out
from symbolic_cover.notation.marks import mark_head, mark_sections, mark_top_staff
from symbolic_cover.notation.musicxml import finish_part, insert_player
from symbolic_cover.notation.players import TRANSPOSING, Player, names_chords, players_of, plays_from_chords
from symbolic_cover.notation.tidy import tidy


def write_parts(arrangement: Arrangement, folder: Path, notation: Notation = Notation()) -> list[Path]:
    """Write one MusicXML file for each player into `folder`, named after the part; returns them in score order.

    Transposing instruments have their own notes and key; bars of rest are counted; each part has the tempo, the
    sections and, if it plays from chords or leads, the chord symbols.
    """
    page, layout = lay_out(arrangement, notation)
    paths: list[Path] = []
    for player in players_of(page):
        stem = re.sub(r"[^a-z0-9]+", "-", player.name.lower()).strip("-") or "part"
        taken = sum(re.fullmatch(rf"{stem}(-\d+)?", path.stem) is not None for path in paths)
        path = Path(folder) / f"{stem}{f'-{taken + 1}' if taken else ''}.musicxml"
        exporter = ScoreExporter(_part_score(player, page, layout, notation), makeNotation=False)
        root = exporter.parse()
        tidy(root, swings=layout.swings, repeats=layout.repeats, counts_rests=not notation.tab)
        for part in root.iter("part"):
            finish_part(part, player, page, layout, notation)
        path.write_bytes(exporter.asBytes())
        paths.append(path)
    return paths


def _part_score(player: Player, arrangement: Arrangement, layout: Layout, notation: Notation) -> stream.Score:
    with_chords = plays_from_chords(player) or (player.leads and names_chords(players_of(arrangement)))
    name = player.name
    program = player.staves[0].program
    if program in TRANSPOSING and not player.is_drums:
        instrument, written = TRANSPOSING[program]
        semitones = -interval.Interval(written).semitones
        arrangement = _moved(arrangement, semitones)
        staves = tuple(_moved_part(part, semitones) for part in player.staves)
        clefs = tuple("treble" for _ in staves)
        player = replace(player, staves=staves, clefs=clefs, transposition=written)
        name = f"{name} ({instrument})"
    score = stream.Score()
    mark_head(score, arrangement, name)
    staves_made = insert_player(score, player, 0, arrangement, layout, notation)
    mark_top_staff(staves_made[0], arrangement, layout, with_chords=with_chords)
    for staff in staves_made:
        staff.partAbbreviation = ""
        mark_sections(staff, arrangement, layout, with_labels=staff is staves_made[0])
    return score


def _moved(arrangement: Arrangement, semitones: int) -> Arrangement:
    """Key, chords and melody at the written pitch of a transposing instrument."""
    chords = tuple(
        chord._replace(root=(chord.root + semitones) % 12, bass=(chord.bass + semitones) % 12)
        for chord in arrangement.chords
    )
    key: Key = arrangement.key.transposed(semitones)
    return replace(arrangement, key=key, chords=chords, melody=_moved_notes(arrangement.melody, semitones))


def _moved_part(part: Part, semitones: int) -> Part:
    return replace(part, notes=_moved_notes(part.notes, semitones))


def _moved_notes(notes: tuple[Note, ...], semitones: int) -> tuple[Note, ...]:
    return tuple(note._replace(pitch=note.pitch + semitones) for note in notes)


def write_part_scores(arrangement: Arrangement, folder: Path, notation: Notation = Notation()) -> list[Path]:
    """Write the part of each player as MusicXML and PDF to `folder`, which is created. Returns all paths."""
    from symbolic_cover.notation.engrave import write_pdf

    scores = write_parts(arrangement, writable_folder(folder), notation)
    for score in scores:
        write_pdf(score, score.with_suffix(".pdf"))
    return [path for score in scores for path in (score, score.with_suffix(".pdf"))]
