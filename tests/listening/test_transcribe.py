"""Notes from sound: a golden excerpt, frames, noise, and the error without basic-pitch."""

import os
import subprocess
import sys

import numpy as np
import pytest

from symbolic_cover.core.errors import InputError, MissingDependencyError
from symbolic_cover.core.heard import Recording, TimedNote
from symbolic_cover.listening.audio import transcribe
from symbolic_cover.listening.audio.transcribe import hear_notes
from tests.listening.songs import pluck, prelude_notes

SIXTEENTH_SEC = 0.25


@pytest.fixture(scope="module")
def prelude():
    written = ((place * SIXTEENTH_SEC, pitch) for place, pitch in prelude_notes())
    notes = [TimedNote(onset_sec, onset_sec + 0.4, pitch, 90) for onset_sec, pitch in written]
    return hear_notes(Recording(pluck(notes), 22050))


def test_the_prelude_is_heard(prelude):
    heard = {(round(note.onset_sec / SIXTEENTH_SEC), note.pitch) for note in prelude.notes}
    written = set(prelude_notes())
    assert len(heard & written) / len(written) > 0.95
    assert len(heard & written) / len(heard) > 0.85


def test_onsets_are_heard_in_time(prelude):
    late = [note.onset_sec - round(note.onset_sec / SIXTEENTH_SEC) * SIXTEENTH_SEC for note in prelude.notes]
    assert abs(np.median(late)) < 0.015


def test_posteriorgrams_are_probabilities_in_equal_frames(prelude):
    assert prelude.note.shape == prelude.onset.shape
    assert prelude.note.shape[1] == 88
    assert np.all((prelude.note >= 0) & (prelude.note <= 1))
    assert np.allclose(np.diff(prelude.frame_sec), 256 / 22050)
    assert list(prelude.notes) == sorted(prelude.notes)


def test_progress_rises_to_one():
    told = []
    recording = Recording(np.random.default_rng(0).normal(0, 0.1, 22050 * 30).astype(np.float32), 22050)
    transcribe.posteriorgrams(recording, told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) > 1


def test_a_hum_without_notes_is_refused():
    hum = np.full(22050 * 3, 0.2, np.float32)
    with pytest.raises(InputError, match="No notes were found"):
        hear_notes(Recording(hum, 22050))


def test_without_basic_pitch_the_remedy_is_told(monkeypatch):
    monkeypatch.setattr(transcribe, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r"pip install --no-deps basic-pitch==0\.4\.0"):
        hear_notes(Recording(np.zeros(44100, np.float32), 22050))


def test_the_program_loads_basic_pitch_without_a_word():
    """Which tells whoever imports it that its other backends are missing, and on CI where its synthesizer is."""
    program = """
import numpy as np
from symbolic_cover.cli.quiet import settle_libraries
settle_libraries()
from symbolic_cover.listening.audio.transcribe import note_events
nothing = np.zeros((20, 88), np.float32)
assert note_events(nothing, nothing, 0.6, 0.4, 5) == []
"""
    settings = os.environ | {"CI": "true"}
    run = subprocess.run([sys.executable, "-c", program], env=settings, capture_output=True, text=True, check=True)
    assert run.stdout + run.stderr == ""
