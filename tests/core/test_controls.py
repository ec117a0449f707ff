"""Settings: everything within the bounds, and nothing beyond them."""

import math
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from symbolic_cover.core.controls import LEVELS, TRANSCRIBERS, Controls, Hints, Playback
from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.music import Meter

#: Every number by its owner: least, most, and whether it may be left open.
REALS = {
    (Controls, "fidelity"): (0.0, 1.0, False),
    (Controls, "density"): (0.0, 1.0, True),
    (Controls, "polyphony"): (0.0, 1.0, True),
    (Controls, "tempo"): (0.25, 4.0, False),
    (Controls, "temperature"): (0.01, 10.0, False),
    (Hints, "bpm"): (20.0, 400.0, True),
    (Playback, "lufs"): (-40.0, -6.0, False),
    (Playback, "expression"): (0.0, 1.0, False),
}
WHOLES = {
    (Controls, "transpose"): (-24, 24),
    (Controls, "seed"): (0, 2**63 - 1),
    (Controls, "candidates"): (1, 32),
}
WORDS = {
    (Controls, "level"): LEVELS,
    (Hints, "transcriber"): TRANSCRIBERS,
}
OTHERS = {(Hints, "tune"), (Hints, "meter"), (Hints, "downbeat_sec"), (Playback, "soundfont"), (Playback, "stems")}
NO_NUMBERS = (math.nan, math.inf, -math.inf, np.float64("nan"), "1", "", "0.5", [1], (1,), {}, 1j, object())
named = pytest.mark.parametrize


def by_name(table):
    return {"argvalues": list(table), "ids": [f"{kind.__name__}.{name}" for kind, name in table]}


def refused(kind: type, **asked) -> UsageError:
    with pytest.raises(UsageError) as caught:
        kind(**asked)
    assert caught.value.remedy
    assert "\n" not in str(caught.value)
    return caught.value


def test_every_field_is_in_a_table_here():
    known = set(REALS) | set(WHOLES) | set(WORDS) | OTHERS
    assert known == {(kind, field.name) for kind in (Controls, Hints, Playback) for field in fields(kind)}


@named("of", **by_name(REALS))
def test_numbers_are_taken_up_to_their_bounds_and_no_further(of):
    kind, name = of
    least, most, _ = REALS[of]
    for value in (least, most, (least + most) / 2, np.float64(most), np.float32((least + most) / 2)):
        assert getattr(kind(**{name: value}), name) == value
    for value in (math.nextafter(least, -math.inf), math.nextafter(most, math.inf), least - 1, most + 1):
        refused(kind, **{name: value})


@named("of", **by_name(REALS))
def test_what_is_no_number_is_refused(of):
    kind, name = of
    for value in NO_NUMBERS:
        assert repr(value) in str(refused(kind, **{name: value})) or str(value) in str(refused(kind, **{name: value}))


@named("of", **by_name({of: REALS[of] for of in REALS if REALS[of][2]}))
def test_numbers_that_may_be_left_open(of):
    kind, name = of
    assert getattr(kind(**{name: None}), name) is None


@named("of", **by_name(WHOLES))
def test_whole_numbers_are_taken_up_to_their_bounds_and_no_further(of):
    kind, name = of
    least, most = WHOLES[of]
    for value in (least, most, np.int64(most)):
        assert getattr(kind(**{name: value}), name) == value
    for value in (least - 1, most + 1, 10**400):
        refused(kind, **{name: value})


@named("of", **by_name(WHOLES))
def test_what_is_no_whole_number_is_refused(of):
    kind, name = of
    for value in (*NO_NUMBERS, 1.0, 1.5, np.float64(1.0), True, False, None):
        refused(kind, **{name: value})


def test_seeds():
    assert Controls(seed=2**63 - 1).seed == 2**63 - 1
    for seed in (2**63, -1):
        assert f"{seed} is not a valid seed" in str(refused(Controls, seed=seed))


@named("of", **by_name(WORDS))
def test_words_are_those_that_are_known(of):
    kind, name = of
    for word in WORDS[of]:
        assert getattr(kind(**{name: word}), name) == word
    for word in ("", "Full", "AUTO", None, 1, True, math.nan, ["full"], b"full"):
        assert WORDS[of][0] in refused(kind, **{name: word}).remedy


def test_metres_are_those_that_are_written():
    for numerator in (1, 32):
        for denominator in (1, 2, 4, 8, 16):
            assert Hints(meter=Meter(numerator, denominator)).meter == (numerator, denominator)
    assert Hints(meter="6/8").meter == Meter(6, 8)
    assert Hints(meter=None).meter is None
    wrong = [Meter(*numbers) for numbers in ((0, 4), (33, 4), (-4, 4), (4, 3), (4, 32), (4, 0), (4.0, 4), (True, 4))]
    for meter in (*wrong, "4", "4/", "/4", "x/4", "4/4/4", "-4/4", "", 4, 0.75, (4, 4), True, math.nan):
        refused(Hints, meter=meter)


def test_downbeats_lie_in_the_song():
    for sec in (0, 0.0, 12.5, 1e6, np.float32(0.5)):
        assert Hints(downbeat_sec=sec).downbeat_sec == sec
    assert Hints(downbeat_sec=None).downbeat_sec is None
    for sec in (-1e-9, -1.0, *NO_NUMBERS):
        refused(Hints, downbeat_sec=sec)


def test_what_plays_and_whether_its_parts_are_wanted():
    assert Playback(soundfont=Path("a.sf2"), stems=True) == Playback(Path("a.sf2"), -16.0, 1.0, True)
    assert Playback() == Playback(None, -16.0, 1.0, False)


def test_a_changed_copy_is_checked_too():
    with pytest.raises(UsageError):
        replace(Controls(), tempo=0.0)
    with pytest.raises(UsageError):
        replace(Hints(), bpm=0.0)
    with pytest.raises(UsageError):
        replace(Playback(), expression=2.0)


def test_what_is_asked_is_told_apart_and_does_not_change():
    assert Controls(seed=1) == Controls(seed=1) != Controls()
    assert len({Hints(), Hints(bpm=120.0), Hints(bpm=120)}) == 2
    with pytest.raises(AttributeError):
        Controls().seed = 3


@named("of", **by_name([*(of for of in REALS if of[1] not in ("bpm", "lufs")), (Hints, "downbeat_sec")]))
def test_truth_is_no_number(of):
    kind, name = of
    refused(kind, **{name: True})


@named("of", **by_name([of for of in REALS if not REALS[of][2]]))
def test_what_cannot_be_left_open_is_refused(of):
    kind, name = of
    refused(kind, **{name: None})


@named("of", **by_name([*REALS, (Hints, "downbeat_sec")]))
def test_huge_numbers_are_refused(of):
    kind, name = of
    refused(kind, **{name: 10**400})


@named("asked", [{"soundfont": 1}, {"soundfont": True}, {"stems": "no"}, {"stems": None}, {"stems": math.nan}])
def test_what_is_no_soundfont_and_no_answer_is_refused(asked):
    refused(Playback, **asked)


def test_the_number_of_a_tune():
    assert (Hints().tune, Hints(tune=0).tune, Hints(tune=10**9).tune) == (None, 0, 10**9)
    for value in (-1, 10**9 + 1, 1.0, True, "1"):
        refused(Hints, tune=value)
