"""Collecting: from archives, from folders, from a test server, from one's own songs."""

import csv
import http.server
import io
import json
import shutil
import tarfile
import threading
import zipfile
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import zstandard

from symbolic_cover import cli
from symbolic_cover.core.errors import InputError, SymbolicCoverError, UsageError
from symbolic_cover.library import archives, collect, index
from symbolic_cover.library.catalogue import load_catalogue
from symbolic_cover.library.collect import collect_by_name, collect_from, collect_own, collected, library_folder

ORCHESTRA = {"Bach_1.mid": "orchestra", "Bach_1_melody.mid": "orchestra-melody"}


def pack(folder: Path, name: str, files: dict[str, str], suffix: str = ".tar.zst") -> Path:
    """An archive of small files by path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}{suffix}"
    if suffix == ".zip":
        with zipfile.ZipFile(path, "w") as packed:
            for member, text in files.items():
                packed.writestr(member, text)
        return path
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w:gz" if suffix == ".tar.gz" else "w") as tar:
        for member, text in files.items():
            info = tarfile.TarInfo(member)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    data = plain.getvalue()
    path.write_bytes(zstandard.ZstdCompressor().compress(data) if suffix == ".tar.zst" else data)
    return path


def write_index(folder: Path, pieces: dict[str, dict[str, str]]) -> None:
    """dataset -> file -> label."""
    with (folder / "INDEX.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, index.COLUMNS)
        table.writeheader()
        for name, files in pieces.items():
            for path, label in files.items():
                table.writerow({"dataset": name, "path": f"{name}/{path}", "style_label": label, "licence": "CC0-1.0",
                                "title": path, "split_group": f"{name}:{path[:4]}", "seconds": "12.5"})  # fmt: skip


@pytest.fixture
def shelf(tmp_path, monkeypatch) -> Path:
    """A folder of two archives that the catalogue knows, with an index."""
    folder = tmp_path / "shelf"
    orchestra = pack(folder, "openscore_orchestra", {f"openscore_orchestra/{name}": name for name in ORCHESTRA})
    freedoom = pack(folder, "freedoom", {"freedoom/d_a.mid": "a", "freedoom/d_b.mid": "b", "freedoom/COPYING": "BSD"})
    write_index(folder, {"openscore_orchestra": ORCHESTRA, "freedoom": {"d_a.mid": "videogame-rock"}})
    know(monkeypatch, openscore_orchestra={"sha256": archives.sha256_of(orchestra)},
         freedoom={"sha256": archives.sha256_of(freedoom)})  # fmt: skip
    return folder


def know(monkeypatch, **changed: dict) -> None:
    """Change what the catalogue says of some datasets."""
    known = load_catalogue()
    known |= {name: replace(known[name], **facts) for name, facts in changed.items()}
    for module in ("collect", "collected", "catalogue"):
        monkeypatch.setattr(f"symbolic_cover.library.{module}.load_catalogue", lambda: known)


@pytest.fixture
def run(monkeypatch, capsys):
    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["symbolic-cover", *map(str, words)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        printed = capsys.readouterr()
        return int(stop.value.code or 0), printed.out, printed.err

    return call


# --- from archives and folders ---


def test_a_folder_of_archives_becomes_a_library(shelf, tmp_path):
    library = tmp_path / "library"
    outcomes = collect_from(shelf, library)
    assert [(one.dataset.name, one.pieces, one.fresh) for one in outcomes] == [
        ("openscore_orchestra", 2, True), ("freedoom", 1, True)
    ]  # fmt: skip
    there = collected(library)
    assert list(there) == ["freedoom", "openscore_orchestra"]
    score, melody = there["openscore_orchestra"].rows
    assert score.path == library / "openscore_orchestra" / "Bach_1.mid"
    assert score.path.read_text() == "Bach_1.mid"
    assert (score.label, score.licence, score.seconds) == ("orchestra", "CC0-1.0", 12.5)
    assert score.split_group == melody.split_group
    assert (library / "freedoom" / "COPYING").is_file()
    facts = json.loads((library / "freedoom" / "dataset.json").read_text())
    assert facts["checksum"] == archives.sha256_of(shelf / "freedoom.tar.zst")
    assert (facts["licence"], facts["pieces"]) == ("BSD-3-Clause", 1)
    assert facts["attribution"]
    assert facts["complete"]
    assert not list(library.glob(".*"))


def test_a_second_run_does_nothing(shelf, tmp_path, monkeypatch):
    collect_from(shelf, tmp_path / "library")
    monkeypatch.setattr(collect, "unpack", lambda *args: pytest.fail("unpacked again"))
    outcomes = collect_from(shelf, tmp_path / "library")
    assert [(one.pieces, one.fresh) for one in outcomes] == [(2, False), (1, False)]


@pytest.mark.parametrize("text", ["", '{"name": "freedoom", "pie', "[]", '{"pieces": null}'])
def test_a_dataset_whose_facts_are_damaged_is_named_and_made_again(shelf, tmp_path, text):
    library = tmp_path / "library"
    collect_from(shelf, library, ["freedoom"])
    facts = library / "freedoom" / "dataset.json"
    facts.write_text(text)
    with pytest.raises(InputError, match="collect freedoom"):
        collected(library)
    (again,) = collect_from(shelf, library, ["freedoom"])
    assert (again.fresh, list(collected(library))) == (True, ["freedoom"])


def test_one_archive_and_chosen_names(shelf, tmp_path):
    library = tmp_path / "library"
    assert [one.dataset.name for one in collect_from(shelf / "freedoom.tar.zst", library)] == ["freedoom"]
    assert [one.fresh for one in collect_from(shelf, library, ["openscore_orchestra"])] == [True]
    with pytest.raises(UsageError, match="does not have lakh"):
        collect_from(shelf, library, ["freedoom", "lakh"])


def test_another_version_is_refused_unless_accepted(shelf, tmp_path):
    pack(shelf, "freedoom", {"freedoom/d_b.mid": "changed"})
    with pytest.raises(InputError, match="--any-version"):
        collect_from(shelf, tmp_path / "library", ["freedoom"])
    assert not (tmp_path / "library" / "freedoom").exists()
    (outcome,) = collect_from(shelf, tmp_path / "library", ["freedoom"], any_version=True)
    (row,) = collected(tmp_path / "library")["freedoom"].rows  # the index does not know it: the files tell
    assert (outcome.pieces, row.label, row.title) == (1, "videogame-rock", "d b")


def test_again_replaces_what_is_there(shelf, tmp_path):
    library = tmp_path / "library"
    collect_from(shelf, library, ["freedoom"])
    pack(shelf, "freedoom", {"freedoom/d_a.mid": "new"})
    (outcome,) = collect_from(shelf, library, ["freedoom"], any_version=True, again=True)
    assert outcome.fresh
    assert (library / "freedoom" / "d_a.mid").read_text() == "new"
    assert not (library / "freedoom" / "d_b.mid").exists()


@pytest.mark.parametrize("link", [False, True])
def test_unpacked_folders_and_other_libraries_are_taken_too(shelf, tmp_path, link):
    first, second = tmp_path / "first", tmp_path / "second"
    collect_from(shelf, first)
    own = tmp_path / "songs"
    own.mkdir()
    (own / "song.mid").write_text("song")
    collect_own(own, first, "mine", style="shanty")
    outcomes = collect_from(first, second, link=link)
    assert [(one.dataset.name, one.pieces) for one in outcomes] == [
        ("openscore_orchestra", 2), ("freedoom", 1), ("mine", 1)
    ]  # fmt: skip
    row = collected(second)["mine"].rows[0]
    assert row.label == "shanty"
    assert row.path.is_symlink() == link
    assert row.path.read_text() == "song"


def test_scores_beside_a_dataset_are_no_pieces(tmp_path):
    folder = tmp_path / "data" / "openscore_lieder_mxl"
    folder.mkdir(parents=True)
    (folder / "lc1.mxl").write_text("score")
    (outcome,) = collect_from(folder, tmp_path / "library")
    assert (outcome.dataset.companion_of, outcome.pieces) == ("openscore_lieder", 0)


def test_the_publishers_own_archive_is_understood(tmp_path):
    top = "POP909-Dataset-d83e6ed"
    files = {f"{top}/POP909/001/001.mid": "a", f"{top}/POP909/001/versions/001-v1.mid": "b", f"{top}/LICENSE": "MIT"}
    archive = pack(tmp_path, "by-hand", files, ".tar.gz")
    library = tmp_path / "library"
    collect_from(archive, library, ["pop909"])
    (row,) = collected(library)["pop909"].rows
    assert row.path == library / "pop909" / "001" / "001.mid"
    assert (row.label, row.split_group) == ("pop-piano", "pop909:001")
    assert (library / "pop909" / "LICENSE").is_file()


@pytest.mark.parametrize("suffix", [".tar.zst", ".tar.gz", ".zip"])
def test_an_archive_that_reaches_outside_is_refused(tmp_path, suffix):
    archive = pack(tmp_path / "in" / "deep", "bad", {"maestro/a.mid": "a", "../../escaped.mid": "b"}, suffix)
    with pytest.raises(InputError, match="outside"):
        collect_from(archive, tmp_path / "library", ["maestro"])
    assert not list(tmp_path.rglob("escaped.mid"))
    assert not list((tmp_path / "library").iterdir())


def test_a_link_in_a_zip_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as packed:
        link = zipfile.ZipInfo("maestro/link")
        link.external_attr = 0o120777 << 16
        packed.writestr(link, "/etc")
    with pytest.raises(InputError, match="outside"):
        collect_from(tmp_path / "bad.zip", tmp_path / "library", ["maestro"])


@pytest.mark.parametrize("suffix", [".tar.zst", ".tar.gz", ".zip"])
def test_a_broken_archive_is_named(tmp_path, suffix):
    archive = pack(tmp_path, "maestro", {"maestro/a.mid": "a" * 5000}, suffix)
    archive.write_bytes(archive.read_bytes()[:60])
    with pytest.raises(InputError, match="broken"):
        collect_from(archive, tmp_path / "library", ["maestro"])
    archive.write_text("not an archive")
    with pytest.raises(InputError, match="broken"):
        collect_from(archive, tmp_path / "library", ["maestro"])


def test_a_run_that_is_stopped_leaves_no_half_dataset(shelf, tmp_path):
    library = tmp_path / "library"

    def stop(stage: str, share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        collect_from(shelf, library, progress=stop)
    assert collected(library) == {}
    assert not list(library.iterdir())
    left = library / ".freedoom.partial"  # as a killed run leaves it
    left.mkdir()
    (left / "half.mid").write_text("half")
    assert collected(library) == {}
    collect_from(shelf, library)
    assert not left.exists()
    assert not (library / "freedoom" / "half.mid").exists()


def test_a_strangers_folder_is_left_alone(shelf, tmp_path):
    stranger = tmp_path / "library" / "freedoom"
    stranger.mkdir(parents=True)
    (stranger / "mine.mid").write_text("mine")
    with pytest.raises(UsageError, match="--into"):
        collect_from(shelf, tmp_path / "library", ["freedoom"], again=True)
    assert (stranger / "mine.mid").read_text() == "mine"


def test_an_index_cannot_point_outside(shelf, tmp_path):
    (tmp_path / "secret.mid").write_text("secret")
    write_index(shelf, {"freedoom": {"../../secret.mid": "videogame-rock", "d_b.mid": "videogame-rock"}})
    collect_from(shelf, tmp_path / "library", ["freedoom"])
    assert [row.path.name for row in collected(tmp_path / "library")["freedoom"].rows] == ["d_b.mid"]


# --- songs of one's own ---


@pytest.fixture
def songs(tmp_path) -> Path:
    folder = tmp_path / "songs"
    for name in ("swing/Blue Moon.mid", "swing/Blue Moon (live).wav", "shanty/drunken_sailor_v2.abc", "loose.mxl",
                 "notes.txt", ".hidden/x.mid"):  # fmt: skip
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def test_a_folder_of_songs_is_a_dataset(songs, tmp_path):
    library = tmp_path / "library"
    assert collect_own(songs, library, "mine").pieces == 4
    mine = collected(library)["mine"]
    rows = {row.title: row for row in mine.rows}
    assert {title: row.label for title, row in rows.items()} == {
        "Blue Moon": "swing", "Blue Moon (live)": "swing", "drunken sailor v2": "shanty", "loose": "mine"
    }  # fmt: skip
    assert rows["Blue Moon"].split_group == rows["Blue Moon (live)"].split_group == "mine:blue moon"
    assert rows["drunken sailor v2"].split_group == "mine:drunken_sailor"
    assert rows["loose"].seconds is None
    assert {row.licence for row in mine.rows} == {"own use"}
    assert (mine.dataset.weights, mine.dataset.default) == (False, False)
    assert mine.dataset.styles["swing"].ensemble == "band"
    assert not (library / "mine" / "notes.txt").exists()


def test_songs_are_taken_anew_when_they_change(songs, tmp_path):
    take = partial(collect_own, songs, tmp_path / "library", "mine", style="rock", licence="CC0-1.0")
    assert take().fresh
    assert not take().fresh
    (songs / "new.mid").write_text("new")
    outcome = take()
    assert (outcome.fresh, outcome.pieces) == (True, 5)
    assert {(row.label, row.licence) for row in collected(tmp_path / "library")["mine"].rows} == {("rock", "CC0-1.0")}


def test_a_library_among_the_songs_is_not_a_song(songs):
    take = partial(collect_own, songs, songs / "library", "mine", link=True)
    assert [(one.pieces, one.fresh) for one in (take(), take())] == [(4, True), (4, False)]


def test_a_name_that_is_taken(songs, tmp_path):
    others = tmp_path / "others"
    others.mkdir()
    (others / "other.mid").write_text("other")
    collect_own(songs, tmp_path / "library", "mine")
    with pytest.raises(UsageError, match="--again"):
        collect_own(others, tmp_path / "library", "mine")
    assert collect_own(others, tmp_path / "library", "mine", again=True).pieces == 1
    for name in ("pop909", "ls", "../up", ""):
        with pytest.raises(UsageError, match="name"):
            collect_own(songs, tmp_path / "library", name)


# --- over the network ---


class Server(http.server.BaseHTTPRequestHandler):
    """Serves `data`; the first `cuts` answers stop half-way. Remembers the ranges that were asked for."""

    data, cuts, ranges, honours = b"", 0, [], True

    def do_GET(self):
        asked = self.headers.get("Range")
        self.ranges.append(asked)
        start = int(asked[6:-1]) if asked and self.honours else 0
        if start >= len(self.data):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(self.data)}")
            self.end_headers()
            return
        body = self.data[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if type(self).cuts:
            type(self).cuts -= 1
            body = body[: len(body) // 2]
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A server of a MAESTRO of our own, and the catalogue that knows it."""
    files = {f"maestro-v3.0.0/2004/piece{i}.midi": f"{i}" * 3000 for i in range(3)}
    archive = pack(tmp_path, "maestro", files, ".zip")
    Server.data, Server.cuts, Server.ranges, Server.honours = archive.read_bytes(), 0, [], True
    listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=partial(listening.serve_forever, poll_interval=0.01), daemon=True).start()
    url = f"http://127.0.0.1:{listening.server_port}/maestro.zip"
    know(monkeypatch, maestro={"download": url, "download_sha256": archives.sha256_of(archive)})
    yield Server
    listening.shutdown()
    listening.server_close()


