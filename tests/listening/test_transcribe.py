"""Notes from sound: a golden excerpt, frames, noise, and what to say when basic-pitch is missing."""

import importlib.util
import logging

import numpy as np
import pytest
from symusic import core

from symbolic_cover.core.errors import InputError, MissingDependencyError
from symbolic_cover.core.heard import Recording
from symbolic_cover.listening.audio import transcribe
from symbolic_cover.listening.audio.transcribe import hear_notes
from tests.listening.songs import pluck, prelude_notes

SIXTEENTH_SEC = 0.25


@pytest.fixture(scope="module")
def prelude():
    score = core.ScoreSecond(12)
    score.tracks.append(core.TrackSecond("piano", 0, False))
    for place, pitch in prelude_notes():
        score.tracks[0].notes.append(core.NoteSecond(place * SIXTEENTH_SEC, 0.4, pitch, 90))
    return hear_notes(Recording(pluck(score), 22050))


def test_the_prelude_is_heard(prelude):
    heard = {(round(note.start / SIXTEENTH_SEC), note.pitch) for note in prelude.score.tracks[0].notes}
    written = set(prelude_notes())
    assert len(heard & written) / len(written) > 0.95
    assert len(heard & written) / len(heard) > 0.85


def test_onsets_are_heard_in_time(prelude):
    late = [note.start - round(note.start / SIXTEENTH_SEC) * SIXTEENTH_SEC for note in prelude.score.tracks[0].notes]
    assert abs(np.median(late)) < 0.015


def test_posteriorgrams_are_probabilities_in_equal_frames(prelude):
    assert prelude.note.shape == prelude.onset.shape
    assert prelude.note.shape[1] == 88
    assert np.all((prelude.note >= 0) & (prelude.note <= 1))
    assert np.allclose(np.diff(prelude.frame_sec), 256 / 22050)
    assert prelude.score.tracks[0].name == "audio"


def test_progress_rises_to_one():
    told = []
    recording = Recording(np.random.default_rng(0).normal(0, 0.1, 22050 * 30).astype(np.float32), 22050)
    transcribe.posteriorgrams(recording, told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) > 1


def test_a_hum_without_notes_is_refused():
    hum = np.full(22050 * 3, 0.2, np.float32)
    with pytest.raises(InputError, match="No notes were heard"):
        hear_notes(Recording(hum, 22050))


def test_without_basic_pitch_the_remedy_is_told(monkeypatch):
    monkeypatch.setattr(transcribe, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r"pip install --no-deps basic-pitch==0\.4\.0"):
        hear_notes(Recording(np.zeros(44100, np.float32), 22050))


def test_basic_pitch_is_loaded_without_a_word(caplog, capsys):
    assert importlib.util.find_spec("basic_pitch")
    with caplog.at_level(logging.DEBUG), transcribe._quietly():
        logging.warning("Tensorflow is not installed")
    assert "Tensorflow" not in caplog.text + capsys.readouterr().err
