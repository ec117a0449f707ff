"""listen() for songs of any format."""

import numpy as np
import pytest
import soundfile

from symbolic_cover.analysis.quantize import quantize
from symbolic_cover.core.controls import Hints
from symbolic_cover.core.errors import InputError, SymbolicCoverError
from symbolic_cover.core.heard import Role, Source
from symbolic_cover.core.music import Meter
from symbolic_cover.listening.song import listen
from tests.listening.songs import accompanied_song, pluck


@pytest.fixture(scope="module")
def song(tmp_path_factory):
    path = tmp_path_factory.mktemp("song") / "song.wav"
    track, downbeat_sec = accompanied_song(n_bars=8, bpm=96.0)
    soundfile.write(path, pluck(track.notes), 22050)
    return path, track.notes, downbeat_sec


def test_a_recording_becomes_notes_on_a_grid(song):
    path, played, _ = song
    told = []
    heard = listen(path, progress=told.append)
    assert (heard.source, heard.title) == (Source("song.wav", "audio"), "Song")
    assert heard.grid.tempo_bpm == pytest.approx(96, rel=0.02)
    on_grid = [note for track in quantize(heard) for note in track.notes]
    assert 0.5 * len(played) < len(on_grid) < 2 * len(played)
    assert max(note.end_tick for note in on_grid) <= heard.grid.end_tick + 12
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_melody_and_bass_of_a_recording_are_said_and_each_note_is_there_once(song):
    heard = listen(song[0])
    assert [track.role for track in heard.tracks] == [Role.MELODY, Role.BASS, Role.UNSAID]
    assert heard.melody == heard.tracks[0].notes
    assert heard.bass == heard.tracks[1].notes
    assert heard.melody is not None
    assert heard.chords is not None
    assert len(set(heard.notes)) == sum(len(track.notes) for track in heard.tracks)
    assert {"key", "meter", "chords", "melody"} == set(heard.confidence.whole)
    assert {name: len(values) for name, values in heard.confidence.bars.items()} == dict.fromkeys(
        ("beats", "chords", "melody"), len(heard.grid.bars)
    )


def test_overrides_reach_the_grid(song):
    path, _, downbeat_sec = song
    grid = listen(path, Hints(96.0, Meter(2, 4), float(downbeat_sec[2]))).grid
    starts = grid.sec_at(np.array([bar.start_tick for bar in grid.bars]))
    assert grid.meter == Meter(2, 4)
    assert grid.tempo_bpm == pytest.approx(96.0)
    assert np.abs(starts - downbeat_sec[2]).min() < 1e-9


@pytest.mark.slow
@pytest.mark.parametrize("level", [0.2, 0.002])
def test_noise_is_refused(tmp_path, level):
    path = tmp_path / "noise.flac"
    noise = np.random.default_rng(0).normal(0, level, 22050 * 60).astype(np.float32)
    soundfile.write(path, noise, 22050, subtype="PCM_24")
    with pytest.raises(InputError, match="No notes were found"):
        listen(path)


@pytest.mark.parametrize("name", ["song.m4a", "song", "missing.wav", "missing.abc"])
def test_unknown_and_missing_files_are_misuse(tmp_path, name):
    with pytest.raises(SymbolicCoverError) as caught:
        listen(tmp_path / name)
    assert caught.value.exit_code == 2
