import json
import socket

import pytest
import uvicorn

from tests.rating.conftest import answer_everything


@pytest.fixture
def rated(folders, run, tmp_path, monkeypatch):
    monkeypatch.setattr(uvicorn.Server, "run", answer_everything)
    out = tmp_path / "ratings"
    words = (*folders, "--out", out, "--source", tmp_path / "songs", "--port", 0, "--no-browser")
    assert run("rate", *words)[0] == 0
    return out


def test_answers_become_results_and_an_export(rated, run, tmp_path):
    code, said, _ = run("rate", "--out", rated, "--results", "--json")
    found = json.loads(said)
    assert code == 0
    assert (found["answers"], found["raters"], len(found["strengths"])) == (6, 1, 3)
    export = tmp_path / "preferences.jsonl"
    code, said, _ = run("rate", "--out", rated, "--export", export, "--results")
    assert code == 0
    assert "strength" in said
    lines = [json.loads(line) for line in export.read_text().splitlines()]
    assert len(lines) == 6
    assert {line["preferred"] for line in lines} == {"a"}


@pytest.mark.parametrize("arguments", [(), ("nowhere", "neither"), ("--results", "--out", "nowhere")])
def test_misuse_is_one_line(arguments, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, _, complaint = run("rate", *arguments)
    assert code == 2
    assert len(complaint.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_a_port_in_use_is_named(rated, folders, run):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, _, complaint = run("rate", *folders, "--out", rated, "--port", port, "--no-browser")
    assert code == 2
    assert f":{port}" in complaint
