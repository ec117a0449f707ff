"""`symbolic-cover evaluate`: covers, folders of covers, pairs by other tools; output and errors."""

import json

import pytest
import symusic

from symbolic_cover.arrangement.checkpoint import find_checkpoint
from symbolic_cover.core.song_file import read_sheet
from tests.cli.test_cli import ABC


@pytest.fixture(scope="module")
def covers(tmp_path_factory):
    """A tune and its cover by the rules, in covers/tune."""
    from symbolic_cover import cover

    folder = tmp_path_factory.mktemp("songs")
    (folder / "tune.abc").write_text(ABC.replace("|]", "|" + ABC.splitlines()[-1].replace("|]", "|") * 3 + "]"))
    cover(folder / "tune.abc", checkpoint="rules").save(folder / "covers" / "tune", audio_format="ogg")
    return folder


@pytest.mark.slow
def test_a_cover_is_judged_beside_people(run, covers, tmp_path):
    code, printed, _ = run("evaluate", covers / "covers" / "tune", "--json", "--out", tmp_path / "out")
    facts = json.loads(printed)
    assert code == 0
    assert (facts["name"], facts["style"]) == ("tune", "pop-piano")
    measures = facts["measures"]
    assert measures["melody_retention"]["value"] == 1.0
    assert measures["unplayable_share"]["value"] == 0.0
    assert measures["copied_bars"]["value"] == 0.0
    assert {one["aspect"] for one in measures.values()} == {
        "faithfulness", "coherence", "creativity", "style", "playability", "readability",
    }  # fmt: skip
    low, _, high = measures["notes_per_bar"]["people"]
    value = measures["notes_per_bar"]["value"]
    assert measures["notes_per_bar"]["verdict"] == ("within" if low <= value <= high else "above")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"evaluation.html", "evaluation.json"}
    assert json.loads((tmp_path / "out" / "evaluation.json").read_text()) == facts
    page = (tmp_path / "out" / "evaluation.html").read_text()
    assert "<svg" in page
    assert "data:image/png" in page
    assert "data:audio/ogg" in page
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_a_lost_melody_is_found_in_its_bars(run, covers, tmp_path):
    folder = tmp_path / "lame"
    folder.mkdir()
    for name in ("song.json", "report.json", "score.musicxml"):
        (folder / name).write_bytes((covers / "covers" / "tune" / name).read_bytes())
    score = symusic.Score(covers / "covers" / "tune" / "arrangement.mid")
    bar = 4 * score.ticks_per_quarter
    lost = {
        (note.onset_tick * score.ticks_per_quarter // 12, note.pitch)
        for note in read_sheet(folder / "song.json").melody
    }
    for track in score.tracks:
        for note in [n for n in track.notes if bar <= n.time < 3 * bar and (n.time, n.pitch) in lost]:
            track.notes.remove(note)
    score.dump_midi(folder / "arrangement.mid")
    code, printed, _ = run("evaluate", folder, "--json")
    weak = [one for one in json.loads(printed)["weak_bars"] if one["kind"] == "melody"]
    assert (code, weak[0]["bars"]) == (0, [2, 3])
    assert any(line.startswith("bars 2-3: ") and "--fidelity" in line for line in json.loads(printed)["advice"])


def test_a_folder_of_covers_and_one_that_cannot_be_judged(run, covers, tmp_path):
    code, printed, _ = run("evaluate", covers / "covers")
    assert code == 0
    assert "melody" in printed
    old = tmp_path / "old"
    old.mkdir()
    (old / "arrangement.mid").write_bytes((covers / "covers" / "tune" / "arrangement.mid").read_bytes())
    code, _, complaint = run("evaluate", old)
    assert code == 1
    assert "There is no song.json" in complaint
    assert "--source" in complaint
    code, printed, _ = run("evaluate", old, "--source", covers / "tune.abc", "--json")
    assert code == 0
    assert json.loads(printed)["measures"]["melody_retention"]["value"] == 1.0


def test_any_pair_of_files(run, covers, tmp_path):
    from symbolic_cover.analysis.quantize import quantize
    from symbolic_cover.listening.scores.read import read_score

    theirs = symusic.Score(12)
    for played in quantize(read_score(covers / "covers" / "tune" / "score.musicxml")):
        track = symusic.Track(played.name, played.program, played.is_drums)
        track.notes.extend([symusic.Note(*note) for note in played.notes])
        theirs.tracks.append(track)
    theirs.shift_pitch(2).dump_midi(tmp_path / "theirs.mid")
    code, printed, _ = run("evaluate", tmp_path / "theirs.mid", "--source", covers / "tune.abc", "--json")
    facts = json.loads(printed)
    assert code == 0
    assert facts["measures"]["melody_retention"]["value"] == 1.0
    assert any("+2 semitones" in remark for remark in facts["remarks"])
    code, printed, _ = run("evaluate", tmp_path / "theirs.mid", "--json", "--style", "swing")
    alone = json.loads(printed)
    assert (code, alone["style"], alone["measures"]["melody_retention"]["value"]) == (0, "swing", None)
    assert alone["measures"]["grooving_similarity"]["value"] is not None


def test_bad_input_is_one_line(run, covers, tmp_path):
    (tmp_path / "bad.mid").write_bytes(b"no MIDI")
    (tmp_path / "empty").mkdir()
    for words, code in (
        ((tmp_path / "none",), 2),
        ((tmp_path / "empty",), 2),
        ((tmp_path / "bad.mid",), 1),
        ((covers / "covers" / "tune", "--style", "polka"), 2),
        ((covers / "covers" / "tune", "--checkpoint", "rules"), 2),
        ((covers / "covers", "--source", covers / "tune.abc"), 2),
    ):
        got, printed, complaint = run("evaluate", *words)
        assert (got, printed, complaint.strip().count("\n")) == (code, "", 0), words


def test_the_shipped_weights_have_ranges_and_an_index():
    from symbolic_cover.evaluation.memorisation import PatternIndex
    from symbolic_cover.evaluation.people import load_people

    folder = find_checkpoint()
    assert folder is not None
    index = PatternIndex.load(folder)
    assert index is not None
    assert len(index.hashes) > 100_000
    assert set(load_people(folder)) >= {"pop-piano", "swing", "string-quartet"}
