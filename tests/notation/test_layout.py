"""Bars on the page: pick-ups, swing, sections, a held bass, and the part of each player."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from benchmarks.notation.score_checks import music21_faults, return_faults, schema_faults, verovio_faults
from symbolic_cover.analysis.quantize import quantize
from symbolic_cover.core.arrangement import Arrangement, Part
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.music import Chord, Key, Meter, Note, Section
from symbolic_cover.listening.scores.read import read_score
from symbolic_cover.notation.feel import in_melody_feel, is_swung
from symbolic_cover.notation.layout import lay_out
from symbolic_cover.notation.musicxml import write_musicxml
from symbolic_cover.notation.parts import write_part_scores, write_parts
from symbolic_cover.notation.rhythm import Event
from symbolic_cover.notation.voices import moving_notes, write_voices
from symbolic_cover.performance.expression import perform
from tests.notation.ensembles import ENSEMBLES, song_for
from tests.notation.make_golden import FOLDER, songs
from tests.notation.scores import golden, piano

SWUNG = [tick for beat in range(0, 96, 12) for tick in (beat, beat + 8)]


def band(ticks: list[int]) -> Arrangement:
    """A tenor saxophone and a bass over a ride cymbal that plays at `ticks`."""
    melody = (Note(0, 8, 58, 88), Note(8, 16, 60, 88), Note(24, 72, 62, 88))
    ride = tuple(Note(tick, 3, 51, 72) for tick in ticks)
    bass = (Note(0, 48, 34), Note(48, 48, 34))
    parts = (Part("Melody", "", 66, melody), Part("Bass", "", 33, bass), Part("Drums", "", 0, ride, is_drums=True))
    chords = (Chord(0, 96, 10, "maj7", 10),)
    return Arrangement(parts, melody, Grid.steady(2), Key(10, "major"), chords, "swing", "rules", "Swung")


def written(arrangement: Arrangement, folder) -> ElementTree.Element:
    write_musicxml(arrangement, folder / "score.musicxml")
    return ElementTree.parse(folder / "score.musicxml").getroot()


def test_swing_is_written_straight_and_read_as_it_was_played(tmp_path):
    played = band(SWUNG)
    root = written(played, tmp_path)
    assert list(root.iter("time-modification")) == []
    assert [words.text.strip() for words in root.iter("words")] == ["Swing"]
    assert root.findtext(".//sound/swing/swing-type") == "eighth"
    ride = quantize(read_score(tmp_path / "score.musicxml"))[2]
    assert [note.onset_tick for note in ride.notes] == SWUNG
    assert {note.pitch for note in ride.notes} == {51}


@pytest.mark.parametrize("offsets", [(0, 6), (0, 4, 8)])
def test_straight_eighths_and_triplets_are_no_swing(offsets):
    played = replace(band([beat + offset for beat in range(0, 96, 12) for offset in offsets]), style="rock")
    assert not is_swung(played)
    assert is_swung(replace(band(SWUNG), style="rock"))


def test_a_band_that_swings_is_written_straight_beside_a_straight_melody(tmp_path):
    """The melody has eighths, the ride two thirds of the beat: the page and the sound have one feel."""
    song = band(SWUNG)
    melody = (*song.melody, Note(90, 6, 62, 88))
    song = replace(song, melody=melody, parts=(replace(song.parts[0], notes=melody), *song.parts[1:]))
    root = written(song, tmp_path)
    assert list(root.iter("time-modification")) == []
    assert [words.text.strip() for words in root.iter("words")] == ["Swing"]
    offsets = {round(note.time / 4) % 120 for track in perform(song).tracks for note in track.notes}
    assert not offsets & set(range(50, 71))
    assert offsets & set(range(72, 90))


def test_a_true_triplet_stays_one_where_the_rest_swings(tmp_path):
    song = band([*SWUNG, 28])
    root = written(song, tmp_path)
    assert len(list(root.iter("time-modification"))) == 3


def test_a_song_that_swung_when_it_was_heard_says_so_in_every_ensemble(tmp_path):
    melody = [Note(6 * eighth, 6, 72) for eighth in range(8)]
    song = piano(melody, [Note(0, 48, 48)], melody, grid=replace(Grid.steady(1), second_tick=7.8))
    assert [words.text.strip() for words in written(song, tmp_path).iter("words") if "Swing" in words.text] == ["Swing"]
    straight = replace(song, grid=Grid.steady(1))
    assert "Swing" not in {words.text.strip() for words in written(straight, tmp_path).iter("words")}


def test_the_accompaniment_takes_the_feel_of_the_melody():
    melody = (Note(0, 6, 70), Note(6, 6, 72), Note(16, 4, 74), Note(20, 4, 76))
    others = (Note(8, 4, 50), Note(16, 4, 50), Note(20, 4, 52))
    part = Part("Keys", "", 0, tuple(sorted(melody + others)))
    song = Arrangement((part,), melody, Grid.steady(1), Key(0, "major"), (), "rock", "rules")
    # as often straight as swung: nothing is moved
    assert in_melody_feel(song) == song
    straight = replace(song, melody=melody[:2], parts=(replace(part, notes=tuple(sorted(melody[:2] + others))),))
    assert [note.onset_tick for note in in_melody_feel(straight).parts[0].notes] == [0, 6, 6, 16, 20]


def test_a_pick_up_is_a_short_bar(tmp_path):
    melody = [Note(36, 12, 67), *(Note(48 + 12 * beat, 12, 72) for beat in range(4))]
    root = written(piano(melody, [Note(48, 48, 48)], melody, grid=Grid.steady(2)), tmp_path)
    first, second = root.find("part").findall("measure")
    assert (first.get("number"), first.get("implicit"), second.get("number")) == ("0", "yes", "1")
    divisions = int(first.findtext("attributes/divisions"))
    assert [int(note.findtext("duration")) for note in first.findall("note") if note.findtext("staff") != "2"] == [
        divisions
    ]
    assert [bar.start_tick for bar in read_score(tmp_path / "score.musicxml").grid.bars] == [0, 48]


@pytest.mark.parametrize(("first", "opening"), [(12, 0), (24, 24), (42, 42), (44, 36), (48, 0)])
def test_where_the_page_begins(first, opening):
    assert lay_out(piano([Note(first, 6, 72)], [], grid=Grid.steady(2)))[1].opening_tick == opening


def test_sections_have_letters_and_double_bars(tmp_path):
    song = replace(golden(), sections=(Section(0, "A"), Section(96, "B")))
    root = written(song, tmp_path)
    assert [mark.text for mark in root.iter("rehearsal")] == ["A", "B"]
    bars = root.find("part").findall("measure")
    assert bars[1].findtext("barline/bar-style") == "light-light"


def test_a_louder_section_is_marked(tmp_path):
    melody = [Note(12 * beat, 12, 72, 64 if beat < 8 else 96) for beat in range(16)]
    song = replace(piano(melody, [], melody), sections=(Section(0, "A"), Section(96, "B")))
    marks = [mark[0].tag for mark in written(song, tmp_path).iter("dynamics")]
    assert marks == ["mp", "f"]


def test_a_held_bass_has_a_voice_of_its_own():
    bass = Note(0, 48, 36)
    chords = [Note(12 * beat, 12, pitch) for beat in (1, 2, 3) for pitch in (52, 55)]
    bars = Grid.steady(1).bars
    melody = moving_notes([bass, *chords], bars)
    assert melody == {(note.onset_tick, note.pitch) for note in chords}
    first, second = write_voices([bass, *chords], bars, melody)
    assert second == [Event(0, 48, (36,))]
    assert [event[:2] for event in first] == [(12, 24), (24, 36), (36, 48)]


def test_a_broken_chord_that_rings_stays_one_voice():
    ringing = [Note(12 * beat, 48 - 12 * beat, pitch) for beat, pitch in enumerate((36, 43, 48, 52))]
    assert moving_notes(ringing, Grid.steady(1).bars) == set()


def test_a_tone_struck_again_is_not_held_with_the_melody():
    melody = [Note(0, 48, 72)]
    under = [Note(0, 12, 57), Note(24, 12, 57)]
    first, second = write_voices(melody + under, Grid.steady(1).bars, {(0, 72)})
    assert first == [Event(0, 48, (72,))]
    assert [event.pitches for event in second] == [(57,), (57,)]


def test_players_read_what_they_play(tmp_path):
    melody, *others = write_parts(band(SWUNG), tmp_path)
    assert [path.stem for path in (melody, *others)] == ["melody", "bass", "drums"]
    assert [schema_faults(path) for path in (melody, *others)] == [[], [], []]
    root = ElementTree.parse(melody).getroot()
    assert root.findtext(".//transpose/chromatic") in ("-2", "-14")
    assert root.findtext(".//key/fifths") == "0"
    assert root.findtext(".//pitch/step") == "C"
    assert root.findtext(".//root-step") == "C"
    assert any("tenor saxophone in B♭" in words.text for words in root.iter("credit-words"))
    assert min(note.pitch for note in read_score(melody).notes) == 58


def test_bars_of_rest_are_counted(tmp_path):
    quartet = song_for(ENSEMBLES["string-quartet"], 8)
    late = tuple(
        replace(part, notes=tuple(note for note in part.notes if note.onset_tick >= 192))
        if part.name == "Viola"
        else part
        for part in quartet.parts
    )
    paths = write_parts(replace(quartet, parts=late), tmp_path)
    viola = ElementTree.parse(next(path for path in paths if path.stem == "viola")).getroot()
    assert [sign.text for sign in viola.iter("multiple-rest")] == ["4"]


def test_rights_and_source_are_on_the_page(tmp_path):
    root = written(replace(golden(), composer="Nobody", source="song.abc"), tmp_path)
    assert "song.abc" in root.findtext("identification/rights")
    assert {one.get("type"): one.text for one in root.iter("creator")}["composer"] == "Nobody"


@pytest.mark.parametrize("name", sorted(ENSEMBLES))
def test_every_ensemble_stands_every_check(name, tmp_path):
    song = replace(song_for(ENSEMBLES[name], 4), sections=(Section(0, "A"), Section(96, "B")))
    path = tmp_path / "score.musicxml"
    write_musicxml(song, path)
    assert schema_faults(path) == []
    assert music21_faults(song, path) == []
    assert verovio_faults(song, path) == []
    assert return_faults(song, path) == []


def test_the_checks_find_what_is_wrong(tmp_path):
    path = tmp_path / "score.musicxml"
    write_musicxml(golden(), path)
    path.write_text(path.read_text(encoding="utf-8").replace("<octave>5</octave>", "<octave>6</octave>", 1))
    assert music21_faults(golden(), path)
    assert verovio_faults(golden(), path)
    path.write_text(path.read_text(encoding="utf-8").replace("<beats>4</beats>", "<beets>4</beets>"))
    assert schema_faults(path)


def test_six_eight_has_its_pick_up_too(tmp_path):
    melody = [Note(30, 6, 67), Note(36, 18, 72), Note(54, 18, 74)]
    song = piano(melody, [Note(36, 36, 48)], melody, grid=Grid.steady(2, Meter(6, 8)))
    path = tmp_path / "score.musicxml"
    write_musicxml(song, path)
    assert music21_faults(song, path) == verovio_faults(song, path) == return_faults(song, path) == []


@pytest.mark.parametrize("name", sorted(songs()))
def test_golden_scores(name, tmp_path):
    write_musicxml(songs()[name], tmp_path / "score.musicxml")
    golden_text = (FOLDER / f"{name}.musicxml").read_text(encoding="utf-8")
    assert without_version((tmp_path / "score.musicxml").read_text(encoding="utf-8")) == without_version(golden_text)


def without_version(text: str) -> str:
    """A score without the line that names music21's version."""
    return re.sub(r"<software>.*</software>", "", text)


def test_part_scores_are_printed_too(tmp_path):
    paths = write_part_scores(band(SWUNG), tmp_path / "parts")
    assert [path.name for path in paths[:2]] == ["melody.musicxml", "melody.pdf"]
    assert len(paths) == 6
    assert all(path.stat().st_size > 1000 for path in paths)
