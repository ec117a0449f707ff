"""The command line: commands, and one clear line for every error."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import symusic

ABC = 'X:1\nT:Little tune\nM:4/4\nL:1/4\nQ:1/4=100\nK:G\n"G"G B d B|"C"c e c A|"D"d A F A|"G"G2 z2|]\n'
FILES = {"song.json", "arrangement.mid", "performance.mid", "score.musicxml", "score.pdf", "cover.wav", "report.json",
         "report.html"}  # fmt: skip


@pytest.fixture
def tune(tmp_path) -> Path:
    path = tmp_path / "tune.abc"
    path.write_text(ABC)
    return path


def write_sound(path: Path, samples: np.ndarray) -> Path:
    soundfile.write(path, samples.astype(np.float32), 22050)
    return path


def test_a_cover_writes_exactly_its_files(run, tune, tmp_path):
    code, printed, _ = run("cover", tune, "--checkpoint", "rules", "--out", tmp_path / "out")
    assert code == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES
    assert all(name in printed for name in FILES)
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["scores"]["cover"]["melody_retention"] == 1.0
    assert set(report["timings_sec"]) >= {"listen", "analyze", "arrange", "score", "engrave", "sound"}


def test_several_inputs_get_a_folder_each_and_one_bad_file_stops_nothing(run, tune, tmp_path):
    songs = tmp_path / "songs"
    songs.mkdir()
    (songs / "good.abc").write_text(ABC)
    (songs / "bad.mid").write_bytes(b"this is no MIDI file")
    code, printed, complaint = run("cover", songs, "--checkpoint", "rules", "--out", tmp_path / "out", "--json")
    assert code == 1
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"good", "covers.html", "covers.jsonl"}
    failed = {Path(result["source"]).name: "error" in result for result in json.loads(printed)}
    assert failed == {"good.abc": False, "bad.mid": True}
    assert "bad.mid" in complaint


def test_json_and_quiet(run, tune, tmp_path):
    code, printed, _ = run("cover", tune, "--checkpoint", "rules", "--out", tmp_path / "o", "--quiet")
    assert (code, printed) == (0, "")
    code, printed, _ = run("analyze", tune, "--json")
    facts = json.loads(printed)
    assert (code, facts["meter"], facts["key"], facts["tempo_bpm"]) == (0, "4/4", "G major", 100)
    assert [label for _, _, label in facts["chords"]] == ["G:maj", "C:maj", "D:maj", "G:maj"]
    assert [pitch for _, _, pitch in facts["melody"]][:4] == [67, 71, 74, 71]


@pytest.mark.slow
def test_each_stage_alone(run, tune, tmp_path):
    code, _, _ = run("arrange", tune, "--checkpoint", "rules", "--out", tmp_path / "a", "--transpose", 2, "--quiet")
    assert code == 0
    assert {path.name for path in (tmp_path / "a").iterdir()} == {"arrangement.mid", "score.musicxml"}
    code, printed, _ = run("render", tmp_path / "a" / "score.musicxml", "-o", tmp_path / "a.flac", "--json")
    assert code == 0
    samples, rate = soundfile.read(tmp_path / "a.flac")
    assert json.loads(printed)["duration_sec"] == pytest.approx(len(samples) / rate, abs=0.01)
    assert 0.05 < np.abs(samples).max() < 0.9
    code, printed, _ = run("render", tmp_path / "a" / "arrangement.mid", "-o", tmp_path / "b.wav", "--stems", "--json")
    info = json.loads(printed)
    assert (code, round(info["loudness_lufs"])) == (0, -16)
    assert sorted(info["stems"]) == ["left-hand", "right-hand"]
    code, _, _ = run("render", tune, "-o", tmp_path / "again.abc", "--quiet")
    assert code == 0
    assert re.findall('"(.+?)"', (tmp_path / "again.abc").read_text()) == ["G", "C", "D", "G"]
    code, printed, _ = run("transcribe", tune, "--out", tmp_path / "t", "--json")
    assert code == 0
    assert json.loads(printed)["notes"] == 13
    assert len(symusic.Score(tmp_path / "t" / "transcript.mid").tracks[0].notes) == 13


def test_styles_and_doctor(run):
    assert "pop-piano" in run("styles")[1]
    assert "pop-piano" in {style["name"] for style in json.loads(run("styles", "--json")[1])}
    code, printed, _ = run("doctor", "--json")
    found = {finding["name"]: finding for finding in json.loads(printed)}
    assert code == 0
    assert {"torch", "basic-pitch", "fluidsynth", "soundfont", "weights"} <= set(found)
    assert all(finding["ok"] for finding in found.values() if finding["needed"])


def bad_inputs(folder: Path) -> dict[str, tuple[list[object], int, str]]:
    """name -> (arguments, exit code, a word of the complaint)."""
    (folder / "empty").mkdir()
    (folder / "text.mp3").write_text("not sound at all\n" * 50)
    (folder / "broken.musicxml").write_text("<score-partwise><part id='P1'><measure>")
    (folder / "broken.abc").write_text("")
    symusic.Score(480).dump_midi(folder / "no-notes.mid")
    write_sound(folder / "silence.wav", np.zeros(22050 * 3))
    write_sound(folder / "blip.wav", np.sin(np.arange(11025) * 0.1) * 0.5)
    (folder / "tune.abc").write_text(ABC)
    (folder / "a-file").write_text("in the way")
    out = folder / "out"
    return {
        "missing file": ([folder / "nowhere.mp3", "--out", out], 2, "no file"),
        "empty folder": ([folder / "empty", "--out", out], 2, "nothing to cover"),
        "unknown suffix": ([folder / "a-file", "--out", out], 2, "Give one of"),
        "text renamed": ([folder / "text.mp3", "--out", out], 1, "text.mp3"),
        "silence": ([folder / "silence.wav", "--out", out], 1, "silen"),
        "half a second": ([folder / "blip.wav", "--out", out], 1, "0.5 s"),
        "no notes": ([folder / "no-notes.mid", "--out", out], 1, "notes"),
        "broken xml": ([folder / "broken.musicxml", "--out", out], 1, "broken.musicxml"),
        "empty abc": ([folder / "broken.abc", "--out", out], 1, "broken.abc"),
        "unknown style": ([folder / "tune.abc", "--style", "polka", "--out", out], 2, "pop-piano"),
        "unknown level": ([folder / "tune.abc", "--level", "virtuoso", "--out", out], 2, "intermediate"),
        "bad metre": ([folder / "tune.abc", "--meter", "waltz", "--out", out], 2, "3/4"),
        "bad format": ([folder / "tune.abc", "--format", "aiff", "--out", out], 2, "flac"),
        "no soundfont": ([folder / "tune.abc", "--soundfont", folder / "no.sf2", "--out", out], 2, "no.sf2"),
        "no checkpoint": ([folder / "tune.abc", "--checkpoint", "nothing", "--out", out], 2, "checkpoint"),
        "unwritable folder": ([folder / "tune.abc", "--out", folder / "a-file" / "out"], 2, "--out"),
    }


def test_bad_input_gets_one_line_and_leaves_nothing(run, tmp_path):
    for name, (words, expected, hint) in bad_inputs(tmp_path).items():
        code, printed, complaint = run("cover", *words, "--quiet")
        assert code == expected, name
        assert printed == "", name
        assert len(complaint.strip().splitlines()) == 1, (name, complaint)
        assert hint in complaint, (name, complaint)
        assert "Traceback" not in complaint
        assert not (tmp_path / "out").exists(), name


@pytest.mark.slow
def test_a_failure_while_writing_leaves_the_old_cover(run, tune, tmp_path, monkeypatch):
    out = tmp_path / "out"
    assert run("cover", tune, "--checkpoint", "rules", "--out", out, "--quiet")[0] == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}

    def full_disk(*args, **kwargs):
        from symbolic_cover.core.errors import SymbolicCoverError

        raise SymbolicCoverError("The disk is full.", "Make room.")

    monkeypatch.setattr("symbolic_cover.sound.audio.render_audio", full_disk)
    code, _, complaint = run("cover", tune, "--checkpoint", "rules", "--out", out, "--quiet", "--seed", 3)
    assert (code, complaint.strip()) == (1, "symbolic-cover: The disk is full. Make room.")
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_help_loads_nothing_heavy():
    code = (
        "import sys; sys.argv = ['symbolic-cover', '--help']\n"
        "from symbolic_cover import cli\n"
        "try: cli.main()\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'transformers', 'music21', 'librosa', 'onnxruntime', 'miditok'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr
    for command in ("cover", "transcribe", "analyze", "arrange", "render", "train", "collect", "styles", "doctor"):
        assert command in shown.stdout


def test_an_output_is_never_its_own_source(run, tune, tmp_path):
    text = tune.read_text()
    code, _, complaint = run("render", tune, "--out", tune)
    assert (code, tune.read_text()) == (2, text)
    assert "source itself" in complaint
    folder = tmp_path / "d"
    assert run("arrange", tune, "--checkpoint", "rules", "--out", folder)[0] == 0
    score = (folder / "score.musicxml").read_bytes()
    for command in ("arrange", "cover"):
        code, _, complaint = run(command, folder / "score.musicxml", "--checkpoint", "rules", "--out", folder)
        assert (code, (folder / "score.musicxml").read_bytes()) == (2, score)
    assert {path.name for path in folder.iterdir()} == {"score.musicxml", "arrangement.mid"}


@pytest.mark.parametrize("signal_", [signal.SIGTERM, signal.SIGINT])
def test_a_program_that_is_stopped_says_so_and_leaves_nothing(tune, tmp_path, signal_):
    code = (
        "import os, signal, symbolic_cover.cli as cli, symbolic_cover.app.cover as cover\n"
        f"cover.Cover.save = lambda *a, **k: os.kill(os.getpid(), {int(signal_)})\n"
        "import sys\n"
        f"sys.argv = ['x', 'cover', {str(tune)!r}, '--checkpoint', 'rules', '--out', {str(tmp_path / 'o')!r}]\n"
        "cli.main()"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (ended.returncode, ended.stderr.strip().splitlines()[-1]) == (130, "symbolic-cover: stopped.")
    assert not list(tmp_path.glob("**/.unfinished*"))
