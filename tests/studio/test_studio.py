"""Synthetic performances and recordings, and the correctness of their annotations."""

from dataclasses import replace

import numpy as np
import pytest

from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.styles import load_ensembles
from symbolic_cover.corpus.pairs import Pair, Piece
from symbolic_cover.corpus.units import Job
from symbolic_cover.listening.audio.features import HOP_SAMPLES, N_BANDS, features_of, mel_bands, spectral_rise
from symbolic_cover.listening.audio.transcribe import posteriorgrams
from symbolic_cover.sound.soundfonts import find_soundfonts
from symbolic_cover.studio import training_examples
from symbolic_cover.studio.performance import perform
from symbolic_cover.studio.recording import RATE_HZ, _through_mp3, record
from symbolic_cover.studio.training_examples import TrainingExample, stretched
from tests.conftest import make_song

PIANO = load_ensembles()["solo-piano"]


def pair(n_bars: int = 12) -> Pair:
    sheet = make_song(n_bars)
    parts = {"left-hand": list(sheet.bass), "right-hand": list(sheet.texture)}
    piece = Piece("song", "own", "", "", "pop-piano", "solo-piano", "own", "0", (), sheet.grid)
    return Pair(piece, sheet, "solo-piano", "right-hand", parts, "easy", 0.0)


def test_a_performance_can_be_given_again():
    one, two = (perform(pair(), PIANO, np.random.default_rng(3), 15.0) for _ in range(2))
    other = perform(pair(), PIANO, np.random.default_rng(4), 15.0)
    assert np.array_equal(one.truth.notes, two.truth.notes)
    assert not np.array_equal(one.truth.notes[:4], other.truth.notes[:4])


@pytest.mark.parametrize("seed", range(6))
def test_what_is_true_is_what_is_played(seed):
    performance = perform(pair(), PIANO, np.random.default_rng(seed), 15.0)
    truth = performance.truth
    played = sorted(
        (note.start, note.pitch) for track in performance.score.tracks if not track.is_drum for note in track.notes
    )
    assert [pitch for _, pitch in played] == truth.notes[:, 2].astype(int).tolist()
    assert np.allclose([start for start, _ in played], np.maximum(truth.notes[:, 0], 0), atol=1e-3)
    onsets = {(round(onset, 6), pitch) for onset, _, pitch in truth.notes}
    assert {(round(onset, 6), pitch) for onset, _, pitch in [*truth.melody, *truth.bass]} <= onsets
    beats = truth.beats
    assert np.all(np.diff(beats[:, 0]) > 0.2)
    assert beats[:, 1].tolist() == [i % 4 for i in range(len(beats))]
    assert np.all(truth.chords[:, 1] > truth.chords[:, 0])


def test_notes_on_the_beat_are_near_it():
    sheet = make_song(12)
    on_beat = replace(pair(), parts={"left-hand": list(sheet.bass)})
    truth = perform(on_beat, PIANO, np.random.default_rng(0), 15.0).truth
    gaps = np.abs(truth.bass[:, 0][:, None] - truth.beats[:, 0]).min(axis=1)
    assert gaps.max() < 0.06


@pytest.mark.parametrize("seed", range(4))
def test_onsets_stay_where_they_were_through_all_effects(seed):
    performance = perform(pair(4), PIANO, np.random.default_rng(1), 8.0)
    font = find_soundfonts()[0]
    clean, stretch = record(performance.score, font, np.random.default_rng(0), is_clean=True)
    assert stretch == 1.0
    recording, stretch = record(performance.score, font, np.random.default_rng(seed))
    assert abs(stretch - 1) < 0.02
    assert np.abs(recording.samples).max() <= 1
    sides = [spectral_rise(mel_bands(one)).mean(axis=1) for one in (clean, recording)]
    n_frames = min(map(len, sides))
    moved = np.interp(np.arange(n_frames), np.arange(len(sides[0])) * stretch, sides[0])
    lags = range(-12, 13)
    likeness = [np.corrcoef(moved[20:-20], np.roll(sides[1][:n_frames], -lag)[20:-20])[0, 1] for lag in lags]
    assert abs(lags[int(np.argmax(likeness))]) <= 2


def test_mp3_delays_nothing():
    rng = np.random.default_rng(0)
    samples = rng.standard_normal(240 * 1102) * np.repeat(rng.random(240), 1102)
    heard = _through_mp3(samples, 0.5)
    assert len(heard) == len(samples)
    assert np.corrcoef(samples, heard)[0, 1] > 0.4
    assert np.corrcoef(samples[:-5], heard[5:])[0, 1] < 0.2


def test_features_lie_on_one_clock():
    performance = perform(pair(4), PIANO, np.random.default_rng(1), 8.0)
    recording, _ = record(performance.score, find_soundfonts()[0], np.random.default_rng(0), is_clean=True)
    features = features_of(recording, *posteriorgrams(recording))
    assert {side.dtype for side in features} == {np.dtype(np.uint8)}
    assert features.rise.shape == (len(features.note), N_BANDS)
    assert len(features.note) == pytest.approx(len(recording.samples) / HOP_SAMPLES, abs=2)
    first = performance.truth.notes[0, 0] * RATE_HZ / HOP_SAMPLES
    rises = features.rise.sum(axis=1).astype(float)
    assert abs(int(np.argmax(rises > 0.3 * rises.max())) - first) <= 3


def test_a_slower_tape_moves_times_alone():
    truth = perform(pair(), PIANO, np.random.default_rng(3), 15.0).truth
    slow = stretched(truth, 1.01)
    assert np.allclose(slow.notes[:, :2], truth.notes[:, :2] * 1.01)
    assert np.array_equal(slow.notes[:, 2], truth.notes[:, 2])
    assert np.array_equal(slow.chords[:, 2:], truth.chords[:, 2:])
    assert np.allclose(slow.beats[:, 0], truth.beats[:, 0] * 1.01)


@pytest.mark.slow
def test_examples_are_made_of_a_library_and_kept(tmp_path, monkeypatch):
    job = Job("song", "own", "", "", "", "pop-piano", "solo-piano", "own", "0", "written")
    monkeypatch.setattr(training_examples, "find_jobs", lambda library, choice: [job])
    monkeypatch.setattr(training_examples, "split_of", lambda group: "train")
    monkeypatch.setattr(training_examples, "make_pair", lambda piece, ensembles: pair())
    monkeypatch.setattr(training_examples, "read_piece", lambda job: None)
    paths = training_examples.make_examples(tmp_path, tmp_path / "out", split="train", count=3, workers=1)
    made = list(training_examples.load_examples(tmp_path / "out" / "train"))
    assert [one.name for one in made] == ["song"] * 3
    assert len({one.features.note.tobytes() for one in made}) == 3
    before = paths[0].stat().st_mtime_ns
    training_examples.make_examples(tmp_path, tmp_path / "out", split="train", count=3, workers=1)
    assert paths[0].stat().st_mtime_ns == before
    with pytest.raises(UsageError, match="no pieces in its valid split"):
        training_examples.make_examples(tmp_path, tmp_path / "out", split="valid", count=3, workers=1)


def an_example(seed: int = 0) -> TrainingExample:
    performance = perform(pair(), PIANO, np.random.default_rng(seed), 20.0)
    recording, stretch = record(performance.score, find_soundfonts()[0], np.random.default_rng(seed), is_clean=True)
    features = features_of(recording, *posteriorgrams(recording))
    return TrainingExample("song", "pop-piano", features, stretched(performance.truth, stretch))
