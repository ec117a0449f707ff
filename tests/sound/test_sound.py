"""Sound: loud enough, never clipped, with its decay, reproducible."""

import sys
from pathlib import Path

import numpy as np
import pyloudnorm
import pytest
import soundfile
import symusic

from symbolic_cover.core.errors import InputError, MissingDependencyError, UsageError
from symbolic_cover.performance.midi import arrangement_score
from symbolic_cover.sound.audio import CEILING_DBTP, render_audio
from symbolic_cover.sound.loudness import LoudnessMeter, limiter_gain, true_peaks
from symbolic_cover.sound.soundfonts import choose_soundfont, find_soundfonts
from symbolic_cover.sound.synthesizer import MAX_TAIL_SEC
from tests.notation.scores import golden

pytest.importorskip("fluidsynth", reason="libfluidsynth is not installed", exc_type=ImportError)


@pytest.fixture(scope="module")
def score() -> symusic.Score:
    return arrangement_score(golden())


@pytest.fixture(scope="module")
def small_font() -> Path:
    return find_soundfonts()[-1]


@pytest.fixture(scope="module")
def wav(score, small_font, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "a.wav"
    render_audio(score, path, soundfont=small_font)
    return path


def test_loudness_is_what_was_asked_and_peaks_are_below_the_ceiling(wav, score, small_font, tmp_path):
    loud = render_audio(score, tmp_path / "loud.wav", soundfont=small_font, lufs=-11.0)
    for path, lufs in ((wav, -16.0), (loud.path, -11.0)):
        samples, rate_hz = soundfile.read(path)
        assert (rate_hz, samples.shape[1]) == (44100, 2)
        measured = pyloudnorm.Meter(rate_hz, filter_class="DeMan").integrated_loudness(samples)
        assert measured == pytest.approx(lufs, abs=0.15)
        assert 20 * np.log10(true_peaks(samples).max()) < CEILING_DBTP + 0.1
    assert loud.loudness_lufs == pytest.approx(-11.0, abs=0.1)
    assert loud.true_peak_dbtp > CEILING_DBTP - 0.1  # it was limited


def test_the_meter_agrees_with_pyloudnorm_block_by_block():
    rng = np.random.default_rng(1)
    for rate_hz in (22050, 44100, 48000):
        levels = np.repeat(rng.uniform(0.0005, 0.4, 40), rate_hz // 4)[:, None]  # some of it below the gates
        samples = rng.normal(0, 1, (len(levels), 2)) * levels * [1.0, 0.4]
        meter = LoudnessMeter(rate_hz)
        for begin in range(0, len(samples), 5000):
            meter.add(samples[begin : begin + 5000])
        expected = pyloudnorm.Meter(rate_hz, filter_class="DeMan").integrated_loudness(samples)
        assert meter.lufs == pytest.approx(expected, abs=0.05)


def test_true_peaks_lie_between_samples():
    sine = 0.5 * np.sin(np.pi / 2 * np.arange(4000) + np.pi / 4)  # its samples reach 0.354 only
    assert true_peaks(np.column_stack([sine, 0 * sine]))[100:-100].max() == pytest.approx(0.5, abs=0.005)


def test_the_limiter_keeps_the_ceiling_and_leaves_the_rest():
    samples = np.random.default_rng(2).normal(0, 0.05, (20000, 2)).astype(np.float32)
    samples[10000:10040] *= 15
    factors = limiter_gain(samples, 0.5, 44100)
    assert true_peaks(samples * factors[:, None]).max() < 0.51
    assert np.all(factors[:9000] == 1)
    assert np.max(np.abs(np.diff(factors))) < 0.01


def test_stems_sum_to_the_mix(score, small_font, tmp_path):
    info = render_audio(score, tmp_path / "a.wav", soundfont=small_font, stems={"right": [0], "left": [1]}, lufs=-10.0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.left.wav", "a.right.wav", "a.wav"]
    stems = [soundfile.read(path)[0] for path in info.stems.values()]
    assert all(np.abs(stem).max() > 0.05 for stem in stems)
    assert np.allclose(sum(stems), soundfile.read(info.path)[0], atol=3 / 32768)


def test_the_pedal_holds_what_the_fingers_let_go(small_font, tmp_path):
    ringing = []
    for pedal in (0, 127):
        score = symusic.Score(480)
        track = symusic.Track("piano", 0, False)
        track.notes.append(symusic.Note(0, 240, 60, 100))
        track.notes.append(symusic.Note(1920, 240, 84, 30))
        track.controls.append(symusic.ControlChange(0, 64, pedal))
        score.tracks.append(track)
        samples, rate_hz = soundfile.read(render_audio(score, tmp_path / f"{pedal}.wav", soundfont=small_font).path)
        ringing.append(np.abs(samples[rate_hz : 3 * rate_hz // 2]).max())
    assert ringing[1] > 10 * ringing[0]


def test_the_tail_rings_out(wav, score):
    samples, rate_hz = soundfile.read(wav)
    end = round(score.to("second").end() * rate_hz)
    assert np.max(np.abs(samples[end : end + 2000])) > 0.001
    assert np.max(np.abs(samples[-2000:])) < 0.002
    assert len(samples) - end <= (MAX_TAIL_SEC + 0.5) * rate_hz


def test_repeats_are_bit_identical(wav, score, small_font, tmp_path):
    render_audio(score, tmp_path / "b.wav", soundfont=small_font)
    assert (tmp_path / "b.wav").read_bytes() == wav.read_bytes()


def test_notes_begin_when_they_should(small_font, tmp_path):
    late = symusic.Score(480)
    late.tempos.append(symusic.Tempo(0, 60))
    track = symusic.Track("piano", 0, False)
    track.notes.append(symusic.Note(960, 480, 60, 100))
    late.tracks.append(track)
    render_audio(late, tmp_path / "a.wav", soundfont=small_font)
    samples, rate_hz = soundfile.read(tmp_path / "a.wav")
    first = np.flatnonzero(np.abs(samples).max(axis=1) > 0.02)[0] / rate_hz
    assert first == pytest.approx(2.0, abs=0.03)


@pytest.mark.parametrize("suffix", ["flac", "mp3", "ogg"])
def test_other_formats_have_the_same_length(suffix, wav, score, small_font, tmp_path):
    info = render_audio(score, tmp_path / f"a.{suffix}", soundfont=small_font)
    assert soundfile.info(info.path).duration == pytest.approx(soundfile.info(wav).duration, abs=0.1)
    assert info.duration_sec == pytest.approx(soundfile.info(wav).duration, abs=0.001)
    assert np.max(np.abs(soundfile.read(info.path)[0])) < 10 ** (-1 / 20)


def test_nothing_half_written_remains(small_font, tmp_path):
    with pytest.raises(InputError, match="nothing to hear"):
        render_audio(symusic.Score(480), tmp_path / "a.wav", soundfont=small_font)
    assert list(tmp_path.iterdir()) == []


def test_misuse_is_named(score, tmp_path):
    with pytest.raises(UsageError, match=r"\.wav"):
        render_audio(score, tmp_path / "a.aac")
    with pytest.raises(UsageError, match="no SoundFont at"):
        render_audio(score, tmp_path / "a.wav", soundfont=tmp_path / "none.sf2")
    (tmp_path / "broken.sf2").write_bytes(b"not a SoundFont")
    with pytest.raises(UsageError, match="not a SoundFont"):
        render_audio(score, tmp_path / "a.wav", soundfont=tmp_path / "broken.sf2")


def test_fonts_are_found_in_order(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in ("mine", "soundfonts"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{folder}.sf2").touch()
    fonts = find_soundfonts(tmp_path / "mine")
    assert [font.name for font in fonts[:2]] == ["mine.sf2", "soundfonts.sf2"]
    assert fonts[-1].name == "TimGM6mb.sf2"
    assert choose_soundfont() == tmp_path / "soundfonts" / "soundfonts.sf2"


def test_without_fluidsynth_the_remedy_is_named(score, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "fluidsynth", None)
    with pytest.raises(MissingDependencyError, match="libfluidsynth3"):
        render_audio(score, tmp_path / "a.wav")
