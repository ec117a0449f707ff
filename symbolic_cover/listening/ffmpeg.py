"""The adapter to ffmpeg, for sound in containers that libsndfile does not read, such as m4a and mp4."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from symbolic_cover.core.errors import InputError, MissingDependencyError
from symbolic_cover.core.files import named

#: A limit above that of recordings, and the time limit of ffmpeg.
_LONGEST_SEC, _PATIENCE_SEC = 2 * 3600 + 1, 600


@contextmanager
def as_wav(path: Path) -> Iterator[Path]:
    """The sound of a file as wav, with the same stem, while the block lasts.

    Raises `MissingDependencyError` without ffmpeg, `InputError` if it finds no sound.
    """
    program = shutil.which("ffmpeg")
    if program is None:
        raise MissingDependencyError(
            f"{named(path)} needs ffmpeg, which is not installed.", "Install ffmpeg, or convert it to wav or flac."
        )
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / f"{path.stem or 'sound'}.wav"
        command = [program, "-nostdin", "-v", "error", "-protocol_whitelist", "file", "-i", f"file:{path.absolute()}",
                   "-vn", "-t", str(_LONGEST_SEC), str(wav)]  # fmt: skip
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=_PATIENCE_SEC)
        except (subprocess.SubprocessError, OSError) as error:
            raise InputError(f"{named(path)} has no sound that ffmpeg can read.", "Convert it to wav.") from error
        yield wav
