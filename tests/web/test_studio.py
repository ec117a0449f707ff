"""The HTTP interface of the studio: input and output, corrections, takes, and access."""

import io
import json
import zipfile

import pytest
import symusic
from fastapi.testclient import TestClient

from symbolic_cover.core.song_file import sheet_from_json
from symbolic_cover.listening.scores.read import read_score
from symbolic_cover.web.studio.jobs import CANCELLED, DONE, FAILED, QUEUED
from symbolic_cover.web.studio.server import MOST_BYTES, studio

TUNE = b"X:1\nT:My tune\nM:4/4\nL:1/4\nQ:1/4=120\nK:G\nGABc|dBG2|cBAG|A2G2|\n"
BAR = 4 * 480


def bars_of(midi: bytes) -> dict[int, set]:
    found: dict[int, set] = {}
    for track in symusic.Score.from_midi(midi).tracks:
        for note in track.notes:
            found.setdefault(note.time // BAR + 1, set()).add((track.name, note.time, note.duration, note.pitch))
    return found


def take_file(room, song, number, name) -> bytes:
    reply = room.client.get(f"/api/songs/{song}/takes/{number}/files/{name}")
    assert reply.status_code == 200, reply.text
    return reply.content


def test_a_score_is_heard_and_can_be_played(room):
    song = room.upload("my_tune.abc", TUNE)
    assert room.view(song)["sheet"] is None
    assert room.work() == [DONE]
    view = room.view(song)
    assert (view["title"], view["sheet"]["key"], len(view["sheet"]["bars"])) == ("My tune", "G major", 4)
    assert view["sheet"]["eighth_sec"][4] == pytest.approx(1.0)
    assert view["sheet"]["melody"][0] == [0, 12, 67]
    sound = room.client.get(f"/api/songs/{song}/sound")
    assert sound.content[:4] == b"OggS"
    part = room.client.get(f"/api/songs/{song}/sound", headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"OggS")
    peaks = room.client.get(f"/api/songs/{song}/peaks").content
    assert len(peaks) // 2 == pytest.approx(100 * 8, rel=0.4)
    assert max(peaks[1::2]) > 100
    assert room.client.get("/api/songs").json()[0]["title"] == "My tune"


def test_what_is_no_music_is_said_in_words_and_can_be_thrown_away(room):
    song = room.upload("noise.wav", b"no sound at all")
    assert room.work() == [FAILED]
    (job,) = room.view(song)["jobs"]
    assert "noise.wav" in job["message"]
    assert room.client.delete(f"/api/songs/{song}").status_code == 204
    assert room.client.get(f"/api/songs/{song}").status_code == 404
    assert room.client.get("/api/songs").json() == []


@pytest.mark.parametrize(("name", "data"), [("song.exe", b"x"), ("", b"x"), ("empty.wav", b""), ("song.json", b"{}")])
def test_what_cannot_be_a_song_is_refused(room, name, data):
    reply = room.client.post("/api/songs", params={"name": name}, content=data)
    assert reply.status_code in (411, 413, 422)
    assert room.client.get("/api/songs").json() == []
    assert not list(room.root.rglob("source*"))


def test_corrections_are_kept_taken_back_and_made_again(room, song):
    before = room.view(song)["sheet"]
    after = room.correct(song, "chord 2=Eb", "octave 3=-1")["sheet"]
    assert after["chords"][1] == [48, 96, "D#"]
    assert after["done"] == ["chord 2=Eb", "octave 3=-1"]
    for _ in range(2):
        room.client.post(f"/api/songs/{song}/undo", json={"revision": room.view(song)["revision"]})
    back = room.view(song)["sheet"]
    assert (back["chords"], back["melody"]) == (before["chords"], before["melody"])
    room.client.post(f"/api/songs/{song}/redo", json={"revision": room.view(song)["revision"]})
    assert room.view(song)["sheet"]["done"] == ["chord 2=Eb"]
    kept = sheet_from_json(room.client.get(f"/api/songs/{song}/song.json").text)
    assert kept.corrections.done == ("chord 2=Eb",)


def test_two_who_correct_at_once_lose_nothing(room, song):
    revision = room.view(song)["revision"]
    first = {"revision": revision, "words": ["chord 1=Eb"]}
    second = {"revision": revision, "words": ["chord 2=F"]}
    assert room.client.post(f"/api/songs/{song}/corrections", json=first).status_code == 200
    assert room.client.post(f"/api/songs/{song}/corrections", json=second).status_code == 409
    assert room.correct(song, "chord 2=F")["sheet"]["done"] == ["chord 1=Eb", "chord 2=F"]


def test_a_correction_that_does_not_fit_changes_nothing(room, song):
    before = room.view(song)
    for words in (["chord 99=C"], ["chord 1=C", "dance 2"], [], ["x" * 300]):
        asked = {"revision": before["revision"], "words": words}
        assert room.client.post(f"/api/songs/{song}/corrections", json=asked).status_code in (404, 422)
    assert room.view(song) == before


def test_takes_have_all_files_and_open_again(room, song):
    number = room.arrange(song, controls={"seed": 3, "level": "easy"})
    assert room.work() == [DONE]
    (take,) = room.view(song)["takes"]
    assert (take["number"], take["style"], take["controls"]["seed"], take["bars"]) == (number, "pop-piano", 3, [])
    with zipfile.ZipFile(io.BytesIO(room.client.get(f"/api/songs/{song}/takes/{number}/all.zip").content)) as archive:
        names = set(archive.namelist())
        assert names == set(room.client.get(f"/api/songs/{song}/takes/{number}/files").json())
        assert {"score.musicxml", "score.pdf", "arrangement.mid", "cover.ogg", "song.json", "report.html"} <= names
        assert not any("page" in name or name == "take.json" for name in names)
        archive.extract("score.musicxml", room.root)
    assert len(read_score(room.root / "score.musicxml").notes) > 30
    score = room.client.get(f"/api/songs/{song}/takes/{number}/score").json()
    assert len(score["bars"]) == 8
    assert all(f'id="{bar}"' in score["svg"][0] for bar in score["bars"])
    assert [sec for sec, _, _ in score["notes"]] == sorted(sec for sec, _, _ in score["notes"])


def test_parts_come_with_ensembles(room, song):
    number = room.arrange(song, style="string-quartet")
    assert room.work() == [DONE]
    names = room.client.get(f"/api/songs/{song}/takes/{number}/files").json()
    assert sum(name.startswith("parts/") for name in names) >= 8


def test_some_bars_are_arranged_anew_and_the_others_stay(room, song):
    first = room.arrange(song)
    room.work()
    room.correct(song, "chord 3=Eb", "octave 4=-1", "sure 5")
    assert room.client.get(f"/api/songs/{song}/takes/{first}/touched").json() == [3, 4]
    second = room.arrange(song, bars=[3, 4], onto=first)
    assert room.work() == [DONE]
    before, after = (bars_of(take_file(room, song, one, "arrangement.mid")) for one in (first, second))
    assert {bar for bar in before if before[bar] != after[bar]} == {3, 4}
    assert room.client.get(f"/api/songs/{song}/takes/{second}/touched").json() == []
    assert not list(room.root.rglob("*excerpt*"))
    room.correct(song, "downbeat +1")
    assert room.client.get(f"/api/songs/{song}/takes/{second}/touched").json() == []


def test_new_bars_can_be_heard_before_their_take_is_done(room, song, monkeypatch):
    first = room.arrange(song)
    room.work()
    second = room.arrange(song, bars=[2], onto=first)
    heard = []

    def save(job, made, bars, progress):
        heard.append(room.client.get(f"/api/songs/{song}/takes/{second}/excerpt").content)

    monkeypatch.setattr(room.worker, "_save", save)
    room.work()
    assert heard[0][:4] == b"OggS"


@pytest.mark.parametrize(
    "asked", [{"style": "nope"}, {"ensemble": "nope"}, {"controls": {"level": "hard"}}, {"controls": {"seed": -1}},
              {"bars": [2], "onto": 9}, {"style": 5}]
)  # fmt: skip
def test_what_cannot_be_arranged_is_refused(room, song, asked):
    reply = room.client.post(f"/api/songs/{song}/takes", json={"style": "pop-piano"} | asked)
    assert reply.status_code in (404, 422)
    assert reply.json()["detail"]
    assert not room.view(song)["jobs"]


def test_a_job_that_is_not_wanted_ends_and_the_next_is_done(room, song):
    room.arrange(song)
    room.arrange(song, style="hymn")
    first, _ = room.view(song)["jobs"]
    assert room.client.post(f"/api/songs/{song}/jobs/{first['id']}/cancel", json={}).status_code == 204
    assert room.work() == [DONE]
    states = [job["state"] for job in room.view(song)["jobs"]]
    assert states == [CANCELLED, DONE]
    assert [take["style"] for take in room.view(song)["takes"]] == ["hymn"]


def test_a_job_is_cancelled_while_it_is_done(room, song, monkeypatch):
    room.arrange(song)
    do = room.worker.do

    def cancelled_midway(job, progress):
        room.jobs.cancel(job.id)
        do(job, progress)

    monkeypatch.setattr(room.worker, "do", cancelled_midway)
    assert room.work() == [CANCELLED]
    assert room.view(song)["takes"] == []


def test_what_a_dead_worker_left_is_done_again_but_not_for_ever(room, song):
    room.arrange(song)
    for _ in range(3):
        assert room.jobs.begin() is not None
        assert room.view(song)["jobs"][0]["state"] == "running"
        room.jobs.resume()
    (job,) = room.view(song)["jobs"]
    assert job["state"] == FAILED
    room.arrange(song)
    room.jobs.begin()
    room.jobs.resume()
    assert room.view(song)["jobs"][1]["state"] == QUEUED
    assert room.work() == [DONE]


def test_locks_keeping_and_preferences_are_remembered(room, song):
    one, two = room.arrange(song), room.arrange(song, controls={"seed": 2})
    room.work()
    room.client.post(f"/api/songs/{song}/about", json={"locked": [3, 2, 3]})
    room.client.post(f"/api/songs/{song}/about", json={"kept": two})
    told = {"a": one, "b": two, "preferred": "b"}
    assert room.client.post(f"/api/songs/{song}/preferences", json=told).status_code == 201
    view = room.view(song)
    assert (view["locked"], view["kept"], view["preferences"]) == ([2, 3], two, [[one, two, "b"]])
    assert room.client.post(f"/api/songs/{song}/preferences", json=told | {"preferred": "c"}).status_code == 422


def test_songs_of_a_folder_can_be_opened_and_nothing_else(tmp_path):
    (tmp_path / "songs").mkdir()
    (tmp_path / "songs" / "tune.abc").write_bytes(TUNE)
    (tmp_path / "songs" / "notes.txt").write_text("none")
    client = TestClient(studio(tmp_path / "studio", folder=tmp_path / "songs"), base_url="http://127.0.0.1")
    assert client.get("/api/choices").json()["folder"] == ["tune.abc"]
    assert client.post("/api/folder", params={"name": "tune.abc"}, json={}).status_code == 201
    for name in ("notes.txt", "../songs/tune.abc", "nothing.abc"):
        assert client.post("/api/folder", params={"name": name}, json={}).status_code == 404


@pytest.mark.parametrize("path", ["../../about.json", "take.json", "page/score.json", "%2e%2e/%2e%2e/about.json"])
def test_only_the_files_of_a_take_are_given_out(room, song, path):
    number = room.arrange(song)
    room.work()
    assert room.client.get(f"/api/songs/{song}/takes/{number}/files/{path}").status_code == 404


def test_other_hosts_and_other_pages_are_refused(room, song):
    assert TestClient(studio(room.root), base_url="http://evil.example").get("/").status_code == 400
    asked = {"revision": room.view(song)["revision"], "words": ["chord 1=Eb"]}
    for origin in ("http://evil.example", "null", "http://127.0.0.1:9999"):
        reply = room.client.post(f"/api/songs/{song}/corrections", json=asked, headers={"Origin": origin})
        assert reply.status_code == 403
    assert room.client.get("/api/songs", headers={"Origin": "http://evil.example"}).status_code == 403
    assert not room.view(song)["sheet"]["done"]


def test_others_on_the_network_need_the_token(tmp_path):
    page = studio(tmp_path, host="0.0.0.0", token="secret-token")
    stranger = TestClient(page, base_url="http://music-room")
    for address in ("/", "/api/songs", "/static/main.js", "/?token=wrong"):
        assert stranger.get(address).status_code == 403
    assert stranger.post("/api/songs?name=a.abc", content=TUNE).status_code == 403
    assert stranger.get("/?token=secret-token").status_code == 200
    assert stranger.get("/api/songs").json() == []


def test_too_much_is_refused(room, song):
    reply = room.client.post(f"/api/songs/{song}/about", json={"title": "x" * MOST_BYTES})
    assert reply.status_code == 413
    assert room.client.post("/api/songs", params={"name": "a.abc"}, content=iter([TUNE])).status_code == 413


def test_the_page_asks_nothing_of_other_machines(room):
    page = room.client.get("/")
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    for name in ("main", "api", "places", "player", "recorder", "score", "timeline"):
        reply = room.client.get(f"/static/{name}.js")
        assert reply.status_code == 200
        assert "javascript" in reply.headers["content-type"]
        assert not [one for one in reply.text.split('"') if one.startswith("http") and "w3.org" not in one]


def test_facts_of_a_take_are_plain(room, song):
    number = room.arrange(song, style="hymn", controls={"transpose": 2})
    room.work()
    told = json.loads((room.root / "songs" / song / "takes" / str(number) / "take.json").read_text())
    assert {"style", "ensemble", "controls", "bars", "onto", "corrections", "offset_sec", "tempo", "weak"} == set(told)
