"""A user's own style: learned from five small songs, found by name, used by a cover; and errors."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import symusic
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file

from symbolic_cover.app.cover import cover
from symbolic_cover.arrangement.adapter import load_for_style, weights_sha256
from symbolic_cover.arrangement.checkpoint import load_checkpoint
from symbolic_cover.core.errors import InputError, UsageError
from symbolic_cover.core.styles import load_ensembles, load_style, style_names, user_styles
from symbolic_cover.corpus.own import STYLE, _held_out, prepare_own
from symbolic_cover.corpus.prepare import OPEN_STYLES
from symbolic_cover.corpus.shards import Shard
from symbolic_cover.evaluation.human_range import load_ranges
from symbolic_cover.tokens.tokenizer import BarTokenizer
from symbolic_cover.training.adapter import AdapterPlan
from symbolic_cover.training.dataset import Vocabulary
from symbolic_cover.training.own_style import StyleRequest, learn_style, nearest_style
from symbolic_cover.training.train import TrainingPlan, build_model, save_checkpoint

PLAN = AdapterPlan(rank=4, steps=8, batch_size=2, learning_rate=2e-2, warmup_steps=1, evaluate_every=4, windows=2)


def write_song(path, seed: int) -> None:
    """Sixteen bars for piano: a melody of its own over broken chords."""
    rng = np.random.default_rng(seed)
    score = symusic.Score(480)
    score.time_signatures.append(symusic.TimeSignature(0, 4, 4))
    score.tempos.append(symusic.Tempo(0, 110))
    track = symusic.Track(name="Piano", program=0)
    for bar in range(16):
        root = (0, 9, 5, 7)[int(rng.integers(4))]
        for beat in range(4):
            tick = (4 * bar + beat) * 480
            track.notes.append(symusic.Note(tick, 480, 72 + int(rng.choice([0, 2, 4, 5, 7, 9, 11])), 90))
            for half, step in enumerate((0, 7)):
                track.notes.append(symusic.Note(tick + 240 * half, 240, 48 + root + step, 60))
    score.tracks.append(track)
    score.dump_midi(str(path))


@pytest.fixture(scope="module")
def songs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("songs")
    for seed in range(6):
        write_song(folder / f"song {seed}.mid", seed)
    return folder


@pytest.fixture(scope="module")
def base(tmp_path_factory, songs):
    """A tiny checkpoint with random weights and a token for a user's style."""
    folder = tmp_path_factory.mktemp("base")
    ensembles = load_ensembles()
    parts = dict.fromkeys(part.name for ensemble in ensembles.values() for part in ensemble.parts)
    BarTokenizer.build([*OPEN_STYLES, *style_names()], list(ensembles), list(parts)).save(folder / "tokenizer.json")
    vocabulary = folder / "vocabulary.json"
    vocabulary.write_text(json.dumps(BarTokenizer.load(folder).vocab))
    torch.manual_seed(0)
    model = build_model(TrainingPlan.load("tiny"), Vocabulary.load(folder))
    save_checkpoint(model, folder, folder / "tiny-base", steps=0)
    return folder / "tiny-base"


@pytest.fixture(scope="module")
def made(tmp_path_factory, songs, base):
    """A learned style, and the folder of styles that has it."""
    home = tmp_path_factory.mktemp("styles")
    told = []
    request = StyleRequest(songs, "mine", like="ragtime", title='Mine "and" yours', licence="CC0-1.0")
    style = learn_style(request, checkpoint=base, into=home, plan=PLAN, progress=lambda *what: told.append(what))
    assert {stage for stage, _ in told} == {"prepare", "learn"}
    return style


@pytest.fixture
def mine(monkeypatch, made):
    monkeypatch.setenv("SYMBOLIC_COVER_STYLES", str(made.folder.parent))
    return made


