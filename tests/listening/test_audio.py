"""Listening to sound files, good and bad."""

import numpy as np
import pytest
import soundfile

from symbolic_cover.core.errors import InputError, UsageError
from symbolic_cover.listening.audio.recording import load_recording, stereo_blocks


def tone(duration_sec, rate_hz, level=0.3):
    return (level * np.sin(2 * np.pi * 440 * np.arange(int(duration_sec * rate_hz)) / rate_hz)).astype(np.float32)


@pytest.mark.parametrize(
    ("suffix", "rate_hz", "channels"), [("wav", 44100, 2), ("flac", 8000, 1), ("ogg", 48000, 2), ("mp3", 44100, 1)]
)
def test_any_format_rate_and_channels_become_mono_at_22050_hz(tmp_path, suffix, rate_hz, channels):
    path = tmp_path / f"tone.{suffix}"
    soundfile.write(path, np.stack([tone(1.5, rate_hz)] * channels, axis=1), rate_hz)
    recording = load_recording(path)
    assert recording.rate_hz == 22050
    assert recording.samples.dtype == np.float32
    assert recording.samples.ndim == 1
    assert recording.duration_sec == pytest.approx(1.5, abs=0.1)
    spectrum = np.abs(np.fft.rfft(recording.samples[2205:24255]))
    assert np.argmax(spectrum) == pytest.approx(440, abs=1)


@pytest.mark.parametrize("is_cut", [True, False], ids=["cut", "one byte flipped"])
def test_of_a_damaged_file_what_comes_before_is_heard(tmp_path, is_cut):
    path = tmp_path / "tone.flac"
    noise = np.random.default_rng(0).normal(0, 0.01, 20 * 44100).astype(np.float32)
    soundfile.write(path, tone(20, 44100) + noise, 44100)
    whole = bytearray(path.read_bytes())
    middle = len(whole) // 2
    whole[middle] ^= 0xFF
    path.write_bytes(whole[:middle] if is_cut else whole)
    recording = load_recording(path)
    assert 5 < recording.duration_sec < 11
    assert "damaged after" in recording.remarks[0]
    blocks, _ = stereo_blocks(path)
    assert sum(map(len, blocks())) / 44100 == pytest.approx(recording.duration_sec, abs=0.1)


def test_of_a_whole_file_nothing_is_remarked(tmp_path):
    soundfile.write(tmp_path / "tone.mp3", tone(3, 44100), 44100)
    assert load_recording(tmp_path / "tone.mp3").remarks == ()


def test_a_missing_file_is_misuse(tmp_path):
    with pytest.raises(UsageError, match="no file"):
        load_recording(tmp_path / "nothing.wav")


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (tone(0.5, 22050), "only 0.5 s of sound"),
        (np.zeros(44100, np.float32), "silent"),
        (tone(2.0, 22050, level=0.0005), "silent"),
        (np.full(44100, np.nan, np.float32), "NaN"),
        (np.zeros(0, np.float32), "empty"),
    ],
)
def test_what_holds_no_music_is_refused_in_one_line(tmp_path, samples, reason):
    path = tmp_path / "bad.wav"
    soundfile.write(path, samples, 22050, subtype="FLOAT")
    with pytest.raises(InputError, match=reason) as caught:
        load_recording(path)
    assert "\n" not in str(caught.value)
    assert caught.value.remedy


@pytest.mark.parametrize("suffix", ["mp3", "wav", "ogg", "flac"])
@pytest.mark.parametrize("content", [b"", b"Dear diary, this is no song.\n" * 200])
def test_text_and_nothing_in_disguise_are_refused(tmp_path, suffix, content):
    path = tmp_path / f"letter.{suffix}"
    path.write_bytes(content)
    with pytest.raises(InputError):
        load_recording(path)


def test_more_than_two_hours_are_refused(tmp_path):
    path = tmp_path / "opera.wav"
    soundfile.write(path, np.zeros(7300 * 1000, np.float32) + 0.1, 1000)
    with pytest.raises(InputError, match="2 hours"):
        load_recording(path)


def test_of_channels_that_cancel_each_other_one_is_taken(tmp_path):
    path = tmp_path / "antiphase.wav"
    soundfile.write(path, np.stack([tone(2.0, 44100), -tone(2.0, 44100)], axis=1), 44100)
    assert np.abs(load_recording(path).samples).max() == pytest.approx(0.3, abs=0.01)
    blocks, rate_hz = stereo_blocks(path)
    both = np.concatenate(list(blocks()))
    assert rate_hz == 44100
    assert both.shape == (2 * 44100, 2)
    assert np.allclose(both[:, 0], both[:, 1], atol=1e-3)


def test_one_channel_stands_on_both_sides(tmp_path):
    path = tmp_path / "mono.wav"
    soundfile.write(path, tone(2.0, 22050), 22050)
    both = np.concatenate(list(stereo_blocks(path)[0]()))
    assert np.array_equal(both[:, 0], both[:, 1])
