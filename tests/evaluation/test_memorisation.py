"""Planted copies are found in any key; common patterns are not."""

import numpy as np

from symbolic_cover.core.music import Bar, Meter, Note
from symbolic_cover.evaluation.memorisation import Copied, PatternIndex, TrainingSong, copied_share, pattern_hashes

N_BARS = 12
BARS = [Bar(48 * i, Meter(4, 4)) for i in range(N_BARS)]


def improvised(seed: int) -> list[Note]:
    """Eight notes a bar that no other song has."""
    pitches = np.random.default_rng(seed).integers(40, 80, (N_BARS, 8))
    return [Note(bar.start_tick + 6 * i, 6, int(p)) for bar, row in zip(BARS, pitches, strict=True)
            for i, p in enumerate(row)]  # fmt: skip


def song(title: str, notes: list[Note], group: str = "") -> TrainingSong:
    return TrainingSong(title, group or title, pattern_hashes(notes, BARS))


def boilerplate() -> list[Note]:
    """A broken chord, bar after bar, on C and on F in turn."""
    return [Note(bar.start_tick + 6 * i, 6, 48 + step + 5 * (n % 2)) for n, bar in enumerate(BARS)
            for i, step in enumerate((0, 7, 12, 16, 19, 16, 12, 7))]  # fmt: skip


def planted(notes: list[Note], first: int, n_bars: int, at: int, semitones: int = 0) -> list[Note]:
    """Bars of one piece in place of those of another."""
    begin, end, shift = 48 * first, 48 * (first + n_bars), 48 * (at - first)
    moved = [n._replace(onset_tick=n.onset_tick + shift, pitch=n.pitch + semitones) for n in notes
             if begin <= n.onset_tick < end]  # fmt: skip
    around = [n for n in improvised(99) if not begin + shift <= n.onset_tick < end + shift]
    return sorted(around + moved)


def test_a_planted_passage_is_found_and_named_in_any_key():
    index = PatternIndex.build([song("one", improvised(1)), song("two", improvised(2))])
    for semitones in (0, 5, -7):
        patterns = pattern_hashes(planted(improvised(2), 2, 5, 4, semitones), BARS)
        assert index.copied(patterns) == [Copied(4, 8, "two", 2)]
        share, title = index.nearest(patterns)
        assert (share, title) == (4 / 11, "two")
    assert copied_share([Copied(4, 8, "two", 2)], 20) == 0.25


def test_one_changed_bar_does_not_hide_a_copy():
    index = PatternIndex.build([song("one", improvised(1))])
    copy = planted(improvised(1), 0, 8, 2)
    changed = [n._replace(pitch=60 + n.onset_tick % 5) if 48 * 5 <= n.onset_tick < 48 * 6 else n for n in copy]
    assert index.copied(pattern_hashes(changed, BARS)) == [Copied(2, 9, "one", 0)]


def test_most_single_changes_do_not_change_a_pattern():
    kept, notes = 0, improvised(3)[:16]
    before = pattern_hashes(notes, BARS[:2])[0]
    for place in range(16):
        changed = [n._replace(pitch=n.pitch + 1) if i == place else n for i, n in enumerate(notes)]
        kept += pattern_hashes(changed, BARS[:2])[0] == before
    assert kept >= 4


def test_three_bars_are_too_few_and_strangers_are_not_found():
    index = PatternIndex.build([song("one", improvised(1))])
    assert index.copied(pattern_hashes(planted(improvised(1), 2, 3, 4), BARS)) == []
    assert index.copied(pattern_hashes(improvised(5), BARS)) == []
    assert index.nearest(pattern_hashes(improvised(5), BARS)) == (0.0, "")


def test_what_two_songs_share_is_common_property_but_not_what_versions_of_one_song_share():
    shared = PatternIndex.build([song("one", boilerplate()), song("two", boilerplate())])
    assert len(shared.hashes) == 0
    assert shared.copied(pattern_hashes(boilerplate(), BARS)) == []
    versions = PatternIndex.build([song("as swing", improvised(1), "tune"), song("as tango", improvised(1), "tune")])
    assert [one.title for one in versions.copied(pattern_hashes(improvised(1), BARS))] == ["as swing"]


def test_bars_that_say_nothing_have_no_pattern():
    held = [Note(bar.start_tick, 48, pitch) for bar in BARS for pitch in (36, 48, 52, 55, 60)]
    assert (pattern_hashes(held, BARS) == -1).all()  # one bar twice
    assert (pattern_hashes([], BARS) == -1).all()


def test_an_index_is_read_as_it_was_written(tmp_path):
    index = PatternIndex.build([song("één", improvised(1)), song("two", improvised(2))])
    index.save(tmp_path)
    again = PatternIndex.load(tmp_path)
    assert again is not None
    assert again.titles == ("één", "two")
    assert all((getattr(again, name) == getattr(index, name)).all() for name in ("hashes", "songs", "bars"))
    assert PatternIndex.load(tmp_path / "nowhere") is None