def test_a_style_is_learned_and_says_how(mine, base):
    assert mine.learned.loss < mine.learned.loss_before
    assert 0 < mine.learned.step <= PLAN.steps
    assert (mine.corpus.songs, mine.corpus.held_out, mine.corpus.ensemble) == (6, 1, "solo-piano")
    names = {path.name for path in mine.folder.iterdir()}
    assert names == {"README.md", "adapter_config.json", "adapter_model.safetensors", "human_range.safetensors",
                     "sources.json", "style.toml", "training.json"}  # fmt: skip
    style = load_style("mine")
    assert (style.title, style.ensemble.name, style.manner) == ('Mine "and" yours', "solo-piano", "ragtime")
    lineage = json.loads((mine.folder / "training.json").read_text())
    assert lineage["weights"] == weights_sha256(base)
    assert lineage["loss"] == mine.learned.loss
    assert set(load_ranges(mine.folder)) == {STYLE}
    for path in mine.folder.iterdir():
        assert str(base.parent).encode() not in path.read_bytes()  # to be shared: no paths of this machine


def test_the_adapted_model_is_another_and_only_for_its_style(mine, base):
    plain, same, other = load_checkpoint(base), load_for_style(base, "ragtime"), load_for_style(base, "mine")
    assert "mine" in other.tokenizer.styles
    assert "mine" in other.human
    assert "mine" not in plain.tokenizer.styles
    ids = torch.tensor([plain.tokenizer.ids(plain.tokenizer.header("ragtime", "full", "solo-piano"))])
    with torch.inference_mode():
        before, untouched, after = (one.model(ids).logits for one in (plain, same, other))
    assert torch.equal(before, untouched)
    assert not torch.allclose(before, after, atol=1e-4)
    own, like = (plain.tokenizer.vocab[f"Style_{name}"] for name in ("own", "ragtime"))
    rows = other.model.get_input_embeddings().weight
    assert not torch.equal(rows[own], plain.model.get_input_embeddings().weight[own])
    assert torch.equal(rows[like], plain.model.get_input_embeddings().weight[like])


def test_the_weights_are_those_that_peft_merges(mine, base):
    merged = PeftModel.from_pretrained(load_checkpoint(base).model, mine.folder, local_files_only=True)
    wanted = merged.merge_and_unload().state_dict()
    for name, values in load_for_style(base, "mine").weights.items():
        torch.testing.assert_close(torch.from_numpy(values), wanted[name], atol=1e-6, rtol=1e-5)


@pytest.mark.slow
def test_a_cover_is_played_in_it_and_survives_renaming(mine, base, songs, monkeypatch, tmp_path):
    made = cover(songs / "song 0.mid", "mine", checkpoint=base)
    assert made.arrangement.style == "mine"
    assert made.arrangement.manner == "ragtime"
    assert made.arrangement.arranger == "tiny-base with mine"
    assert made.report.scores["cover"]["melody_retention"] == 1.0
    shutil.copytree(mine.folder, tmp_path / "theirs")
    monkeypatch.setenv("SYMBOLIC_COVER_STYLES", str(tmp_path))
    again = cover(songs / "song 0.mid", "theirs", checkpoint=base)
    assert again.arrangement.parts == made.arrangement.parts


def test_other_weights_and_missing_files_are_refused(mine, base, monkeypatch, tmp_path):
    with pytest.raises(UsageError, match="There is no checkpoint 'tiny-base'"):
        cover("no-matter.mid", "mine")
    style = tmp_path / "mine"
    shutil.copytree(mine.folder, style)
    monkeypatch.setenv("SYMBOLIC_COVER_STYLES", str(tmp_path))
    (style / "adapter_model.safetensors").unlink()
    with pytest.raises(UsageError, match="lacks adapter_model"):
        load_for_style(base, "mine")
    preset = style / "style.toml"
    preset.write_text(preset.read_text().replace(weights_sha256(base), "0" * 64))
    with pytest.raises(UsageError, match="learned on weights other than"):
        load_for_style(base, "mine")
    preset.write_text('title = "Mine"')
    with pytest.raises(UsageError, match="lacks: ensemble, like, checkpoint, weights"):
        load_style("mine")
    preset.write_text("title = ")
    with pytest.raises(UsageError, match="cannot be read"):
        load_style("mine")


