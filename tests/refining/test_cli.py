import pytest

from symbolic_cover.arrangement.checkpoint import SHIPPED


@pytest.mark.parametrize(
    "arguments",
    [(), ("--data", "nowhere"), ("--songs", "nowhere"), ("--songs", ".", "--pairs", "0"), ("--revert",), ("--adopt",),
     ("--songs", ".", "--ratings", "nowhere.jsonl"), ("--songs", ".", "--corrected", "nowhere"),
     ("--songs", ".", "--style", "no-such-style"), ("--songs", ".", "--checkpoint", "no-such-checkpoint")],
)  # fmt: skip
def test_misuse_is_one_line_and_leaves_nothing(arguments, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SYMBOLIC_COVER_CHECKPOINTS", str(tmp_path / "home"))
    code, _, complaint = run("refine", *arguments, "--quiet")
    assert code == 2
    assert len(complaint.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_a_checkpoint_is_adopted_and_taken_back(run, tmp_path, monkeypatch):
    monkeypatch.setenv("SYMBOLIC_COVER_CHECKPOINTS", str(tmp_path / "home"))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "checkpoint").symlink_to(SHIPPED / "arranger-small")
    for arguments, word in ((("--adopt", "--out", tmp_path / "out"), "adopted"), (("--revert",), "taken back")):
        code, said, _ = run("refine", *arguments)
        assert code == 0
        assert word in said
        assert "001-refined" in said
    assert not list((tmp_path / "home").iterdir())
