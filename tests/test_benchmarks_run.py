"""Every benchmark runs from beginning to end, on a synthetic library, corpus and weights."""

from __future__ import annotations

import csv
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import symusic

from symbolic_cover.corpus.prepare import Choice, prepare
from symbolic_cover.corpus.shards import split_of
from symbolic_cover.library.catalogue import load_catalogue
from symbolic_cover.library.collect import collect_from
from symbolic_cover.library.index import COLUMNS, write_table
from tests.conftest import make_song
from tests.refining.conftest import blocks, make_task

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parents[1] / "benchmarks"
#: What no test can run, and why.
NOT_RUN = {"listening/listening_madmom.py": "madmom's models are for non-commercial use and no part of this project"}
#: How each is called, and what its output then holds.
CALLS = {
    "archive/formulation.py": (
        "{corpus} --steps 1 --batch 1 --context 64 --excerpts 3 --only 'tune in Y too' note-offs",
        "| note-offs | ",
    ),
    "archive/returning.py": ("{corpus} --songs 1", "| lied | 1 | "),
    "archive/songs.py": (
        "{library} --songs 1 --candidates 1 --workers 1 --checkpoint {checkpoint}",
        "full bars and the same notes: 1 of 1.",
    ),
    "arranging/arrangement.py": (
        "{corpus} --checkpoint {checkpoint} --styles pop-piano --segments 1 --real 2 --candidates 1 --processes 1",
        "## pop-piano",
    ),
    "arranging/controls.py": (
        "{corpus} --checkpoint {checkpoint} --segments 1",
        "| tempo | 0.7, 1.0, 1.4 | 0.70, 1.00",
    ),
    "arranging/decoding.py": ("--checkpoint {checkpoint} --corpus {corpus}", "nats a token"),
    "arranging/judge.py": (
        "{corpus} --checkpoint {checkpoint} --styles pop-piano --split train --segments 4 --fewest 2 --candidates 1",
        "| pop-piano | 4 (",
    ),
    "arranging/lanes.py": (
        "{corpus} --checkpoint {checkpoint} --styles pop-piano --split train --songs 1 --candidates 1 --fewest 6",
        "| pop-piano | | two - one | ",
    ),
    "arranging/learn_style.py": (
        "{corpus} {songs}/Ska --checkpoint {checkpoint} --songs 5 --steps 2 --segments 1 --real 2 --candidates 1",
        "Nearest style: ",
    ),
    "arranging/learn_style_songs.py": (
        "{library} {corpus} --groove Ska --mma {mma} --out {out}",
        "7 of 7 songs as Ska",
    ),
    "arranging/refining.py": ("{refinement}", "# Refining by preferences"),
    "corpus/degradation.py": (
        "{library} --index {index} --pieces 10 --seconds 4 --cache {out} --fit {out}/errors.toml",
        "## band: held-out excerpts",
    ),
    "corpus/pairs.py": ("{corpus} --pairs 1 --out {out}", "pairs-1.png"),
    "corpus/preparing.py": ("{library} {corpus} --pieces 1 --workers 1 --sizes 10", "| 10 | "),
    "evaluating/findings.py": ("{corpus} --checkpoint {checkpoint} --pieces 1", "| unplayable | "),
    "evaluating/memorisation.py": ("{corpus} --checkpoint {checkpoint} --planted 2 --bars 2", "| held out | rules | "),
    "correcting/downbeats.py": ("{recordings} --sheets {out}", "| tones | "),
    "correcting/studio.py": (
        "{tune} --checkpoint {checkpoint} --times 1 --readers 3 --correctors 2 --corrections 2",
        "| corrections lost | 0 |",
    ),
    "listening/abc.py": ("{tune}", "| ours | 1 |"),
    "listening/keys.py": ("{library} --count 20 --fit {out}/keys.toml", "keys.toml"),
    "listening/melody.py": ("{library} --songs 1 --cache {out}", "test, 1 songs"),
    "listening/midi.py": ("--performed {library}/pop909 --written {library}/pop909_cl --limit 2", "performed MIDI (2)"),
    "listening/quantizing.py": ("{library} --count 4", "| 15 ms, graces | "),
    "listening/real.py": ("{recordings} --pictures {out}", "| tones | ours | "),
    "listening/recorded.py": ("{recordings}", "| tones | 8 | 0."),
    "listening/synthetic.py": ("{library} --recordings {out} --count 1 --processes 1", "1 recordings of 40 s."),
    "notation/pages.py": ("{out} --ensembles choir band --checkpoint rules", "band"),
    "heard.py": ("{library} --checkpoint {checkpoint} --count 1", "| true, heard melody | 0."),
    "tables.py": ("--list", "arranging/judge.md: left as it is, needs CORPUS"),
    "many.py": ("--counts 2 --workers 1", "| 2 | "),
    "notation/difficulty.py": ("{library} --songs 1 --people 1 --checkpoint rules", "| beginner | "),
    "notation/people.py": ("{library} --most 2", "[choir]"),
    "notation/readers.py": ("{library} --styles pop-piano --checkpoint rules", "| pop-piano | "),
    "notation/scores.py": ("{library} --checkpoint rules", "Satisfied, of 3: schema 3, music21 3, verovio 3"),
    "speed.py": ("{short} --styles pop-piano --candidates 1 --runs 1", "| short | pop-piano | ours | "),
    "sound/expression.py": ("{library} {corpus}", "| pop piano, tune | velocity | 2 | "),
    "sound/expression_fit.py": ("{library} {corpus} --out {out}/measured.toml", ""),
    "sound/rendering.py": ("--song {short} --styles pop-piano --longest 20", "| 20 s of the last | "),
}
BPM, BARS, QUARTER = 200, 17, 480
SPLITS = {"train": 5, "valid": 1, "test": 1}
#: Of each dataset, who plays what with which program (-1: drums).
PLAYERS = {
    "bach_chorales_cc0": {
        "Soprano": ("melody", 52), "Alto": ("alto", 52), "Tenor": ("tenor", 52), "Bass": ("bass", 52),
    },
    "openscore_quartets": {
        "Violin 1": ("melody", 40), "Violin 2": ("alto", 40), "Viola": ("tenor", 41), "Cello": ("bass", 42),
    },
    "openscore_lieder": {"Voice": ("melody", 0), "Piano": ("stacks", 0), "Piano, left": ("bass", 0)},
    "openewld_pd": {"MELODY": ("melody", 73), "chords": ("chords", 0)},
    "copyleft_mma_styles": {
        "Melody": ("melody", 65), "Chords": ("stacks", 0), "Bass": ("bass", 33), "Drums": ("drums", -1),
    },
}  # fmt: skip
GROOVES = ("rock", "pop", "funk", "latin", "jazz")


