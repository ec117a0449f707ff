"""Make every table of the benchmarks again, and stamp each with the weights that it is of.

    python benchmarks/tables.py --list
    python benchmarks/tables.py --corpus CORPUS --library LIBRARY

A table that needs a folder which was not given is named and left as it is. Folders: CORPUS is what `symbolic-cover
prepare` makes, LIBRARY what `symbolic-cover collect` gathers, REAL annotated recordings (`listening/real.py --help`),
RECORDINGS any recordings, SONGS songs in new styles (`arranging/learn_style_songs.py`), RUN a folder of
`symbolic-cover refine`, TUNES ABC files. The last line of a table names the checkpoints it depends on and the
beginning of the SHA-256 of their weights. `tests/test_tables.py` compares it with the shipped ones.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from symbolic_cover.arrangement.adapter import weights_sha256
from symbolic_cover.core.places import CHECKPOINTS

FOLDER = Path(__file__).parent
#: The folders that tables may need, each given by an option.
INPUTS = ("corpus", "library", "real", "recordings", "songs", "run", "tunes")
_SONG = "data/examples/scarborough_fair.abc"
_JUDGED = "pop-piano string-quartet orchestra lied romantic-piano choral hymn bossa"
_ARRANGER, _EARS = ("arranger-small",), ("listener", "voice")
_DIGITS = 12


class Table(NamedTuple):
    """A table: its script and arguments, in which {corpus} and the like stand for folders, and the weights it is of.

    `path` is the table where it is not named like its script; {extra} stands for a second table of the same run.
    """

    script: str
    arguments: str
    weights: tuple[str, ...] = ()
    path: str = ""
    extra: str = ""

    @property
    def file(self) -> Path:
        """The table itself."""
        return FOLDER / (self.path or self.script.replace(".py", ".md"))

    @property
    def files(self) -> list[Path]:
        """All tables of a run."""
        return [self.file, *([FOLDER / self.extra] if self.extra else [])]

    @property
    def needs(self) -> list[str]:
        """The folders without which it cannot be made."""
        return [name for name in INPUTS if f"{{{name}}}" in self.arguments]


TABLES = (
    Table("speed.py", "{library}/pop909_cl/386.mid --runs 1 --against 032591c --candidates 8", _ARRANGER),
    Table("many.py", "", _ARRANGER),
    Table("heard.py", "{library} --count 8", (*_ARRANGER, *_EARS)),
    Table("arranging/arrangement.py", "{corpus}", _ARRANGER),
    Table("arranging/judge.py", f"{{corpus}} --segments 30 --styles {_JUDGED}", _ARRANGER),
    Table("arranging/controls.py", "{corpus} --styles pop-piano swing string-quartet --segments 4", _ARRANGER),
    Table("arranging/lanes.py", "{corpus} --songs 12 --styles pop-piano", _ARRANGER),
    Table("arranging/decoding.py", "--corpus {corpus}", _ARRANGER),
    Table("arranging/learn_style.py", "{corpus} {songs}/Ska {songs}/Polka --segments 12 --real 60", _ARRANGER),
    Table("arranging/refining.py", "{run}", _ARRANGER),
    Table("evaluating/findings.py", "{corpus} --pieces 3"),
    Table("evaluating/memorisation.py", "{corpus}", _ARRANGER),
    Table("notation/difficulty.py", "{library}", _ARRANGER),
    Table("notation/readers.py", "{library}", _ARRANGER),
    Table("notation/scores.py", "{library} --readability {extra}", _ARRANGER, extra="notation/readability.md"),
    Table("correcting/studio.py", f"{_SONG} --times 3 --readers 10 --correctors 4 --corrections 4", _ARRANGER),
    Table("correcting/downbeats.py", "{real} --sheets {scratch}", _EARS),
    Table("listening/synthetic.py", "{library} --recordings {scratch} --count 60", _EARS),
    Table("listening/real.py", "{real} --parts", _EARS),
    Table("listening/recorded.py", "{recordings}", _EARS),
    Table("listening/quantizing.py", "{library}"),
    Table("listening/abc.py", "{tunes}"),
    Table("sound/rendering.py", ""),
    Table("sound/expression.py", "{library} {corpus}"),
    Table("corpus/preparing.py", "{library} {scratch}"),
    Table("corpus/degradation.py", "{library}"),
)  # fmt: skip

#: Tables that are of older weights than the shipped ones, since they take hours; `docs/limits.md` names them.
OLDER = ("arranging/learn_style.md", "arranging/refining.md", "listening/recorded.md", "listening/synthetic.md")


def main() -> None:
    """Make the tables that can be made; say which cannot, and which scripts failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in INPUTS:
        parser.add_argument(f"--{name}", type=Path)
    parser.add_argument("--only", nargs="+", metavar="SCRIPT", help="such as arranging/judge.py")
    parser.add_argument("--stale", action="store_true", help="only those that are of other weights than the shipped")
    parser.add_argument("--list", action="store_true", help="name the tables and what they need, and make none")
    options = parser.parse_args()
    given = {name: getattr(options, name) for name in INPUTS if getattr(options, name)}
    failed = []
    for table in TABLES:
        missing = [name.upper() for name in table.needs if name not in given]
        if (options.only and table.script not in options.only) or (options.stale and is_of_shipped_weights(table)):
            continue
        name = str(table.file.relative_to(FOLDER))
        if options.list or missing:
            print(f"{name}: {'left as it is, needs ' if missing else ''}{' '.join(missing)}", flush=True)
        elif not make(table, given):
            failed.append(name)
    if failed:
        raise SystemExit(f"Not made: {', '.join(failed)}.")


def make(table: Table, given: dict[str, Path]) -> bool:
    """Run a table's script; keep what it wrote, stamped, if it succeeded."""
    with tempfile.TemporaryDirectory() as scratch:
        written = [Path(scratch) / f"table{index}.md" for index in range(len(table.files))]
        folders = {name: str(path) for name, path in given.items()} | {"scratch": scratch, "extra": str(written[-1])}
        told = [word.format(**folders) for word in table.arguments.split()]
        print(f"{table.script} {' '.join(told)}", flush=True)
        run = subprocess.run([sys.executable, str(FOLDER / table.script), *told, "--out", str(written[0])])
        if run.returncode or not all(path.exists() for path in written):
            return False
        for path, file in zip(written, table.files, strict=True):
            file.write_text(path.read_text(encoding="utf-8").rstrip("\n") + "\n" + stamp(table), encoding="utf-8")
    return True


def stamp(table: Table) -> str:
    """The line that ends a table: the weights that it is of; nothing where it is of none."""
    told = [f"{name} {weights_sha256(CHECKPOINTS / name)[:_DIGITS]}" for name in table.weights]
    return f"\nMade with {', '.join(told)}.\n" if told else ""


def is_of_shipped_weights(table: Table) -> bool:
    """Whether a table's stamp names the weights that are shipped."""
    return all(file.exists() and file.read_text(encoding="utf-8").endswith(stamp(table)) for file in table.files)


if __name__ == "__main__":
    main()