def test_a_download_that_breaks_off_goes_on(server, tmp_path):
    server.cuts = 1
    shares: list[float] = []
    (outcome,) = collect_by_name(["maestro"], tmp_path / "library", progress=lambda stage, share: shares.append(share))
    half = len(server.data) // 2
    assert server.ranges == [None, f"bytes={half}-"]
    assert (outcome.pieces, outcome.fresh, shares[-1]) == (3, True, 1.0)
    assert (tmp_path / "library" / "maestro" / "2004" / "piece1.midi").read_text() == "1" * 3000
    assert not list((tmp_path / "library" / ".downloads").iterdir())
    assert not collect_by_name(["maestro"], tmp_path / "library")[0].fresh
    assert len(server.ranges) == 2


@pytest.mark.parametrize("honours", [True, False])
def test_a_later_run_goes_on_too(server, tmp_path, honours):
    server.honours = honours
    part = tmp_path / "library" / ".downloads" / "maestro.zip.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(server.data[:100])
    assert collect_by_name(["maestro"], tmp_path / "library")[0].pieces == 3
    assert server.ranges == ["bytes=100-"]


def test_a_part_that_is_whole_or_too_long(server, tmp_path):
    part = tmp_path / "library" / ".downloads" / "maestro.zip.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(server.data)
    assert collect_by_name(["maestro"], tmp_path / "library")[0].pieces == 3
    part.write_bytes(server.data + b"more")
    assert collect_by_name(["maestro"], tmp_path / "library", again=True)[0].pieces == 3


