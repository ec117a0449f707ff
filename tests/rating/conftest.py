"""Three systems with two songs each, as short sounds of different loudness, and a study of them."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from fastapi.testclient import TestClient

from symbolic_cover.rating.sound import levelled
from symbolic_cover.rating.store import Store
from symbolic_cover.rating.study import Study
from symbolic_cover.rating.versions import find_versions

RATE_HZ = 22050
SYSTEMS = {"ours": 0.5, "theirs": 0.1, "rules": 0.02}
SONGS = {"Amazing": 330.0, "Scarborough": 440.0}


def write_tone(path: Path, hz: float, gain: float, seconds: float = 2.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    time = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    soundfile.write(path, gain * np.sin(2 * np.pi * hz * time), RATE_HZ)
    return path


@pytest.fixture
def folders(tmp_path):
    for system, gain in SYSTEMS.items():
        for song, hz in SONGS.items():
            write_tone(tmp_path / system / f"{song}.wav", hz, gain)
    write_tone(tmp_path / "songs" / "Amazing.wav", 200.0, 0.3)
    return [tmp_path / system for system in SYSTEMS]


@pytest.fixture
def study(folders, tmp_path) -> Study:
    sounds = tmp_path / "sounds"
    sounds.mkdir()
    versions = find_versions(folders, tmp_path / "songs")
    return Study(
        versions,
        {version: levelled(version.score, version.sound, version.style, sounds) for version in versions},
        {one.source: levelled(None, one.source, "", sounds) for one in versions if one.source},
        Store(tmp_path / "answers.sqlite"),
    )


def full_marks(scales, a: int = 4, b: int = 2) -> dict[str, dict[str, int]]:
    return {"a": dict.fromkeys(scales, a), "b": dict.fromkeys(scales, b)}


def answer_everything(server, sockets):
    """A listener in place of the server's loop, who always prefers A."""
    client = TestClient(server.config.app, base_url="http://127.0.0.1")
    while not (asked := client.get("/next", params={"rater": "Ada"}).json())["done"]:
        given = {"rater": "Ada", "number": asked["number"], "preferred": "a", "scales": full_marks(asked["scales"])}
        assert client.post("/answers", json=given).status_code == 201
    sockets[0].close()
