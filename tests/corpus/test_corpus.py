"""A small synthetic POP909: tracks in performed time, one corrected track on the grid; from files to shards."""

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import symusic

from symbolic_cover import cli
from symbolic_cover.analysis.hands import unplayable_in_hand
from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.heard import Role
from symbolic_cover.core.styles import load_ensembles
from symbolic_cover.corpus.pairs import Piece, make_pair
from symbolic_cover.corpus.patterns import catalogue_of, songs_of
from symbolic_cover.corpus.pop909 import original_of, read_song, snap
from symbolic_cover.corpus.prepare import Choice, prepare
from symbolic_cover.corpus.units import prepare_unit
from symbolic_cover.evaluation.memorisation import PatternIndex
from symbolic_cover.library.collect import collect_from, collect_own
from symbolic_cover.tokens.tokenizer import BarTokenizer
from symbolic_cover.training.dataset import Shard
from tests.corpus.small import prepared_songs

QUARTER = 480
ONE = Choice(workers=1)


def write_song(folder: Path, number: str, n_bars: int = 12) -> None:
    """C, A minor, F, G in whole bars; a melody in quarters, an octave leap in the bass, held fifths.

    Songs twelve numbers apart are the same in another key.
    """
    steps = np.random.default_rng(int(number) % 12).choice((0, 2, 4, 5, 7, 9, 11), (n_bars, 4))
    corrected = symusic.Score(QUARTER)
    corrected.time_signatures.append(symusic.TimeSignature(0, 4, 4))
    everything, chords = symusic.Track(name="piano"), symusic.Track(name="chords")
    named = {name: symusic.Track(name=name) for name in ("MELODY", "BRIDGE", "PIANO")}
    shift = int(number) // 12
    for i in range(n_bars):
        start = i * 4 * QUARTER + QUARTER  # one quarter after the file's first tick: bars begin there
        root = (0, 9, 5, 7)[i % 4] + shift
        triad = (0, 3, 7) if i % 4 == 1 else (0, 4, 7)
        chords.notes.extend([symusic.Note(start, 4 * QUARTER, 48 + root + step, 80) for step in triad])
        played = [("MELODY", beat * QUARTER, QUARTER, 72 + shift + int(steps[i, beat]), 90) for beat in range(4)]
        played += [("PIANO", 0, 2 * QUARTER, 36 + root, 70), ("PIANO", 2 * QUARTER, 2 * QUARTER, 48 + root, 70)]
        played += [("PIANO", QUARTER, 160, 60 + root + 7, 60), ("BRIDGE", 3 * QUARTER, 160, 64 + root, 50)]
        for name, offset, length, pitch, velocity in played:
            everything.notes.append(symusic.Note(start + offset, length, pitch, velocity))
            late = 7 * ((offset // QUARTER) % 3)  # a human hand, at another tempo
            named[name].notes.append(symusic.Note(1000 + (start + offset) * 2 + late, length * 2, pitch, velocity))
    corrected.tracks = [everything, chords]
    (folder / "pop909_cl").mkdir(parents=True, exist_ok=True)
    corrected.dump_midi(folder / "pop909_cl" / f"{number}.mid")
    original = symusic.Score(QUARTER)
    original.tempos.append(symusic.Tempo(0, 180))
    original.tracks = list(named.values())
    (folder / "pop909" / number).mkdir(parents=True)
    original.dump_midi(folder / "pop909" / number / f"{number}.mid")


@pytest.fixture(scope="module")
def pop909(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    for number in range(1, 31):
        write_song(folder, f"{number:03d}")
    return folder


@pytest.fixture(scope="module")
def library(pop909, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("library")
    collect_from(pop909, folder)
    return folder


@pytest.fixture(scope="module")
def corpus(library, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("corpus")
    prepare(library, out, ONE)
    return out


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*.*"))
        if "work" not in path.parts and path.suffix != ".html"
    }


def first_song(pop909):
    corrected = pop909 / "pop909_cl" / "001.mid"
    return read_song(original_of(corrected), corrected)


def test_a_song_gets_its_names_and_its_bars(pop909):
    read, grid = first_song(pop909)
    tracks = {track.name: track.notes for track in read}
    assert {name: len(notes) for name, notes in tracks.items()} == {
        "MELODY": 48, "BRIDGE": 12, "PIANO": 36, "chords": 36
    }  # fmt: skip
    assert [note.onset_tick for note in tracks["MELODY"]][:4] == [48, 60, 72, 84]  # a whole bar of pick-up comes first
    assert {note.onset_tick % 48 for note in tracks["chords"]} == {0}
    assert [track.role for track in read] == [Role.MELODY, Role.UNSAID, Role.UNSAID, Role.CHORDS]
    assert grid.tempo_bpm == pytest.approx(90, rel=0.03)


def test_a_pair_is_playable_and_keeps_the_human_notes(pop909):
    tracks, grid = first_song(pop909)
    piece = Piece("001", "pop909_cl", "", "", "pop-piano", "solo-piano", "MIT", "pop909:001", tracks, grid)
    pair = make_pair(piece._replace(is_performed=True), load_ensembles())
    assert len(pair.sheet.melody) == 48
    assert {chord.quality for chord in pair.sheet.chords} == {"maj", "min"}
    notes = pair.parts["left-hand"] + pair.parts["right-hand"]
    assert len(notes) == 48
    assert pair.lead == "right-hand"
    assert pair.sheet.grid.bars[0].start_tick == 0
    assert min(note.onset_tick for note in pair.sheet.melody) < 48  # the empty bar before the song is gone
    assert unplayable_in_hand(pair.parts["left-hand"]) == 0
    assert unplayable_in_hand([*pair.parts["right-hand"], *pair.sheet.melody]) == 0


def test_a_corpus_is_whole_and_a_second_run_does_nothing(library, corpus):
    summary = json.loads((corpus / "summary.json").read_text())
    counts = {"pieces": 12, "duplicates": 18, "refused": 0, "share": 1.0}  # the rest is transposed
    assert summary["datasets"] == {"pop909_cl": counts}
    assert {reason.split(" pop909_cl/")[0] for _, _, reason in summary["left_out"]} == {"The same as"}
    assert {row["style"] for row in csv.DictReader((corpus / "catalogue.csv").open())} == {"pop-piano"}
    before = {path: path.stat().st_mtime_ns for path in corpus.rglob("*.*") if path.name != "tokenizer.json"}
    assert prepare(library, corpus, ONE) == summary
    assert before == {path: path.stat().st_mtime_ns for path in before}


def test_what_was_cut_is_made_again(library, corpus, tmp_path):
    shutil.copytree(corpus, tmp_path / "again")
    cut = [tmp_path / "again" / "summary.json", next((tmp_path / "again" / "work").glob("*.npz"))]
    for path in cut:
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    prepare(library, tmp_path / "again", ONE)
    assert bytes_of(tmp_path / "again") == bytes_of(corpus)


def write_own(path: Path, seed: int, accompaniment: tuple[int, ...]) -> None:
    """A melody of 64 quarters that depends on the seed, and a chord of so many notes on every half note."""
    rng = np.random.default_rng(seed)
    score = symusic.Score(QUARTER)
    score.time_signatures.append(symusic.TimeSignature(0, 4, 4))
    melody, piano = symusic.Track(name="Melody"), symusic.Track(name="Piano")
    for beat, step in enumerate(rng.choice((0, 2, 4, 5, 7, 9, 11), 64)):
        melody.notes.append(symusic.Note(beat * QUARTER, QUARTER, 72 + int(step), 90))
        if beat % 2 == 0:
            root = int(rng.choice((36, 41, 43)))
            piano.notes.extend([symusic.Note(beat * QUARTER, QUARTER, root + add, 60) for add in accompaniment])
    score.tracks = [melody, piano]
    path.parent.mkdir(parents=True, exist_ok=True)
    score.dump_midi(path)


def test_a_song_under_another_texture_shares_the_split(tmp_path):
    for seed in range(12):
        write_own(tmp_path / "songs" / f"song {seed}.mid", seed, (0, 7))
        write_own(tmp_path / "songs" / f"other {seed}.mid", seed, (0, 4, 7, 12))
    (tmp_path / "songs" / "broken.mid").write_bytes(b"MThd")
    collect_own(tmp_path / "songs", tmp_path / "library", "mine", style="our piano")
    summary = prepare(tmp_path / "library", tmp_path / "out", Choice(only=("mine",), workers=1))
    assert summary["datasets"]["mine"] == {"pieces": 24, "duplicates": 0, "refused": 1, "share": 0.96}
    rows = {row["name"]: row for row in csv.DictReader((tmp_path / "out" / "catalogue.csv").open())}
    assert {row["ensemble"] for row in rows.values()} == {"solo-piano"}
    assert {row["licence"] for row in rows.values()} == {"own use"}
    for seed in range(12):
        one, other = (rows[f"mine/{name} {seed}"] for name in ("song", "other"))
        assert one["split_group"] == other["split_group"]
        assert one["split"] == other["split"]
    assert len({row["split_group"] for row in rows.values()}) == 12


KERN = "**kern\n*M4/4\n" + "".join(f"={bar}\n4c\n4e\n4g\n4cc\n" for bar in range(1, 9)) + "*-\n"
ABC = "X:1\nT:Scale\nM:3/4\nL:1/4\nK:G\n" + "G A B | c d e | " * 6 + "g3 |]\n"


def test_every_format_is_prepared(tmp_path):
    import music21

    songs = tmp_path / "songs"
    write_own(songs / "one.mid", 1, (0, 7))
    (songs / "two.abc").write_text(ABC)
    (songs / "three.krn").write_text(KERN)
    for fmt in ("mxl", "musicxml"):
        score = music21.converter.parse(songs / "one.mid").transpose(3 if fmt == "mxl" else 0)
        score.parts[0].measures(1, 8).write(fmt, songs / f"four.{fmt}")
    collect_own(songs, tmp_path / "library", "mine", style="folk")
    summary = prepare(tmp_path / "library", tmp_path / "out", Choice(only=("mine",), workers=1))
    rows = list(csv.DictReader((tmp_path / "out" / "catalogue.csv").open()))
    counts = summary["datasets"]["mine"]
    assert counts["refused"] == 0
    assert counts["duplicates"] == 1  # four.mxl is four.musicxml in another key
    assert {row["name"].split("/")[1] for row in rows} == {"one", "two", "three", "four.musicxml"}
    assert {row["meter"] for row in rows} == {"4/4", "3/4"}


def test_what_was_written_is_read_back(corpus):
    split = next(row["split"] for row in csv.DictReader((corpus / "catalogue.csv").open()))
    shard, tokenizer = Shard.load(corpus / split), BarTokenizer.load(corpus)
    assert tokenizer.names(shard.headers[0]) == ["BOS_None", "Style_pop-piano", "Level_easy", "Ensemble_solo-piano"]
    assert tokenizer.names(shard.leads[:1]) == ["Part_right-hand"]
    for bar in range(shard.song_start[0], shard.song_start[1]):
        x, heard, y = (tokenizer.names(side) for side in shard.sides(bar))
        assert x[0].startswith("Bar_")
        assert x[-1] == heard[-1] == "Section_arrangement"
        assert not y or y[0].startswith("Part_")


@pytest.mark.slow
def test_two_workers_give_the_same_bytes(library, corpus, tmp_path):
    prepare(library, tmp_path, Choice(workers=2))
    assert bytes_of(tmp_path) == bytes_of(corpus)


def test_ray_gives_the_same_bytes(library, corpus, tmp_path):
    pytest.importorskip("ray")
    prepare(library, tmp_path, Choice(ray_address="local"))
    assert bytes_of(tmp_path) == bytes_of(corpus)


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_was(library, corpus, tmp_path):
    program = "from symbolic_cover.cli import main; main()"
    words = ["prepare", "--from", library, "--out", tmp_path, "--workers", 1, "--quiet"]
    with subprocess.Popen([sys.executable, "-c", program, *map(str, words)]) as run:
        while not list((tmp_path / "work").glob("[!.]*.npz")):
            assert run.poll() is None
        run.kill()
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "work").glob("[!.]*.npz")}
    assert kept
    prepare(library, tmp_path, ONE)
    assert kept == {path: path.stat().st_mtime_ns for path in kept}
    assert bytes_of(tmp_path) == bytes_of(corpus)


def test_a_broken_song_is_left_out_with_its_reason(pop909, tmp_path):
    collect_from(pop909, tmp_path / "library")
    (tmp_path / "library" / "pop909_cl" / "003.mid").write_bytes(b"nothing")
    (tmp_path / "library" / "pop909" / "007" / "007.mid").unlink()
    summary = prepare(tmp_path / "library", tmp_path / "out", ONE)
    reasons = {name: reason for _, name, reason in summary["left_out"] if not reason.startswith("The same")}
    assert set(reasons) == {"pop909_cl/003", "pop909_cl/007"}
    assert "missing" in reasons["pop909_cl/007"]


def test_what_cannot_be_prepared_is_said_in_one_line(library, tmp_path):
    with pytest.raises(UsageError, match="collect --from"):
        prepare(tmp_path / "empty", tmp_path / "out", ONE)
    with pytest.raises(UsageError, match="lakh"):
        prepare(library, tmp_path / "out", Choice(only=("lakh",), workers=1))


def test_a_unit_that_is_there_is_not_made_again(tmp_path):
    from symbolic_cover.corpus.units import Unit

    (tmp_path / "unit.npz").write_bytes(b"done")
    assert prepare_unit(Unit((), str(tmp_path / "unit.npz"), "nowhere")) == str(tmp_path / "unit.npz")


def run_cli(monkeypatch, *words: object) -> int:
    monkeypatch.setattr(sys, "argv", ["symbolic-cover", *map(str, words)])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    return int(stop.value.code or 0)


def test_the_command_line_prepares_and_makes_a_card(library, tmp_path, monkeypatch, capsys):
    words = ("prepare", "--from", library, "--out", tmp_path, "--limit", 3, "--workers", 1, "--json")
    assert run_cli(monkeypatch, *words) == 0
    assert json.loads(capsys.readouterr().out)["datasets"]["pop909_cl"]["pieces"] == 3
    page = (tmp_path / "catalogue.html").read_text()
    assert "pop-piano" in page
    assert "data:image/png;base64," in page


def test_a_corpus_knows_its_songs_again(library, tmp_path, monkeypatch, capsys):
    """The index of patterns has the titles of the training songs: the catalogue's order is the shards'."""
    words = ("prepare", "--from", library, "--out", tmp_path, "--workers", 1, "--quiet")
    assert run_cli(monkeypatch, *words) == 0
    index, songs = PatternIndex.load(tmp_path), list(songs_of(tmp_path, "train"))
    assert index is not None
    assert list(index.titles) == [song.title for song in songs]
    for facts, song in zip(catalogue_of(tmp_path, "train"), songs, strict=True):
        assert int(facts["bars"]) == len(song.patterns) + 1


@pytest.mark.slow
def test_training_from_the_command_line(tmp_path, monkeypatch, capsys):
    corpus = prepared_songs(tmp_path / "corpus")
    words = ("train", "--data", corpus, "--out", tmp_path / "run", "--preset", "tiny", "--steps", 10, "--json")
    assert run_cli(monkeypatch, *words) == 0
    facts = json.loads(capsys.readouterr().out)
    final = Path(facts["checkpoint"])
    assert {"config.json", "model.safetensors", "tokenizer.json", "training.json"} <= {p.name for p in final.iterdir()}
    assert facts["eval_loss"] < 7
    assert "10 steps" in (final / "README.md").read_text()
    assert list((tmp_path / "run" / "samples").glob("step-000010.mid"))
    assert run_cli(monkeypatch, "train", "--data", tmp_path, "--out", tmp_path / "no") == 2
    assert "symbolic-cover prepare" in capsys.readouterr().err


def test_onsets_snap_to_sixteenths_and_triplets():
    assert [snap(tick) for tick in (0.4, 2.2, 3.6, 5, 7.1, 11, 13)] == [0, 3, 4, 4, 8, 12, 12]
