"""Files and folders: written whole or not at all; existing ones stay until the new one is complete."""

import os
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.files import (
    check_writable,
    must_not_replace,
    put_in_place,
    sweep,
    title_of,
    unfinished_folder,
    whole_file,
    whole_files,
    whole_folder,
    writable_folder,
    write_bytes,
    write_text,
)


class Interrupted(Exception):
    """What goes wrong in the middle of writing."""


def break_off(making: AbstractContextManager, write: Callable) -> None:
    """Begin to write into what is being made, then fail."""
    with making as partial:
        write(partial)
        raise Interrupted


def below(folder: Path) -> dict[str, str]:
    """Every file in a folder, hidden ones too, with its text."""
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_a_file_is_there_when_its_block_is_done(tmp_path):
    with whole_file(tmp_path / "a.txt") as partial:
        assert (partial.parent, partial.suffix) == (tmp_path, ".txt")
        assert partial.name.startswith(".unfinished-")
        partial.write_text("new")
        assert not (tmp_path / "a.txt").exists()
    assert below(tmp_path) == {"a.txt": "new"}


@pytest.mark.parametrize("before", [{}, {"a.txt": "old"}])
def test_a_file_whose_block_fails_stays_what_it_was(tmp_path, before):
    for name, text in before.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(Interrupted):
        break_off(whole_file(tmp_path / "a.txt"), lambda partial: partial.write_text("half"))
    assert below(tmp_path) == before


def test_the_folder_of_a_file_is_made(tmp_path):
    write_text(tmp_path / "new" / "deeper" / "a.txt", "new")
    assert below(tmp_path) == {"new/deeper/a.txt": "new"}


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(UsageError, match=r"Cannot write into .*file"):
        write_text(tmp_path / "file" / "a.txt", "new")


