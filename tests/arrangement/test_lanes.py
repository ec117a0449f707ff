"""A song sampled in two lanes: the same notes however the threads run, no gap and no clash at the seam."""

import threading
import time
from dataclasses import replace

import pytest

from symbolic_cover.analysis.hands import unplayable_onsets
from symbolic_cover.arrangement import sample
from symbolic_cover.arrangement.candidates import Candidates, _bars_to_replay
from symbolic_cover.arrangement.lanes import Chosen, Row, joined, lanes_of
from symbolic_cover.arrangement.sample import sample_accompaniments
from symbolic_cover.core.controls import Controls
from symbolic_cover.core.music import Note, Section
from symbolic_cover.core.styles import load_style
from tests.conftest import make_song

STYLE, CONTROLS = load_style("pop-piano"), Controls(candidates=2, seed=3)
NEW = [None] * 64


def without_form(n_bars):
    """A song in which no bar returns: another melody note in each."""
    song = make_song(n_bars)
    melody = [note._replace(pitch=60 + note.onset_tick * 7 // 48 * 5 % 23) for note in song.melody]
    return replace(song, melody=tuple(melody))


def test_a_long_song_has_two_lanes_of_about_equal_time_and_a_short_one_has_one():
    assert lanes_of(make_song(31), NEW, 0, 30) == [range(31)]
    assert lanes_of(make_song(36), NEW, 0, 35) == [range(20), range(20, 36)]  # the later one waits for a phrase


def test_a_seam_is_where_a_section_begins_and_never_just_after_what_it_copies():
    song = make_song(40)
    section = Section(song.grid.bars[22].start_tick, "B")
    assert lanes_of(replace(song, sections=(section,)), NEW, 0, 39)[1].start == 22
    returns = [*NEW[:20], *range(12, 20), *NEW[:12]]  # bars 20 to 27 copy those before them
    assert lanes_of(song, returns, 0, 39)[1].start not in (20, 24)


def test_the_same_notes_whichever_lane_is_faster(tiny_checkpoint, monkeypatch):
    song, play = without_form(36), Candidates.play
    monkeypatch.setattr(sample, "n_threads", lambda: 2)
    plain = sample_accompaniments(tiny_checkpoint, song, STYLE, CONTROLS)
    for slow in (True, False):

        def play_slowly(self, index, slow=slow):
            time.sleep(0.02 * ((self.earlier is None) is slow))
            play(self, index)

        monkeypatch.setattr(Candidates, "play", play_slowly)
        assert sample_accompaniments(tiny_checkpoint, song, STYLE, CONTROLS) == plain
    monkeypatch.setattr(Candidates, "play", play)
    for n_threads in (1, 4):
        monkeypatch.setattr(sample, "n_threads", lambda n_threads=n_threads: n_threads)
        assert sample_accompaniments(tiny_checkpoint, song, STYLE, CONTROLS) == plain


def test_every_bar_is_played_and_hands_can_play_the_seam(tiny_checkpoint):
    song = without_form(36)
    (_, seam), shares = [lane.stop for lane in lanes_of(song, NEW, 0, 35)][::-1], []
    for parts in sample_accompaniments(tiny_checkpoint, song, STYLE, CONTROLS, shares.append):
        notes = sorted(note for part in parts.values() for note in part)
        for bar in song.grid.bars:
            assert any(n.onset_tick < bar.end_tick and n.end_tick > bar.start_tick for n in notes)
        at = song.grid.bars[seam].start_tick
        assert not any(note.onset_tick < at < note.end_tick for note in notes)
        assert unplayable_onsets(notes)[0] == 0
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_a_returning_section_is_copied_from_the_other_lane(tiny_checkpoint):
    song = make_song(40)  # four bars, ten times
    returns = _bars_to_replay(song)
    first, second = lanes_of(song, returns, 0, 39)
    copies = [(bar, source) for bar in second if (source := returns[bar]) is not None and source in first]
    assert copies
    bars, parts = song.grid.bars, sample_accompaniments(tiny_checkpoint, song, STYLE, CONTROLS)[0]

    def starts(index):
        begin, end = bars[index].start_tick, bars[index].end_tick
        return {
            (n.onset_tick - begin, n.pitch) for notes in parts.values() for n in notes if begin <= n.onset_tick < end
        }

    alike = [bool(starts(bar) & starts(source)) for bar, source in copies]
    assert sum(alike) > len(alike) / 2


def test_an_error_in_either_lane_ends_both(tiny_checkpoint, monkeypatch):
    play = Candidates.play
    monkeypatch.setattr(sample, "n_threads", lambda: 2)
    for is_later in (False, True):
        played = [0]

        def fail(self, index, is_later=is_later, played=played):
            time.sleep(0.05 * (index > 20))
            played.append(index)
            if (self.earlier is not None) is is_later and index >= 6:
                raise ValueError("no more")
            play(self, index)

        monkeypatch.setattr(Candidates, "play", fail)
        with pytest.raises(ValueError, match="no more"):
            sample_accompaniments(tiny_checkpoint, without_form(36), STYLE, CONTROLS)
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("lane")]
        assert max(played) < 35 or is_later  # the later lane has not gone on to its end


def test_who_waits_for_what_never_comes_is_told():
    chosen, row = Chosen(), Row(0, [[1], [2]])
    chosen.add(2, row)
    assert chosen.before(2) is row
    chosen.give_up()
    for end in (0, 3):
        with pytest.raises(RuntimeError, match="stopped"):
            chosen.before(end)


def test_notes_of_the_earlier_lane_end_at_the_seam():
    held, short, later = Note(0, 96, 60), Note(24, 12, 64), Note(48, 48, 62)
    found = joined({"a": [held, short]}, {"a": [later]}, 48)
    assert found == {"a": [held._replace(duration_tick=48), short, later]}
