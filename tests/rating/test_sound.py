import numpy as np
import pytest
import soundfile

from symbolic_cover.core.errors import InputError
from symbolic_cover.performance.midi import write_midi
from symbolic_cover.rating.sound import LUFS, levelled
from symbolic_cover.sound.loudness import LoudnessMeter
from tests.rating.conftest import RATE_HZ, write_tone


def loudness(path) -> float:
    samples, rate_hz = soundfile.read(path, always_2d=True)
    meter = LoudnessMeter(rate_hz)
    meter.add(samples)
    return meter.lufs


@pytest.mark.parametrize("gain", [0.9, 0.01])
def test_loud_and_soft_become_alike(tmp_path, gain):
    out = levelled(None, write_tone(tmp_path / "x.wav", 440.0, gain), "", tmp_path)
    assert loudness(out) == pytest.approx(LUFS, abs=0.3)


def test_a_peak_is_held_by_the_limiter(tmp_path):
    sound = np.zeros(4 * RATE_HZ)
    sound[:: RATE_HZ // 2] = 0.9
    soundfile.write(tmp_path / "clicks.wav", sound, RATE_HZ)
    samples, _ = soundfile.read(levelled(None, tmp_path / "clicks.wav", "", tmp_path))
    assert np.abs(samples).max() < 1.0


def test_it_ends_after_the_seconds_asked_for_and_is_made_once(tmp_path):
    tone = write_tone(tmp_path / "x.wav", 440.0, 0.2, seconds=3.0)
    out = levelled(None, tone, "", tmp_path, seconds=1.0)
    made = out.stat().st_mtime_ns
    assert soundfile.info(out).duration == pytest.approx(1.0, abs=0.05)
    assert levelled(None, tone, "", tmp_path, seconds=1.0).stat().st_mtime_ns == made
    assert levelled(None, tone, "", tmp_path) != out


def test_a_score_is_played(tmp_path, song):
    from symbolic_cover.arrangement.arranger import arrange_by_rules
    from symbolic_cover.core.controls import Controls
    from symbolic_cover.core.styles import load_style

    write_midi(arrange_by_rules(song, load_style("pop-piano"), Controls()), tmp_path / "x.mid")
    out = levelled(tmp_path / "x.mid", None, "pop-piano", tmp_path)
    assert loudness(out) == pytest.approx(LUFS, abs=0.5)
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".mid", ".ogg"]


@pytest.mark.parametrize("content", ["silence", "text"])
def test_what_is_no_sound_is_refused_and_leaves_nothing(tmp_path, content):
    path = tmp_path / "x.wav"
    if content == "silence":
        soundfile.write(path, np.zeros(RATE_HZ), RATE_HZ)
    else:
        path.write_text("not sound")
    with pytest.raises(InputError):
        levelled(None, path, "", tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["x.wav"]
