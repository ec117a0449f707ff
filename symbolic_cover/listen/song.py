"""A song of any kind -> what sounds in it and where its beats fall."""

from __future__ import annotations

from pathlib import Path

from symbolic_cover.errors import UsageError
from symbolic_cover.listen.audio import AUDIO_SUFFIXES, load_recording
from symbolic_cover.listen.files import SCORE_SUFFIXES, read_score
from symbolic_cover.listen.hearing import hear_recording
from symbolic_cover.listen.transcribe import Progress
from symbolic_cover.listen.written import title_of
from symbolic_cover.music import Grid, Hints, Meter, Transcript

SLOWEST_BPM, FASTEST_BPM = 20.0, 400.0


def listen(
    source_path: str | Path,
    *,
    bpm: float | None = None,
    meter: Meter | None = None,
    downbeat_sec: float | None = None,
    progress: Progress | None = None,
) -> tuple[Transcript, Grid]:
    """Hear a recording or read a score, as the suffix says.

    `bpm` (felt beats a minute, 20..400), `meter` and `downbeat_sec` (the time of any downbeat) override what
    is heard or written. `progress` is told the fraction done, 0..1.
    Raises UsageError for a missing file, an unknown suffix or an impossible override; InputError if there is
    no music to be had from the file, or more than fifteen minutes of it.
    """
    path = Path(source_path)
    _check(path, bpm, meter, downbeat_sec)
    if path.suffix.lower() not in AUDIO_SUFFIXES:
        transcript, grid = read_score(path, bpm=bpm, meter=meter, downbeat_sec=downbeat_sec)
    else:
        recording = load_recording(path)
        score, grid, sureness = hear_recording(recording, Hints(bpm, meter, downbeat_sec), progress)
        transcript = Transcript(score, "audio", title_of(path), sureness)
    if progress:
        progress(1.0)
    return transcript, grid


def _check(path: Path, bpm: float | None, meter: Meter | None, downbeat_sec: float | None) -> None:
    """Refuse what no file could satisfy."""
    known = (*AUDIO_SUFFIXES, *SCORE_SUFFIXES)
    if path.suffix.lower() not in known:
        raise UsageError(f"{path.name} is no song this program reads.", f"Give one of {', '.join(known)}.")
    if not path.is_file():
        raise UsageError(f"There is no file {path}.", "Check the path.")
    if bpm is not None and not SLOWEST_BPM <= bpm <= FASTEST_BPM:
        raise UsageError(f"{bpm:g} is no tempo.", f"Give {SLOWEST_BPM:g} to {FASTEST_BPM:g} beats a minute.")
    if meter is not None and not (1 <= meter.numerator <= 32 and meter.denominator in (1, 2, 4, 8, 16)):
        raise UsageError(f"{meter} is no metre this program writes.", "Give one such as 4/4, 3/4, 2/2 or 6/8.")
    if downbeat_sec is not None and not downbeat_sec >= 0:
        raise UsageError(f"No downbeat can lie at {downbeat_sec:g} s.", "Give the time of a downbeat in seconds.")