@pytest.mark.parametrize(
    ("line", "wrong", "says"),
    [
        ('ensemble = "solo-piano"', 'ensemble = "kazoos"', "an unknown ensemble, 'kazoos'"),
        ('checkpoint = "tiny-base"', 'checkpoint = "../elsewhere"', "files outside its folder"),
        ('checkpoint = "tiny-base"', 'checkpoint = "tiny-base"\n[programs]\nviola = 900', "programs outside 0 to 127"),
    ],
)
def test_a_style_from_elsewhere_names_nothing_that_cannot_be(mine, run, monkeypatch, tmp_path, line, wrong, says):
    style = tmp_path / "theirs"
    shutil.copytree(mine.folder, style)
    monkeypatch.setenv("SYMBOLIC_COVER_STYLES", str(tmp_path))
    preset = style / "style.toml"
    assert line in preset.read_text()
    lines = preset.read_text().split("[programs]")[0].replace(line, "").strip().splitlines()
    preset.write_text("\n".join([*lines, wrong]) + "\n")
    with pytest.raises(UsageError, match=says):
        load_style("theirs")
    code, printed, complained = run("styles")
    assert code == 0
    assert "theirs " not in printed
    assert says in complained


def test_weights_of_another_shape_are_refused(mine, base, monkeypatch, tmp_path):
    style = tmp_path / "mine"
    shutil.copytree(mine.folder, style)
    monkeypatch.setenv("SYMBOLIC_COVER_STYLES", str(tmp_path))
    whole = load_file(style / "adapter_model.safetensors")
    save_file({name: value[:1].contiguous() for name, value in whole.items()}, style / "adapter_model.safetensors")
    with pytest.raises(UsageError, match="damaged or of another shape"):
        load_for_style(base, "mine")
    (style / "adapter_model.safetensors").write_bytes(b"no weights")
    with pytest.raises(UsageError, match="damaged or of another shape"):
        load_for_style(base, "mine")


@pytest.mark.slow
def test_the_command_line_learns_and_lists(mine, base, songs, run, monkeypatch, tmp_path):
    code, _, complaint = run("learn-style", songs, "--name", "mine", "--checkpoint", base)
    assert code == 2
    assert "exists already" in complaint
    code, printed, _ = run("learn-style", songs, "--name", "fresh", "--like", "hymn", "--checkpoint", base,
                           "--steps", 6, "--workers", 1, "--out", tmp_path, "--json")  # fmt: skip
    told = json.loads(printed)
    assert code == 0
    assert (told["style"], told["like"], told["songs"], told["steps"]) == ("fresh", "hymn", 6, 6)
    assert told["loss"] < told["loss as that style"]
    assert [path.name for path in tmp_path.iterdir()] == ["fresh"]
    code, printed, _ = run("styles", "--json")  # though its checkpoint is not shipped
    listed = {one["name"]: one for one in json.loads(printed)}
    assert listed["mine"]["like"] == "ragtime"
    assert listed["mine"]["sources"][0]["licence"] == "CC0-1.0"
    assert listed["hymn"]["folder"] is None
    printed = run("styles", "--checkpoint", base)[1]
    assert "yours, like ragtime" in printed
    assert printed.splitlines()[-1].endswith(str(mine.folder.parent))


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        ({"name": "Mine!"}, "cannot be the name"),
        ({"name": "hymn"}, "There is a style 'hymn' already"),
        ({"name": "any"}, "a style of tiny-base already"),
        ({"name": "new", "like": "polka"}, "There is no style 'polka'"),
        ({"name": "new", "like": "mine"}, "is your own style"),
        ({"name": "new", "ensemble": "kazoos"}, "There is no ensemble"),
        ({"name": "new"}, "has no style profiles"),
    ],
)
def test_what_cannot_be_learned_is_said(mine, base, songs, asked, complaint):
    with pytest.raises(UsageError, match=complaint):
        learn_style(StyleRequest(songs, **asked), checkpoint=base, plan=PLAN)
    assert sorted(user_styles()) == ["mine"]


def test_what_gains_nothing_leaves_nothing(base, songs, tmp_path):
    with pytest.raises(InputError, match="Nothing was gained on held-out songs over the style 'hymn'"):
        learn_style(StyleRequest(songs, "new", like="hymn"), checkpoint=base, into=tmp_path / "styles",
                    plan=replace(PLAN, steps=1, learning_rate=0.0))  # fmt: skip
    assert not (tmp_path / "styles").exists()


