"""Training: the contents of windows, the counted tokens, and that a resumed run equals an uninterrupted one."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import LlamaForCausalLM

from symbolic_cover.core.errors import UsageError
from symbolic_cover.corpus.shards import Shard, split_of
from symbolic_cover.training.dataset import IGNORED_LABEL, Vocabulary, WindowDataset, _song_weights
from symbolic_cover.training.optimizer import MuonWithAdamW
from symbolic_cover.training.train import MODELS_FOLDER, TrainingPlan, build_model, train
from tests.corpus.small import TOKENIZER, prepared_songs


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    return prepared_songs(tmp_path_factory.mktemp("shards"))


def dataset(shards, **kwargs) -> WindowDataset:
    options = {"context": 256, "length": 32, "seed": 3} | kwargs
    return WindowDataset(Shard.load(shards / "train"), Vocabulary.load(shards), **options)


def test_items_depend_on_seed_and_index_alone(shards):
    one, two = dataset(shards), dataset(shards, length=1000)
    for index in (0, 7, 31):
        assert torch.equal(one[index]["input_ids"], two[index]["input_ids"])
    assert not torch.equal(one[0]["input_ids"], dataset(shards, seed=4)[0]["input_ids"])


def test_only_the_arrangement_and_the_ends_of_bars_are_counted(shards):
    windows = dataset(shards, augment=False)
    item = windows[0]
    names = TOKENIZER.names(item["input_ids"].tolist())
    counted = (item["labels"] != IGNORED_LABEL).tolist()
    inside = False
    for position, (name, counts) in enumerate(zip(names, counted, strict=True)):
        if name.startswith("Bar_"):
            assert counts == (position > 4)
            inside = False
        elif name == "PAD_None":
            assert not counts
        elif name != "EOS_None":
            assert counts == inside
        if name == "Section_arrangement":
            inside = True
    ends = [TOKENIZER[int(label)] for name, label in zip(names, item["labels"].tolist(), strict=True)
            if name.startswith(("Bar_", "EOS")) and label != IGNORED_LABEL]  # fmt: skip
    assert set(ends) == {"Bar_inner"}


def test_now_and_then_the_style_is_left_open(shards):
    windows = dataset(shards, length=200)
    styles = [TOKENIZER[int(windows[i]["input_ids"][1])] for i in range(200)]
    assert set(styles) == {"Style_pop-piano", "Style_any"}
    assert 0.03 < styles.count("Style_any") / 200 < 0.2


def test_a_lead_part_without_its_melody_is_left_to_the_model(tmp_path):
    choir = prepared_songs(tmp_path, "hymn", "choir")
    windows = dataset(choir, length=60, context=512)
    sung = 0
    for i in range(60):
        item = windows[i]
        names = TOKENIZER.names(item["input_ids"].tolist())
        bars = " ".join(names).split("Bar_")[1:]
        for bar in bars[:-1]:
            x, y = bar.split("Section_arrangement")
            if "Section_" not in x:
                continue  # now and then nothing of the song is shown
            assert ("Section_melody" in x) != ("Part_soprano" in y)
            sung += "Part_soprano" in y
            assert y.index("Part_soprano") < y.index("Part_alto") if "Part_soprano" in y else True
    assert sung > 10


def test_small_styles_are_drawn_more_often_than_their_share():
    lengths = [90, 10]
    shard = Shard(
        np.zeros(0), np.zeros((100, 4)), np.array([0, *np.cumsum(lengths)]),
        np.array([[1, 2, 3, 4], [1, 9, 3, 4]]), np.zeros(2), np.zeros(2),
    )  # fmt: skip
    assert _song_weights(shard) == pytest.approx([0.75, 0.25])


def test_fidelities_are_shown_in_turn_without_augmentation(shards):
    windows = dataset(shards, augment=False)
    shown = [
        {n for n in TOKENIZER.names(windows[i]["input_ids"].tolist()) if n.startswith("Section")} for i in range(3)
    ]
    assert shown[0] == {"Section_chords", "Section_melody", "Section_arrangement"}
    assert shown[1] == shown[0] | {"Section_bass"}
    assert "Section_texture" in shown[2]


def test_transposition_keeps_intervals_and_turns_chords(shards):
    vocabulary = Vocabulary.load(shards)
    ids = np.array(TOKENIZER.ids(["ChordRoot_11", "ChordBass_2", "Pitch_60", "Position_60", "Duration_6"]))
    moved = TOKENIZER.names(vocabulary.transposed(ids, 3))
    assert moved == ["ChordRoot_2", "ChordBass_5", "Pitch_63", "Position_60", "Duration_6"]


def test_most_windows_are_in_their_home_key(shards):
    shard = Shard.load(shards / "train")
    away = shard._replace(steps_home=np.full_like(shard.steps_home, -3))
    low, high = Vocabulary.load(shards).pitch

    def lowest(shard: Shard, augment: bool) -> list[int]:
        options = {"context": 256, "length": 200, "seed": 3, "augment": augment}
        windows = WindowDataset(shard, Vocabulary.load(shards), **options)
        ids = [windows[i]["input_ids"].numpy() for i in range(60)]
        return [int(row[(row >= low) & (row < high)].min()) for row in ids]

    at_home, moved = (np.array(lowest(one, augment=False)) for one in (shard, away))
    assert set(at_home - moved) == {3}
    augmented = np.array(lowest(away, augment=True)) - np.array(lowest(shard, augment=True))
    assert set(augmented.tolist()) <= {-3, 9, -15}  # the same draws, three semitones lower, an octave off at the edge


def test_splits_are_fixed_by_name():
    splits = [split_of(f"pop909:{i:03d}") for i in range(1000)]
    assert splits == [split_of(f"pop909:{i:03d}") for i in range(1000)]
    assert 0.02 < splits.count("valid") / 1000 < 0.06
    assert 0.04 < splits.count("test") / 1000 < 0.10


@pytest.mark.slow
def test_a_stopped_run_ends_where_an_unbroken_one_does(shards, tmp_path):
    plan = TrainingPlan.load("tiny")
    whole = train(shards, tmp_path / "whole", plan, precision="fp32")
    # The first half is a run of the same plan cut off at its first checkpoint.
    import shutil

    shutil.copytree(tmp_path / "whole" / "checkpoint-10", tmp_path / "half" / "checkpoint-10")
    # Its second one was cut short while it was written, and is passed over.
    for number, name in enumerate(("model.safetensors", "optimizer.pt", "trainer_state.json"), start=11):
        cut = tmp_path / "half" / f"checkpoint-{number}"
        shutil.copytree(tmp_path / "whole" / "checkpoint-10", cut)
        data = (cut / name).read_bytes()
        (cut / name).write_bytes(data[: len(data) // 2])
    sampled: list[int] = []
    resumed = train(shards, tmp_path / "half", plan, precision="fp32", sample=lambda model, step: sampled.append(step))
    assert resumed["eval_loss"] == pytest.approx(whole["eval_loss"], abs=1e-5)
    weights = [LlamaForCausalLM.from_pretrained(tmp_path / run / "final").state_dict() for run in ("whole", "half")]
    for name, tensor in weights[0].items():
        torch.testing.assert_close(tensor, weights[1][name], atol=1e-3, rtol=1e-3)
    assert sampled[0] == 20
    log = [json.loads(line) for line in (tmp_path / "whole" / "log.jsonl").read_text().splitlines()]
    losses = [line["eval_loss"] for line in log if "eval_loss" in line]
    assert losses[-1] < losses[0]


def test_muon_turns_the_matrices_and_adamw_the_rest(shards):
    model = build_model(TrainingPlan.load("tiny"), Vocabulary.load(shards))
    optimizer = MuonWithAdamW(
        model, edge=[*model.get_input_embeddings().parameters()], matrix_rate=6e-3, rate=2e-3, weight_decay=0.0
    )
    rates = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
    for name, parameter in model.named_parameters():
        assert rates[id(parameter)] == (6e-3 if "proj" in name else 2e-3)
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    ids = torch.arange(2, 60)[None]
    model(input_ids=ids, labels=ids).loss.backward()
    optimizer.step()
    for name, parameter in model.named_parameters():
        change = (parameter.detach() - before[name]).double()
        if parameter.ndim == 2 and "proj" in name:  # every direction of an orthogonal update counts about alike
            singular = torch.linalg.svdvals(change)
            assert change.square().mean().sqrt() == pytest.approx(0.2 * 6e-3, rel=0.35)
            assert singular[len(singular) // 2] > 0.4 * singular[0]
        else:
            assert change.abs().max() <= 2e-3 * 1.01


@pytest.mark.slow
def test_samples_are_written_at_evaluations(shards, tmp_path):
    from symbolic_cover.training.samples import sampler_for

    train(shards, tmp_path / "run", TrainingPlan.load("tiny"), sample=sampler_for(shards, tmp_path / "samples"))
    assert {path.name for path in (tmp_path / "samples").glob("*.mid")} == {"step-000010.mid", "step-000020.mid"}
    assert json.loads((tmp_path / "samples" / "step-000020.json").read_text())["melody_retention"] == 1.0


@pytest.mark.slow
def test_two_processes_share_the_batches(shards, tmp_path):
    """`torchrun` trains the same model as one process, and writes it once."""
    torchrun, command = (Path(sys.executable).with_name(name) for name in ("torchrun", "symbolic-cover"))
    asked = ["train", "--data", str(shards), "--preset", "tiny", "--quiet"]
    alone, shared = tmp_path / "alone", tmp_path / "shared"
    subprocess.run([command, *asked, "--out", alone], check=True)
    subprocess.run([torchrun, "--nproc_per_node", "2", "--no-python", command, *asked, "--out", shared], check=True)
    losses = []
    for out in (alone, shared):
        log = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
        losses.append([line["eval_loss"] for line in log if "eval_loss" in line])
        assert (out / "final" / "model.safetensors").is_file()
    assert losses[1] == pytest.approx(losses[0], abs=0.02)


def test_a_plan_can_be_a_file_of_ones_own(tmp_path):
    own = tmp_path / "own.toml"
    own.write_text((MODELS_FOLDER / "tiny.toml").read_text().replace("steps = 20", "steps = 3"))
    assert TrainingPlan.load(str(own)).steps == 3
    own.write_text("steps = 3")
    with pytest.raises(UsageError, match="layers"):
        TrainingPlan.load(str(own))


def test_base_is_a_model_for_a_card(shards):
    model = build_model(TrainingPlan.load("base"), Vocabulary.load(shards))
    assert 20e6 < model.num_parameters() < 40e6


def test_wrong_requests_are_refused(tmp_path):
    with pytest.raises(UsageError, match="no shards"):
        train(tmp_path, tmp_path / "out", TrainingPlan.load("tiny"))
    with pytest.raises(UsageError, match="small"):
        TrainingPlan.load("enormous")


@pytest.mark.slow
def test_training_needs_no_music_library():
    program = "import sys, symbolic_cover.training.train; sys.exit(any(m in sys.modules for m in sys.argv[1:]))"
    libraries = ("miditok", "symusic", "music21", "librosa", "typer", "verovio")
    assert subprocess.run([sys.executable, "-c", program, *libraries]).returncode == 0
