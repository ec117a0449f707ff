"""Bars arranged anew: the others keep every note, and new ones are playable beside them, with any weights."""

from dataclasses import replace

import pytest

from symbolic_cover.analysis.hands import unplayable_in_hand
from symbolic_cover.arrangement.anew import accompaniment, arrange_anew, in_octave_of, joined, splice
from symbolic_cover.arrangement.arranger import arrange_by_rules, candidates_by_model, prepare_sheet
from symbolic_cover.core.controls import Controls
from symbolic_cover.core.music import Key, Note
from symbolic_cover.core.styles import load_style
from symbolic_cover.evaluation.metrics import melody_on_top, melody_retention
from tests.conftest import make_song

STYLE = load_style("pop-piano")
BAR = 48


def outside(notes, spans):
    return [note for note in notes if not any(a <= note.onset_tick < b for a, b in spans)]


@pytest.mark.parametrize("name", ["pop-piano", "string-quartet", "rock"])
@pytest.mark.parametrize("spans", [[(0, BAR)], [(4 * BAR, 6 * BAR)], [(BAR, 2 * BAR), (7 * BAR, 8 * BAR)]])
def test_other_bars_stay_to_the_note_and_new_ones_are_new(tiny_checkpoint, name, spans):
    style = load_style(name)
    sheet = prepare_sheet(make_song(8), Controls(), style.ensemble)
    sheet = replace(sheet, key=Key(2, "major"))  # away from where the model is at home
    before = candidates_by_model(tiny_checkpoint, sheet, style, Controls(candidates=1))[0]
    after = arrange_anew(tiny_checkpoint, sheet, style, Controls(candidates=2, seed=5), before, spans)
    for old, new, spec in zip(before.parts, after.parts, style.ensemble.parts, strict=True):
        assert outside(new.notes, spans) == outside(old.notes, spans)
        assert all(spec.is_drums or spec.lowest <= note.pitch <= spec.highest for note in new.notes)
        if spec.is_hand:
            assert unplayable_in_hand(new.notes) == 0
    assert after.notes != before.notes
    assert after.melody == before.melody
    assert melody_retention(sheet.melody, after.notes) == 1.0
    assert not style.ensemble.melody_on_top or melody_on_top(after.melody, after.notes) == 1.0


def test_the_same_seed_draws_the_same_and_another_one_something_else(tiny_checkpoint):
    sheet = make_song(8)
    before = candidates_by_model(tiny_checkpoint, sheet, STYLE, Controls(candidates=1))[0]
    again = [
        arrange_anew(tiny_checkpoint, sheet, STYLE, Controls(candidates=2, seed=seed), before, [(BAR, 3 * BAR)]).notes
        for seed in (1, 1, 2)
    ]
    assert again[0] == again[1] != again[2]


def test_nothing_is_held_into_a_kept_note_of_the_same_key(tiny_checkpoint):
    sheet = make_song(8)
    before = candidates_by_model(tiny_checkpoint, sheet, STYLE, Controls(candidates=1))[0]
    after = arrange_anew(tiny_checkpoint, sheet, STYLE, Controls(candidates=4, seed=3), before, [(BAR, 5 * BAR)])
    for part in after.parts:
        for one in part.notes:
            assert not any(
                one.pitch == other.pitch and one.onset_tick < other.onset_tick < one.end_tick for other in part.notes
            )


def test_a_corrected_melody_is_played_in_the_fresh_bars_only(tiny_checkpoint):
    sheet = make_song(4)
    before = arrange_by_rules(sheet, STYLE, Controls())
    other = replace(sheet, melody=tuple(note._replace(pitch=note.pitch + 1) for note in sheet.melody))
    after = splice(before, arrange_by_rules(other, STYLE, Controls()), [(BAR, 2 * BAR)])
    moved = [new.pitch - old.pitch for new, old in zip(after.melody, before.melody, strict=True)]
    assert moved == [0] * 4 + [1] * 4 + [0] * 8
    assert set(after.melody) <= set(after.notes)


def test_a_fresh_note_of_the_melody_ends_where_the_kept_melody_goes_on():
    sheet = make_song(4)
    kept = arrange_by_rules(sheet, STYLE, Controls())
    held = replace(sheet, melody=(*sheet.melody[:7], Note(84, 60, 80, 90), *sheet.melody[8:]))
    after = splice(kept, arrange_by_rules(held, STYLE, Controls()), [(BAR, 2 * BAR)])
    assert next(note for note in after.melody if note.onset_tick == 84).end_tick == 96


def test_the_melody_stays_in_the_octave_in_which_it_is_played():
    sheet = make_song(4)
    kept = arrange_by_rules(sheet, STYLE, Controls())
    low = replace(sheet, melody=tuple(note._replace(pitch=note.pitch - 12) for note in sheet.melody))
    assert in_octave_of(low, kept, []).melody == sheet.melody
    assert in_octave_of(low, kept, [(0, 4 * BAR)]).melody == low.melody
    half = replace(sheet, melody=(*low.melody[:8], *sheet.melody[8:]))
    assert in_octave_of(half, kept, [(0, 2 * BAR)]).melody == half.melody


def test_the_accompaniment_is_told_from_the_melody():
    sheet = make_song(4)
    kept = arrange_by_rules(sheet, STYLE, Controls())
    parts = accompaniment(kept, STYLE, [(0, BAR)])
    played = {note for notes in parts.values() for note in notes}
    assert not played & set(kept.melody)
    assert played | set(kept.melody) >= {note for note in kept.notes if note.onset_tick >= BAR}
    assert all(note.onset_tick >= BAR for note in played)


def test_spans_that_touch_are_one():
    assert joined([(96, 144), (0, 48), (48, 96), (200, 248)]) == [(0, 144), (200, 248)]
