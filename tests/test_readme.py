"""Every command of the README, then of the tour, runs as written (on the first seconds of the recording)."""

import re
import shlex
import shutil
import sys
import webbrowser
from pathlib import Path

import pytest
import soundfile
import uvicorn
from fastapi.testclient import TestClient

from symbolic_cover import cli
from tests.rating.conftest import answer_everything

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TOUR = (ROOT / "docs" / "tour.md").read_text(encoding="utf-8")
COMMANDS = [
    line
    for text in (README, TOUR)
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    for line in block.splitlines()
]


def visit(server, sockets):
    """A visitor in place of the server's loop: of the studio, or of the listening page."""
    if server.config.app.title != "symbolic-cover serve":
        return answer_everything(server, sockets)
    client = TestClient(server.config.app, base_url="http://127.0.0.1")
    assert "scarborough_fair.abc" in client.get("/api/choices").json()["folder"]
    sockets[0].close()


@pytest.fixture(scope="module")
def examples_folder(tmp_path_factory) -> Path:
    """A working folder with the examples, the recording cut short; later commands find what earlier ones wrote."""
    folder = tmp_path_factory.mktemp("readme")
    examples = folder / "data" / "examples"
    examples.mkdir(parents=True)
    shutil.copy(ROOT / "data" / "examples" / "scarborough_fair.abc", examples)
    samples, rate = soundfile.read(ROOT / "data" / "examples" / "lets_go_fishin.ogg", frames=10 * 44100)
    soundfile.write(examples / "lets_go_fishin.ogg", samples, rate)
    return folder


@pytest.fixture
def repository(examples_folder, monkeypatch) -> Path:
    monkeypatch.chdir(examples_folder)
    return examples_folder


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_runs(command, repository, monkeypatch):
    monkeypatch.setattr(uvicorn.Server, "run", visit)
    monkeypatch.setattr(webbrowser, "open", lambda address: True)
    monkeypatch.setattr(sys, "argv", shlex.split(command))
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert not stop.value.code


@pytest.mark.slow
def test_the_python_runs(repository):
    (block,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(compile(block, "README.md", "exec"), {})
    assert (repository / "covers" / "python" / "score.pdf").is_file()


def test_the_make_targets_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert all(f"\n{target}:" in makefile for target in re.findall(r"^    make (\w+)", README, re.MULTILINE))
