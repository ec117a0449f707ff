"""Separation of the singer from the band gives the same in stretches as at once."""

import numpy as np
import pytest

from symbolic_cover.core.heard import Recording
from symbolic_cover.listening.audio import features, separation, voice

RATE = separation.RATE_HZ


def chirp(seconds):
    time = np.arange(int(seconds * RATE)) / RATE
    left = 0.3 * np.sin(2 * np.pi * (200 + 20 * time) * time)
    return np.stack([left, 0.5 * left], axis=1).astype(np.float32)


def test_what_comes_in_blocks_is_separated_as_what_comes_at_once():
    sound = chirp(13.3)
    whole = np.concatenate(list(separation.voice_of([sound])))
    blocks = np.concatenate(list(separation.voice_of(sound[i : i + 10_007] for i in range(0, len(sound), 10_007))))
    assert len(whole) == len(sound)
    assert np.array_equal(whole, blocks)


def test_the_two_masks_share_all_that_sounds(monkeypatch):
    """A network that gives everything to the voice leaves the sound as it was, up to its treble."""

    class All(separation.MaskNet):
        def forward(self, x):
            return x

    class Nothing(separation.MaskNet):
        def forward(self, x):
            return 0 * x

    monkeypatch.setattr(separation, "load_nets", lambda: (All(), Nothing()))
    sound = chirp(2.0)
    voice_alone = np.concatenate(list(separation.voice_of([sound])))
    assert np.allclose(voice_alone[2000:-4000], sound.mean(axis=1)[2000:-4000], atol=2e-3)


def test_silence_stays_silence():
    assert np.abs(np.concatenate(list(separation.voice_of([np.zeros((RATE, 2), np.float32)])))).max() < 1e-6


def test_a_voice_comes_at_22050_hz_whatever_its_rate():
    blocks = [np.zeros((4800, 2), np.float32)] * 20
    parts = list(voice.separated(blocks, 48000))
    assert sum(map(len, parts)) == pytest.approx(2 * 22050, abs=50)


def test_a_pitch_between_two_keys_is_shared_between_them():
    time = np.arange(2 * 22050) / 22050
    hz = 440 * 2 ** (0.3 / 12)
    tone = sum(0.3 / n * np.sin(2 * np.pi * n * hz * time) for n in range(1, 8))
    shares = voice.pitch_map(Recording(tone.astype(np.float32), 22050))[20:60]
    low, high = shares[:, 69 - 21].mean(), shares[:, 70 - 21].mean()
    assert high / (low + high) == pytest.approx(0.3, abs=0.08)
    assert shares.sum(axis=1).mean() > 0.8


def test_a_voice_is_alone_where_nothing_is_left_beside_it():
    sound = chirp(1.0)[:, 0]
    assert voice.is_alone(Recording(0.98 * sound, RATE), Recording(sound, RATE))
    assert not voice.is_alone(Recording(0.5 * sound, RATE), Recording(sound, RATE))


def test_a_hummed_melody_is_heard_note_by_note():
    pitches, time = (57, 60, 62, 60), np.arange(int(0.5 * 22050)) / 22050
    shape = np.minimum(1, np.minimum(time, 0.5 - time) / 0.04)
    notes = [
        sum(0.3 / n * np.sin(2 * np.pi * n * 440 * 2 ** ((pitch - 69) / 12) * time) for n in range(1, 6)) * shape
        for pitch in pitches
    ]
    found = voice.notes_alone(Recording(np.concatenate(notes).astype(np.float32), 22050))
    assert [note.pitch for note in found] == list(pitches)
    assert [note.onset_sec for note in found] == pytest.approx([0.0, 0.5, 1.0, 1.5], abs=0.06)


def test_features_of_a_voice_are_bytes_of_one_length():
    sound = Recording(chirp(3.0)[::2, 0].copy(), 22050)
    n_frames = len(sound.samples) // 256
    empty = np.zeros((n_frames, 88), np.float32)
    seen = voice.features_of_voice(voice.maps_of_voice(sound), features.mel_bands(sound), empty, empty)
    assert {side.dtype for side in seen} == {np.dtype(np.uint8)}
    assert {len(side) for side in seen} == {n_frames // features.POOLED}
    assert seen.level.max() > 200
    assert seen.all_note.max() == 0
