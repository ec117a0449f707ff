"""Pages are printed in a separate process, whose errors are reported."""

import pytest
from pypdf import PdfReader

from symbolic_cover.core.errors import MissingDependencyError
from symbolic_cover.notation.printing import Printing

PAGE = '<svg xmlns="http://www.w3.org/2000/svg" width="210" height="297"><path d="M1 1 L9 9 Z"/></svg>'


@pytest.mark.parametrize("count", [1, 4])
def test_every_page_is_printed(tmp_path, count):
    with Printing([PAGE] * count, tmp_path / "score.pdf") as printing:
        assert (printing.process is None) == (count < 3)
    assert len(PdfReader(tmp_path / "score.pdf").pages) == count


def test_what_is_missing_is_said(tmp_path, monkeypatch):
    (tmp_path / "cairosvg.py").write_text("raise ImportError")
    monkeypatch.syspath_prepend(str(tmp_path))
    with (
        pytest.raises(MissingDependencyError, match="pages cannot be printed without cairo: install cairo"),
        Printing([PAGE] * 3, tmp_path / "score.pdf"),
    ):
        pass


def test_a_page_that_cannot_be_printed_is_an_error(tmp_path):
    with pytest.raises(RuntimeError, match="pages could not be printed"), Printing(["no page"] * 3, tmp_path / "x.pdf"):
        pass


def test_an_error_meanwhile_gives_the_printing_up(tmp_path):
    with pytest.raises(ZeroDivisionError), Printing([PAGE] * 3, tmp_path / "score.pdf") as printing:
        _ = 1 / 0
    assert printing.process is not None
    assert printing.process.returncode is not None
