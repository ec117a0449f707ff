"""listen(): any song in, notes and grid out."""

import numpy as np
import pytest
import soundfile

from symbolic_cover.analysis.quantize import quantize
from symbolic_cover.core.controls import Hints
from symbolic_cover.core.errors import InputError, SymbolicCoverError, UsageError
from symbolic_cover.core.music import Meter
from symbolic_cover.listening.song import listen
from tests.listening.songs import accompanied_song, pluck


@pytest.fixture(scope="module")
def song(tmp_path_factory):
    path = tmp_path_factory.mktemp("song") / "song.wav"
    score, downbeat_sec = accompanied_song(n_bars=8, bpm=96.0)
    soundfile.write(path, pluck(score), 22050)
    return path, score, downbeat_sec


def test_a_recording_becomes_notes_on_a_grid(song):
    path, score, _ = song
    told = []
    transcript, grid = listen(path, progress=told.append)
    assert (transcript.kind, transcript.title) == ("audio", "Song")
    assert grid.tempo_bpm == pytest.approx(96, rel=0.02)
    on_grid = quantize(transcript, grid)
    assert 0.5 * score.note_num() < on_grid.note_num() < 2 * score.note_num()
    assert on_grid.end() <= grid.end_tick + 12
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_overrides_reach_the_grid(song):
    path, _, downbeat_sec = song
    _, grid = listen(path, Hints(96.0, Meter(2, 4), float(downbeat_sec[2])))
    starts = grid.sec_at(np.array([bar.start_tick for bar in grid.bars]))
    assert grid.meter == Meter(2, 4)
    assert grid.tempo_bpm == pytest.approx(96.0)
    assert np.abs(starts - downbeat_sec[2]).min() < 1e-9


@pytest.mark.parametrize("level", [0.2, 0.002])
def test_noise_is_refused(tmp_path, level):
    path = tmp_path / "noise.flac"
    noise = np.random.default_rng(0).normal(0, level, 22050 * 60).astype(np.float32)
    soundfile.write(path, noise, 22050, subtype="PCM_24")
    with pytest.raises(InputError, match="No notes were heard"):
        listen(path)


@pytest.mark.parametrize(
    "overrides",
    [{"bpm": 0.0}, {"bpm": float("nan")}, {"meter": Meter(4, 3)}, {"meter": Meter(0, 4)}, {"downbeat_sec": -1.0}],
)
def test_impossible_overrides_are_misuse(song, overrides):
    with pytest.raises(UsageError):
        listen(song[0], Hints(**overrides))


@pytest.mark.parametrize("name", ["song.m4a", "song", "missing.wav", "missing.abc"])
def test_unknown_and_missing_files_are_misuse(tmp_path, name):
    with pytest.raises(SymbolicCoverError) as caught:
        listen(tmp_path / name)
    assert caught.value.exit_code == 2