def test_a_style_is_replaced_only_when_asked(base, songs, tmp_path):
    (tmp_path / "mine").mkdir()
    with pytest.raises(UsageError, match="exists already"):
        learn_style(StyleRequest(songs, "mine", like="hymn"), checkpoint=base, into=tmp_path, plan=PLAN, again=True)
    (tmp_path / "mine" / "style.toml").write_text('title = "Old"')
    with pytest.raises(UsageError, match="exists already"):
        learn_style(StyleRequest(songs, "mine", like="hymn"), checkpoint=base, into=tmp_path, plan=PLAN)
    learn_style(StyleRequest(songs, "mine", like="hymn"), checkpoint=base, into=tmp_path, plan=PLAN, again=True)
    assert 'title = "Mine"' in (tmp_path / "mine" / "style.toml").read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_too_few_songs_or_none_that_are_music(base, tmp_path):
    tokenizer = BarTokenizer.load(base)
    with pytest.raises(UsageError, match="There is no folder"):
        prepare_own(tmp_path / "nowhere", tmp_path / "out", tokenizer)
    folder = tmp_path / "few"
    folder.mkdir()
    with pytest.raises(UsageError, match="There are no songs"):
        prepare_own(folder, tmp_path / "out", tokenizer)
    write_song(folder / "one.mid", 1)
    with pytest.raises(UsageError, match="There is 1 song"):
        prepare_own(folder, tmp_path / "out", tokenizer)
    for number in range(5):
        (folder / f"broken{number}.mid").write_bytes(b"no music")
    with pytest.raises(InputError, match=r"Only 1 of 6 songs can be learned from. broken0.mid: "):
        prepare_own(folder, tmp_path / "out", tokenizer)


def test_copies_are_left_out_and_whole_songs_held_out(songs, base, tmp_path):
    folder = tmp_path / "songs"
    shutil.copytree(songs, folder)
    shutil.copy(folder / "song 0.mid", folder / "zz copy.mid")
    corpus = prepare_own(folder, tmp_path / "out", BarTokenizer.load(base))
    assert [name for name, _ in corpus.left_out] == ["zz copy.mid"]
    assert corpus.songs == 6
    assert Shard.load(tmp_path / "out" / "train").n_songs == 5
    assert Shard.load(tmp_path / "out" / "valid").n_songs == 1
    assert corpus.bars == 6 * 16


def test_versions_of_a_song_are_held_out_together():
    apart = _held_out(["a", "a", "b", "c", "c", "c", "d", "e", "f", "g"])
    assert 0 < sum(apart) <= 4
    groups = ["a", "a", "b", "c", "c", "c", "d", "e", "f", "g"]
    assert all(len({apart[i] for i, one in enumerate(groups) if one == group}) == 1 for group in groups)


def test_the_nearest_style_has_the_same_players(made):
    shipped = load_checkpoint_of_the_program()
    for name in ("ragtime", "swing"):
        assert nearest_style(shipped.human[name], load_style(name).ensemble.name, shipped) == name
    # Even a band's own profile: among pianos another is nearest.
    assert load_style(nearest_style(shipped.human["swing"], "solo-piano", shipped)).ensemble.name == "solo-piano"


def load_checkpoint_of_the_program():
    from symbolic_cover.arrangement.checkpoint import find_checkpoint

    return load_checkpoint(find_checkpoint())


def test_melodies_alone_teach_no_style(tmp_path, base):
    folder = tmp_path / "melodies"
    folder.mkdir()
    for seed in range(6):
        pitches = np.random.default_rng(seed).integers(60, 80, 64)
        score = symusic.Score(480)
        score.time_signatures.append(symusic.TimeSignature(0, 4, 4))
        track = symusic.Track(name="Melody", program=0)
        track.notes.extend([symusic.Note(480 * beat, 480, int(pitch), 80) for beat, pitch in enumerate(pitches)])
        score.tracks.append(track)
        score.dump_midi(str(folder / f"{seed}.mid"))
    with pytest.raises(InputError, match="no accompaniment to learn from"):
        learn_style(StyleRequest(folder, "flute"), checkpoint=base, into=tmp_path, plan=PLAN)
    assert not (tmp_path / "flute").exists()
