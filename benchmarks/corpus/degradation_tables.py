"""Tables of transcription errors, and of the similarity of degraded truth and transcripts (for `degradation.py`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from degradation_match import KINDS_OF_GHOST, ghosts_of, match
from degradation_pieces import Measured

from symbolic_cover.analysis.chords import beat_edges, recognise_chords
from symbolic_cover.core.music import Chord
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.corpus.sounding import ROLES, Sounding, circumstances, roll_of, sounding

REGISTERS = {"below C3": (0, 48), "C3-B3": (48, 60), "C4-B4": (60, 72), "C5-B5": (72, 84), "C6 up": (84, 128)}
LENGTHS = {"to .15 s": (0, 0.15), ".15-.3": (0.15, 0.3), ".3-.6": (0.3, 0.6), ".6-1.2": (0.6, 1.2), "over": (1.2, 99)}
COMPANY = {"alone": (1, 1), "2": (2, 2), "3-4": (3, 4), "5-8": (5, 8), "9 up": (9, 999)}
APART, LEAST_APART = 0.15, 0.02
SHIFTS = {"no shift": (0, 0), "1-2 ticks": (1, 2), "3 ticks": (3, 3), "4-6 ticks": (4, 6)}


def missed_table(pieces: Sequence[Measured], kinds: Sequence[str]) -> list[str]:
    """Share of missed notes by kind of ensemble, role, register, length and company."""
    columns = [_misses([piece for piece in pieces if piece.kind == kind]) for kind in kinds]
    rows = [f"| missed | {' | '.join(kinds)} |", "|---" * (len(kinds) + 1) + "|"]
    return rows + [
        f"| {name} | " + " | ".join(_number(column[name]) for column in columns) + " |" for name in columns[0]
    ]


def _misses(pieces: Sequence[Measured]) -> dict[str, float]:
    rows = []
    for piece in pieces:
        true = sounding(piece.true)
        missed = match(true, sounding(piece.heard)) < 0
        around = circumstances(true, roll_of(true, piece.true.grid.end_tick + 1))
        company = np.round(2 ** around[:, 6])
        rows.append(np.column_stack([missed, true.role, true.pitch, true.length_sec, company, around[:, 8:10]]))
    missed, role, pitch, length, company, again, overtone = np.concatenate(rows).T
    shares = {"all notes": np.ones(len(role), dtype=bool)}
    shares |= {name: role == number for number, name in enumerate(ROLES)}
    shares |= {name: (pitch >= low) & (pitch < high) for name, (low, high) in REGISTERS.items()}
    shares |= {f"lasts {name}": (length >= low) & (length < high) for name, (low, high) in LENGTHS.items()}
    shares |= {f"sounds with {name}": (company >= low) & (company <= high) for name, (low, high) in COMPANY.items()}
    shares |= {"struck again": again > 0, "overtone of a note": overtone > 0}
    return {name: float(missed[which].mean()) if which.any() else np.nan for name, which in shares.items()}


def style_table(pieces: Sequence[Measured]) -> list[str]:
    """The accuracy of transcription by style."""
    rows = ["| style | kind | excerpts | missed | ghosts | note F1 | melody F1 |", "|---|---|---|---|---|---|---|"]
    for style, kind in sorted({(piece.style, piece.kind) for piece in pieces}):
        of_it = [compare(p.true, p.heard) for p in pieces if (p.style, p.kind) == (style, kind)]
        means = [float(np.mean([row[name] for row in of_it])) for name in ("missed", "ghosts", "note F1", "melody F1")]
        rows.append(f"| {style} | {kind} | {len(of_it)} | " + " | ".join(map(_number, means)) + " |")
    return rows


def likeness_table(pieces: Sequence[Measured], ways: dict[str, Callable[[Measured], Sequence[SongSheet]]]) -> list[str]:
    """A row for each statistic, a column for each of `ways` to hear the pieces (each may give several contents).

    The last line says in what the second and the third way differ.
    """
    columns = []
    for way in ways.values():
        rows = [compare(piece.true, sheet) for piece in pieces for sheet in way(piece)]
        column = {name: float(np.nanmean([row[name] for row in rows])) for name in rows[0]}
        column["spread of missed"] = float(np.std([row["missed"] for row in rows]))
        column["spread of note F1"] = float(np.std([row["note F1"] for row in rows]))
        columns.append(column)
    heard, made = columns[1], columns[2]
    apart = [name for name in heard if abs(heard[name] - made[name]) > max(APART * abs(heard[name]), LEAST_APART)]
    lines = [f"| | {' | '.join(ways)} |", "|---" * (len(ways) + 1) + "|"]
    lines += [f"| {name} | " + " | ".join(_number(c[name]) for c in columns) + " |" for name in columns[0]]
    return [*lines, "", f"More than {APART:.0%} (and {LEAST_APART:g}) apart: {', '.join(apart) or 'nothing'}."]


def compare(true_content: SongSheet, sheet: SongSheet) -> dict[str, float]:
    """The statistics of one transcribed excerpt."""
    true, heard = sounding(true_content), sounding(sheet)
    partner = match(true, heard)
    hit = partner >= 0
    index, kind, _ = ghosts_of(true, heard, partner)
    n_bars, n_true = len(true_content.grid.bars), len(true.onset)
    shift = np.abs(heard.onset[partner[hit]] - true.onset[hit])
    ratio = (heard.end - heard.onset)[partner[hit]] / (true.end - true.onset)[hit]
    facts = {"notes a bar": len(heard.onset) / n_bars, "missed": 1 - hit.mean()}
    facts |= {f"missed {name}": _mean(~hit[true.role == number]) for number, name in enumerate(ROLES)}
    facts["ghosts"] = len(index) / n_true
    facts |= {f"ghosts {name}": float(np.sum(kind == number)) / n_true for number, name in enumerate(KINDS_OF_GHOST)}
    facts |= {name: _mean((shift >= low) & (shift <= high)) for name, (low, high) in SHIFTS.items()}
    facts |= {f"length, {share:.0%} point": _quantile(ratio, share) for share in (0.1, 0.25, 0.5, 0.75, 0.9)}
    facts["notes sounding at an onset"] = _mean(_company(heard))
    facts["register, distance from truth"] = _distance(true.pitch, heard.pitch)
    facts["note F1"] = 2 * hit.sum() / max(n_true + len(heard.onset), 1)
    melody, found = true.role == 0, heard.role == 0
    common = match(_part(true, melody), _part(heard, found)) >= 0
    facts["melody notes a bar"] = found.sum() / n_bars
    facts["melody F1"] = 2 * common.sum() / max(melody.sum() + found.sum(), 1)
    low = match(_part(true, true.role == 1), _part(heard, heard.role == 1)) >= 0
    facts["bass F1"] = 2 * low.sum() / max((true.role == 1).sum() + (heard.role == 1).sum(), 1)
    facts["chords as in the truth"] = _same_chords(true_content, sheet)
    return {name: float(value) for name, value in facts.items()}


def _part(notes: Sounding, which: np.ndarray) -> Sounding:
    return Sounding(*(column[which] for column in notes))


def _company(notes: Sounding) -> np.ndarray:
    onset = np.unique(notes.onset)
    begun = np.searchsorted(notes.onset, onset, side="right")
    return begun - np.searchsorted(np.sort(notes.end), onset, side="right")


def _distance(true: np.ndarray, heard: np.ndarray) -> float:
    """Half the sum of differences of two histograms by half octaves: 0 the same, 1 nothing in common."""
    edges = np.arange(18, 120, 6)
    a, b = (np.histogram(pitch, edges)[0] / max(len(pitch), 1) for pitch in (true, heard))
    return float(np.abs(a - b).sum() / 2)


def _same_chords(true: SongSheet, heard: SongSheet) -> float:
    """Share of the beats with a chord at which root and quality are those recognised among the true notes."""
    edges = beat_edges(true.grid)
    wanted = _at(recognise_chords(true.notes, true.grid, true.key), edges)
    found = _at(heard.chords, edges)
    return _mean(np.array([a == b for a, b in zip(wanted, found, strict=True) if a is not None]))


def _at(chords: Sequence[Chord], edges: Sequence[int]) -> list[tuple[int, str] | None]:
    named: list[tuple[int, str] | None] = []
    for tick in edges[:-1]:
        named.append(next(((c.root, c.quality) for c in chords if c.start_tick <= tick < c.end_tick), None))
    return named


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values)) if len(values) else np.nan


def _quantile(values: np.ndarray, share: float) -> float:
    return float(np.quantile(values, share)) if len(values) else np.nan


def _number(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.3f}"
