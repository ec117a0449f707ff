"""Damaged files are read or rejected in one line; `scripts/fuzz` tries many more."""

from itertools import islice

from symbolic_cover.analysis.song import analyze
from symbolic_cover.core.errors import SymbolicCoverError
from symbolic_cover.core.song_file import read_sheet, sheet_from_json
from symbolic_cover.listening.scores.read import read_score
from tests.listening.fuzzing import cases, seeds


def test_the_files_are_whole_before_they_are_damaged(tmp_path):
    for suffix, kept in seeds().items():
        for data in kept:
            path = tmp_path / f"x.{suffix}"
            path.write_bytes(data)
            if suffix == "json":
                assert sheet_from_json(data.decode()).melody
            else:
                assert analyze(read_score(path)).melody


def refusal_of(path):
    """The error for a file that is not read; None if it is read."""
    try:
        read_sheet(path) if path.suffix == ".json" else analyze(read_score(path))
    except SymbolicCoverError as error:
        return error
    return None


def test_damaged_files_are_read_or_refused_in_one_line(tmp_path):
    for suffix, data in islice(cases(2), 400):
        path = tmp_path / f"x.{suffix}"
        path.write_bytes(data)
        refusal = refusal_of(path)
        assert refusal is None or ("\n" not in str(refusal) and refusal.remedy)
