"""Every ensemble: scores that open again with the same notes, clefs, drums, balance."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import music21
import numpy as np
import pytest
import symusic
from hypothesis import HealthCheck, given, settings

from symbolic_cover.core.arrangement import Arrangement, Part
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.music import Chord, Key, Note
from symbolic_cover.listening.scores.read import read_score
from symbolic_cover.notation.drums import FEET, KIT, write_drum_voices
from symbolic_cover.notation.engrave import engrave_svg
from symbolic_cover.notation.musicxml import to_music21, write_musicxml
from symbolic_cover.notation.players import abbreviate, held_melody, players_of
from symbolic_cover.performance.balance import balance_of
from symbolic_cover.performance.midi import write_midi
from symbolic_cover.sound.audio import render_audio
from symbolic_cover.sound.soundfonts import find_soundfonts
from tests.notation.ensembles import ENSEMBLES, ensemble_arrangements, fault_of, reopened, song_for

pytestmark = pytest.mark.filterwarnings("ignore:.*does not map to a valid instrument")

CLEFS = {
    "solo-piano": ["treble", "bass"],
    "voice-piano": ["treble", "treble", "bass"],
    "choir": ["treble", "treble", "treble-8", "bass"],
    "string-quartet": ["treble", "treble", "alto", "bass"],
    "orchestra": ["treble", "bass", "bass", "treble", "treble", "alto", "bass", "bass-8"],
    "guitar": ["treble-8"],
    "lead-sheet": ["treble", "bass"],
    "band": ["treble", "treble", "treble-8", "bass", "bass", "bass-8", "percussion"],
    "drum-kit": ["percussion"],
}


def of(notes, name="Winds", program=60, **facts) -> Arrangement:
    """One part, in C major."""
    part = Part(name, "", program, tuple(sorted(notes)), **facts)
    return Arrangement((part,), (), Grid.steady(2), Key(0, "major"), (), "pop", "rules")


@pytest.mark.parametrize("name", sorted(ENSEMBLES))
def test_songs_open_again_with_the_same_notes_under_the_right_clefs(name, tmp_path):
    song = song_for(ENSEMBLES[name], n_bars=5)
    assert fault_of(song, tmp_path) == ""
    assert [clef for player in players_of(song) for clef in player.clefs] == CLEFS[name]


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arrangement=ensemble_arrangements())
def test_random_notes_open_again_the_same(arrangement, tmp_path):
    assert fault_of(arrangement, tmp_path) == ""


@pytest.mark.parametrize("name", ["choir", "string-quartet"])
def test_a_chorale_opens_again_the_same(name, tmp_path):
    chorale = music21.corpus.parse("bach/bwv66.6")
    lines = [
        tuple(
            Note(round(float(note.getOffsetInHierarchy(part)) * 12) + 36, round(note.quarterLength * 12), pitch.midi)
            for note in part.stripTies().recurse().notes
            for pitch in note.pitches
        )
        for part in chorale.parts
    ]
    parts = [Part(s.label, s.group, s.program, line) for s, line in zip(ENSEMBLES[name].parts, lines, strict=True)]
    arrangement = Arrangement(tuple(parts), lines[0], Grid.steady(10), Key(6, "minor"), (), "chorale", "rules")
    assert fault_of(arrangement, tmp_path) == ""
    voices = [len(measure.voices) for measure in to_music21(arrangement).recurse().getElementsByClass("Measure")]
    assert max(voices) == 0


def test_silent_players_are_left_out_but_not_a_silent_hand(tmp_path):
    song = song_for(ENSEMBLES["voice-piano"], n_bars=2)
    voice, right, left = song.parts
    names = [player.name for player in players_of(replace(song, parts=(replace(voice, notes=()), right, left)))]
    assert names == ["Piano"]
    score = reopened(replace(song, parts=(voice, right, replace(left, notes=()))), tmp_path)
    assert [part.partName for part in score.parts] == ["Voice", "Piano", "Piano"]


def test_names_are_shortened_after_the_first_system(tmp_path):
    write_musicxml(song_for(ENSEMBLES["orchestra"], n_bars=2), tmp_path / "score.musicxml")
    listed = ElementTree.parse(tmp_path / "score.musicxml").findall("part-list/score-part")
    assert [part.findtext("part-abbreviation") for part in listed] == [
        "Ww.", "Br.", "Timp.", "Vln. 1", "Vln. 2", "Vla.", "Vc.", "Db.",
    ]  # fmt: skip
    assert abbreviate("Euphonium 2") == "Euph. 2"


@pytest.mark.parametrize(
    ("name", "symbol", "joined", "members"),
    [("choir", "bracket", "no", 4), ("orchestra", "bracket", "yes", 5), ("voice-piano", "brace", "yes", 2)],
)
def test_families_are_bracketed_and_hands_braced(name, symbol, joined, members, tmp_path):
    write_musicxml(song_for(ENSEMBLES[name], n_bars=2), tmp_path / "score.musicxml")
    root = ElementTree.parse(tmp_path / "score.musicxml").getroot()
    if symbol == "brace":
        assert [staves.text for staves in root.iter("staves")] == ["2"]
        return
    (group,) = [group for group in root.iter("part-group") if group.get("type") == "start"]
    assert (group.findtext("group-symbol"), group.findtext("group-barline")) == (symbol, joined)
    order = [element.tag for element in root.find("part-list")]
    assert order[order.index("part-group") + 1 :].index("part-group") == members


def test_wide_chords_get_two_staves_and_wide_melodies_one(tmp_path):
    chords = [Note(tick, 24, pitch) for tick in (0, 24, 48, 72) for pitch in (41, 48, 60, 69, 84)]
    assert players_of(of(chords))[0].clefs == ("treble", "bass")
    assert fault_of(of(chords), tmp_path) == ""
    melody = [Note(12 * i, 12, 45 + 5 * i) for i in range(8)]
    assert len(players_of(of(melody))[0].staves) == 1
    assert players_of(of(chords, "Guitar", 24))[0].clefs == ("treble-8",)


def test_a_hand_that_stays_far_from_its_staff_changes_clef():
    right, left = [Note(12 * i, 12, 50 + i) for i in range(8)], [Note(0, 96, 38)]
    song = of(right, "Right hand", 0)
    hands = tuple(Part(name, "Piano", 0, tuple(notes)) for name, notes in (("Right hand", right), ("Left hand", left)))
    assert players_of(replace(song, parts=hands))[0].clefs == ("bass", "bass")
    raised = replace(hands[0], notes=tuple(note._replace(pitch=note.pitch + 7) for note in right))
    assert players_of(replace(song, parts=(raised, hands[1])))[0].clefs == ("treble", "bass")


def test_guitar_and_basses_are_written_where_they_sound_under_octave_clefs(tmp_path):
    score = reopened(of([Note(0, 48, 28)], "Bass", 33), tmp_path)
    (clef,) = score.recurse().getElementsByClass("Clef")
    assert (clef.sign, clef.octaveChange) == ("F", -1)
    assert [note.pitch.midi for note in score.recurse().notes] == [28]


def test_held_notes_of_winds_have_their_own_voice():
    notes = [Note(0, 48, 60), Note(0, 24, 72), Note(24, 24, 74), Note(48, 48, 71)]
    assert held_melody(notes, 6) == {(0, 72), (24, 74), (48, 71)}
    first, second = to_music21(of(notes)).parts.first().getElementsByClass("Measure")
    assert [len(first.voices), len(second.voices)] == [2, 0]
    assert [note.quarterLength for note in first.voices[1].notes] == [4.0]


def test_guitarists_read_the_melody_apart_and_one_voice_without_it():
    melody, under = [Note(0, 48, 72)], [Note(0, 24, 45), Note(24, 24, 52), Note(48, 48, 45)]
    guitar = replace(of(melody + under, "Guitar", 24), melody=tuple(melody))
    first, second = to_music21(guitar).parts.first().getElementsByClass("Measure")
    assert [[note.pitch.midi for note in voice.notes] for voice in first.voices] == [[72], [45, 52]]
    assert [note.pitch.midi for note in second.notes] == [45]


def test_notes_that_overlap_a_little_are_one_voice():
    assert len(held_melody([Note(0, 14, 72), Note(12, 14, 70), Note(24, 12, 67)], 6)) == 3


def test_only_those_who_improvise_read_chord_symbols():
    for name, wanted in (("band", True), ("lead-sheet", True), ("choir", False), ("orchestra", False)):
        symbols = to_music21(song_for(ENSEMBLES[name], n_bars=2)).recurse().getElementsByClass("ChordSymbol")
        assert bool(symbols) == wanted, name


def test_every_drum_of_the_kit_opens_again(tmp_path):
    strokes = [Note(3 * i, 3, pitch, 90) for i, pitch in enumerate(range(27, 88))]
    song = replace(of(strokes, "Drums", 0, is_drums=True), grid=Grid.steady(4))
    assert fault_of(song, tmp_path) == ""
    places = [drum[1:] for pitch, drum in KIT.items() if pitch != 40]
    assert len(set(places)) == len(places)


def test_every_drum_is_read_as_itself(tmp_path):
    strokes = [Note(12 * place, 6, pitch) for place, pitch in enumerate(sorted(KIT))]
    song = replace(of(strokes, "Drums", 0, is_drums=True), grid=Grid.steady(20))
    write_musicxml(song, tmp_path / "score.musicxml")
    (track,) = read_score(tmp_path / "score.musicxml").tracks
    assert [note.pitch for note in track.notes] == sorted(KIT)


def test_hands_and_feet_are_voices_without_ties():
    notes = [Note(0, 1, 36), Note(0, 1, 42), Note(6, 1, 42), Note(12, 1, 38), Note(12, 90, 42), Note(30, 1, 36)]
    hands, feet = write_drum_voices(notes, Grid.steady(1).bars)
    assert [event[:2] for event in hands] == [(0, 6), (6, 12), (12, 24)]
    assert [event[:2] for event in feet] == [(0, 12), (30, 36)]
    assert hands[2].pitches == (38, 42)
    assert {36, 44} < FEET


def test_drums_have_their_signs(tmp_path):
    path = tmp_path / "score.musicxml"
    write_musicxml(of([Note(0, 6, 42), Note(0, 6, 38), Note(24, 6, 36)], "Drums", 0, is_drums=True), path)
    root = ElementTree.parse(path).getroot()
    assert [clef.findtext("sign") for clef in root.iter("clef")] == ["percussion"]
    assert not list(root.iter("key"))
    assert {channel.text for channel in root.iter("midi-channel")} == {"10"}
    heads = [(note.findtext("unpitched/display-step"), note.findtext("notehead"), note.findtext("stem"))
             for note in root.iter("note") if note.find("unpitched") is not None]  # fmt: skip
    assert heads == [("C", None, "up"), ("G", "x", "up"), ("F", None, "down")]
    assert not [note for note in root.iter("note") if note.get("id")]


def test_midi_has_programs_channels_and_balance(tmp_path):
    song = song_for(ENSEMBLES["band"], n_bars=2)
    write_midi(song, tmp_path / "a.mid")
    tracks = symusic.Score(tmp_path / "a.mid").tracks
    assert [(track.name, track.is_drum) for track in tracks] == [(part.name, part.is_drums) for part in song.parts]
    assert [track.program for track in tracks[:-1]] == [65, 61, 26, 0, 48, 33]
    channels = re.findall(rb"\x00([\xb0-\xbf])\x07", (tmp_path / "a.mid").read_bytes())
    assert len(set(channels)) == len(song.parts)
    assert channels[-1] == b"\xb9"
    read = [{control.number: control.value for control in track.controls} for track in tracks]
    assert [(controls[7], controls[10]) for controls in read] == balance_of(song)


def test_the_melody_is_forward_and_the_seats_are_apart():
    band = balance_of(song_for(ENSEMBLES["band"], n_bars=2))
    assert max(range(len(band)), key=lambda place: band[place][0]) == 0
    assert [band[place][1] for place in (0, 5, 6)] == [64, 64, 64]
    assert len({pan for _, pan in band[1:5]}) == 4
    quartet = [pan for _, pan in balance_of(song_for(ENSEMBLES["string-quartet"], n_bars=2))]
    assert quartet == sorted(set(quartet))
    assert set(balance_of(song_for(ENSEMBLES["solo-piano"], n_bars=2))) == {(100, 64)}


@pytest.mark.parametrize("name", ["orchestra", "band"])
def test_loud_ensembles_do_not_clip(name, tmp_path):
    pytest.importorskip("fluidsynth", reason="libfluidsynth is not installed", exc_type=ImportError)
    import soundfile

    song = song_for(ENSEMBLES[name], n_bars=1)
    loud = tuple(replace(p, notes=tuple(note._replace(velocity=127) for note in p.notes)) for p in song.parts)
    write_midi(replace(song, parts=loud * 3), tmp_path / "a.mid")
    render_audio(symusic.Score(tmp_path / "a.mid"), tmp_path / "a.wav", soundfont=find_soundfonts()[-1], lufs=-7)
    samples, _ = soundfile.read(tmp_path / "a.wav")
    peak = np.max(np.abs(samples))
    assert 0.8 < peak < 0.9
    at_peak = np.abs(samples) > 0.9999 * peak
    assert not np.any(at_peak[2:] & at_peak[1:-1] & at_peak[:-2])  # limited, not cut off
    assert np.std(samples[:, 0] - samples[:, 1]) > 0.005


def test_large_systems_fit_the_page(tmp_path):
    for name in ("orchestra", "band"):
        write_musicxml(song_for(ENSEMBLES[name], n_bars=8), tmp_path / "score.musicxml")
        pages = engrave_svg(tmp_path / "score.musicxml")
        assert len(pages) == 1
        assert max(page.count('class="system') for page in pages) >= 2


def test_chords_are_not_needed(tmp_path):
    song = song_for(ENSEMBLES["drum-kit"], n_bars=1)
    assert fault_of(replace(song, chords=(Chord(0, 48, 0, "maj", 0),)), tmp_path) == ""
