"""Notation files (MusicXML, ABC, kern) -> `Written`, by the reader of each format."""

from __future__ import annotations

from collections.abc import Callable

from symbolic_cover.core.errors import InputError, SymbolicCoverError
from symbolic_cover.listening.scores.barred import Barred, unfold
from symbolic_cover.listening.scores.written import Written

REMEDIES = {
    "musicxml": "Export it again as MusicXML.",
    "abc": "Check that it is one tune with X:, K: and notes.",
    "kern": "Check that it is a **kern file.",
}


def read_notation(data: bytes, name: str, kind: str, number: int | None = None) -> tuple[Written, str]:
    """Read a notation file's music and its title, empty if it has none; `kind` is musicxml, abc or kern.

    Repeats are played out, ties joined, transposing instruments sound at pitch, grace notes come before the beat,
    dynamics become velocities. `number` selects a tune of an ABC file. Raises `InputError`, which names the file, if it
    cannot be read, is too long or has neither notes nor chords.
    """
    try:
        piece = _reader(kind, number)(data)
        written = unfold(piece)
    except SymbolicCoverError as error:
        cause = error.cause.replace("It ", f"{name} ", 1) if error.cause.startswith("It ") else f"{name}: {error.cause}"
        raise InputError(cause, error.remedy) from error
    except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise InputError(f"{name} is not valid {kind}.", REMEDIES[kind]) from error
    written.tracks = [track for track in written.tracks if track.notes]
    if not written.tracks and not any(symbol.chord for symbol in written.chords):
        raise InputError(f"{name} has no notes.", REMEDIES[kind])
    return written, piece.title


def _reader(kind: str, number: int | None) -> Callable[[bytes], Barred]:
    if kind == "abc":
        from symbolic_cover.listening.scores.abc import read_abc

        return lambda data: read_abc(data, number)
    if kind == "kern":
        from symbolic_cover.listening.scores.kern import read_kern

        return read_kern
    from symbolic_cover.listening.scores.musicxml import read_musicxml

    return read_musicxml
