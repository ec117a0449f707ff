"""Spectra and basic-pitch's network, written anew, against those who first wrote them."""

import numpy as np
import pytest

from symbolic_cover.listening.audio import pitch_net, spectra, transcribe
from tests.listening.songs import pluck, prelude_notes

RATE = 22050


@pytest.fixture(scope="module")
def sound():
    from symbolic_cover.core.heard import TimedNote

    notes = [TimedNote(0.25 * place, 0.25 * place + 0.4, pitch, 90) for place, pitch in prelude_notes()]
    return (pluck(notes)[: 12 * RATE] + np.random.default_rng(0).normal(0, 1e-3, 12 * RATE)).astype(np.float32)


@pytest.mark.slow
def test_mel_bands_are_those_of_librosa(sound):
    import librosa

    ours = spectra.mel_bands(sound, RATE, 2048, 256, 48, 30.0)
    filters = librosa.filters.mel(sr=RATE, n_fft=2048, n_mels=48, fmin=30.0)
    theirs = (filters @ np.abs(librosa.stft(sound, n_fft=2048, hop_length=256)) ** 2).T
    assert np.allclose(ours, theirs, rtol=1e-3, atol=1e-6 * theirs.max())


@pytest.mark.slow
@pytest.mark.parametrize("cents", [0, 20])
def test_constant_q_is_that_of_librosa(sound, cents):
    import librosa

    samples = np.interp(np.arange(0, len(sound), 2 ** (cents / 1200)), np.arange(len(sound)), sound).astype(np.float32)
    low = float(librosa.note_to_hz("F#0"))
    ours = spectra.constant_q(samples, RATE, 512, low, 288, 36)
    theirs = np.abs(
        librosa.hybrid_cqt(samples, sr=RATE, hop_length=512, fmin=low, n_bins=288, bins_per_octave=36, tuning=None)
    ).T
    assert ours.shape == theirs.shape
    # Of weak parts of filters that are as weak as each other librosa may leave out others.
    assert np.abs(ours - theirs).max() < 0.01 * theirs.max()


def test_silence_has_no_tuning():
    assert np.abs(spectra.constant_q(np.zeros(RATE, np.float32), RATE, 512, 23.1, 288, 36)).max() == 0


@pytest.mark.slow
def test_the_network_answers_as_basic_pitch_does(sound):
    import onnxruntime

    path = transcribe.model_path()
    windows = transcribe._windows(sound, 0, 5)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    outputs = ["StatefulPartitionedCall:1", "StatefulPartitionedCall:2"]
    theirs = session.run(outputs, {"serving_default_input_2:0": windows[..., None]})
    kept = slice(transcribe.EDGE_FRAMES, transcribe.EDGE_FRAMES + transcribe.KEPT_FRAMES)
    for ours, answer in zip(pitch_net.hear(path, windows), theirs, strict=True):
        assert np.allclose(ours, answer[:, kept], atol=2e-3)


@pytest.mark.slow
@pytest.mark.parametrize("thresholds", [(0.6, 0.4, 5), (0.35, 0.5, 2)])
def test_notes_are_made_as_basic_pitch_makes_them(thresholds):
    from basic_pitch.note_creation import output_to_notes_polyphonic

    random = np.random.default_rng(0)
    note, onset = (random.random((400, 88), dtype=np.float32) ** power for power in (3, 2))
    before = ((transcribe.LEAD_FRAMES, 0), (0, 0))
    theirs = output_to_notes_polyphonic(
        np.pad(note, before), np.pad(onset, before), *thresholds, infer_onsets=True, max_freq=None, min_freq=None,
        melodia_trick=False,
    )  # fmt: skip
    moved = [(max(0, start - 4), end - 4, pitch, level) for start, end, pitch, level in theirs]
    ours = transcribe.note_events(note, onset, *thresholds)
    assert [event[:3] for event in ours] == [event[:3] for event in moved]
    assert np.allclose([event[3] for event in ours], [event[3] for event in moved])