def test_another_file_than_the_catalogues_is_refused(server, tmp_path):
    server.data = server.data[:-1] + b"?"
    with pytest.raises(InputError, match="checksum"):
        collect_by_name(["maestro"], tmp_path / "library")
    assert collected(tmp_path / "library") == {}
    assert not list((tmp_path / "library").rglob("*.part"))


def test_no_network_is_one_line_with_a_way_out(server, tmp_path, monkeypatch):
    know(monkeypatch, maestro={"download": "http://127.0.0.1:9/maestro.zip"})
    with pytest.raises(SymbolicCoverError, match="--from"):
        collect_by_name(["maestro"], tmp_path / "library")
    assert not (tmp_path / "library").exists()


# --- the command ---


def test_the_command_collects_and_lists(shelf, tmp_path, run):
    library = tmp_path / "library"
    code, printed, _ = run("collect", "--from", shelf, "--into", library, "--json")
    assert code == 0
    assert [(one["name"], one["pieces"], one["fresh"]) for one in json.loads(printed)] == [
        ("openscore_orchestra", 2, True), ("freedoom", 1, True)
    ]  # fmt: skip
    assert "Nothing to do" in run("collect", "--from", shelf, "--into", library)[1]
    listed = {one["name"]: one for one in json.loads(run("collect", "ls", "--into", library, "--json")[1])["datasets"]}
    assert (listed["freedoom"]["collected"], listed["freedoom"]["pieces"]) == (True, 1)
    assert (listed["maestro"]["collected"], listed["maestro"]["weights"]) == (False, False)
    assert listed["openscore_orchestra"]["styles"] == ["orchestra"]
    code, printed, _ = run("collect", "ls", "--into", library)
    here, _, elsewhere = printed.partition("Available")
    assert "freedoom" in here
    assert "BSD-3-Clause" in here
    assert "CC-BY-NC-SA-4.0" in elsewhere


