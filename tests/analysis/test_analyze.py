"""Chords, key, melody and sheet on music whose answer is known."""

import pytest
import symusic
from hypothesis import given
from hypothesis import strategies as st

from symbolic_cover.analysis.chords import chords_from_symbols, name_chord, parse_chord, recognise_chords
from symbolic_cover.analysis.key import find_key
from symbolic_cover.analysis.melody import (
    find_bass,
    find_melody,
    find_melody_track,
    hold_split_notes,
    is_melody_name,
    one_line,
    without_faint_lows,
)
from symbolic_cover.analysis.song import analyze, describe
from symbolic_cover.core.errors import InputError
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.music import CHORD_INTERVALS, Chord, Key, Note


def block(tick: int, pitches: tuple[int, ...], length: int = 48) -> list[Note]:
    return [Note(tick, length, pitch) for pitch in pitches]


@given(st.integers(0, 11), st.sampled_from(list(CHORD_INTERVALS)))
def test_a_label_names_its_chord_again(root, quality):
    for step in CHORD_INTERVALS[quality]:
        chord = Chord(0, 48, root, quality, (root + step) % 12)
        assert parse_chord(chord.label) == (root, quality, chord.bass)


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("A:min7", (9, "min7", 9)),
        ("Bb:maj/3", (10, "maj", 2)),
        ("F#:7/b7", (6, "7", 4)),
        ("C", (0, "maj", 0)),
        ("D:9", (2, "7", 2)),
        ("N", None),
        ("no chord", None),
    ],
)
def test_harte_labels(label, expected):
    assert parse_chord(label) == expected


def test_block_chords_are_named():
    assert name_chord([48, 52, 55]) == (0, "maj", 0)
    assert name_chord([52, 55, 60]) == (0, "maj", 4)
    assert name_chord([45, 48, 52, 55]) == (9, "min7", 9)
    assert name_chord([60]) is None


def test_chords_are_recognised_beat_by_beat():
    notes = block(0, (36, 52, 55, 60)) + block(48, (45, 57, 60, 64)) + block(96, (41, 53, 57, 60))
    notes += block(144, (43, 55, 59, 62, 65))
    found = recognise_chords(notes, Grid.steady(4), Key(0, "major"))
    assert [(c.start_tick, c.root, c.quality) for c in found] == [
        (0, 0, "maj"), (48, 9, "min"), (96, 5, "maj"), (144, 7, "7")
    ]  # fmt: skip


def test_silence_between_chords_is_no_chord():
    found = recognise_chords(block(0, (48, 52, 55), 24) + block(96, (48, 52, 55), 24), Grid.steady(3))
    assert [(c.start_tick, c.end_tick) for c in found] == [(0, 24), (96, 120)]


@pytest.mark.parametrize("tonic", range(12))
def test_scales_have_their_key(tonic):
    major = [Note(i, 6, 60 + tonic + step) for i, step in enumerate((0, 2, 4, 5, 7, 9, 11, 12, 7, 4, 0, 0))]
    minor = [Note(i, 6, 60 + tonic + step) for i, step in enumerate((0, 2, 3, 5, 7, 8, 11, 12, 7, 3, 0, 0))]
    assert find_key(major) == Key(tonic, "major")
    assert find_key(minor) == Key(tonic, "minor")


def test_the_tune_is_found_above_its_accompaniment(song):
    found = find_melody(song.notes)
    tune = {(note.onset_tick, note.pitch) for note in song.melody}
    hits = sum((note.onset_tick, note.pitch) in tune for note in found)
    assert hits == len(song.melody)
    assert len(found) <= len(song.melody) + 2


def test_a_tune_rests_where_only_chords_are_struck(song):
    strummed = [Note(tick, 6, pitch, 50) for tick in range(192, 384, 12) for pitch in (48, 52, 55)]
    found = find_melody([*song.notes, *strummed])
    assert {note.onset_tick for note in found} <= set(range(192))
    assert len(found) >= len(song.melody) - 1


def test_faint_notes_far_from_the_tune_stay_out(song):
    ghosts = [Note(tick + 3, 3, 98 if tick % 24 else 58, 30) for tick in range(0, 180, 12)]
    found = find_melody([*song.notes, *ghosts])
    assert not set(found) & set(ghosts)
    assert {(n.onset_tick, n.pitch) for n in found} >= {(n.onset_tick, n.pitch) for n in song.melody[:-1]}


def test_faint_low_notes_are_noise_and_faint_high_ones_are_not():
    clear = [Note(tick, 12, 40 + tick % 5, 80) for tick in range(0, 96, 12)]
    low, high = Note(3, 3, 42, 40), Note(3, 3, 80, 40)
    assert without_faint_lows([*clear, low, high]) == [*clear, high]
    assert without_faint_lows([]) == []


def test_a_note_that_fades_is_held_and_one_struck_again_is_not():
    assert hold_split_notes([Note(0, 6, 70, 80), Note(6, 3, 70, 50)]) == (Note(0, 9, 70, 80),)
    for again in (Note(6, 3, 70, 80), Note(6, 3, 71, 50), Note(9, 3, 70, 50), Note(6, 6, 70, 50)):
        line = (Note(0, 6, 70, 80), again)
        assert hold_split_notes(line) == line


