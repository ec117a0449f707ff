from collections import Counter
from dataclasses import replace

import pytest

from symbolic_cover.core.errors import InputError, UsageError
from symbolic_cover.rating.store import SCALES, Store, as_preference
from tests.rating.conftest import full_marks


def answer_all(study, rater, preferred="a"):
    for number in study.unanswered(rater):
        study.answer(rater, number, preferred, full_marks(study.comparison(rater, number).scales))


def test_every_pair_of_every_song_is_heard_once(study):
    pairs = Counter((one.a.song, frozenset((one.a.system, one.b.system))) for one in study.comparisons("Ada"))
    assert len(pairs) == 6
    assert set(pairs.values()) == {1}


def test_listeners_hear_different_orders_and_each_the_same_again(study):
    orders = {rater: study.comparisons(rater) for rater in "abcdef"}
    assert study.comparisons("a") == orders["a"]
    assert len({tuple(order) for order in orders.values()}) > 3
    sides = Counter(one.a.system for order in orders.values() for one in order)
    assert all(sides[system] for system in ("ours", "theirs", "rules"))


def test_similarity_is_asked_only_where_the_song_can_be_heard(study):
    scales = {one.a.song: one.scales for one in study.comparisons("Ada")}
    assert scales == {"Amazing": SCALES, "Scarborough": SCALES[1:]}


def test_a_listener_goes_on_where_she_stopped(study):
    first, *rest = study.unanswered("Ada")
    study.answer("Ada", first, "tie", full_marks(study.comparison("Ada", first).scales))
    again = replace(study, store=Store(study.store.path))
    assert again.unanswered("Ada") == rest
    assert len(again.unanswered("Bert")) == 6


def test_an_answer_given_again_replaces_the_first(study):
    marks = full_marks(study.comparison("Ada", 0).scales)
    study.answer("Ada", 0, "a", marks)
    study.answer("Ada", 0, "b", marks)
    assert [one.preferred for one in study.store.answers()] == ["b"]


@pytest.mark.parametrize("wrong", ["preference", "mark", "missing", "number", "name"])
def test_answers_that_are_none_are_refused_and_not_kept(study, wrong):
    marks = full_marks(study.comparison("Ada", 0).scales)
    if wrong == "mark":
        marks["a"]["overall"] = 6
    if wrong == "missing":
        del marks["b"]["fluency"]
    with pytest.raises(UsageError):
        study.answer(" " if wrong == "name" else "Ada", 99 if wrong == "number" else 0,
                     "both" if wrong == "preference" else "a", marks)  # fmt: skip
    assert not study.store.answers()


def test_the_export_says_what_was_heard_and_preferred(study):
    answer_all(study, "Ada", "b")
    line = as_preference(study.store.answers()[0])
    one = study.comparisons("Ada")[0]
    assert (line["a"], line["b"], line["preferred"]) == (str(one.a.path), str(one.b.path), "b")
    assert line["scales"] == full_marks(one.scales)
    assert line["systems"] == {"a": one.a.system, "b": one.b.system}


def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path):
    path = tmp_path / "answers.sqlite"
    path.write_text("my notes " * 100)
    with pytest.raises(InputError, match="Choose another folder"):
        Store(path)
    assert path.read_text() == "my notes " * 100
