"""Small pieces of music and a tiny checkpoint for all tests."""

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
# What the user who runs the tests has adopted or taught is not looked for.
os.environ["SYMBOLIC_COVER_CHECKPOINTS"] = os.environ["SYMBOLIC_COVER_STYLES"] = os.devnull

import pytest

from symbolic_cover.core.grid import Grid
from symbolic_cover.core.music import Chord, Key, Meter, Note
from symbolic_cover.core.sheet import SongSheet

QUARTER = 12


def make_song(n_bars: int = 4, meter: Meter = Meter(4, 4), bpm: float = 100.0) -> SongSheet:
    """C, A minor, F, G with a melody in quarters, bass on the first beat and a held fifth above it."""
    grid = Grid.steady(n_bars, meter, bpm)
    roots = [(0, "maj"), (9, "min"), (5, "maj"), (7, "maj")]
    melody, bass, texture, chords = [], [], [], []
    for i, bar in enumerate(grid.bars):
        root, quality = roots[i % 4]
        chords.append(Chord(bar.start_tick, bar.end_tick, root, quality, root))
        third = 4 if quality == "maj" else 3
        for beat, step in enumerate((0, third, 7, third)[: meter.bar_tick // QUARTER]):
            melody.append(Note(bar.start_tick + beat * QUARTER, QUARTER, 72 + (root + step) % 12, 90))
        bass.append(Note(bar.start_tick, meter.bar_tick, 36 + root, 70))
        texture.append(Note(bar.start_tick + QUARTER, 2 * QUARTER, 48 + (root + 7) % 12, 60))
    return SongSheet(grid, tuple(melody), tuple(bass), tuple(texture), tuple(chords), Key(0, "major"), "Four chords")


@pytest.fixture
def song() -> SongSheet:
    return make_song()


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the command line in this process; returns (exit code, standard output, standard error)."""
    import logging
    import sys
    import warnings

    from symbolic_cover import cli

    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["symbolic-cover", *map(str, words)])
        logged = logging.root.manager.disable
        try:
            with warnings.catch_warnings(), pytest.raises(SystemExit) as stop:
                cli.main()
        finally:
            logging.disable(logged)  # the program silences libraries for good
        printed = capsys.readouterr()
        return int(stop.value.code or 0), printed.out, printed.err

    return call


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory):
    """A checkpoint of the tiny preset with random weights, saved like a real one."""
    import json

    import torch

    from symbolic_cover.core.styles import load_ensembles, style_names
    from symbolic_cover.tokens.tokenizer import BarTokenizer
    from symbolic_cover.training.dataset import Vocabulary
    from symbolic_cover.training.train import TrainingPlan, build_model, save_checkpoint

    folder = tmp_path_factory.mktemp("tiny")
    ensembles = load_ensembles()
    parts = dict.fromkeys(part.name for ensemble in ensembles.values() for part in ensemble.parts)
    tokenizer = BarTokenizer.build(style_names(), list(ensembles), list(parts))
    tokenizer.save(folder / "tokenizer.json")
    (folder / "vocabulary.json").write_text(json.dumps(tokenizer.vocab))
    torch.manual_seed(0)
    model = build_model(TrainingPlan.load("tiny"), Vocabulary.load(folder))
    save_checkpoint(model, folder, folder / "checkpoint", steps=0)
    return folder / "checkpoint"


@pytest.fixture(scope="session")
def tiny_checkpoint(tiny_folder):
    """The same, loaded like a real one."""
    from symbolic_cover.arrangement.checkpoint import load_checkpoint

    return load_checkpoint(tiny_folder)
