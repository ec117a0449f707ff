"""Many songs: each is done once, whatever happens to the others."""

import json
from concurrent.futures.process import BrokenProcessPool

import pytest

from symbolic_cover.app import many
from symbolic_cover.app.many import LIST_FILE, PAGE_FILE, Job, Wish, cover_many
from symbolic_cover.core.controls import Controls

ABC = 'X:1\nT:Song {n}\nM:4/4\nL:1/4\nQ:1/4=100\nK:G\n"G"GBdB|"C"cege|"D"dfaf|"G"g4|\n'
WISH = Wish("pop-piano", checkpoint="rules", audio_format="ogg")


@pytest.fixture
def jobs(tmp_path):
    songs = []
    for number in range(3):
        path = tmp_path / f"song{number}.abc"
        path.write_text(ABC.format(n=number))
        songs.append(Job(path, tmp_path / "out" / path.stem, WISH))
    return songs


def test_a_run_goes_on_where_it_was_stopped(jobs, tmp_path):
    out = tmp_path / "out"
    first = cover_many(jobs[:2], out)
    assert [line["title"] for line in first] == ["Song 0", "Song 1"]
    whole = (out / LIST_FILE).read_text()
    (out / LIST_FILE).write_text(whole + '{"source": "cut sho')  # as a machine that fails leaves it
    told = []
    lines = cover_many(jobs, out, progress=told.append)
    assert [line.get("kept", False) for line in lines] == [True, True, False]
    assert {line["source"] for line in told} == {str(job.source) for job in jobs}
    (jobs[0].folder / "score.pdf").unlink()
    jobs[1].source.write_text(ABC.format(n="one, corrected"))
    assert [line.get("kept", False) for line in cover_many(jobs, out)] == [False, False, True]
    other = [Job(job.source, job.folder, Wish("ragtime", Controls(seed=1), checkpoint="rules")) for job in jobs[:1]]
    assert [line.get("kept", False) for line in cover_many(other, out)] == [False]
    kept = [json.loads(line) for line in (out / LIST_FILE).read_text().splitlines()]
    assert sorted(line["source"] for line in kept) == sorted(str(job.source) for job in jobs)
    assert [line.get("kept", False) for line in cover_many(other, out, again=True)] == [False]
    page = (out / PAGE_FILE).read_text()
    assert "3 covers" in page
    assert "song2/report.html" in page


@pytest.mark.slow
def test_one_bad_song_stops_no_other_in_several_processes(jobs, tmp_path):
    jobs[1].source.write_bytes(b"no music")
    lines = cover_many(jobs, tmp_path / "out", workers=2)
    assert ["error" in line for line in lines] == [False, True, False]
    assert "1 songs without one" in (tmp_path / "out" / PAGE_FILE).read_text()


def test_a_process_that_dies_takes_one_song_with_it(jobs, tmp_path, monkeypatch):
    def run_all(function, units, *, workers=1, ray_address=None, apart=False):
        for job in units:
            if job.source.stem == "song1":
                raise BrokenProcessPool
            yield job, {"source": str(job.source), "files": {"midi": "x"}, "title": "", "scores": {}}

    monkeypatch.setattr(many, "run_all", run_all)
    lines = cover_many(jobs, tmp_path / "out", workers=2)
    assert ["error" in line for line in lines] == [False, True, False]
    assert "died" in lines[1]["error"]


def test_a_fault_of_ours_is_told_and_stops_nothing(jobs, tmp_path, monkeypatch):
    def fails(*args, **others):
        raise RuntimeError("never foreseen")

    monkeypatch.setattr(many, "cover", fails)
    lines = cover_many(jobs, tmp_path / "out")
    assert [line["error"] for line in lines] == ["RuntimeError: never foreseen"] * 3