def test_a_block_that_writes_nothing_is_an_error_and_loses_nothing(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(FileNotFoundError), whole_file(tmp_path / "a.txt"):
        pass
    assert below(tmp_path) == {"a.txt": "old"}


def test_texts_and_bytes_take_the_place_of_what_was_there(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old and longer")
    write_text(path, "Übung: 𝄞\n")
    assert path.read_bytes() == "Übung: 𝄞\n".encode()
    write_bytes(path, b"\x00\xff")
    assert path.read_bytes() == b"\x00\xff"
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "\udcff")
    assert path.read_bytes() == b"\x00\xff"
    assert list(tmp_path.iterdir()) == [path]


def test_several_files_are_there_together(tmp_path):
    paths = [tmp_path / "a.txt", tmp_path / "b.txt"]
    with whole_files(paths) as partials:
        for partial in partials:
            partial.write_text(partial.suffix)
        assert not any(path.exists() for path in paths)
    assert below(tmp_path) == {"a.txt": ".txt", "b.txt": ".txt"}


def test_of_several_files_none_is_there_when_the_block_fails(tmp_path):
    (tmp_path / "b.txt").write_text("old")
    making = whole_files([tmp_path / "a.txt", tmp_path / "b.txt"])
    with pytest.raises(Interrupted):
        break_off(making, lambda partials: [partial.write_text("whole, but too early") for partial in partials])
    assert below(tmp_path) == {"b.txt": "old"}


def test_an_unfinished_folder_is_hidden_and_goes(tmp_path):
    with unfinished_folder(tmp_path) as made:
        assert (made.parent, made.name.startswith(".unfinished-")) == (tmp_path, True)
        (made / "a.txt").write_text("left behind")
    with pytest.raises(Interrupted):
        break_off(unfinished_folder(tmp_path), lambda made: (made / "a.txt").write_text("half"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("replaces", [False, True])
def test_a_folder_is_there_when_its_block_is_done(tmp_path, replaces):
    path = tmp_path / "deep" / "out"
    with whole_folder(path, replaces=replaces) as made:
        (made / "a.txt").write_text("new")
        assert not path.exists()
    assert below(tmp_path) == {"deep/out/a.txt": "new"}


@pytest.mark.parametrize("replaces", [False, True])
@pytest.mark.parametrize("before", [{}, {"out/a.txt": "old", "out/b.txt": "older"}])
def test_a_folder_whose_block_fails_stays_what_it_was(tmp_path, replaces, before):
    for name, text in before.items():
        (tmp_path / "out").mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    making = whole_folder(tmp_path / "out", replaces=replaces)
    with pytest.raises(Interrupted):
        break_off(making, lambda made: (made / "a.txt").write_text("half"))
    assert below(tmp_path) == before


def test_a_folder_is_replaced_only_where_that_is_asked_for(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.txt").write_text("old")
    with pytest.raises(OSError), whole_folder(tmp_path / "out") as made:  # noqa: PT011
        (made / "b.txt").write_text("new")
    assert below(tmp_path) == {"out/a.txt": "old"}
    with whole_folder(tmp_path / "out", replaces=True) as made:
        (made / "b.txt").write_text("new")
    assert below(tmp_path) == {"out/b.txt": "new"}


def test_what_cannot_be_put_in_place_leaves_what_was_there(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.txt").write_text("old")
    with pytest.raises(FileNotFoundError):
        put_in_place(tmp_path / "nowhere", tmp_path / "out")
    assert below(tmp_path) == {"out/a.txt": "old"}


def test_a_folder_that_can_be_written_is_made_or_not_as_is_asked(tmp_path):
    check_writable(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []
    assert writable_folder(tmp_path / "a" / "b") == tmp_path / "a" / "b"
    assert writable_folder(str(tmp_path / "a" / "b")).is_dir()
    check_writable(tmp_path / "a" / "b")
    assert below(tmp_path) == {}


def test_a_file_in_the_way_of_a_folder_is_misuse(tmp_path):
    (tmp_path / "file").write_text("")
    for attempt in (check_writable, writable_folder):
        with pytest.raises(UsageError, match=r"Cannot write into .*--out"):
            attempt(tmp_path / "file" / "out")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_is_locked_is_misuse(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(UsageError, match="Cannot write into"):
            check_writable(tmp_path / "out")
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("my_song.mp3", "My song"),
        ("My_Song.mid", "My Song"),
        ("01  a  b.abc", "01 a b"),
        ("ABC.abc", "ABC"),
        ("élan.wav", "Élan"),
        ("archive.tar.gz", "Archive.tar"),
    ],
)
def test_titles_of_files(name, title):
    assert title_of(Path("folder") / name) == title


def test_what_is_written_never_takes_the_place_of_its_source(tmp_path):
    source = tmp_path / "song.abc"
    source.write_text("X:1")
    (tmp_path / "link.abc").symlink_to(source)
    (tmp_path / "linked.abc").hardlink_to(source)
    must_not_replace(source, tmp_path / "other.abc", tmp_path)
    for out in (source, tmp_path / "." / "song.abc", tmp_path / "link.abc", tmp_path / "linked.abc"):
        with pytest.raises(UsageError, match="source itself"):
            must_not_replace(source, tmp_path / "new.abc", out)
    must_not_replace("x" * 300, "y" * 300)


def test_leftovers_of_killed_runs_are_swept_and_nothing_else(tmp_path):
    dead = subprocess.Popen(["true"])
    dead.wait()
    (tmp_path / f".unfinished-{dead.pid}-score.pdf").write_text("half")
    (tmp_path / f".unfinished-{dead.pid}-folder").mkdir()
    (tmp_path / f".unfinished-{dead.pid}-folder" / "half").write_text("half")
    (tmp_path / f".unfinished-{os.getpid()}-score.pdf").write_text("in work")
    (tmp_path / ".unfinished-old").write_text("unknown")
    write_text(tmp_path / "new.txt", "whole")
    assert set(below(tmp_path)) == {f".unfinished-{os.getpid()}-score.pdf", ".unfinished-old", "new.txt"}
    assert not (tmp_path / f".unfinished-{dead.pid}-folder").exists()
    sweep(tmp_path / "nowhere")
