"""A song of any kind -> what sounds in it and where its beats fall."""

from __future__ import annotations

from pathlib import Path

from symbolic_cover.core.controls import NO_HINTS, Hints
from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.heard import Transcript
from symbolic_cover.listening.audio import piano
from symbolic_cover.listening.audio.hearing import hear_recording
from symbolic_cover.listening.audio.lines import TimedNote
from symbolic_cover.listening.audio.recording import AUDIO_SUFFIXES, load_recording
from symbolic_cover.listening.audio.transcribe import Progress
from symbolic_cover.listening.scores.read import SCORE_SUFFIXES, read_score
from symbolic_cover.listening.scores.written import title_of

#: Every kind of file that `listen` takes.
SUFFIXES = (*AUDIO_SUFFIXES, *SCORE_SUFFIXES)
SLOWEST_BPM, FASTEST_BPM = 20.0, 400.0


def listen(
    source_path: str | Path, hints: Hints = NO_HINTS, *, progress: Progress | None = None
) -> tuple[Transcript, Grid]:
    """Hear a recording or read a score, as the suffix says.

    `hints` (tempo: 20..400 felt beats a minute; a downbeat: any) override what is heard or written. `progress` is told
    the fraction done, 0..1.
    Raises UsageError for a missing file, an unknown suffix or an impossible override; InputError if there is
    no music to be had from the file, or more than fifteen minutes of it.
    """
    path = Path(source_path)
    _check(path, hints)
    if path.suffix.lower() not in AUDIO_SUFFIXES:
        transcript, grid = read_score(path, bpm=hints.bpm, meter=hints.meter, downbeat_sec=hints.downbeat_sec)
    else:
        recording = load_recording(path)

        def heard_again(notes: list[TimedNote]) -> list[TimedNote]:
            return piano.hear_again(path, notes, hints.transcriber)

        score, grid, sureness = hear_recording(recording, hints, progress, heard_again)
        transcript = Transcript(score, "audio", title_of(path), sureness)
    if progress:
        progress(1.0)
    return transcript, grid


def _check(path: Path, hints: Hints) -> None:
    """Refuse what no file could satisfy."""
    bpm, meter, downbeat_sec = hints.bpm, hints.meter, hints.downbeat_sec
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{path.name} is no song this program reads.", f"Give one of {', '.join(SUFFIXES)}.")
    if not path.is_file():
        raise UsageError(f"There is no file {path}.", "Check the path.")
    if bpm is not None and not SLOWEST_BPM <= bpm <= FASTEST_BPM:
        raise UsageError(f"{bpm:g} is no tempo.", f"Give {SLOWEST_BPM:g} to {FASTEST_BPM:g} beats a minute.")
    if meter is not None and not (1 <= meter.numerator <= 32 and meter.denominator in (1, 2, 4, 8, 16)):
        raise UsageError(f"{meter} is no metre this program writes.", "Give one such as 4/4, 3/4, 2/2 or 6/8.")
    if downbeat_sec is not None and not downbeat_sec >= 0:
        raise UsageError(f"No downbeat can lie at {downbeat_sec:g} s.", "Give the time of a downbeat in seconds.")
