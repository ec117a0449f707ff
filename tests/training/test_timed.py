"""Training by the clock: a portable pack, ten steps with it, and a checkpoint from the result."""

import json
import shutil
import subprocess
import sys
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from symbolic_cover.arrangement.arranger import candidates_by_model
from symbolic_cover.arrangement.checkpoint import load_checkpoint
from symbolic_cover.core.controls import Controls
from symbolic_cover.core.styles import load_style
from symbolic_cover.training.timed import Lease, _schedule, train_for
from symbolic_cover.training.train import TrainingPlan
from tests.corpus.small import prepared_songs

KIT = Path(__file__).parents[2] / "scripts" / "gpu_train"


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    return prepared_songs(tmp_path_factory.mktemp("shards"))


def kit(*words: object, cwd: Path) -> str:
    """Run the kit from a folder where nothing of ours is."""
    done = subprocess.run([sys.executable, KIT, *map(str, words)], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_ten_steps_from_a_pack_make_a_checkpoint_that_plays(shards, tmp_path, song):
    kit("pack", shards, tmp_path / "pack.tar.xz", cwd=tmp_path)
    with tarfile.open(tmp_path / "pack.tar.xz") as archive:
        names = archive.getnames()
    assert {"scripts/gpu_train", "corpus/vocabulary.json", "corpus/train/tokens.npy", "corpus/valid/songs.npy"} <= set(
        names
    )
    assert "symbolic_cover/presets/models/tiny.toml" in names
    assert not any(name.endswith((".safetensors", ".sf2")) or "/test/" in name for name in names)
    kit("run", "pack.tar.xz", "out", "--preset", "tiny", "--steps", 10, "--workers", 0, cwd=tmp_path)
    last = json.loads((tmp_path / "out/log.jsonl").read_text().splitlines()[-1])
    assert last["step"] == 10
    assert 0 < last["valid"] < 8
    kit("merge", "out", shards, "checkpoint", "--preset", "tiny", cwd=tmp_path)
    checkpoint = load_checkpoint(tmp_path / "checkpoint")
    assert checkpoint.facts["plan"]["steps"] == 10
    (candidate,) = candidates_by_model(checkpoint, song, load_style("pop-piano"), Controls(candidates=1))
    assert len(candidate.notes) > len(song.melody)


def test_a_run_goes_on_from_weights(shards, tmp_path):
    plan = replace(TrainingPlan.load("tiny"), warmup_steps=1)
    lease = Lease(minutes=10, steps=6, workers=0)
    first = train_for(shards, tmp_path / "one", plan, lease)
    shutil.copy(shards / "tokenizer.json", tmp_path / "one/weights")
    again = train_for(shards, tmp_path / "two", plan, lease, start_from=tmp_path / "one/weights")
    assert again["loss"] < first["loss"]


def test_time_that_is_up_ends_the_run_and_saves_it(shards, tmp_path):
    told = train_for(shards, tmp_path, TrainingPlan.load("tiny"), Lease(minutes=0.0, workers=0))
    assert told["step"] == 0
    assert (tmp_path / "weights/model.safetensors").is_file()


def test_the_rate_warms_up_stays_and_falls():
    plan = replace(TrainingPlan.load("tiny"), warmup_steps=10, decay_share=0.5)
    assert _schedule(0.0, 0, plan) == pytest.approx(0.1)
    assert _schedule(0.3, 50, plan) == 1.0
    assert _schedule(0.75, 50, plan) == pytest.approx(0.5)
    assert _schedule(1.0, 50, plan) == pytest.approx(0.01)


def test_seeds_decide(shards, tmp_path):
    plan, lease = TrainingPlan.load("tiny"), Lease(minutes=10, steps=3, workers=0)
    one, two = (train_for(shards, tmp_path / name, plan, lease)["loss"] for name in ("one", "two"))
    assert one == two
    assert torch.initial_seed() == 0
