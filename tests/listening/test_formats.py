"""Recordings in every supported container."""

import shutil
import subprocess

import numpy as np
import pytest
import soundfile

from symbolic_cover.core.errors import InputError, MissingDependencyError
from symbolic_cover.listening.audio.recording import load_recording
from symbolic_cover.listening.ffmpeg import as_wav
from symbolic_cover.listening.formats import SUFFIXES

TONE = 0.5 * np.sin(2 * np.pi * 440 * np.arange(2 * 48000) / 48000)


@pytest.mark.parametrize(
    ("suffix", "kind", "subtype"),
    [("aiff", "AIFF", "PCM_16"), ("aif", "AIFF", "PCM_16"), ("au", "AU", "PCM_16"), ("caf", "CAF", "PCM_16"),
     ("opus", "OGG", "OPUS"), ("ogg", "OGG", "OPUS")],
)  # fmt: skip
def test_what_libsndfile_reads_is_read(tmp_path, suffix, kind, subtype):
    path = tmp_path / f"tone.{suffix}"
    soundfile.write(path, TONE, 48000, subtype, format=kind)
    assert f".{suffix}" in SUFFIXES
    assert load_recording(path).duration_sec == pytest.approx(2.0, abs=0.05)


def test_without_ffmpeg_one_line_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    (tmp_path / "song.m4a").write_bytes(b"sound")
    with pytest.raises(MissingDependencyError, match="Install ffmpeg"), as_wav(tmp_path / "song.m4a"):
        pass


def test_ffmpeg_is_asked_for_files_alone(tmp_path, monkeypatch):
    asked = []

    def run(command, **_):
        asked.extend(command)
        soundfile.write(command[-1], TONE, 48000)

    monkeypatch.setattr(shutil, "which", lambda _: "ffmpeg")
    monkeypatch.setattr(subprocess, "run", run)
    with as_wav(tmp_path / "-my song.mp4") as wav:
        assert load_recording(wav).duration_sec == pytest.approx(2.0, abs=0.05)
    assert asked[asked.index("-i") + 1] == f"file:{tmp_path}/-my song.mp4"
    assert "file" in asked[asked.index("-protocol_whitelist") + 1]


def test_what_ffmpeg_cannot_read_is_refused(tmp_path, monkeypatch):
    def run(*_, **__):
        raise subprocess.CalledProcessError(1, "ffmpeg")

    monkeypatch.setattr(shutil, "which", lambda _: "ffmpeg")
    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(InputError, match="no sound"), as_wav(tmp_path / "x.webm"):
        pass