def test_only_what_was_heard_has_noise_in_it(song):
    faint = symusic.Note(14, 10, 36, 20)
    found = {}
    for name in ("audio", "piano"):
        track = symusic.Track(name=name)
        track.notes.extend([symusic.Note(*note) for note in song.notes] + [faint])
        score = symusic.Score(12)
        score.tracks.append(track)
        found[name] = {(n.onset_tick, n.pitch) for n in analyze(score, song.grid).notes}
    assert found["piano"] - found["audio"] == {(14, 36)}


def test_a_passing_beat_does_not_change_the_chord():
    held = [*block(0, (36, 52, 55, 60)), Note(12, 12, 62), Note(24, 12, 65), Note(36, 12, 64)]
    assert [c.label for c in recognise_chords(held, Grid.steady(1), Key(0, "major"))] == ["C:maj"]


def test_a_high_note_is_no_bass():
    found = recognise_chords(block(0, (64, 67, 72)), Grid.steady(1))
    assert [(c.root, c.bass) for c in found] == [(0, 0)]


def test_silence_has_no_tune():
    assert find_melody([]) == ()
    assert find_melody_track([]) == ()


def test_the_track_that_goes_like_a_melody_is_the_tune(song):
    arpeggio = [Note(n.onset_tick + 6 * i, 6, n.pitch + 12 + s) for n in song.bass for i, s in enumerate((0, 7, 12, 7))]
    tune = tuple(note._replace(velocity=60) for note in song.melody)
    chords = [Note(bass.onset_tick, 48, bass.pitch + step) for bass in song.bass for step in (28, 31, 36)]
    assert find_melody_track([chords, arpeggio, list(tune), list(song.bass)]) == tune


def test_no_track_is_a_melody_that_repeats_or_strikes_chords_or_is_alone(song):
    drone = [Note(tick, 6, 76) for tick in range(0, 192, 6)]
    chords = [Note(bass.onset_tick, 48, bass.pitch + step) for bass in song.bass for step in (28, 31, 36)]
    assert find_melody_track([chords, drone, list(song.bass)]) == ()
    assert find_melody_track([list(song.melody)]) == ()


def test_the_bass_is_the_lowest_note_of_each_beat(song):
    edges = list(range(0, 200, 12))
    assert {n.pitch for n in find_bass(song.bass + song.texture, edges)} >= {n.pitch for n in song.bass}
    assert find_bass([Note(0, 12, 72)], edges) == ()


def test_a_line_has_one_voice():
    line = one_line([Note(0, 24, 60), Note(0, 12, 67), Note(12, 12, 65)])
    assert line == (Note(0, 12, 67), Note(12, 12, 65))


@pytest.mark.parametrize("name", ["MELODY", "Voice", "lead vocal", "Soprano"])
def test_names_of_melodies(name):
    assert is_melody_name(name)
    assert not is_melody_name("Piano LH")


def labelled_score(song) -> symusic.Score:
    score = symusic.Score(12)
    for name, notes in (("MELODY", song.melody), ("PIANO", song.bass + song.texture)):
        track = symusic.Track(name=name)
        track.notes.extend([symusic.Note(*note) for note in notes])
        score.tracks.append(track)
    return score


def test_what_the_source_says_is_believed(song):
    score = labelled_score(song)
    score.markers.extend([symusic.TextMeta(0, "D:min"), symusic.TextMeta(96, "G:7"), symusic.TextMeta(144, "N")])
    score.key_signatures.append(symusic.KeySignature(0, -2, 1))
    sheet = analyze(score, song.grid, "A title")
    assert sheet.melody == song.melody
    assert [(c.start_tick, c.end_tick, c.label) for c in sheet.chords] == [(0, 96, "D:min"), (96, 144, "G:7")]
    assert sheet.key == Key(7, "minor")
    assert sheet.title == "A title"


def test_chords_are_found_where_none_are_stated(song):
    sheet = analyze(labelled_score(song), song.grid)
    assert [(c.root, c.quality) for c in sheet.chords] == [(0, "maj"), (9, "min"), (5, "maj"), (7, "maj")]
    assert set(sheet.notes) == set(song.notes)


def test_drums_alone_are_no_song(song):
    score = symusic.Score(12)
    drums = symusic.Track(name="Drums", is_drum=True)
    drums.notes.append(symusic.Note(0, 12, 36, 90))
    score.tracks.append(drums)
    with pytest.raises(InputError, match="no pitched notes"):
        analyze(score, song.grid)


def test_symbols_last_until_the_next():
    assert chords_from_symbols([(0, "C"), (24, "C:maj"), (48, "N"), (72, "F")], 96) == (
        Chord(0, 48, 0, "maj", 0),
        Chord(72, 96, 5, "maj", 5),
    )


def test_description_is_in_seconds(song):
    facts = describe(song)
    assert facts["tempo_bpm"] == 100
    assert facts["beats_sec"][:3] == [0.0, 0.6, 1.2]
    assert facts["downbeats_sec"][1] == 2.4
    assert facts["chords"][1] == [2.4, 4.8, "A:min"]
    assert facts["melody"][0] == [0.0, 0.6, 72]


def test_a_tune_alone_is_all_tune():
    line = [Note(12 * i, 12, pitch, 80) for i, pitch in enumerate([62, 69, 64, 48, 60, 72, 40, 67])]
    score = symusic.Score(12)
    track = symusic.Track()
    track.notes.extend([symusic.Note(*note) for note in line])
    score.tracks.append(track)
    assert analyze(score, Grid.steady(2)).melody == tuple(line)
