"""Corrections of song sheets: their effects, and that each can be written, stored, undone and redone."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.heard import Confidence
from symbolic_cover.core.music import Chord, Key, Lyric, Meter, Note, Section
from symbolic_cover.core.sheet import Corrections
from symbolic_cover.core.song_file import sheet_as_json, sheet_from_json
from symbolic_cover.correcting.history import changed_bars, correct, parse, redo, undo, words_of
from symbolic_cover.correcting.places import Place, Span
from tests.conftest import make_song


def doubtful(n_bars: int = 4, meter: Meter = Meter(4, 4)):
    """The four chords, heard with doubts, with a syllable for the first note and a section."""
    song = make_song(n_bars, meter)
    doubts = Confidence({}, dict.fromkeys(("beats", "chords", "melody"), (0.1,) * n_bars))
    return replace(song, confidence=doubts, lyrics=(Lyric(0, "la"),), sections=(Section(0, "A"),))


def starts(sheet) -> list[int]:
    return [bar.start_tick for bar in sheet.grid.bars]


def sec_of_notes(sheet) -> list[float]:
    return [round(float(sheet.grid.sec_at(note.onset_tick)), 6) for note in sheet.melody]


PLACES = st.builds(Place, st.integers(1, 5), st.none() | st.sampled_from([Fraction(n, 2) for n in range(2, 12)]))
SPANS = st.builds(Span, PLACES, PLACES)
WORDS = st.one_of(
    st.integers(-5, 5).filter(bool).map(lambda n: f"downbeat {n:+d}"),
    st.tuples(PLACES, st.sampled_from(["", "-"])).map(lambda one: f"downbeat {one[0]}{one[1]}"),
    st.sampled_from(["tempo half", "tempo double", "meter 3/4", "meter 12/8", "swing 1.0", "swing 1.5"]),
    SPANS.map(lambda span: f"meter {span}=2/4"),
    st.tuples(PLACES, st.floats(-1, 12)).map(lambda one: f"beat {one[0]}={one[1]!r}"),
    st.tuples(SPANS, st.sampled_from(["Eb", "F#m7/E", "N", "C:maj/3"])).map(lambda one: f"chord {one[0]}={one[1]}"),
    st.sampled_from(["key F# minor", "section 2=Chorus", "section 1=", "section 3.2=Bridge two"]),
    SPANS.map(lambda span: f"silent {span}"),
    SPANS.map(lambda span: f"delete {span}"),
    SPANS.map(lambda span: f"sure {span}"),
    PLACES.map(lambda place: f"split {place}"),
    st.tuples(SPANS, st.sampled_from(["texture", "bass"])).map(lambda one: f"take {one[0]}={one[1]}"),
    st.tuples(SPANS, st.sampled_from([-1, 1])).map(lambda one: f"octave {one[0]}={one[1]:+d}"),
    st.tuples(PLACES, st.sampled_from(["C5:1", "Eb4:3/2", "A5:1/4"])).map(lambda one: f"draw {one[0]}:{one[1]}"),
    st.tuples(PLACES, PLACES).map(lambda one: f"move {one[0]}={one[1]}:D5:1"),
)


def attempt(sheet, words):
    try:
        return correct(sheet, words)
    except UsageError:
        return None


@settings(deadline=None)
@given(WORDS)
def test_words_say_a_correction_and_a_correction_its_words(words):
    correction = parse(words)
    assert parse(words_of(correction)) == correction


@settings(max_examples=150, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=5), st.sampled_from([Meter(4, 4), Meter(3, 4), Meter(6, 8)]))
def test_any_corrections_are_kept_taken_back_and_made_again(asked, meter):
    before = doubtful(4, meter)
    sheets = [before]
    for words in asked:
        after = attempt(sheets[-1], words)
        if after is not None:
            sheets.append(after)
    last = sheets[-1]
    assume(len(sheets) > 1)
    assert last.corrections.before == before
    assert sheet_from_json(sheet_as_json(last)) == last
    back = last
    for one in sheets[-2::-1]:
        back = undo(back)
        assert replace(back, corrections=Corrections()) == replace(one, corrections=Corrections())
    for one in sheets[1:]:
        back = redo(back)
        assert replace(back, corrections=Corrections()) == replace(one, corrections=Corrections())
    assert back.corrections == last.corrections


@settings(max_examples=150, deadline=None)
@given(WORDS, st.sampled_from([Meter(4, 4), Meter(3, 4), Meter(6, 8)]))
def test_a_corrected_song_is_a_song(words, meter):
    sheet = attempt(doubtful(4, meter), words)
    assume(sheet is not None)
    assert all(a.end_tick == b.start_tick for a, b in zip(sheet.grid.bars, sheet.grid.bars[1:], strict=False))
    assert starts(sheet)[0] == 0
    assert all(a.end_tick <= b.onset_tick for a, b in zip(sheet.melody, sheet.melody[1:], strict=False))
    assert all(a.end_tick <= b.start_tick for a, b in zip(sheet.chords, sheet.chords[1:], strict=False))
    assert all(note.duration_tick > 0 and note.onset_tick < sheet.grid.end_tick for note in sheet.notes)
    assert all(list(notes) == sorted(notes) for notes in (sheet.melody, sheet.bass, sheet.texture, sheet.chords))
    assert all(len(values) == len(sheet.grid.bars) for values in sheet.confidence.bars.values())


@settings(deadline=None)
@given(st.integers(-3, 3).filter(bool))
def test_another_downbeat_moves_bar_lines_only(beats):
    before = doubtful()
    after = correct(before, f"downbeat {beats:+d}")
    assert sec_of_notes(after) == sec_of_notes(before)
    first_sec = float(before.grid.sec_at(12 * (beats % 4)))
    assert any(abs(float(after.grid.sec_at(start)) - first_sec) < 1e-9 for start in starts(after))
    assert correct(after, f"downbeat {-beats:+d}").melody == before.melody


def test_a_named_beat_becomes_the_downbeat_here_or_from_here_on():
    song = doubtful()
    everywhere = correct(song, "downbeat 2.3")
    assert starts(everywhere)[:3] == [0, 48, 96]
    assert everywhere.melody[0].onset_tick == 24
    assert everywhere.confidence.bars["beats"][1:3] == (1.0, 1.0)
    onward = correct(song, "downbeat 2.3-")
    assert [str(bar.meter) for bar in onward.grid.bars] == ["4/4", "2/4", "4/4", "4/4", "4/4"]
    assert onward.melody == song.melody


def test_half_the_tempo_has_half_the_bars_where_chords_change_on_them():
    song = make_song(8)
    later = replace(song, chords=tuple(chord for chord in song.chords if (chord.start_tick // 48) % 2))
    assert len(correct(song, "tempo half").grid.bars) == 4
    half = correct(later, "tempo half")
    assert {chord.start_tick % 48 for chord in half.chords} == {0}
    assert half.grid.tempo_bpm == pytest.approx(song.grid.tempo_bpm / 2)
    assert sec_of_notes(half) == sec_of_notes(later)
    double = correct(song, "tempo double")
    assert len(double.grid.bars) == 16
    assert sec_of_notes(double) == sec_of_notes(song)
    assert correct(double, "tempo half").melody == song.melody


def test_a_metre_of_the_song_or_of_some_bars():
    song = doubtful()
    assert [str(bar.meter) for bar in correct(song, "meter 3/4").grid.bars] == ["3/4"] * 6
    short = correct(song, "meter 2=2/4")
    assert [str(bar.meter) for bar in short.grid.bars] == ["4/4", "2/4", "4/4", "4/4", "4/4"]
    compound = correct(song, "meter 12/8")
    assert len(compound.grid.bars) == 4
    assert sec_of_notes(compound) == sec_of_notes(song)
    assert compound.grid.tempo_bpm == pytest.approx(song.grid.tempo_bpm)


def test_beats_follow_a_placed_one_until_another_that_was_placed():
    song = doubtful()
    alone = correct(song, "beat 2.1=2.45")
    assert np.allclose(alone.grid.beat_sec, song.grid.beat_sec + 0.05)
    both = correct(alone, "beat 3.1=4.7")
    assert float(both.grid.sec_at(48)) == pytest.approx(2.45)
    assert float(both.grid.sec_at(96)) == pytest.approx(4.7)
    assert float(both.grid.sec_at(72)) == pytest.approx(3.575)
    assert float(both.grid.sec_at(0)) == pytest.approx(0.05)
    assert alone.melody == song.melody  # not by a sixteenth
    far = correct(song, "beat 1.1=0.6")
    assert [bar.start_tick for bar in far.grid.bars] == [0, 48, 96, 144, 192]
    assert far.melody[0].onset_tick == 36
    assert sec_of_notes(far) == sec_of_notes(song)
    with pytest.raises(UsageError, match="cannot be at"):
        correct(alone, "beat 3.1=2.45")


def test_a_chord_is_retyped_as_far_as_it_lasts():
    song = doubtful()
    assert correct(song, "chord 2.1=Eb").chords[1] == Chord(48, 96, 3, "maj", 3)
    later = correct(song, "chord 2.3=F#m7/E")
    assert later.chords[1:3] == (Chord(48, 72, 9, "min", 9), Chord(72, 96, 6, "min7", 4))
    assert [chord.label for chord in correct(song, "chord 2-3=N").chords] == ["C:maj", "G:maj"]
    assert correct(song, "chord 1.2-2.1=C7").chords[1] == Chord(12, 60, 0, "7", 0)
    assert later.confidence.bars["chords"] == (0.1, 1.0, 0.1, 0.1)


def test_the_melody_is_mended_note_by_note():
    song = doubtful()
    drawn = correct(song, "draw 1.2.5:C5:1")
    assert drawn.melody[1:3] == (Note(12, 6, 76, 90), Note(18, 12, 72, 90))
    assert drawn.melody[3].onset_tick == 36
    moved = correct(song, "move 1.1=1.1.5:D5:1/2")
    assert moved.melody[0] == Note(6, 6, 74, 90)
    assert moved.lyrics == (Lyric(6, "la"),)
    assert correct(song, "split 1.1.5").melody[:2] == (Note(0, 6, 72, 90), Note(6, 6, 72, 90))
    assert correct(song, "delete 1.1").melody == song.melody[1:]
    assert correct(song, "delete 1.1").lyrics == ()
    lower = correct(song, "octave 2-3=-1")
    assert [a.pitch - b.pitch for a, b in zip(lower.melody, song.melody, strict=True)] == [0] * 4 + [-12] * 8 + [0] * 4
    silent = correct(song, "silent 2")
    assert len(silent.melody) == 12
    assert set(silent.texture) - set(song.texture) == set(song.melody[4:8])
    taken = correct(song, "take 2=texture")
    assert [note.pitch for note in taken.melody if 48 <= note.onset_tick < 96] == [52]
    assert set(song.melody[4:8]) <= set(taken.texture)
    assert correct(song, "sure 1-2").confidence.bars["melody"] == (1.0, 1.0, 0.1, 0.1)


def test_key_sections_and_swing():
    song = doubtful()
    assert correct(song, "key Bbm").key == Key(10, "minor")
    named = correct(song, "section 3=Chorus", "section 1=")
    assert named.sections == (Section(96, "Chorus"),)
    swung = correct(song, "swing 2")
    assert swung.grid.second_tick == 8
    assert correct(swung, "swing 1").grid == song.grid


def test_the_bars_that_changed_are_told():
    song = doubtful()
    assert changed_bars(song, song) == []
    assert changed_bars(song, correct(song, "chord 2.1=Eb", "octave 4=-1")) == [2, 4]
    assert changed_bars(song, correct(song, "downbeat +1")) == [1, 2, 3, 4, 5]
    assert changed_bars(song, correct(song, "beat 1.1=0.01")) == []


def test_a_sheet_changed_by_hand_cannot_be_taken_back():
    song = correct(doubtful(), "chord 2.1=Eb")
    edited = replace(song, chords=song.chords[:-1])
    assert sheet_from_json(sheet_as_json(edited)) == edited
    with pytest.raises(UsageError, match="by hand"):
        undo(edited)


def test_a_new_correction_ends_what_could_be_made_again():
    song = undo(correct(doubtful(), "chord 2.1=Eb"))
    assert song.corrections.undone == ("chord 2.1=Eb",)
    assert correct(song, "chord 1.1=D").corrections.undone == ()


@pytest.mark.parametrize(
    "words",
    ["", "chord", "chord 1.1", "chord 1.1=Quux", "chord 9.1=C", "chord 1.9=C", "chord 2-1=C", "chord 0=C",
     "downbeat +0", "downbeat 1.1", "downbeat +4", "downbeat x", "tempo fast", "meter 99/99", "meter 7=3/4",
     "beat 1.1=nan", "beat 1.1=soon", "swing 0.5", "swing nan", "key H", "section 2", "section 2=",
     "delete 9", "octave 1=0", "octave 1=+5", "split 1.1", "draw 1.1:C5", "draw 1.1:C5:0", "draw 1.1:C5:1/7",
     "draw 1.1:C5:1/0", "draw 1.1/0:C5:1", "draw 4.4:C5:9", "move 1.1=1.2", "take 1=melody", "take 1.1=texture",
     "split 1.1.1", "sure", "dance 1"],
)  # fmt: skip
def test_what_is_no_correction_is_refused_in_a_line(words):
    song = doubtful()
    with pytest.raises(UsageError) as refused:
        correct(song, words)
    assert len(str(refused.value).splitlines()) == 1


def test_nothing_is_taken_back_where_nothing_was_corrected():
    for take in (undo, redo):
        with pytest.raises(UsageError, match="nothing"):
            take(doubtful())


def test_placed_beats_need_no_two_anchors_at_one_tick():
    grid = Grid.steady(2)
    sheet = replace(make_song(2), grid=replace(grid, beat_tick=grid.beat_tick[[0, -1]], beat_sec=np.array([0.0, 4.0])))
    placed = correct(sheet, "beat 1.3=1.05")
    assert placed.grid.beat_tick.tolist() == [0, 24, 96]
    assert float(placed.grid.sec_at(24)) == pytest.approx(1.05)


def test_a_chord_cut_in_two_changes_its_bar_only():
    song = replace(doubtful(), chords=(Chord(0, 192, 0, "maj", 0),))
    assert changed_bars(song, correct(song, "chord 2=Gm")) == [2]
