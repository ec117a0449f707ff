"""`symbolic-cover serve`: addresses and errors."""

import socket

import pytest
import uvicorn
from fastapi.testclient import TestClient

from symbolic_cover.core.errors import UsageError
from symbolic_cover.web.studio.run import working


@pytest.fixture
def visited(monkeypatch):
    """Addresses that a visitor asked, instead of a server that goes on."""
    seen = []

    def visit(server, sockets):
        client = TestClient(server.config.app, base_url="http://127.0.0.1")
        seen.append(client.get("/").status_code)
        sockets[0].close()

    monkeypatch.setattr(uvicorn.Server, "run", visit)
    return seen


def test_the_page_is_served_and_all_is_kept_in_a_folder(run, tmp_path, visited):
    code, said, _ = run("serve", "--out", tmp_path / "studio", "--port", 0, "--no-browser")
    assert (code, visited) == (0, [200])
    assert "http://127.0.0.1:" in said
    assert (tmp_path / "studio" / "jobs.sqlite").is_file()


def test_others_need_the_token_that_is_printed_even_where_nothing_else_is(run, tmp_path, visited):
    code, said, _ = run("serve", "--out", tmp_path, "--host", "0.0.0.0", "--port", 0, "--no-browser", "--quiet")
    assert (code, visited) == (0, [403])
    assert len(said.split("?token=")[1].split()[0]) >= 32


def test_a_folder_is_served_once(tmp_path):
    with (
        working(tmp_path, "rules"),
        pytest.raises(UsageError, match="being served already"),
        working(tmp_path, "rules"),
    ):
        pass


@pytest.mark.parametrize("words", [("nowhere",), ("--checkpoint", "nope")])
def test_misuse_is_one_line(run, tmp_path, words, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, _, complaint = run("serve", *words, "--no-browser")
    assert code == 2
    assert len(complaint.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_a_port_in_use_is_named(run, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, _, complaint = run("serve", "--out", tmp_path, "--port", port, "--no-browser")
    assert code == 2
    assert f":{port}" in complaint
