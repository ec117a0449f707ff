"""Every table of the benchmarks, and the gallery, is of the weights that are shipped."""

import re
import sys
from pathlib import Path

import pytest

from symbolic_cover.arrangement.adapter import weights_sha256
from symbolic_cover.core.places import CHECKPOINTS

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "benchmarks"
sys.path.append(str(FOLDER))
tables = pytest.importorskip("tables")

WRITTEN = sorted(path for path in FOLDER.glob("**/*.md") if path.name != "README.md" and "archive" not in path.parts)


def test_every_table_says_how_it_is_made():
    assert {file for table in tables.TABLES for file in table.files} == set(WRITTEN)


@pytest.mark.parametrize("table", tables.TABLES, ids=lambda table: str(table.file.relative_to(FOLDER)))
def test_a_table_is_of_the_shipped_weights_or_said_to_be_older(table):
    name = str(table.file.relative_to(FOLDER))
    assert tables.is_of_shipped_weights(table) != (name in tables.OLDER), f"make tables TABLES='--only {table.script}'"
    if name in tables.OLDER:
        assert f"`{name}`" in (ROOT / "docs" / "limits.md").read_text(encoding="utf-8")


def test_a_table_of_other_weights_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "FOLDER", tmp_path)
    table = tables.Table("one.py", "", ("listener",))
    table.file.write_text("# One\n\nMade with listener 000000000000.\n")
    assert not tables.is_of_shipped_weights(table)
    table.file.write_text("# One\n" + tables.stamp(table))
    assert tables.is_of_shipped_weights(table)


def test_a_table_is_made_and_stamped(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "FOLDER", tmp_path)
    (tmp_path / "one.py").write_text(
        "import sys\nfrom pathlib import Path\n"
        "Path(sys.argv[sys.argv.index('--out') + 1]).write_text('# ' + sys.argv[1] + '\\n')\n"
    )
    table = tables.Table("one.py", "{corpus}", ("listener",))
    assert table.needs == ["corpus"]
    assert tables.make(table, {"corpus": Path("songs")})
    assert table.file.read_text() == "# songs\n" + tables.stamp(table)
    (tmp_path / "one.py").write_text("raise SystemExit(1)\n")
    assert not tables.make(table, {"corpus": Path("songs")})
    assert table.file.read_text().startswith("# songs")


def test_the_gallery_is_of_the_shipped_weights_and_whole():
    page = (ROOT / "docs" / "gallery" / "index.md").read_text(encoding="utf-8")
    assert page.endswith(f"Made with arranger-small {weights_sha256(CHECKPOINTS / 'arranger-small')[:12]}.\n")
    named = re.findall(r'(?:src="|\]\()([\w-]+\.(?:ogg|png))', page)
    assert len(named) == 2 * 18
    assert all((ROOT / "docs" / "gallery" / name).is_file() for name in named)
