"""Write an arrangement, or any score, in the form that a file's suffix names."""

from __future__ import annotations

import tempfile
from pathlib import Path

from symbolic_cover.app.play import play, stems_of, write_tune
from symbolic_cover.core.arrangement import Arrangement
from symbolic_cover.core.controls import Playback
from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.files import whole_file
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.listening.formats import MIDI_SUFFIXES

SCORE_SUFFIXES = (".musicxml", ".pdf", ".mid", ".abc")


def render(what: Arrangement | SongSheet | str | Path, out: str | Path, playback: Playback = Playback()) -> Path:
    """Write an arrangement as ``.musicxml``, ``.pdf`` or ``.mid``, or sound (``.wav``, ``.flac``, ``.mp3``, ``.ogg``).

    A song sheet becomes its melody and chords as ``.abc``, a score file (MIDI, MusicXML, ABC, kern) sound. Sound is
    played as `playback` says. The file is whole or not there; returns its path. Raises `UsageError` for another suffix.
    """
    out = Path(out)
    suffix = out.suffix.lower()
    if isinstance(what, SongSheet):
        if suffix != ".abc":
            raise UsageError(f"A song sheet is not written as {suffix or 'that'}.", "Arrange it, or write .abc.")
        write_tune(what, out)
    elif isinstance(what, Arrangement):
        _write(what, out, suffix, playback)
    else:
        play(what, out, playback)
    return out


def _write(arrangement: Arrangement, out: Path, suffix: str, playback: Playback) -> None:
    from symbolic_cover.notation.engrave import write_pdf
    from symbolic_cover.notation.musicxml import write_musicxml
    from symbolic_cover.performance.expression import perform
    from symbolic_cover.performance.midi import write_midi
    from symbolic_cover.sound.audio import check_format, render_audio

    if suffix == ".musicxml":
        with whole_file(out) as partial:
            write_musicxml(arrangement, partial)
    elif suffix == ".pdf":
        with tempfile.TemporaryDirectory() as made, whole_file(out) as partial:
            score = Path(made) / "score.musicxml"
            write_musicxml(arrangement, score)
            write_pdf(score, partial)
    elif suffix in MIDI_SUFFIXES:
        with whole_file(out) as partial:
            write_midi(arrangement, partial)
    else:
        check_format(out)
        played = perform(arrangement, playback.expression)
        render_audio(played, out, soundfont=playback.soundfont, lufs=playback.lufs,
                     stems=stems_of(played, playback.stems))  # fmt: skip
