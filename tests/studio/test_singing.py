"""Synthesized singing has the annotated notes."""

import itertools
import shutil

import numpy as np
import pytest

from symbolic_cover.core.errors import MissingDependencyError
from symbolic_cover.core.heard import Recording, TimedNote
from symbolic_cover.core.styles import load_ensembles
from symbolic_cover.corpus.units import Job
from symbolic_cover.listening.audio import voice
from symbolic_cover.listening.audio.features import RATE_HZ
from symbolic_cover.sound.soundfonts import find_soundfonts
from symbolic_cover.studio import singer, singing, training_examples
from symbolic_cover.studio.performance import perform
from tests.studio.test_studio import PIANO, pair

PLAIN = singer.Manner(0.0, 5.5, 0.04, 2.0, 2.0, 0.0, 0.0, 0.0, 1.0)
JOB = Job("song", "own", "", "", "", "pop-piano", "solo-piano", "own", "0", "written")


def vowel(hz=130.0, seconds=0.4):
    """A vowel with a hiss before it."""
    time = np.arange(int(seconds * singer.RATE_HZ)) / singer.RATE_HZ
    sound = sum(np.sin(2 * np.pi * n * hz * time) / (1 + ((n * hz - 700) / 300) ** 2) for n in range(1, 30))
    hiss = np.random.default_rng(0).normal(0, 0.02, int(0.08 * singer.RATE_HZ))
    return np.concatenate([hiss, 0.2 * sound * np.minimum(1, (seconds - time) / 0.05)])


@pytest.fixture(scope="module")
def bank():
    return [singer.taken_apart(vowel(hz)) for hz in (120.0, 140.0)]


def test_a_syllable_is_taken_apart_where_its_vowel_begins(bank):
    for syllable in bank:
        assert syllable.vowel * singer.FRAME_SEC == pytest.approx(0.08, abs=0.04)
        assert syllable.coda > syllable.vowel + 40
    assert singer.taken_apart(np.zeros(100)) is None


def test_what_is_sung_has_its_pitches_and_times(bank):
    notes = [TimedNote(0.5, 1.0, 57), TimedNote(1.0, 1.5, 60), TimedNote(1.5, 2.2, 60), TimedNote(3.0, 3.6, 55)]
    sound = singer.sing(notes, bank, PLAIN, np.random.default_rng(0), 4.0)
    assert np.abs(sound).max() == pytest.approx(1.0)
    assert len(sound) == pytest.approx(4.0 * singer.RATE_HZ, abs=300)
    seen = voice.pitch_map(Recording(sound, singer.RATE_HZ))
    for note in notes:
        middle = round((note.onset_sec + note.end_sec) / 2 * RATE_HZ)
        assert int(seen[middle - 2 : middle + 3].mean(axis=0).argmax()) + 21 == note.pitch
    rest = slice(round(2.4 * singer.RATE_HZ), round(2.8 * singer.RATE_HZ))
    assert np.abs(sound[rest]).max() < 0.05


def test_one_seed_sings_alike(bank):
    notes = [TimedNote(0.5, 1.0, 57)]
    one, two = (singer.sing(notes, bank, PLAIN, np.random.default_rng(3), 2.0) for _ in range(2))
    assert np.array_equal(one, two)


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
def test_espeak_speaks_syllables():
    found = singer.syllables_of(singer.VOICES[0])
    assert len(found) == 48
    assert all(0 <= syllable.vowel < syllable.coda <= len(syllable.is_voiced) for syllable in found)


def test_without_espeak_it_says_what_to_type(monkeypatch):
    monkeypatch.setattr(singer, "is_installed", lambda: False)
    singer.syllables_of.cache_clear()
    with pytest.raises(MissingDependencyError, match="espeak-ng"):
        singer.syllables_of(singer.VOICES[0])


def test_where_it_is_sung_nothing_plays_the_melody():
    performance = perform(pair(), PIANO, np.random.default_rng(1), 15.0, is_sung=True)
    played = {(round(n.start, 3), n.pitch) for t in performance.score.tracks if not t.is_drum for n in t.notes}
    melody = [(round(max(onset, 0), 3), pitch) for onset, _, pitch in performance.truth.melody]
    assert len(melody) > 8
    assert sum(note in played for note in melody) < 0.2 * len(melody)


def test_a_melody_is_singable_one_note_at_a_time():
    performance = perform(pair(), PIANO, np.random.default_rng(1), 15.0, is_sung=True)
    for seed in range(5):
        notes = singing._singable(performance.truth.melody, np.random.default_rng(seed))
        assert all(40 <= note.pitch <= 90 for note in notes)
        pairs = list(itertools.pairwise(notes))
        assert all(one.end_sec <= other.onset_sec + 1e-9 for one, other in pairs)
        assert {(note.pitch - notes[0].pitch) % 12 for note in notes} <= {
            int(pitch - performance.truth.melody[0, 2]) % 12 for pitch in performance.truth.melody[:, 2]
        } | {0}


@pytest.mark.slow
def test_sung_examples_are_made_of_a_library(tmp_path, monkeypatch, bank):
    monkeypatch.setattr(training_examples, "find_jobs", lambda library, choice: [JOB])
    monkeypatch.setattr(training_examples, "split_of", lambda group: "train")
    monkeypatch.setattr(singing, "make_pair", lambda piece, ensembles: pair())
    monkeypatch.setattr(singing, "read_piece", lambda job: None)
    monkeypatch.setattr(singer, "syllables_of", lambda voice: bank)
    training_examples.make_examples(
        tmp_path, tmp_path / "out", split="train", count=2, workers=1, make=singing.sung_arrays
    )
    made = list(singing.load_sung_examples(tmp_path / "out" / "train"))
    assert [one.name for one in made] == ["song"] * 2
    for one in made:
        assert {side.dtype for side in one.features} == {np.dtype(np.uint8)}
        assert one.notes.shape[1] == 3
        assert np.all(one.notes[:, 1] > one.notes[:, 0])


def test_a_voice_alone_fills_the_mix(monkeypatch, bank):
    monkeypatch.setattr(singing, "make_pair", lambda piece, ensembles: pair())
    monkeypatch.setattr(singing, "read_piece", lambda job: None)
    monkeypatch.setattr(singer, "syllables_of", lambda voice: bank)
    monkeypatch.setattr(singing, "_ALONE", 1.0)
    monkeypatch.setattr(singing, "_NOBODY", 0.0)
    mix, notes = singing.record_song(JOB, 1, load_ensembles(), find_soundfonts()[:1])
    assert mix.shape[1] == 2
    assert len(notes) >= 8
    assert np.abs(mix).max() <= 1
