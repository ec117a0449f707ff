"""The public names, their lazy import, and the examples of the documentation."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import symbolic_cover

ROOT = Path(__file__).parents[1]
#: Libraries that nobody should wait for before they are needed.
HEAVY = ("torch", "transformers", "music21", "librosa", "numpy", "symusic", "verovio", "matplotlib")


def test_the_public_names_are_sorted_and_there():
    names = symbolic_cover.__all__
    assert names == sorted(names)
    assert dir(symbolic_cover) == names
    assert all(getattr(symbolic_cover, name) is not None for name in names)
    assert {"listen", "analyze", "arrange", "cover", "evaluate", "render", "SongSheet"} <= set(names)
    assert 20 <= len(names) <= 36


def test_what_is_not_public_is_not_there():
    with pytest.raises(AttributeError, match="quantize"):
        symbolic_cover.quantize  # noqa: B018


def test_every_public_name_says_what_it_is():
    for name in symbolic_cover.__all__:
        assert name == "__version__" or getattr(symbolic_cover, name).__doc__, name


@pytest.mark.parametrize("what", ["import symbolic_cover", "import symbolic_cover.cli.app"])
def test_importing_loads_nothing_heavy(what):
    program = f"{what}, sys; sys.exit(' '.join(m for m in {HEAVY} if m in sys.modules) or 0)"
    light = program.replace("'numpy', ", "") if "cli" in what else program
    run = subprocess.run([sys.executable, "-c", light], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_the_package_is_typed():
    assert (ROOT / "symbolic_cover" / "py.typed").is_file()


@pytest.mark.slow
def test_the_composition_of_the_documents_runs(tmp_path, monkeypatch):
    text = (ROOT / "docs" / "compose.md").read_text(encoding="utf-8")
    programs = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert all(len(program.strip().splitlines()) <= 10 for program in programs)
    (tmp_path / "data").symlink_to(ROOT / "data")
    monkeypatch.chdir(tmp_path)
    for program in programs:
        exec(compile(program, "compose.md", "exec"), {})
    assert (tmp_path / "score.musicxml").read_text(encoding="utf-8").startswith("<?xml")
    assert symbolic_cover.read_sheet("song.json").title == "Scarborough Fair"
