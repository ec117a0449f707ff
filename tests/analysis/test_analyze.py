"""Chords, key, melody and song sheet of music with known answers."""

from dataclasses import replace

import pytest

from symbolic_cover.analysis.chords import name_chord, recognise_chords
from symbolic_cover.analysis.key import find_key
from symbolic_cover.analysis.melody import (
    find_bass,
    find_melody,
    find_melody_track,
    hold_split_notes,
    one_line,
    without_faint_lows,
)
from symbolic_cover.analysis.song import analyze, describe, sheet_of
from symbolic_cover.core.errors import InputError
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.heard import Confidence, Heard, Role, Source, TimedChord, TimedNote, TimedTrack, Track
from symbolic_cover.core.music import Chord, Key, Note


def block(tick: int, pitches: tuple[int, ...], length: int = 48) -> list[Note]:
    return [Note(tick, length, pitch) for pitch in pitches]


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


def test_the_melody_is_found_above_its_accompaniment(song):
    found = find_melody(song.notes)
    melody = {(note.onset_tick, note.pitch) for note in song.melody}
    hits = sum((note.onset_tick, note.pitch) in melody for note in found)
    assert hits == len(song.melody)
    assert len(found) <= len(song.melody) + 2


def test_a_melody_rests_where_only_chords_are_struck(song):
    strummed = [Note(tick, 6, pitch, 50) for tick in range(192, 384, 12) for pitch in (48, 52, 55)]
    found = find_melody([*song.notes, *strummed])
    assert {note.onset_tick for note in found} <= set(range(192))
    assert len(found) >= len(song.melody) - 1


def test_faint_notes_far_from_the_melody_stay_out(song):
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
    notes = tuple(sorted([*song.notes, Note(14, 10, 36, 20)]))
    written, transcribed = (
        {(note.onset_tick, note.pitch) for note in found.notes}
        for found in (
            sheet_of([Track("piano", notes)], song.grid),
            sheet_of([Track("piano", notes)], song.grid, is_transcript=True),
        )
    )
    assert written - transcribed == {(14, 36)}


def test_a_transcript_that_says_which_its_melody_is_is_not_thinned(song):
    rest = tuple(sorted([*song.bass, *song.texture, Note(14, 10, 36, 20)]))
    tracks = [Track("melody", song.melody, role=Role.MELODY), Track("audio", rest)]
    assert sheet_of(tracks, song.grid, is_transcript=True).notes == sheet_of(tracks, song.grid).notes
    assert (14, 36) in {(note.onset_tick, note.pitch) for note in sheet_of(tracks, song.grid).notes}


def test_the_bass_is_among_the_notes_that_are_said_to_be_it(song):
    """Notes below the labelled bass do not belong to it."""
    low = Note(24, 12, 30, 60)
    rest = Track("audio", tuple(sorted([*song.texture, low])))
    melody, bass = Track("melody", song.melody, role=Role.MELODY), Track("bass", song.bass, role=Role.BASS)
    assert sheet_of([melody, bass, rest], song.grid).bass == song.bass
    assert low in sheet_of([melody, bass._replace(role=Role.UNSAID), rest], song.grid).bass


def test_a_passing_beat_does_not_change_the_chord():
    held = [*block(0, (36, 52, 55, 60)), Note(12, 12, 62), Note(24, 12, 65), Note(36, 12, 64)]
    assert [c.label for c in recognise_chords(held, Grid.steady(1), Key(0, "major"))] == ["C:maj"]


def test_a_high_note_is_no_bass():
    found = recognise_chords(block(0, (64, 67, 72)), Grid.steady(1))
    assert [(c.root, c.bass) for c in found] == [(0, 0)]


def test_silence_has_no_melody():
    assert find_melody([]) == ()
    assert find_melody_track([]) == ()


def test_the_track_that_goes_like_a_melody_is_the_melody(song):
    arpeggio = [Note(n.onset_tick + 6 * i, 6, n.pitch + 12 + s) for n in song.bass for i, s in enumerate((0, 7, 12, 7))]
    melody = tuple(note._replace(velocity=60) for note in song.melody)
    chords = [Note(bass.onset_tick, 48, bass.pitch + step) for bass in song.bass for step in (28, 31, 36)]
    assert find_melody_track([chords, arpeggio, list(melody), list(song.bass)]) == melody


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


