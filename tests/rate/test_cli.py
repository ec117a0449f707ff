import json
import sys

import pytest
import uvicorn

from symbolic_cover import cli
from tests.rate.conftest import answer_everything


def run(monkeypatch, *arguments) -> int:
    monkeypatch.setattr(sys, "argv", ["symbolic-cover", "rate", *map(str, arguments)])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    return int(stop.value.code or 0)


@pytest.fixture
def rated(folders, tmp_path, monkeypatch):
    monkeypatch.setattr(uvicorn.Server, "run", answer_everything)
    out = tmp_path / "ratings"
    assert run(monkeypatch, *folders, "--out", out, "--source", tmp_path / "songs", "--port", 0, "--no-browser") == 0
    return out


def test_answers_become_results_and_an_export(rated, tmp_path, monkeypatch, capsys):
    capsys.readouterr()
    assert run(monkeypatch, "--out", rated, "--results", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["answers"], found["raters"], len(found["strengths"])) == (6, 1, 3)
    export = tmp_path / "preferences.jsonl"
    assert run(monkeypatch, "--out", rated, "--export", export, "--results") == 0
    lines = [json.loads(line) for line in export.read_text().splitlines()]
    assert len(lines) == 6
    assert {line["preferred"] for line in lines} == {"a"}
    assert "strength" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [(), ("nowhere", "neither"), ("--results", "--out", "nowhere")])
def test_misuse_is_one_line(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, *arguments) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_a_port_in_use_is_named(rated, folders, monkeypatch, capsys):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert run(monkeypatch, *folders, "--out", rated, "--port", port, "--no-browser") == 2
    assert f":{port}" in capsys.readouterr().err
