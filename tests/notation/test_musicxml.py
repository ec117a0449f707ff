"""The written score: read again, it has the same notes, in full bars, and is readable."""

from __future__ import annotations

import cProfile
import pstats
from collections import Counter
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import music21
import pytest
from hypothesis import HealthCheck, given, settings

from symbolic_cover.core.arrangement import Arrangement, Part
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.music import Bar, Chord, Key, Meter, Note
from symbolic_cover.notation.layout import lay_out
from symbolic_cover.notation.musicxml import to_music21, write_musicxml
from tests.notation.scores import arrangements, golden, piano


def reopened(arrangement: Arrangement, folder: Path) -> music21.stream.Score:
    path = folder / "score.musicxml"
    write_musicxml(arrangement, path)
    return music21.converter.parse(path, forceSource=True)


def onsets(part: music21.stream.Part) -> Counter:
    """How often each (tick, pitch) begins."""
    return Counter(
        (round(Fraction(element.getOffsetInHierarchy(part)) * 12), pitch.midi)
        for element in part.recurse().notes
        if not isinstance(element, music21.harmony.ChordSymbol) and (element.tie is None or element.tie.type == "start")
        for pitch in element.pitches
    )


def assert_bars_are_full(score: music21.stream.Score, bars: tuple[Bar, ...], opening_tick: int = 0) -> None:
    for part in score.parts:
        for bar, measure in zip(bars, part.getElementsByClass(music21.stream.Measure), strict=True):
            length = bar.meter.bar_tick - (0 if bar.start_tick else opening_tick)
            for voice in list(measure.voices) or [measure]:
                lengths = [Fraction(element.quarterLength).limit_denominator(48) for element in voice.notesAndRests]
                assert sum(lengths) == Fraction(length, 12), (measure.number, lengths)


def expected_onsets(part: Part, opening_tick: int = 0) -> Counter:
    return Counter({(note.onset_tick - opening_tick, note.pitch) for note in part.notes})


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arrangement=arrangements())
def test_reopened_score_has_the_same_notes_in_full_bars(arrangement, tmp_path):
    score = reopened(arrangement, tmp_path)
    opening_tick = lay_out(arrangement)[1].opening_tick
    assert_bars_are_full(score, arrangement.grid.bars, opening_tick)
    written = (onsets(part) for part in score.parts)  # a note may stand in the staff of the other hand
    assert sum(written, Counter()) == sum((expected_onsets(one, opening_tick) for one in arrangement.parts), Counter())


def test_golden_piece(tmp_path):
    score = reopened(golden(), tmp_path)
    right, left = score.parts
    assert onsets(right) == expected_onsets(golden().parts[0])
    assert onsets(left) == expected_onsets(golden().parts[1])
    assert score.metadata.bestTitle == "Test piece"
    assert right.recurse().getElementsByClass(music21.key.KeySignature).first().sharps == -1
    assert score.recurse().getElementsByClass(music21.tempo.MetronomeMark).first().number == 92
    assert [clef.sign for clef in right.recurse().getElementsByClass(music21.clef.Clef)] == ["G"]
    assert [clef.sign for clef in left.recurse().getElementsByClass(music21.clef.Clef)] == ["F"]
    assert len(list(score.recurse().getElementsByClass(music21.layout.StaffGroup))) == 1


def test_voices_only_where_the_rhythms_differ():
    right = to_music21(golden()).parts.first()
    voices = [len(measure.voices) for measure in right.getElementsByClass(music21.stream.Measure)]
    assert voices == [0, 0, 2, 0]


def test_triplets_come_out_as_triplets():
    second = to_music21(golden()).parts.first().measure(2)
    triplet = [note for note in second.recurse().notes if note.duration.tuplets]
    assert [note.quarterLength for note in triplet] == [Fraction(1, 3)] * 3
    assert [note.duration.tuplets[0].type for note in triplet] == ["start", None, "stop"]


def test_chords_are_spelled_by_harmony_and_key(tmp_path):
    right, left = reopened(golden(), tmp_path).parts
    third = {
        pitch.name for staff in (right, left) for note in staff.measure(3).recurse().notes for pitch in note.pitches
    }
    assert "D-" in third
    assert "C#" not in third
    symbols = [symbol.figure for symbol in right.recurse().getElementsByClass(music21.harmony.ChordSymbol)]
    assert symbols == ["F", "B-", "B-m/D-", "F"]


