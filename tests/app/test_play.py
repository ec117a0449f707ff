"""Scores as sound, and a cover beside its recording."""

import numpy as np
import pytest
import soundfile
import symusic

from symbolic_cover.app.play import Playback, mix_with, play, stems_of
from symbolic_cover.core.errors import InputError, UsageError
from symbolic_cover.performance.midi import arrangement_score, offset_sec_of, write_midi
from symbolic_cover.sound.soundfonts import find_soundfonts
from tests.notation.scores import golden

pytest.importorskip("fluidsynth", reason="libfluidsynth is not installed", exc_type=ImportError)


def test_midi_is_played_as_it_stands_with_its_controls(tmp_path):
    score = symusic.Score(480)
    track = symusic.Track("A tune!", 0, False)
    track.notes.append(symusic.Note(333, 480, 60, 100))
    track.controls.append(symusic.ControlChange(960, 7, 0))
    score.tracks.append(track)
    score.tracks.append(symusic.Track("silent", 0, False))
    score.dump_midi(tmp_path / "a.mid")
    assert stems_of(symusic.Score(tmp_path / "a.mid")) == {"a-tune": [0]}
    assert stems_of(score, asked=False) is None
    info = play(tmp_path / "a.mid", tmp_path / "a.wav", Playback(find_soundfonts()[-1]))
    samples, rate_hz = soundfile.read(info.path)
    begins = np.flatnonzero(np.abs(samples).max(axis=1) > 0.02)[0] / rate_hz
    assert begins == pytest.approx(333 / 480 / 2, abs=0.02)
    assert np.abs(samples[round(1.1 * rate_hz) :]).max() < 0.1 * np.abs(samples).max()  # its volume went to 0


def test_the_mix_lays_the_cover_where_its_midi_says(tmp_path):
    song = golden()
    late = type(song.grid)(song.grid.beat_tick, song.grid.beat_sec + 1.5, song.grid.bars)
    write_midi(type(song)(**{**vars(song), "grid": late}), tmp_path / "a.mid")
    assert offset_sec_of(symusic.Score(tmp_path / "a.mid")) == 1.5
    assert offset_sec_of(arrangement_score(song)) == 0.0
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(3 * 22050) / 22050)
    soundfile.write(tmp_path / "song.wav", tone, 22050)
    info = play(tmp_path / "a.mid", tmp_path / "mix.flac", Playback(find_soundfonts()[-1]),
                original=tmp_path / "song.wav")  # fmt: skip
    samples, rate_hz = soundfile.read(info.path)
    left, right = samples.T
    assert np.abs(left[:rate_hz]).max() > 0.1
    assert np.abs(left[4 * rate_hz :]).max() < 0.001
    assert np.abs(right[: round(1.49 * rate_hz)]).max() < 0.001
    assert np.abs(right[round(1.5 * rate_hz) : 2 * rate_hz]).max() > 0.05


def test_misuse_is_named(tmp_path):
    (tmp_path / "a.mid").write_bytes(b"MThd")
    with pytest.raises(InputError, match="not a MIDI file"):
        play(tmp_path / "a.mid", tmp_path / "a.wav")
    with pytest.raises(UsageError, match="not have the suffix of a sound"):
        play(tmp_path / "a.mid", tmp_path / "a.txt")
    with pytest.raises(UsageError, match="no file"):
        mix_with(tmp_path / "none.wav", tmp_path / "a.wav", 0.0, tmp_path / "b.wav", -16.0)
    assert [path.name for path in tmp_path.iterdir()] == ["a.mid"]
