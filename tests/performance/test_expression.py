"""Performance: touch, swing, groove, pedal and a final ritardando; the written music does not change."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from symbolic_cover.core.grid import Grid
from symbolic_cover.core.instruments import PEDAL_CONTROL
from symbolic_cover.core.music import Bar, Chord, Meter, Note
from symbolic_cover.core.styles import style_names
from symbolic_cover.performance.expression import perform, slowed
from symbolic_cover.performance.groove import DRUM_KINDS, SLOTS, Swing
from symbolic_cover.performance.manner import manner_of
from symbolic_cover.performance.midi import arrangement_score
from symbolic_cover.performance.pedal import presses
from symbolic_cover.performance.touch import FEATURES, features, struck
from tests.notation.ensembles import ENSEMBLES, song_for
from tests.notation.scores import arrangements, golden, piano


def events(score):
    return [[(n.time, n.duration, n.pitch, n.velocity) for n in sorted(track.notes, key=lambda n: (n.time, n.pitch))]
            for track in score.tracks]  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(arrangements())
def test_every_note_is_played_once_and_each_time_alike(arrangement):
    assert events(perform(arrangement)) == events(perform(arrangement))
    assert events(perform(arrangement, 0.0)) == events(arrangement_score(arrangement))
    for part, track in zip(arrangement.parts, perform(arrangement).tracks, strict=True):
        assert len(track.notes) == len({(note.onset_tick, note.pitch) for note in part.notes})
        assert all(1 <= note.velocity <= 127 and note.duration > 0 for note in track.notes)


@pytest.mark.parametrize("style", style_names())
def test_every_style_has_its_manner(style):
    manner = manner_of(style)
    assert set(manner.melody) == set(manner.accompaniment) == set(FEATURES)
    assert set(manner.groove.velocity) == set(manner.groove.late_ms) == set(DRUM_KINDS)
    assert all(len(row) == SLOTS for row in manner.groove.velocity.values())
    assert (manner.swing > 0.6) == (style in {"swing", "gypsy-jazz", "jazz-waltz"})


def test_touch_is_what_the_weights_say():
    notes = [Note(0, 12, 60), Note(12, 12, 60), Note(18, 6, 60), Note(24, 24, 60)]
    weights = dict.fromkeys(FEATURES, 0.0) | {"downbeat": 4.0, "eighth": -4.0}
    assert struck(notes, [], [Bar(0, Meter(4, 4))], weights).tolist() == [4.0, 0.0, -4.0, 0.0]
    facts = features(notes[::-1], [Note(12, 3, 40)], [Bar(0, Meter(4, 4))])
    assert facts[:, FEATURES.index("others_struck")].tolist() == [0.0, 0.0, 1.0, 0.0]


def test_louder_on_the_beat_and_drums_on_the_backbeat():
    song = replace(song_for(ENSEMBLES["band"]), style="rock")
    drums = next(track for track in perform(song).tracks if track.is_drum)
    by_place = {}
    for note in drums.notes:
        if note.pitch == 38:
            by_place.setdefault(round(note.time / 480) % 4, []).append(note.velocity)
    assert np.mean(by_place[1] + by_place[3]) > 80


def test_swing_moves_off_beats_however_they_are_written():
    bars = [Bar(0, Meter(4, 4))]
    straight, written_out = Note(6, 6, 60), Note(20, 4, 60)
    swing = Swing(0.65, [straight, written_out, Note(28, 4, 60)], bars)
    assert [swing.at(tick) for tick in (0, 6, 12, 20)] == [0.0, pytest.approx(7.8), 12.0, pytest.approx(19.8)]
    assert [swing.at(tick) for tick in (24, 28, 32, 36)] == [24.0, 28.0, 32.0, 36.0]  # a true triplet
    assert swing.at(30) == 32.0  # beside which an even half is its last
    assert Swing(0.65, [straight], [Bar(0, Meter(6, 8))]).at(6) == 6.0


def test_a_song_that_swings_goes_on_swinging_in_a_style_that_does_not():
    straight = replace(golden(), style="rock")
    swung = replace(straight, grid=replace(straight.grid, second_tick=8.0))
    even = [sum(220 < note.time % 480 < 280 for track in perform(song).tracks for note in track.notes)
            for song in (straight, swung)]  # fmt: skip
    assert even[0] > 10
    assert even[1] == 0  # beside a true triplet it is played as the last of it


def test_the_pedal_changes_with_the_harmony_and_rests_with_the_hands():
    left = [Note(0, 48, 40), Note(48, 48, 45), Note(144, 48, 40)]
    chords = [Chord(0, 48, 4, "min", 4), Chord(48, 144, 9, "min", 9), Chord(144, 192, 4, "min", 4)]
    song = piano([], left, chords=chords)
    found = presses(song, -0.1, 0.05)
    assert [tuple(np.round(press, 3)) for press in found] == [(0.05, 1.9), (2.05, 4.0), (6.05, 8.0)]
    pedal = [control.value for control in perform(song).tracks[1].controls if control.number == PEDAL_CONTROL]
    assert pedal == [127, 0] * 3
    ragtime = perform(replace(song, style="ragtime"))
    assert all(control.number != PEDAL_CONTROL for track in ragtime.tracks for control in track.controls)


def test_only_songs_from_scores_slow_at_the_end():
    song = replace(golden(), style="romantic-piano")
    heard = replace(song, grid=replace(song.grid, confidence=0.8))
    written = arrangement_score(song).to("second").end()
    assert perform(song).to("second").end() > 1.1 * written
    assert perform(heard).to("second").end() == pytest.approx(written, abs=0.03)
    grid = slowed(Grid.steady(8), [Note(336, 48, 60)], 0.5)
    lengths = np.diff(grid.sec_at(np.arange(0, 337, 12)))
    assert np.allclose(lengths[:20], 0.5)
    assert np.all(np.diff(lengths[20:]) > 0)
    assert lengths[-1] == pytest.approx(0.5 / 0.57, rel=0.1)
