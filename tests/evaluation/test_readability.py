"""Readability counted by hand on two bars."""

from __future__ import annotations

import pytest

from symbolic_cover.core.errors import InputError
from symbolic_cover.evaluation.readability import DESCRIPTIONS, readability
from symbolic_cover.notation.musicxml import write_musicxml
from tests.notation.scores import golden


def note(step: str, octave: int, *, alter: int = 0, voice: int = 1, kind: str = "quarter", more: str = "") -> str:
    return (
        f"<note><pitch><step>{step}</step><alter>{alter}</alter><octave>{octave}</octave></pitch><duration>1</duration>"
        f"{more}<voice>{voice}</voice><type>{kind}</type></note>"
    )


REST = "<note><rest/><duration>1</duration><voice>1</voice><type>quarter</type></note>"
HIDDEN = REST.replace("<note>", '<note print-object="no">')
TIE = '<tie type="start"/>'
BARS = (
    "<measure number='1'><attributes><divisions>1</divisions><key><fifths>1</fifths></key>"
    "<clef><sign>G</sign><line>2</line></clef></attributes>"
    # F sharp is in G major, F is not; A5 and C4 need a ledger line each, C6 two
    + note("F", 5, alter=1) + note("F", 5) + note("A", 5) + note("C", 4, more=TIE) + REST + HIDDEN + "</measure>"
    "<measure number='2'><attributes><clef><sign>F</sign><line>4</line></clef></attributes>"
    + note("C", 4) + note("E", 3, voice=2, kind="half") + "</measure>"
)  # fmt: skip


@pytest.fixture
def score(tmp_path):
    path = tmp_path / "score.musicxml"
    path.write_text(f"<score-partwise version='4.0'><part id='P1'>{BARS}</part></score-partwise>")
    return path


def test_two_bars_by_hand(score):
    assert readability(score) == {
        "notes": 3.0, "rests": 0.5, "ties": 0.5, "voices": 1.5, "accidentals": 0.5, "ledger_lines": 3 / 6,
        "far_notes": 0.0, "clef_changes": 0.5, "durations": 1.5, "tuplets": 0.0,
    }  # fmt: skip


def test_far_notes_have_three_ledger_lines(score):
    score.write_text(score.read_text().replace("<octave>3</octave>", "<octave>2</octave>"))  # E2 in the bass clef
    assert readability(score)["far_notes"] == 0.0
    score.write_text(score.read_text().replace("<octave>2</octave>", "<octave>1</octave>"))
    assert readability(score)["far_notes"] == 1 / 6


def test_only_braced_staves(score, tmp_path):
    write_musicxml(golden(), tmp_path / "piano.musicxml")
    piano = readability(tmp_path / "piano.musicxml")
    assert readability(tmp_path / "piano.musicxml", braced_only=True) == piano
    assert set(piano) == set(DESCRIPTIONS)
    assert piano["tuplets"] > 0
    with pytest.raises(InputError, match="no bars"):
        readability(score, braced_only=True)


def test_what_is_no_score_is_refused(tmp_path):
    path = tmp_path / "score.musicxml"
    path.write_text("<score-partwise><part>")
    with pytest.raises(InputError, match="Export it again"):
        readability(path)
