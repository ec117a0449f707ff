"""A small POP909 of our own making: tracks in performed time, one corrected track on the grid."""

import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
import symusic
import zstandard

from symbolic_cover.analyze.hands import unplayable_in_hand
from symbolic_cover.corpus.pop909 import find_songs, read_song, snap
from symbolic_cover.corpus.prepare import make_pair, prepare, prepared_folder
from symbolic_cover.errors import UsageError

QUARTER = 480


def write_song(folder: Path, number: str, n_bars: int = 12) -> None:
    """C, A minor, F, G in whole bars; the tune in quarters, an octave leap in the bass, held fifths."""
    corrected = symusic.Score(QUARTER)
    corrected.time_signatures.append(symusic.TimeSignature(0, 4, 4))
    everything, chords = symusic.Track(name="piano"), symusic.Track(name="chords")
    named = {name: symusic.Track(name=name) for name in ("MELODY", "BRIDGE", "PIANO")}
    shift = int(number) % 5
    for i in range(n_bars):
        start = i * 4 * QUARTER + QUARTER  # one quarter after the file's first tick: bars begin there
        root = (0, 9, 5, 7)[i % 4] + shift
        triad = (0, 3, 7) if i % 4 == 1 else (0, 4, 7)
        chords.notes.extend([symusic.Note(start, 4 * QUARTER, 48 + root + step, 80) for step in triad])
        played = [("MELODY", beat * QUARTER, QUARTER, 72 + root + triad[beat % 3], 90) for beat in range(4)]
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
    folder = tmp_path_factory.mktemp("corpus")
    for number in range(1, 61):
        write_song(folder, f"{number:03d}")
    return folder


def test_a_song_gets_its_names_and_its_bars(pop909):
    piece = read_song(*find_songs(pop909)[0])
    tracks = {track.name: track.notes for track in piece.score.tracks}
    assert {name: len(notes) for name, notes in tracks.items()} == {
        "MELODY": 48, "BRIDGE": 12, "PIANO": 36, "chords": 36
    }  # fmt: skip
    assert [note.time for note in tracks["MELODY"]][:4] == [48, 60, 72, 84]  # a whole bar of pick-up comes first
    assert {note.time % 48 for note in tracks["chords"]} == {0}
    assert piece.grid.tempo_bpm == pytest.approx(90, rel=0.03)


def test_a_pair_is_playable_and_keeps_the_human_notes(pop909):
    pair = make_pair(read_song(*find_songs(pop909)[0]))
    assert len(pair.content.melody) == 48
    assert {chord.quality for chord in pair.content.chords} == {"maj", "min"}
    notes = pair.parts["left-hand"] + pair.parts["right-hand"]
    assert len(notes) == 48
    assert unplayable_in_hand(pair.parts["left-hand"]) == 0
    assert unplayable_in_hand([*pair.parts["right-hand"], *pair.content.melody]) == 0


def test_preparing_gives_the_same_bytes_with_one_worker_or_two(pop909, tmp_path):
    one = prepare(pop909, tmp_path / "one", workers=1)
    two = prepare(pop909, tmp_path / "two", workers=2)
    assert one == two
    assert sum(one["songs"].values()) == 60
    assert all(one["songs"][split] > 0 for split in ("train", "valid", "test"))
    for split in ("train", "valid", "test"):
        with np.load(tmp_path / "one" / f"{split}.npz") as a, np.load(tmp_path / "two" / f"{split}.npz") as b:
            assert all(np.array_equal(a[name], b[name]) for name in a.files)


def test_a_broken_song_is_left_out_with_its_reason(pop909, tmp_path):
    import shutil

    folder = tmp_path / "corpus"
    shutil.copytree(pop909, folder)
    (folder / "pop909" / "003" / "003.mid").write_bytes(b"nothing")
    summary = prepare(folder, tmp_path / "out", workers=1, limit=5)
    assert sum(summary["songs"].values()) == 4
    ((name, reason),) = summary["left_out"]
    assert name == "003"
    assert reason


def test_archives_are_unpacked_and_shards_are_found_again(pop909, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    for name in ("pop909", "pop909_cl"):
        with tarfile.open(tmp_path / "plain.tar", "w") as tar:
            tar.add(pop909 / name, arcname=name)
        packed = zstandard.ZstdCompressor().compress((tmp_path / "plain.tar").read_bytes())
        (data / f"{name}.tar.zst").write_bytes(packed)
    assert prepared_folder(data, tmp_path / "shards", limit=3) == tmp_path / "shards"
    assert json.loads((tmp_path / "shards" / "summary.json").read_text())["songs"]
    assert prepared_folder(tmp_path / "shards", tmp_path / "elsewhere") == tmp_path / "shards"
    assert prepared_folder(data, tmp_path / "shards") == tmp_path / "shards"
    (data / "pop909.tar.zst").unlink()
    with pytest.raises(UsageError, match="pop909"):
        prepared_folder(data, tmp_path / "new")


def test_training_from_the_command_line(pop909, tmp_path, monkeypatch, capsys):
    import sys

    from symbolic_cover import cli

    words = ["train", "--data", pop909, "--out", tmp_path / "run", "--preset", "tiny", "--steps", 10, "--json"]
    monkeypatch.setattr(sys, "argv", ["symbolic-cover", *map(str, words)])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert not stop.value.code
    facts = json.loads(capsys.readouterr().out)
    final = Path(facts["checkpoint"])
    assert {"config.json", "model.safetensors", "tokenizer.json", "training.json"} <= {p.name for p in final.iterdir()}
    assert facts["eval_loss"] < 6
    assert list((tmp_path / "run" / "samples").glob("step-000010.mid"))


def test_onsets_snap_to_sixteenths_and_triplets():
    assert [snap(tick) for tick in (0.4, 2.2, 3.6, 5, 7.1, 11, 13)] == [0, 3, 4, 4, 8, 12, 12]
