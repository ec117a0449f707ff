import sys

import pytest

from symbolic_cover import cli
from symbolic_cover.arrange.checkpoint import SHIPPED


def run(monkeypatch, *arguments) -> int:
    monkeypatch.setattr(sys, "argv", ["symbolic-cover", "refine", *map(str, arguments)])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    return int(stop.value.code or 0)


@pytest.mark.parametrize(
    "arguments",
    [(), ("--data", "nowhere"), ("--songs", "nowhere"), ("--songs", ".", "--pairs", "0"), ("--revert",), ("--adopt",),
     ("--songs", ".", "--ratings", "nowhere.jsonl"), ("--songs", ".", "--corrected", "nowhere"),
     ("--songs", ".", "--style", "no-such-style"), ("--songs", ".", "--checkpoint", "no-such-checkpoint")],
)  # fmt: skip
def test_misuse_is_one_line_and_leaves_nothing(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SYMBOLIC_COVER_CHECKPOINTS", str(tmp_path / "home"))
    assert run(monkeypatch, *arguments, "--quiet") == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_a_checkpoint_is_adopted_and_taken_back(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SYMBOLIC_COVER_CHECKPOINTS", str(tmp_path / "home"))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "checkpoint").symlink_to(SHIPPED / "arranger-small")
    for arguments, word in ((("--adopt", "--out", tmp_path / "out"), "adopted"), (("--revert",), "taken back")):
        assert run(monkeypatch, *arguments) == 0
        assert "001-refined" in (said := capsys.readouterr().out)
        assert word in said
    assert not list((tmp_path / "home").iterdir())