def test_tied_notes_keep_their_name(tmp_path):
    chords = [Chord(0, 48, 10, "min", 10), Chord(48, 96, 9, "7", 9)]
    path = tmp_path / "score.musicxml"
    write_musicxml(piano([Note(24, 48, 73)], [], grid=Grid.steady(2), chords=chords), path)
    names = [(pitch.findtext("step"), pitch.findtext("alter")) for pitch in ElementTree.parse(path).iter("pitch")]
    assert names == [("D", "-1"), ("D", "-1")]


def test_accidentals_are_printed_once_and_cancelled(tmp_path):
    melody = [Note(0, 12, 66), Note(12, 12, 66), Note(24, 12, 65), Note(36, 24, 66), Note(60, 12, 65)]
    path = tmp_path / "score.musicxml"
    write_musicxml(piano(melody, [], grid=Grid.steady(2), key=Key(7, "major")), path)
    printed = [
        (note.findtext("pitch/step"), note.findtext("pitch/alter"), note.findtext("accidental"))
        for note in ElementTree.parse(path).iter("note")
        if note.find("pitch") is not None
    ]
    assert printed == [
        ("F", "1", None),
        ("F", "1", None),
        ("F", "0", "natural"),
        ("F", "1", "sharp"),
        ("F", "1", None),  # tied over the bar line
        ("F", "0", "natural"),
    ]


def test_voices_are_counted_from_one(tmp_path):
    path = tmp_path / "score.musicxml"
    write_musicxml(golden(), path)
    staff_and_voice = {
        (note.findtext("staff"), note.findtext("voice")) for note in ElementTree.parse(path).iter("note")
    }
    assert staff_and_voice == {("1", "1"), ("1", "2"), ("2", "5")}


def test_the_same_arrangement_gives_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        write_musicxml(golden(), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_metre_may_change_between_bars(tmp_path):
    bars = (Bar(0, Meter(4, 4)), Bar(48, Meter(3, 4)), Bar(84, Meter(4, 4)))
    steady = Grid.steady(3)
    grid = Grid(steady.beat_tick, steady.beat_sec, bars)
    score = reopened(piano([Note(36, 60, 72)], [Note(84, 48, 48)], grid=grid), tmp_path)
    assert_bars_are_full(score, bars, 36)
    signatures = score.parts.first().recurse().getElementsByClass(music21.meter.TimeSignature)
    assert [signature.ratioString for signature in signatures] == ["4/4", "3/4", "4/4"]


def test_each_group_is_an_instrument(tmp_path):
    parts = (
        Part("Violin", "violin", 40, (Note(0, 12, 76),)),
        Part("Viola", "viola", 41, (Note(0, 12, 60),)),
        Part("Cello", "cello", 42, (Note(0, 12, 43),)),
    )
    chords = tuple(Chord(48 * i, 48 * i + 48, 9, quality, 9) for i, quality in enumerate(["hdim7", "min7", "sus4"]))
    arrangement = Arrangement(parts, parts[0].notes, Grid.steady(3, Meter(6, 8)), Key(9, "minor"), chords, "x", "rules")
    score = reopened(arrangement, tmp_path)
    assert [part.partName for part in score.parts] == ["Violin", "Viola", "Cello"]
    clefs = [part.recurse().getElementsByClass(music21.clef.Clef).first().name for part in score.parts]
    assert clefs == ["treble", "alto", "bass"]
    mark = score.recurse().getElementsByClass(music21.tempo.MetronomeMark).first()
    assert mark.referent.quarterLength == 1.5


def test_notes_after_the_last_bar_get_bars(tmp_path):
    score = reopened(piano([Note(100, 12, 72)], [], grid=Grid.steady(1)), tmp_path)
    assert_bars_are_full(score, Grid.steady(3).bars)


def test_notes_before_the_first_bar_are_refused():
    with pytest.raises(ValueError, match="before the first bar"):
        to_music21(piano([Note(-3, 6, 60)], []))


@pytest.mark.slow
def test_a_piece_twice_as_long_takes_twice_the_work(tmp_path):
    """Counted in calls, which no other program on the machine changes."""
    bar = [Note(tick, 6, pitch) for tick in range(0, 48, 6) for pitch in (60, 64, 67)]

    def calls(n_bars):
        hand = [note._replace(onset_tick=note.onset_tick + 48 * i) for i in range(n_bars) for note in bar]
        profile = cProfile.Profile()
        profile.runcall(write_musicxml, piano(hand, hand, grid=Grid.steady(n_bars)), tmp_path / "score.musicxml")
        return pstats.Stats(profile).total_calls

    calls(2)  # what is done once
    assert calls(48) < 2.3 * calls(24)
