"""A whole refinement of the tiny checkpoint."""

import json
from dataclasses import replace

import pytest

from symbolic_cover.arrangement.adapter import weights_sha256
from symbolic_cover.arrangement.checkpoint import load_checkpoint
from symbolic_cover.core.errors import InputError, UsageError
from symbolic_cover.refining import run as run_module
from symbolic_cover.refining import training as training_module
from symbolic_cover.refining.dpo import reference_of
from symbolic_cover.refining.judging import Verdict
from symbolic_cover.refining.run import Material, refine
from symbolic_cover.refining.training import RefinePlan, refine_model
from tests.refining.conftest import blocks, make_task

PLAN = RefinePlan(
    epochs=1, batch_size=2, evaluate_every=2, watched_candidates=2, learning_rate=1e-3, most_divergence=9.0
)


@pytest.fixture
def material(song):
    tasks = [make_task(song, f"song {number}", blocks(song)) for number in range(6)]
    return Material(tasks, tasks[:1], tasks[:2])


def go(tiny_folder, material, out, **others):
    return refine(tiny_folder, material, [], out, plan=PLAN, wanted=5, n_candidates=3, n_judged=2, **others)


def test_learning_prefers_what_was_preferred(tiny_checkpoint, preferences, song, tmp_path, monkeypatch):
    plan, looks = replace(PLAN, epochs=3), iter(range(99))
    monkeypatch.setattr(training_module, "judge", lambda *others: {"score": float(next(looks)), "diversity": 1.0})
    model, log = refine_model(tiny_checkpoint, preferences, [make_task(song)], tmp_path, plan)
    gained = reference_of(model, preferences) - reference_of(tiny_checkpoint.model, preferences)
    assert (gained[:, 0] > gained[:, 1]).float().mean() > 0.8
    assert [line["step"] for line in log][:2] == [0, 2]
    assert [json.loads(line)["step"] for line in (tmp_path / "log.jsonl").read_text().splitlines()] == [
        line["step"] for line in log
    ]


def test_the_leash_stops_and_what_is_beyond_it_is_never_the_best(tiny_checkpoint, preferences, song, tmp_path):
    plan = replace(PLAN, epochs=3, most_divergence=1e-9)
    model, log = refine_model(tiny_checkpoint, preferences, [make_task(song)], tmp_path, plan)
    assert len(log) == 2
    assert "from its parent" in log[-1]["stopped"]
    for name, value in tiny_checkpoint.model.state_dict().items():
        assert model.state_dict()[name].equal(value)


@pytest.mark.slow
def test_what_is_better_is_kept_with_its_lineage(tiny_folder, material, tmp_path, monkeypatch):
    monkeypatch.setattr(run_module, "compare", lambda *scores: Verdict(True, "", 0.1, 0.05, 0.15))
    outcome = go(tiny_folder, material, tmp_path)
    kept = load_checkpoint(outcome.checkpoint)
    lineage = kept.facts["lineage"]
    assert lineage["parent_sha256"] == weights_sha256(tiny_folder)
    assert lineage["preferences"] == outcome.counts
    assert lineage["comparison"]["verdict"]["gain"] == 0.1
    assert outcome.before["score"] == lineage["comparison"]["before"]["score"]
    assert outcome.people["note_f1"] == 1.0
    card = (outcome.checkpoint / "README.md").read_text()
    assert lineage["parent_sha256"][:16] in card
    assert "+0.100 [+0.050, +0.150]" in card


@pytest.mark.slow
def test_what_is_no_better_is_not_kept(tiny_folder, material, tmp_path, monkeypatch):
    monkeypatch.setattr(run_module, "compare", lambda *scores: Verdict(False, "no", -0.1, -0.2, 0.0))
    before = weights_sha256(tiny_folder)
    assert go(tiny_folder, material, tmp_path).checkpoint is None
    assert not (tmp_path / "checkpoint").exists()
    assert json.loads((tmp_path / "comparison.json").read_text())["verdict"]["why_not"] == "no"
    assert weights_sha256(tiny_folder) == before


@pytest.mark.slow
def test_preferences_that_are_there_are_not_drawn_again(tiny_folder, material, tmp_path, monkeypatch):
    monkeypatch.setattr(run_module, "compare", lambda *scores: Verdict(False, "no", 0.0, 0.0, 0.0))
    first = go(tiny_folder, material, tmp_path)
    made = (tmp_path / "preferences.jsonl").read_text()
    assert go(tiny_folder, material, tmp_path).counts == first.counts
    assert (tmp_path / "preferences.jsonl").read_text() == made


def test_another_refinement_in_the_same_place_is_refused(tiny_folder, material, tmp_path):
    (tmp_path / "refinement.json").write_text("{}")
    with pytest.raises(UsageError, match="other settings"):
        go(tiny_folder, material, tmp_path)


def test_too_few_preferences_are_refused(tiny_folder, material, tmp_path):
    with pytest.raises(InputError, match="too few"):
        go(tiny_folder, Material((), material.watched, material.compared), tmp_path)


def test_songs_are_held_out_whole_where_there_are_enough(song):
    by_song = [[make_task(song, f"{number} {part}") for part in range(2)] for number in range(5)]
    material = Material.of_songs(by_song, seed=0)
    assert {task.name for task in material.compared} == {"0 0", "0 1", "4 0", "4 1"}
    assert len(material.sampled) == 6


def test_of_one_song_the_last_bars_are_held_out(song):
    material = Material.of_songs([[make_task(song, str(part)) for part in range(5)]], seed=0)
    assert {task.name for task in material.compared} == {"3", "4"}
    with pytest.raises(InputError, match="too few bars"):
        Material.of_songs([[make_task(song)]], seed=0)


def test_a_model_is_kept_as_varied_as_its_parent(tiny_checkpoint, preferences, song, tmp_path, monkeypatch):
    """Its diversity is taken to fall with the scale of its last norm; the parent's is a tenth more than its own."""

    def judge(playing, *others):
        is_parent = playing is tiny_checkpoint
        diversity = 1.1 if is_parent else 2.0 - float(playing.weights["model.norm.weight"].mean())
        return {"score": 0.0 if is_parent else 1.0, "diversity": diversity}

    monkeypatch.setattr(training_module, "judge", judge)
    model, log = refine_model(
        tiny_checkpoint, preferences, [make_task(song)], tmp_path, replace(PLAN, learning_rate=1e-5)
    )
    assert log[1]["scale"] == pytest.approx(0.9, abs=0.01)
    assert log[1]["diversity"] == pytest.approx(1.1, abs=0.01)
    assert float(model.model.norm.weight.detach().mean()) == pytest.approx(0.9, abs=0.01)
