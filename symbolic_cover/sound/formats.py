"""The audio formats that can be written."""

from __future__ import annotations

#: For each suffix the format and its encoding, in libsndfile's names.
SOUND_FORMATS: dict[str, tuple[str, str | None]] = {
    ".wav": ("WAV", "PCM_16"),
    ".flac": ("FLAC", "PCM_16"),
    ".mp3": ("MP3", None),
    ".ogg": ("OGG", "VORBIS"),
}
