"""The adapter to transkun, with a small package in its place."""

import sys

import numpy as np
import pytest
import soundfile
import torch

from symbolic_cover.core.errors import MissingDependencyError
from symbolic_cover.core.heard import Recording, TimedNote
from symbolic_cover.listening.audio import piano
from symbolic_cover.listening.audio.lines import drawn_to

#: It hears a middle C at every click, of which the louder have a higher velocity.
STAND_IN = """
from types import SimpleNamespace
import torch
import torchaudio

class ModelConfig:
    fs = None

class TransKun(torch.nn.Module):
    def __init__(self, conf):
        super().__init__()
        self.register_buffer("mel", torchaudio.functional.melscale_fbanks(n_freqs=3, n_mels=2, sample_rate=conf.fs))

    def transcribe(self, x, discardSecondHalf):
        assert x.ndim == 2 and float(self.mel.sum()) == 6.0
        clicks = torch.nonzero(x[:, 0] > 0.1)[:, 0].tolist()
        return [SimpleNamespace(start=at / 44100, end=at / 44100 + 0.2, pitch=60, velocity=90) for at in clicks]
"""


@pytest.fixture
def transkun(tmp_path, monkeypatch):
    package = tmp_path / "site" / "transkun"
    (package / "pretrained").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "ModelTransformer.py").write_text(STAND_IN)
    (package / "pretrained" / "2.0.conf").write_text('{"Model": {"config": {"fs": 44100}}}')
    torch.save({"state_dict": {"mel": torch.ones(3, 2)}}, package / "pretrained" / "2.0.pt")
    monkeypatch.syspath_prepend(package.parent)
    return package


def clicks(times_sec, length_sec):
    samples = np.zeros(int(length_sec * piano.RATE_HZ), np.float32)
    samples[(np.array(times_sec) * piano.RATE_HZ).astype(int)] = 0.5
    return Recording(samples, piano.RATE_HZ)


def notes_at(times_sec):
    return [TimedNote(sec, sec + 0.2, 60, 80) for sec in times_sec]


@pytest.mark.slow
def test_every_note_of_a_long_recording_is_heard_once(transkun):
    times = [0.5, 47.5, 48.0, 49.0, 51.0, 97.0, 130.0]
    heard = piano.hear_piano(clicks(times, 140))
    assert [round(note.onset_sec, 3) for note in heard] == times
    assert {(note.pitch, note.velocity) for note in heard} == {(60, 90)}
    assert not {"torchaudio", "transkun"} & set(sys.modules)  # it has a process of its own


def test_silence_has_no_notes(transkun):
    assert piano.hear_piano(clicks([], 1)) == []


def test_a_transkun_that_does_not_run_is_named_in_one_line(transkun):
    (transkun / "ModelTransformer.py").write_text("import a_module_that_is_not_there")
    with pytest.raises(MissingDependencyError, match=r"transkun cannot be used .*a_module_that_is_not_there") as caught:
        piano.hear_piano(clicks([0.5], 1))
    assert "\n" not in str(caught.value)
    assert "pip install" in caught.value.remedy


def test_without_transkun_nothing_changes_unless_it_is_asked_for(tmp_path):
    notes = notes_at([1.0])
    if piano.is_installed():
        pytest.skip("transkun is installed here")
    assert piano.hear_again(tmp_path / "song.wav", notes, "auto") is notes
    soundfile.write(tmp_path / "song.wav", clicks([1.0], 4).samples, piano.RATE_HZ)
    with pytest.raises(MissingDependencyError, match="pip install"):
        piano.hear_again(tmp_path / "song.wav", notes, "transkun")


@pytest.mark.slow
def test_auto_takes_transkun_where_both_agree(transkun, tmp_path):
    times = [0.5, 1.0, 1.5, 2.0, 2.5, 3.0]
    soundfile.write(tmp_path / "song.wav", clicks(times, 4).samples, piano.RATE_HZ)
    alike, unlike = notes_at([t + 0.01 for t in times]), notes_at([t + 0.2 for t in times])
    assert [n.velocity for n in piano.hear_again(tmp_path / "song.wav", alike, "auto")] == [90] * 6
    assert piano.hear_again(tmp_path / "song.wav", unlike, "auto") is unlike
    assert piano.hear_again(tmp_path / "song.wav", alike, "basic-pitch") is alike
    assert piano.hear_again(tmp_path / "song.wav", unlike, "transkun") != unlike


def test_a_line_is_drawn_to_the_notes_that_are_there():
    line = notes_at([1.0, 2.0, 3.0])
    notes = [TimedNote(1.03, 2.5, 60, 100), TimedNote(2.0, 2.4, 62, 100), TimedNote(3.05, 4.0, 60, 100)]
    assert drawn_to(line, notes) == [notes[0], notes[2]]
    assert drawn_to(line[:1], [notes[0], TimedNote(1.01, 1.2, 60, 50)]) == [TimedNote(1.01, 1.2, 60, 50)]