class Beat(NamedTuple):
    """A note of a part: where and how long, in quarters."""

    at: float
    length: float
    pitch: int
    velocity: int


def parts_of(seed: int, swing: float = 0.5) -> dict[str, list[Beat]]:
    """A melody and parts beneath it, all drawn at random from chords of C major, a bar each."""
    rng = np.random.default_rng(seed)
    parts: dict[str, list[Beat]] = {
        name: [] for name in ("melody", "alto", "tenor", "bass", "stacks", "chords", "drums")
    }
    for bar in range(BARS):
        root, third = ((0, 4), (9, 3), (5, 4), (7, 4))[rng.integers(4)]
        tones, at = (root, root + third, root + 7), 4 * bar
        for beat in range(4):
            loud = int(rng.integers(50, 100))
            parts["melody"].append(Beat(at + beat, 1, 72 + int(rng.choice((0, 2, 4, 5, 7, 9, 11))), loud))
            parts["bass"].append(Beat(at + beat, 1, 36 + int(rng.choice(tones)), loud))
            parts["drums"].append(Beat(at + beat, 0.25, 38 if beat % 2 else 36, loud))
            parts["drums"] += [Beat(at + beat + half, 0.25, 42, loud - 20) for half in (0, swing)]
        for half in (0, 2):
            parts["alto"].append(Beat(at + half, 2, 60 + int(rng.choice(tones)) % 12, 70))
            parts["tenor"].append(Beat(at + half, 2, 48 + int(rng.choice(tones)) % 12, 70))
            parts["stacks"] += [Beat(at + half, 2, 55 + (tone - 7) % 12, 60) for tone in tones]
        parts["chords"] += [Beat(at, 4, 48 + tone, 80) for tone in tones]
    return parts


