"""A studio in a folder, with a worker in the same process that is run by hand."""

import shutil
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from symbolic_cover.core.song_file import sheet_as_json
from symbolic_cover.web.studio.jobs import Jobs
from symbolic_cover.web.studio.server import studio
from symbolic_cover.web.studio.work import Work
from symbolic_cover.web.studio.worker import JOBS_FILE, _done
from tests.conftest import make_song

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Studio:
    """A client of the page, and the worker."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.client = TestClient(studio(root), base_url="http://127.0.0.1")
        self.jobs, self.worker = Jobs(root / JOBS_FILE), Work(root, "rules")

    def work(self) -> list[str]:
        """Do all that is asked for; returns how each job ended."""
        states = []
        while job := self.jobs.begin():
            self.jobs.end(job.id, *_done(self.worker, self.jobs, job))
            states.append(self.jobs.get(job.id).state)
        return states

    def upload(self, name: str, data: bytes) -> str:
        reply = self.client.post("/api/songs", params={"name": name}, content=data)
        assert reply.status_code == 201, reply.text
        return reply.json()["id"]

    def view(self, song: str) -> dict:
        return self.client.get(f"/api/songs/{song}").json()

    def correct(self, song: str, *words: str) -> dict:
        asked = {"revision": self.view(song)["revision"], "words": words}
        reply = self.client.post(f"/api/songs/{song}/corrections", json=asked)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def arrange(self, song: str, **asked) -> int:
        reply = self.client.post(f"/api/songs/{song}/takes", json={"style": "pop-piano"} | asked)
        assert reply.status_code == 202, reply.text
        return reply.json()["take"]


@pytest.fixture
def room(tmp_path) -> Studio:
    return Studio(tmp_path / "studio")


@pytest.fixture
def song(room) -> str:
    """A song sheet of eight bars, uploaded."""
    return room.upload("song.json", sheet_as_json(make_song(8)).encode())
