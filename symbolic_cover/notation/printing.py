"""Print pages as PDF in a separate process, since it takes a second a page while other work continues."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType

from symbolic_cover.core.errors import MissingDependencyError
from symbolic_cover.notation.engrave import write_pdf_pages

#: Fewer pages are printed directly: a process takes half a second to start.
_FEWEST_PAGES = 3
_MISSING = 3


class Printing:
    """Print `engrave_svg`'s pages to an A4 PDF, from the beginning of the block to its end.

    Raises `MissingDependencyError` without cairo. An error in the block aborts it.
    """

    def __init__(self, pages: list[str], pdf_path: Path) -> None:
        self.pages, self.pdf_path = pages, pdf_path
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Printing:
        if len(self.pages) < _FEWEST_PAGES:
            write_pdf_pages(self.pages, self.pdf_path)
            return self
        with tempfile.TemporaryFile() as told:
            told.write(json.dumps(self.pages).encode())
            told.seek(0)
            self.process = subprocess.Popen(
                [sys.executable, "-m", "symbolic_cover.notation.printing", str(self.pdf_path)],
                stdin=told, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            )  # fmt: skip
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process is None:
            return
        if kind is not None:
            self.process.kill()
        _, complaint = self.process.communicate()
        if kind is None and self.process.returncode == _MISSING:
            cause, _, remedy = complaint.decode().strip().rpartition("\n")
            raise MissingDependencyError(cause, remedy)
        if kind is None and self.process.returncode:
            raise RuntimeError(f"pages could not be printed: {complaint.decode()[-500:]}")


def main() -> None:
    """Print the pages on standard input, a JSON list of SVG, into the PDF named in the argument."""
    try:
        write_pdf_pages(json.load(sys.stdin), Path(sys.argv[1]))
    except MissingDependencyError as error:
        sys.stderr.write(f"{error.cause}\n{error.remedy}\n")
        raise SystemExit(_MISSING) from error


if __name__ == "__main__":
    main()
