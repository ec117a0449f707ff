"""Each planted weakness is found in its bars; a sound arrangement has none."""

from dataclasses import replace

import numpy as np
import pytest

from symbolic_cover.core.arrangement import Arrangement, Part
from symbolic_cover.core.music import Note
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.evaluation import findings as f
from symbolic_cover.evaluation.memorisation import PatternIndex, TrainingSong, pattern_hashes
from symbolic_cover.evaluation.people import Range
from tests.conftest import make_song


@pytest.fixture
def twelve() -> SongSheet:
    """The melody between E4 and D#5, so that no chord tone of it leaps."""
    song = make_song(12)
    return replace(song, melody=tuple(note._replace(pitch=64 + (note.pitch - 64) % 12) for note in song.melody))


def arranged(song: SongSheet, left: list[Note] | None = None, melody: tuple[Note, ...] | None = None) -> Arrangement:
    """The melody in the right hand, the song's bass and chords in the left, each bar in its own way."""
    melody = song.melody if melody is None else melody
    if left is None:
        left = []
        for i, (bar, chord) in enumerate(zip(song.grid.bars, song.chords, strict=True)):
            left.append(Note(bar.start_tick, 6, 36 + chord.root))
            tones = sorted(chord.pitch_classes)
            left += [Note(bar.start_tick + 6 * (1 + (step + i) % 7), 6, 48 + tones[(step + i * i) % 3])
                     for step in range(2 + i % 3)]  # fmt: skip
    parts = (Part("Right hand", "Piano", 0, melody), Part("Left hand", "Piano", 0, tuple(sorted(left))))
    return Arrangement(parts, melody, song.grid, song.key, song.chords, "pop-piano", "by hand")


RISING = (0, 7, 12, 7)


def kinds(found) -> set[str]:
    return {one.kind for one in found}


def test_a_sound_arrangement_has_no_weak_bars(twelve):
    assert f.find_weak_bars(arranged(twelve), twelve) == []


def test_a_lost_melody(twelve):
    kept = tuple(note for note in twelve.melody if not 48 * 3 <= note.onset_tick < 48 * 5)
    (found,) = f.lost_melody(arranged(twelve, melody=kept), twelve)
    assert (found.first_bar, found.last_bar, found.where) == (3, 4, "bars 4-5")
    assert "100%" in found.text
    assert "--fidelity" in found.advice


def test_other_chords(twelve):
    low = [Note(bar.start_tick, 48, pitch) for bar in twelve.grid.bars[4:7] for pitch in (37, 44, 49, 53, 56, 61)]
    wrong = [note for note in arranged(twelve).parts[1].notes if not 48 * 4 <= note.onset_tick < 48 * 7] + low
    melody = tuple(note for note in twelve.melody if not 48 * 4 <= note.onset_tick < 48 * 7)
    (found,) = f.other_chords(arranged(twelve, wrong, melody), twelve)
    assert (found.first_bar, found.last_bar) == (4, 6)


def test_an_octave_blip_is_one_note_not_a_leap_that_stays(twelve):
    steady = [Note(12 * i, 12, 67 + i % 3) for i in range(48)]
    blip = [note._replace(pitch=note.pitch + 12) if i == 21 else note for i, note in enumerate(steady)]
    leap = [note._replace(pitch=note.pitch + 12) if i >= 21 else note for i, note in enumerate(steady)]
    assert [one.first_bar for one in f.octave_blips(blip, twelve)] == [5]
    assert list(f.octave_blips(leap, twelve)) == []
    assert list(f.octave_blips(steady, twelve)) == []
    yodel = [note._replace(pitch=note.pitch + 12) if i in (12, 21, 30) else note for i, note in enumerate(steady)]
    assert list(f.octave_blips(yodel, twelve)) == []


def test_a_long_figure_at_any_pitch(twelve):
    left = [
        Note(bar.start_tick + 12 * beat, 12, 36 + chord.root + step)
        for bar, chord in zip(twelve.grid.bars, twelve.chords, strict=True)
        for beat, step in enumerate(RISING)
    ]
    (found,) = f.long_figures(arranged(twelve, left), twelve.grid.bars, 8)
    assert (found.first_bar, found.last_bar) == (0, 11)
    assert "left hand" in found.text
    assert list(f.long_figures(arranged(twelve, left), twelve.grid.bars, 12)) == []
    usual = {"longest_figure": Range(1, 2, 16)}
    assert "repeated figure" not in kinds(f.find_weak_bars(arranged(twelve, left), twelve, usual))


def test_a_restless_end(twelve):
    left = [note for note in arranged(twelve).parts[1].notes if note.onset_tick < 48 * 11]
    last = [Note(48 * 11 + 12 * i, 12, pitch) for i in range(4) for pitch in (43, 50)]
    (found,) = f.restless_end(arranged(twelve, left + last), twelve)
    assert found.first_bar == 11
    assert "4 times" in found.text
    assert list(f.restless_end(arranged(twelve, [*left, Note(48 * 11, 48, 43)]), twelve)) == []
    assert list(f.restless_end(arranged(twelve, left + last), replace(twelve, is_whole=False))) == []


def test_unplayable_and_empty_bars(twelve):
    wide = [Note(48 * 2, 12, pitch) for pitch in (30, 36, 43, 50, 57, 64, 71, 78, 85, 92, 99)]
    assert [(one.first_bar, one.last_bar) for one in f.unplayable_bars(arranged(twelve, wide), twelve.grid.bars)] == [
        (2, 2)
    ]
    left = [note for note in arranged(twelve).parts[1].notes if not 48 * 6 <= note.onset_tick < 48 * 8]
    melody = tuple(note for note in twelve.melody if not 48 * 6 <= note.onset_tick < 48 * 8)
    assert [one.where for one in f.empty_stretches(arranged(twelve, left, melody), twelve)] == ["bars 7-8"]


def test_many_sections(twelve, monkeypatch):
    from symbolic_cover.core.music import Section

    assert list(f.many_sections(twelve)) == []
    many = tuple(Section(96 * i, letter) for i, letter in enumerate("ABCDEF"))
    monkeypatch.setattr(f, "sections_of", lambda sheet: many)
    (found,) = f.many_sections(twelve)
    assert "6 sections with 6 letters" in found.text


def test_a_copied_passage_is_named(twelve):
    rng = np.random.default_rng(0)
    theirs = [Note(6 * i, 6, int(p)) for i, p in enumerate(rng.integers(36, 55, 96))]
    index = PatternIndex.build([TrainingSong("A known song", "g", pattern_hashes(theirs, twelve.grid.bars))])
    (found,) = f.copied_passages(arranged(twelve, theirs), twelve.grid.bars, index)
    assert (found.first_bar, found.last_bar) == (0, 11)
    assert "A known song from its bar 1" in found.text
    assert "copied" not in kinds(f.find_weak_bars(arranged(twelve), twelve, index=index))


def test_advice_gathers_what_is_alike():
    found = [
        f.Finding(8, 8, "k", "text", "try"),
        f.Finding(11, 12, "k", "text", "try"),
        f.Finding(3, 3, "k", "other", "try"),
    ]
    assert f.advice_of(found) == ["bars 9 and 12-13: text; try.", "bar 4: other; try."]