def write(path: Path, players: dict[str, tuple[str, int]], seed: int, swing: float = 0.5) -> None:
    """A MIDI file of players, each with a part and a program (-1: drums)."""
    score, parts = symusic.Score(QUARTER), parts_of(seed, swing)
    score.tempos.append(symusic.Tempo(0, BPM))
    score.time_signatures.append(symusic.TimeSignature(0, 4, 4))
    for name, (part, program) in players.items():
        track = symusic.Track(name, max(program, 0), program < 0)
        track.notes.extend([
            symusic.Note(round(QUARTER * at), round(QUARTER * length), pitch, velocity)
            for at, length, pitch, velocity in parts[part]
        ])  # fmt: skip
        score.tracks.append(track)
    path.parent.mkdir(parents=True, exist_ok=True)
    score.dump_midi(path)


def names_for(dataset: str) -> Iterator[tuple[str, str]]:
    """Names of pieces of a dataset, and their split groups, as many in each split as `SPLITS` says."""
    left, prefix = dict(SPLITS), load_catalogue()[dataset].group or dataset
    for number in range(1, 1000):
        group = f"{prefix}:{number:03d}"
        if left[split := split_of(group)]:
            left[split] -= 1
            yield f"{number:03d}", group


def write_pop909(unpacked: Path, name: str, seed: int) -> None:
    """A song as POP909-CL has it, and as POP909 has it: as played at another tempo, with pedal, beats and chords."""
    parts = parts_of(seed)
    gridded, named = symusic.Score(QUARTER), symusic.Score(QUARTER)
    gridded.time_signatures.append(symusic.TimeSignature(0, 4, 4))
    named.tempos.append(symusic.Tempo(0, BPM))
    rng = np.random.default_rng(seed)
    piano, chords = symusic.Track("piano"), symusic.Track("chords")
    for name_of, of in (("MELODY", ("melody",)), ("BRIDGE", ("alto",)), ("PIANO", ("bass", "stacks"))):
        track = symusic.Track(name_of)
        for at, length, pitch, velocity in (beat for part in of for beat in parts[part]):
            start, duration = round(QUARTER * at), round(QUARTER * length)
            piano.notes.append(symusic.Note(start, duration, pitch, velocity))
            track.notes.append(symusic.Note(start + 300 + int(rng.integers(40)), duration - 60, pitch, velocity))
        named.tracks.append(track)
    chords.notes.extend([symusic.Note(*(round(QUARTER * x) for x in beat[:2]), *beat[2:]) for beat in parts["chords"]])
    gridded.tracks = [piano, chords]
    (unpacked / "pop909_cl").mkdir(parents=True, exist_ok=True)
    gridded.dump_midi(unpacked / "pop909_cl" / f"{name}.mid")
    bars = [300 + 4 * QUARTER * bar for bar in range(BARS)]
    for bar in bars:
        named.tracks[2].controls.extend(
            [symusic.ControlChange(bar - 40, 64, 0), symusic.ControlChange(bar + 40, 64, 127)]
        )
    folder = unpacked / "pop909" / name
    folder.mkdir(parents=True)
    named.dump_midi(folder / f"{name}.mid")
    beats = [(300 / QUARTER + beat) * 60 / BPM for beat in range(4 * BARS)]
    (folder / "beat_midi.txt").write_text("".join(f"{sec:.3f} 0.0\n" for sec in beats))
    (folder / "beat_audio.txt").write_text("".join(f"{sec:.3f} {float(i % 4 == 0)}\n" for i, sec in enumerate(beats)))
    (folder / "chord_midi.txt").write_text("".join(f"{sec:.3f} {sec + 2:.3f} C:maj\n" for sec in beats[::4]))
    (folder / "key_audio.txt").write_text("0.0 40.0 C:maj\n")


