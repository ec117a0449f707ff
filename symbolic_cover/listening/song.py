"""Listen to a song of any format."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from symbolic_cover.core.controls import Hints
from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.files import named, title_of
from symbolic_cover.core.heard import Heard, Source, TimedNote
from symbolic_cover.listening.audio.recording import load_recording, stereo_blocks
from symbolic_cover.listening.ffmpeg import as_wav
from symbolic_cover.listening.formats import AUDIO_SUFFIXES, FFMPEG_SUFFIXES, SUFFIXES
from symbolic_cover.listening.scores.read import read_score


def listen(
    source_path: str | Path, hints: Hints = Hints(), *, progress: Callable[[float], None] | None = None
) -> Heard:
    """Transcribe a recording or read a score, by its suffix.

    `hints` override what is heard or written. `progress` is called with the share done, 0..1. Raises `UsageError` for a
    missing file or an unknown suffix; `InputError` if the file has no usable music, or too much;
    `MissingDependencyError` for a recording without basic-pitch, or an m4a or mp4 without ffmpeg.
    """
    path = Path(source_path)
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{path.name} is not a supported song file.", f"Give one of {', '.join(SUFFIXES)}.")
    if not path.is_file():
        raise UsageError(f"There is no file {path}.", "Check the path.")
    suffix = path.suffix.lower()
    if suffix in FFMPEG_SUFFIXES:
        with as_wav(path) as wav:
            heard = replace(_hear(wav, hints, progress), title=title_of(path), source=Source(named(path), "audio"))
    else:
        heard = _hear(path, hints, progress) if suffix in AUDIO_SUFFIXES else read_score(path, hints)
    if progress:
        progress(1.0)
    return heard


def _hear(path: Path, hints: Hints, progress: Callable[[float], None] | None) -> Heard:
    from symbolic_cover.listening.audio import piano

    def heard_again(notes: list[TimedNote]) -> list[TimedNote]:
        return piano.hear_again(path, notes, hints.transcriber)

    with ThreadPoolExecutor(1) as beside:  # PyTorch takes as long to load as the recording
        loading = beside.submit(import_module, "symbolic_cover.listening.audio.hearing")
        held = [load_recording(path)]
        hearing = loading.result()
    # Nobody else holds the recording, so that it goes as it is heard.
    heard: Heard = hearing.hear_recording(held.pop(), hints, progress, heard_again, stereo_blocks(path))
    return replace(heard, title=title_of(path), source=Source(named(path), "audio"))
