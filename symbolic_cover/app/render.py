"""Write an arrangement or a score in the format that the file's suffix names."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from symbolic_cover.app.play import play, stems_of, write_melody
from symbolic_cover.core.arrangement import Arrangement
from symbolic_cover.core.controls import Playback
from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.files import must_not_replace, whole_file
from symbolic_cover.core.sheet import SongSheet


def render(what: Arrangement | SongSheet | str | Path, out: str | Path, playback: Playback = Playback()) -> Path:
    """Write an arrangement as ``.musicxml``, ``.pdf`` or ``.mid``, or sound (``.wav``, ``.flac``, ``.mp3``, ``.ogg``).

    A song sheet is written as ``.abc`` (melody and chords), a score file (MIDI, MusicXML, ABC, kern) as sound.
    `playback` sets how sound is made. The file is written whole or not at all; returns its path. Raises `UsageError`
    for another suffix.
    """
    out = Path(out)
    if isinstance(what, str | Path):
        must_not_replace(what, out)
    suffix = out.suffix.lower()
    if isinstance(what, SongSheet):
        if suffix != ".abc":
            raise UsageError(f"A song sheet cannot be written as {suffix or 'that'}.", "Arrange it, or write .abc.")
        write_melody(what, out)
    elif isinstance(what, Arrangement):
        if suffix in WRITERS:
            with whole_file(out) as partial:
                WRITERS[suffix](what, partial)
        else:
            _play(what, out, playback)
    else:
        play(what, out, playback)
    return out


def _write_pdf(arrangement: Arrangement, out: Path) -> None:
    from symbolic_cover.notation.engrave import write_pdf
    from symbolic_cover.notation.musicxml import write_musicxml

    with tempfile.TemporaryDirectory() as made:
        score = Path(made) / "score.musicxml"
        write_musicxml(arrangement, score)
        write_pdf(score, out)


def _write_musicxml(arrangement: Arrangement, out: Path) -> None:
    from symbolic_cover.notation.musicxml import write_musicxml

    write_musicxml(arrangement, out)


def _write_midi(arrangement: Arrangement, out: Path) -> None:
    from symbolic_cover.performance.midi import write_midi

    write_midi(arrangement, out)


#: The formats of an arrangement, beside sound.
WRITERS: dict[str, Callable[[Arrangement, Path], None]] = {
    ".musicxml": _write_musicxml,
    ".pdf": _write_pdf,
    ".mid": _write_midi,
}


def _play(arrangement: Arrangement, out: Path, playback: Playback) -> None:
    from symbolic_cover.performance.expression import perform
    from symbolic_cover.sound.audio import render_audio
    from symbolic_cover.sound.formats import SOUND_FORMATS

    if out.suffix.lower() not in SOUND_FORMATS:
        known = ", ".join([*WRITERS, *SOUND_FORMATS])
        raise UsageError(f"{out.name} has no suffix of a format for arrangements.", f"Choose one of {known}.")
    played = perform(arrangement, playback.expression)
    stems = stems_of(played, playback.stems)
    render_audio(played, out, soundfont=playback.soundfont, lufs=playback.lufs, stems=stems)
