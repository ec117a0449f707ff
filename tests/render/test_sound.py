"""Sound: loud enough, never clipped, with its tail, the same each time."""

import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import symusic

from symbolic_cover.errors import InputError, MissingDependencyError, UsageError
from symbolic_cover.render import sound
from symbolic_cover.render.midi import arrangement_score
from symbolic_cover.render.sound import choose_soundfont, find_soundfonts, render_audio
from tests.render.scores import golden

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


def test_the_peak_is_just_below_full_scale(wav):
    samples, rate_hz = soundfile.read(wav)
    assert rate_hz == 44100
    assert samples.shape[1] == 2
    assert -1.6 < 20 * np.log10(np.max(np.abs(samples))) < -1.0
    assert np.sqrt(np.mean(samples**2)) > 0.02


def test_the_tail_rings_out(wav, score):
    samples, rate_hz = soundfile.read(wav)
    end = round(score.to("second").end() * rate_hz)
    assert np.max(np.abs(samples[end : end + 2000])) > 0.001
    assert np.max(np.abs(samples[-2000:])) < 0.002
    assert len(samples) - end <= (sound.MAX_TAIL_SEC + 0.5) * rate_hz


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