def write_grooves(folder: Path) -> None:
    """Beats of the Groove dataset: one in each style that is measured, and some of the test split."""
    rows = [(style, split) for split in ("train", "test") for style in GROOVES]
    table = [("style", "bpm", "beat_type", "time_signature", "midi_filename", "split")]
    for number, (style, split) in enumerate(rows):
        name = f"drummer1/{number}_{style}_{BPM}_beat_4-4.mid"
        table.append((f"{style}/groove", str(BPM), "beat", "4-4", name, split))
        path = folder / name.replace("/", "__")
        write(path, {"Drums": ("drums", -1)}, number, swing=2 / 3 if style == "jazz" else 0.5)
    with (folder / "info.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(table)


def make_library(folder: Path) -> Path:
    """A collected library with all datasets that the benchmarks ask for."""
    unpacked, rows = folder / "unpacked", []
    for dataset, players in PLAYERS.items():
        label = load_catalogue()[dataset].default_label
        for name, group in names_for(dataset):
            path = f"{dataset}/{name}.mid"
            write(unpacked / path, players, len(rows))
            told = {"dataset": dataset, "path": path, "title": name, "style_label": label, "split_group": group}
            rows.append(dict.fromkeys(COLUMNS, "") | told)
            if "chords" in players:
                chords = "".join(f"{4 * bar},4,{('C', 'Am', 'F', 'G')[bar % 4]}\n" for bar in range(BARS))
                (unpacked / path).with_suffix(".chords.csv").write_text("beat,duration,chord\n" + chords)
    for number, (name, _) in enumerate(names_for("pop909_cl"), len(rows)):
        write_pop909(unpacked, name, number)
    write_grooves(unpacked / "groove_drums")
    write_table(rows, unpacked / "INDEX.csv")
    collect_from(unpacked, folder / "library")
    return folder / "library"


def make_checkpoint(corpus: Path, folder: Path) -> Path:
    """The tiny preset with random weights, beside what the corpus says of people."""
    import torch

    from symbolic_cover.training.dataset import Vocabulary
    from symbolic_cover.training.train import TrainingPlan, build_model, save_checkpoint

    torch.manual_seed(0)
    save_checkpoint(build_model(TrainingPlan.load("tiny"), Vocabulary.load(corpus)), corpus, folder, steps=0)
    return folder


def refine_tiny(checkpoint: Path, folder: Path) -> Path:
    """A refinement of a checkpoint on songs of four chords."""
    from symbolic_cover.refining.run import Material, refine
    from symbolic_cover.refining.training import RefinePlan

    song = make_song()
    tasks = [make_task(song, f"song {number}", blocks(song)) for number in range(6)]
    plan = RefinePlan(epochs=1, batch_size=2, evaluate_every=2, watched_candidates=2)
    refine(
        checkpoint, Material(tasks, tasks[:1], tasks[:2]), [], folder, plan=plan, wanted=5, n_candidates=3, n_judged=2
    )
    return folder


def write_tones(folder: Path) -> Path:
    """Eight seconds of a melody of sine tones over a held fifth, and what they are."""
    import soundfile

    folder.mkdir()
    rate_hz, melody = 22050, [(0.5 * i, 0.5 * i + 0.45, 60 + (0, 4, 7, 12, 5, 9, 7, 4)[i % 8]) for i in range(16)]
    sound = np.zeros(8 * rate_hz, np.float32)
    for onset, end, pitch in [*melody, *((2.0 * i, 2.0 * i + 1.9, low) for i in range(4) for low in (36, 43))]:
        time_sec = np.arange(int((end - onset) * rate_hz)) / rate_hz
        tone = np.sin(2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * time_sec) * np.exp(-2 * time_sec)
        sound[int(onset * rate_hz) :][: len(tone)] += 0.2 * tone
    soundfile.write(folder / "tones.wav", sound, rate_hz)
    rows = "".join(f"{onset},{end},{pitch},80\n" for onset, end, pitch in melody)
    (folder / "tones.notes_dtw.csv").write_text("onset,end,pitch,velocity\n" + rows)
    beats = "".join(f"{onset}\t{i % 4 + 1}\n" for i, (onset, _, _) in enumerate(melody))
    (folder / "tones.beats.tsv").write_text("time_sec\tbeat_in_bar\n" + beats)
    return folder


MMA = """import sys, symusic
score, track = symusic.Score(480), symusic.Track("Chord", 26)
track.notes.extend([symusic.Note(240 + 480 * beat, 120, pitch, 70) for beat in range(72) for pitch in (60, 64, 67)])
score.time_signatures.append(symusic.TimeSignature(0, 4, 4))
score.tracks.append(track)
score.dump_midi(sys.argv[sys.argv.index("-f") + 1])
"""


@pytest.fixture(scope="module")
def places(tmp_path_factory) -> dict[str, object]:
    """What the benchmarks are given."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # threads that wait for each other are slow on a busy machine
    root = tmp_path_factory.mktemp("benchmarks")
    library = make_library(root)
    prepare(library, root / "corpus", Choice(only=(*PLAYERS, "pop909_cl"), workers=1))
    checkpoint = make_checkpoint(root / "corpus", root / "tiny")
    with (root / "index.csv").open("w", encoding="utf-8") as file:
        tables = [
            path.read_text(encoding="utf-8").splitlines(keepends=True) for path in sorted(library.glob("*/index.csv"))
        ]
        file.writelines([tables[0][0], *(line for table in tables for line in table[1:])])
    for number, name in enumerate(["learn"] * 6 + ["held-out"] * 6):
        write(root / "Ska" / name / f"{number}.mid", PLAYERS["copyleft_mma_styles"], 1000 + number)
    symusic.Score(root / "Ska" / "learn" / "0.mid").clip(0, 8 * QUARTER).dump_midi(root / "short.mid")
    (root / "mma.py").write_text(MMA)
    made: dict[str, object] = {
        "library": library,
        "corpus": root / "corpus",
        "checkpoint": checkpoint,
        "refinement": refine_tiny(checkpoint, root / "refinement"),
        "recordings": write_tones(root / "recordings"),
        "index": root / "index.csv",
        "songs": root,
        "short": root / "short.mid",
        "tune": FOLDER.parent / "data" / "examples" / "scarborough_fair.abc",
        "mma": shlex.quote(f"{sys.executable} {root / 'mma.py'}"),
    }
    torch.set_num_threads(threads)
    return made


def test_every_benchmark_is_run_or_said_why_not():
    scripts = {
        path.relative_to(FOLDER).as_posix()
        for path in FOLDER.glob("**/*.py")
        if "def main()" in path.read_text(encoding="utf-8")
    }
    assert scripts == {*CALLS, *NOT_RUN}


@pytest.mark.parametrize("script", CALLS)
def test_a_benchmark_runs(script, places, tmp_path):
    words, says = CALLS[script]
    call = [sys.executable, str(FOLDER / script), *shlex.split(words.format(out=tmp_path, **places))]
    quiet = os.environ | {"OMP_WAIT_POLICY": "PASSIVE"}
    run = subprocess.run(call, capture_output=True, text=True, cwd=tmp_path, env=quiet)
    assert run.returncode == 0, run.stderr[-3000:]
    assert says in run.stdout