def heard(song, **said) -> Heard:
    """A source in seconds with a labelled melody and other facts."""
    sec_at = song.grid.sec_at

    def timed(notes: tuple[Note, ...]) -> tuple[TimedNote, ...]:
        return tuple(TimedNote(float(sec_at(n.onset_tick)), float(sec_at(n.end_tick)), *n[2:]) for n in notes)

    tracks = TimedTrack("1", timed(song.melody), role=Role.MELODY), TimedTrack("2", timed(song.bass + song.texture))
    return Heard(tracks, song.grid, **said)


def test_what_the_source_says_is_believed(song):
    chords = (TimedChord(0.0, 4.8, 2, "min", 2), TimedChord(4.8, 7.2, 7, "7", 7))
    confidence = Confidence({"key": 0.5}, {"beats": (0.1, 0.2, 0.3, 0.4)})
    sheet = analyze(heard(song, chords=chords, key=Key(7, "minor"), title="A title", composer="Nobody",
                          source=Source("a.mid", "midi"), confidence=confidence))  # fmt: skip
    assert sheet.melody == song.melody
    assert [(c.start_tick, c.end_tick, c.label) for c in sheet.chords] == [(0, 96, "D:min"), (96, 144, "G:7")]
    assert sheet.key == Key(7, "minor")
    assert (sheet.title, sheet.composer, sheet.source) == ("A title", "Nobody", Source("a.mid", "midi"))
    assert sheet.confidence == confidence


def test_neighbours_that_are_the_same_chord_are_one(song):
    """Chord symbols that are written again, and one that is too short to have a tick."""
    spans = [(0.0, 1.2, 0), (1.2, 2.4, 0), (2.4, 2.41, 7), (3.6, 4.8, 0)]
    chords = tuple(TimedChord(start, end, root, "maj", root) for start, end, root in spans)
    assert analyze(heard(song, chords=chords)).chords == (Chord(0, 48, 0, "maj", 0), Chord(72, 96, 0, "maj", 0))


def test_a_source_that_says_there_are_no_chords_is_believed(song):
    assert analyze(heard(song, chords=())).chords == ()


def test_chords_are_found_where_none_are_stated(song):
    sheet = analyze(heard(song))
    assert [(c.root, c.quality) for c in sheet.chords] == [(0, "maj"), (9, "min"), (5, "maj"), (7, "maj")]
    assert set(sheet.notes) == set(song.notes)


def test_block_chords_state_the_harmony_and_are_not_played(song):
    stacks = tuple(Note(bar.start_tick, 48, pitch) for bar in song.grid.bars for pitch in (50, 53, 57))
    tracks = [Track("MELODY", song.melody, role=Role.MELODY), Track("", stacks, role=Role.CHORDS)]
    sheet = sheet_of(tracks, song.grid)
    assert sheet.chords == (Chord(0, 192, 2, "min", 2),)
    assert sheet.notes == song.melody
    stated = (Chord(0, 48, 0, "maj", 0),)
    assert sheet_of(tracks, song.grid, chords=stated).chords == stated


def test_drums_alone_are_no_song(song):
    with pytest.raises(InputError, match="no pitched notes"):
        sheet_of([Track("Drums", (Note(0, 12, 36, 90),), is_drums=True)], song.grid)


def test_chords_alone_are_a_song_without_a_melody(song):
    sheet = sheet_of(
        [Track("chords", (Note(0, 48, 57), Note(0, 48, 60), Note(0, 48, 64)), role=Role.CHORDS)], song.grid
    )
    assert [chord.label for chord in sheet.chords] == ["A:min"]
    assert (sheet.notes, sheet.key) == ((), Key(9, "minor"))


def test_description_is_in_seconds(song):
    facts = describe(replace(song, confidence=Confidence({"key": 0.98765})))
    assert facts["confidence"] == {"beats": 1.0, "key": 0.988}
    assert facts["tempo_bpm"] == 100
    assert facts["beats_sec"][:3] == [0.0, 0.6, 1.2]
    assert facts["downbeats_sec"][1] == 2.4
    assert facts["chords"][1] == [2.4, 4.8, "A:min"]
    assert facts["melody"][0] == [0.0, 0.6, 72]


def test_a_melody_alone_is_all_melody():
    line = tuple(Note(12 * i, 12, pitch, 80) for i, pitch in enumerate([62, 69, 64, 48, 60, 72, 40, 67]))
    assert sheet_of([Track("", line)], Grid.steady(2)).melody == line
