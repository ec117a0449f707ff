"""End to end: shipped weights, real recording, real scores."""

import json
import shutil
from pathlib import Path

import music21
import numpy as np
import pytest
import soundfile
import symusic
import torch
from transformers import AutoModelForCausalLM

from symbolic_cover import Controls, cover
from symbolic_cover.analysis.hands import unplayable_in_hand
from symbolic_cover.arrangement.checkpoint import SHIPPED, find_checkpoint, load_checkpoint
from symbolic_cover.arrangement.decoder import log_probabilities
from symbolic_cover.core.styles import style_names

EXAMPLES = Path(__file__).parents[2] / "data" / "examples"
FILES = {"song.json", "arrangement.mid", "performance.mid", "score.musicxml", "score.pdf", "cover.wav", "report.json",
         "report.html"}  # fmt: skip

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def excerpt(tmp_path_factory) -> Path:
    """Fifteen seconds of the shipped recording."""
    path = tmp_path_factory.mktemp("song") / "excerpt.wav"
    samples, rate = soundfile.read(EXAMPLES / "lets_go_fishin.ogg", frames=15 * 44100)
    soundfile.write(path, samples, rate)
    return path


def check_files(folder: Path) -> dict:
    """All files are there, agree with each other and hold what they should."""
    assert {path.name for path in folder.iterdir()} == FILES
    midi = symusic.Score(folder / "arrangement.mid")
    score = music21.converter.parse(folder / "score.musicxml")
    assert len(score.parts) == 2
    # A pick-up is written as the short bar that it is; MIDI begins where that bar would.
    first = score.parts[0].getElementsByClass("Measure")[0]
    late = first.barDuration.quarterLength - first.duration.quarterLength
    written = {
        (round(float(element.offset + late) * 480), note.pitch.midi)
        for part in score.parts
        for element in part.flatten().notes
        if "ChordSymbol" not in element.classes
        for note in (element.notes if element.isChord else [element])
        if note.tie is None or note.tie.type == "start"
    }
    assert written == {(note.time, note.pitch) for track in midi.tracks for note in track.notes}
    for part in score.parts:
        for measure in part.getElementsByClass("Measure"):
            whole = measure.barDuration.quarterLength - (late if measure.number == first.number else 0)
            for voice in list(measure.voices) or [measure]:
                assert float(voice.highestTime) == pytest.approx(whole)
    assert (folder / "score.pdf").read_bytes().startswith(b"%PDF")
    samples, rate = soundfile.read(folder / "cover.wav")
    assert len(samples) / rate > midi.to("second").end()
    assert 0.5 < np.abs(samples).max() < 10 ** (-1 / 20)
    assert np.abs(samples[-rate // 20 :]).max() < 0.02
    page = (folder / "report.html").read_text()
    assert "<svg" in page
    assert "data:image/png;base64" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    return json.loads((folder / "report.json").read_text())


def check_report(report: dict) -> None:
    ours = report["scores"]["cover"]
    assert ours["melody_retention"] == 1.0
    assert ours["unplayable_share"] == 0.0
    assert set(report["scores"]) == {"cover", "rules", "source"}
    assert report["settings"]["arranger"] == find_checkpoint().name
    assert {"listen", "analyze", "arrange", "score", "engrave", "sound", "report"} <= set(report["timings_sec"])


def test_a_recording_becomes_a_cover(excerpt, tmp_path):
    made = cover(excerpt, "pop-piano", Controls(candidates=2))
    made.save(tmp_path / "out")
    check_report(check_files(tmp_path / "out"))
    for part in made.arrangement.parts:
        assert unplayable_in_hand(part.notes) == 0


def test_an_abc_tune_becomes_a_cover(tmp_path):
    made = cover(EXAMPLES / "scarborough_fair.abc", controls=Controls(candidates=2))
    files = made.save(tmp_path / "out", parts=True)
    assert sorted(path.name for path in files["parts"].iterdir()) == ["piano.musicxml", "piano.pdf"]
    shutil.rmtree(files["parts"])
    report = check_files(tmp_path / "out")
    check_report(report)
    assert report["settings"]["meter"] == "3/4"
    assert made.report.scores["cover"]["chord_tone_ratio"] > 0.6


def test_a_musicxml_score_becomes_a_cover(tmp_path):
    chorale = music21.corpus.parse("bwv66.6")
    chorale.write("musicxml", tmp_path / "chorale.musicxml")
    made = cover(tmp_path / "chorale.musicxml", controls=Controls(candidates=1))
    made.save(tmp_path / "out")
    check_report(check_files(tmp_path / "out"))
    soprano = {note.pitch.midi for note in chorale.parts[0].recurse().notes}
    assert {note.pitch for note in made.arrangement.melody} == soprano


def test_the_same_seed_makes_the_same_cover(tmp_path):
    first, again = (cover(EXAMPLES / "scarborough_fair.abc", controls=Controls(candidates=1, seed=7)) for _ in range(2))
    assert first.arrangement.parts == again.arrangement.parts
    first.save(tmp_path / "a")
    again.save(tmp_path / "b")
    for name in ("arrangement.mid", "score.musicxml", "cover.wav"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_the_shipped_checkpoint_is_whole():
    folder = find_checkpoint()
    assert folder is not None
    assert sum(path.stat().st_size for path in SHIPPED.rglob("*") if path.is_file()) < 40e6
    checkpoint = load_checkpoint(folder)
    assert checkpoint.model.config.vocab_size == len(checkpoint.tokenizer)
    assert checkpoint.facts["log"]["tokens"] > 1e8
    assert checkpoint.facts["metrics"]["eval_loss"] < 0.45
    assert set(style_names()) <= set(checkpoint.tokenizer.styles) & set(checkpoint.human)
    model = checkpoint.facts["scores"]["acc_note_f1"]
    assert model["model"] > model["rules"]
    assert (folder / "README.md").read_text().startswith("---\nlicense:")


def test_transformers_loads_the_shipped_weights_by_itself():
    folder = find_checkpoint()
    assert folder is not None
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, local_files_only=True).eval()
    ours = load_checkpoint(folder)
    ids = ours.tokenizer.ids(ours.tokenizer.header("ragtime", "full", "solo-piano"))
    (told,) = log_probabilities(ours.weights, ours.config, [ids])
    with torch.inference_mode():
        wanted = model(torch.tensor([ids])).logits[0].log_softmax(dim=-1)
    np.testing.assert_allclose(told, wanted, atol=1e-4, rtol=1e-4)
