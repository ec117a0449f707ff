"""The analysis of a song in a form that a person can check: text, picture, lead sheet and sound."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from symbolic_cover.analysis.chords import beat_edges
from symbolic_cover.analysis.song import describe
from symbolic_cover.app.saved import must_not_overrule
from symbolic_cover.core.arrangement import Arrangement, Part
from symbolic_cover.core.files import must_not_replace, unfinished_folder
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.heard import Heard, Recording
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.core.song_file import SONG_FILE, write_sheet
from symbolic_cover.listening.audio.recording import load_recording
from symbolic_cover.listening.formats import AUDIO_SUFFIXES

#: Clicks: half the sampling rate of a CD is enough to check beats; two pitches a fifth apart, over the attenuated song.
_RATE_HZ = 22050
_VOICE = 53
_CLICK_SEC, _DOWNBEAT_HZ, _BEAT_HZ = 0.04, 1760.0, 1175.0
_SONG_LEVEL, _CLICK_LEVEL = 0.55, 0.4
FILES = (SONG_FILE, "analysis.json", "analysis.png", "lead-sheet.musicxml", "lead-sheet.pdf", "clicks.wav")


def save_analysis(sheet: SongSheet, heard: Heard, source: Path, folder: Path) -> dict[str, Path]:
    """Write `FILES` into a folder, each whole or not at all; returns their paths by name.

    The song sheet can be corrected by hand and covered. A picture shows chords, beats and melody over the piano roll.
    The lead sheet has melody and chord symbols. The mix adds a click on every beat of the song, higher on downbeats.
    """
    from symbolic_cover.notation.engrave import write_pdf
    from symbolic_cover.notation.musicxml import write_musicxml
    from symbolic_cover.reports.rolls import song_roll_png

    must_not_replace(source, *(folder / name for name in FILES))
    must_not_overrule(folder, sheet)
    folder.mkdir(parents=True, exist_ok=True)
    with unfinished_folder(folder) as made:
        song, facts, picture, score, pdf, clicks = paths = [made / name for name in FILES]
        write_sheet(sheet, song)
        facts.write_text(json.dumps(describe(sheet, heard), indent=2, ensure_ascii=False), encoding="utf-8")
        picture.write_bytes(song_roll_png(sheet))
        write_musicxml(lead_sheet(sheet), score)
        write_pdf(score, pdf)
        _write_clicks(_sound_of(source, heard, made), sheet.grid, clicks)
        return {path.name: path.replace(folder / path.name) for path in paths}


def lead_sheet(sheet: SongSheet) -> Arrangement:
    """The melody under its chord symbols."""
    melody = Part("melody", "", _VOICE, sheet.melody)
    return Arrangement((melody,), sheet.melody, sheet.grid, sheet.key, sheet.chords, "lead-sheet",
                       "as heard", sheet.title, lyrics=sheet.lyrics)  # fmt: skip


def _sound_of(source: Path, heard: Heard, folder: Path) -> Recording:
    """The recording itself, or the synthesized notes of a score."""
    from symbolic_cover.performance.midi import score_in_seconds
    from symbolic_cover.sound.audio import render_audio

    if source.suffix.lower() in AUDIO_SUFFIXES:
        return load_recording(source, _RATE_HZ)
    path = folder / "played.wav"
    render_audio(score_in_seconds(heard.audible), path, rate_hz=_RATE_HZ)
    return load_recording(path, _RATE_HZ)


def _write_clicks(song: Recording, grid: Grid, path: Path) -> None:
    """The song with a click on every beat, as a wav file."""
    import soundfile

    mixed = _SONG_LEVEL * song.samples / max(float(np.abs(song.samples).max()), 1e-6)
    bars = {bar.start_tick for bar in grid.bars}
    time_sec = np.arange(int(_CLICK_SEC * song.rate_hz)) / song.rate_hz
    for tick in beat_edges(grid)[:-1]:
        hz = _DOWNBEAT_HZ if tick in bars else _BEAT_HZ
        click = _CLICK_LEVEL * np.sin(2 * np.pi * hz * time_sec) * np.exp(-time_sec / (_CLICK_SEC / 5))
        first = round(float(grid.sec_at(tick)) * song.rate_hz)
        if 0 <= first < len(mixed):
            mixed[first : first + len(click)] += click[: len(mixed) - first].astype(mixed.dtype)
    soundfile.write(path, mixed, song.rate_hz, subtype="PCM_16")
