"""Who plays in a bar: pick-ups, parts that rest for long, doublings, sixteenths alone."""

from dataclasses import replace

import numpy as np

from symbolic_cover.analysis.hands import Reach
from symbolic_cover.arrangement.candidates import Row, Song
from symbolic_cover.arrangement.conditioning import Conditioning
from symbolic_cover.arrangement.constraints import BarState, LogitBias, Players, TokenIds
from symbolic_cover.arrangement.doubling import with_doublings
from symbolic_cover.arrangement.sample import sample_accompaniments
from symbolic_cover.core.controls import Controls
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.music import Bar, Chord, Key, Meter, Note
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.core.styles import load_style
from symbolic_cover.tokens.vocabulary import SIXTEENTHS
from tests.conftest import make_song

QUARTET, ORCHESTRA = load_style("string-quartet"), load_style("orchestra")


def with_pick_up() -> SongSheet:
    """Three bars, the first with one note of melody on its last beat and no chord."""
    melody = (Note(36, 12, 67), *(Note(48 + 12 * beat, 12, 72) for beat in range(8)))
    return SongSheet(Grid.steady(3), melody, (), (), (Chord(48, 144, 0, "maj", 0),), Key(0, "major"))


def test_nobody_accompanies_a_pick_up(tiny_checkpoint):
    for notes in sample_accompaniments(tiny_checkpoint, with_pick_up(), QUARTET, Controls(candidates=4)):
        played = [note for part in notes.values() for note in part]
        assert played
        assert min(note.onset_tick for note in played) >= 48


def test_a_first_bar_with_a_chord_is_no_pick_up(tiny_checkpoint):
    sheet = replace(with_pick_up(), chords=(Chord(0, 144, 0, "maj", 0),))
    conditioning = Conditioning.of(tiny_checkpoint, sheet, QUARTET, Controls())
    assert conditioning.sounds(0)
    assert not Conditioning.of(tiny_checkpoint, with_pick_up(), QUARTET, Controls()).sounds(0)


def test_a_part_that_rests_longer_than_peoples_is_made_likelier(tiny_checkpoint):
    sheet = make_song(8)
    conditioning = Conditioning.of(tiny_checkpoint, sheet, QUARTET, Controls())
    told = Song(sheet, conditioning, QUARTET.ensemble, Controls(), None, TokenIds(tiny_checkpoint.tokenizer))
    row = Row(0, notes={spec.name: [] for spec in QUARTET.ensemble.parts})
    row.notes["viola"] = [Note(0, 48 * 8, 60)]
    assert told.state_of(row, 1).part_bias == {}
    bias = told.state_of(row, 4).part_bias
    assert bias["cello"] == bias["violin-2"] == 6.0
    assert bias["viola"] == 0.0
    assert "violin-1" not in bias  # it has the melody


def test_bias_of_parts_goes_to_their_signs(tiny_checkpoint):
    ids = TokenIds(tiny_checkpoint.tokenizer)
    players = Players(Bar(0, Meter(4, 4)), QUARTET.ensemble, [], {}, Reach())
    states = [BarState(ids, players, 9, part_bias={"cello": 2.0}), BarState(ids, players, 9)]
    scores = LogitBias(states, [])(np.zeros((2, ids.size)))
    cello = ids.id_of["Part_cello"]
    assert scores[:, cello].tolist() == [2.0, 0.0]
    assert np.delete(scores, cello, axis=1).any() == 0


def test_cellos_play_with_the_basses_while_they_have_nothing_else():
    sheet = make_song(4)
    basses = [Note(0, 48, 36), Note(48, 48, 38), Note(96, 12, 40), Note(144, 48, 60)]
    own = [Note(60, 12, 55)]
    parts = with_doublings({"double-bass": basses, "cello": own}, sheet, ORCHESTRA.ensemble)
    assert parts["cello"] == [Note(0, 48, 48), Note(60, 12, 55), Note(96, 12, 52), Note(144, 48, 72)]
    assert parts["double-bass"] == basses
    quartet = {"cello": own, "viola": basses}
    assert with_doublings(quartet, sheet, QUARTET.ensemble)["cello"] == own


def test_a_style_without_triplets_keeps_to_sixteenths(tiny_checkpoint):
    style = replace(load_style("pop-piano"), triplets=False)
    for notes in sample_accompaniments(tiny_checkpoint, make_song(6), style, Controls(candidates=2)):
        assert {note.onset_tick % 12 for part in notes.values() for note in part} <= set(SIXTEENTHS)
    assert not load_style("bluegrass").triplets
    assert load_style("swing").triplets