def test_the_library_is_where_the_environment_says(tmp_path, monkeypatch):
    monkeypatch.setenv("SYMBOLIC_COVER_DATA", str(tmp_path))
    assert library_folder() == tmp_path
    assert library_folder(Path("here")) == Path("here")
    monkeypatch.delenv("SYMBOLIC_COVER_DATA")
    assert library_folder().parts[-2:] == ("symbolic-cover", "datasets")


def test_misuse_gets_one_line(shelf, songs, tmp_path, run):
    into = ("--into", tmp_path / "library")
    changed = tmp_path / "changed"
    changed.mkdir()
    shutil.copy(shelf / "openscore_orchestra.tar.zst", changed / "freedoom.tar.zst")
    (tmp_path / "a-file").write_text("in the way")
    cases = [
        ((), 2, "No dataset was named"),
        (("nothing",), 2, "collect ls"),
        (("asap",), 2, "--from"),
        (("--from", tmp_path / "nowhere"), 2, "no file or folder"),
        (("--from", songs), 2, "--name"),
        (("--from", songs / "notes.txt"), 2, ".tar.zst"),
        (("--from", songs, "--style", "rock"), 2, "--name"),
        (("--name", "mine"), 2, "--from"),
        (("--from", songs, "--name", "pop909"), 2, "pop909"),
        (("--from", songs / ".hidden" / "x.mid", "--name", "mine"), 2, "no folder"),
        (("--from", changed), 1, "--any-version"),
        (("--from", shelf, "--into", tmp_path / "a-file" / "library"), 2, "--into"),
    ]
    for words, expected, hint in cases:
        words = words if "--into" in words else (*words, *into)
        code, printed, complaint = run("collect", *words, "--quiet")
        assert (code, printed) == (expected, ""), words
        assert len(complaint.strip().splitlines()) == 1, (words, complaint)
        assert hint in complaint, (words, complaint)
        assert not (tmp_path / "library").exists(), words


def test_styles_tell_their_licences(run):
    printed = run("styles", "--licences")[1]
    assert "pop-piano:" in printed
    assert "POP909-CL: MIT" in printed
    listed = {one["name"]: one for one in json.loads(run("styles", "--json")[1])}
    assert {one["licence"] for one in listed["pop-piano"]["sources"]} == {"MIT"}


@pytest.mark.parametrize("suffix", [".tar.gz", ".zip"])
def test_an_archive_that_would_unpack_without_end_is_refused(tmp_path, suffix, monkeypatch):
    monkeypatch.setattr(archives, "_RATIO_COUNTS_FROM", 1000)
    monkeypatch.setattr(archives, "MOST_RATIO", 1)
    path = pack(tmp_path, "bomb", {"bomb/a.mid": "x" * 5000, "bomb/b.mid": "y" * 5000}, suffix)
    if suffix == ".zip":
        monkeypatch.setattr(archives, "MOST_BYTES", 9999)
    with pytest.raises(InputError, match="more than any dataset"):
        archives.unpack(path, tmp_path / "out")
    assert not (tmp_path / "out" / "bomb" / "b.mid").exists()
