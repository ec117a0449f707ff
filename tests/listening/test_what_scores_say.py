"""Facts of a score besides its notes: lyrics, sections, chords, and the roles of tracks."""

import pytest
from symusic import core

from symbolic_cover.analysis.quantize import quantize, tick_of
from symbolic_cover.analysis.song import analyze
from symbolic_cover.core.controls import Hints
from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.heard import Confidence, Role, Source, TimedChord, TimedText
from symbolic_cover.core.music import Chord, Key, Lyric, Section
from symbolic_cover.listening.scores.read import read_score
from symbolic_cover.listening.scores.roles import role_of


def sung(step: str, octave: int, quarters: int, syllable: str = "", syllabic: str = "single") -> str:
    lyric = f"<lyric><syllabic>{syllabic}</syllabic><text>{syllable}</text></lyric>" if syllable else ""
    return (
        f"<note><pitch><step>{step}</step><octave>{octave}</octave></pitch><duration>{quarters}</duration>"
        f"<voice>1</voice>{lyric}</note>"
    )


def rehearsal(mark: str) -> str:
    return f"<direction><direction-type><rehearsal>{mark}</rehearsal></direction-type></direction>"


ATTRIBUTES = (
    "<attributes><divisions>1</divisions><key><fifths>-1</fifths><mode>minor</mode></key>"
    "<time><beats>4</beats><beat-type>4</beat-type></time></attributes>"
    '<direction><direction-type><words>Slow</words></direction-type><sound tempo="60"/></direction>'
)
#: A pick-up of one quarter and two bars at 60 quarters a minute; a second part that has no words.
MUSICXML = f"""<?xml version="1.0" encoding="UTF-8"?>
<score-partwise version="4.0">
<work><work-title>Of words</work-title></work>
<identification><creator type="composer">A. Nonymous</creator></identification>
<part-list><score-part id="P1"><part-name>Voice</part-name></score-part>
<score-part id="P2"><part-name>Piano</part-name></score-part></part-list>
<part id="P1">
<measure number="0" implicit="yes">{ATTRIBUTES}{sung("A", 4, 1, "Oh")}</measure>
<measure number="1">{rehearsal("Verse")}{sung("D", 5, 2, "hap", "begin")}{sung("E", 5, 2, "py", "end")}</measure>
<measure number="2">{rehearsal("B")}{sung("F", 5, 1)}{sung("D", 5, 3, "day")}</measure>
</part>
<part id="P2">
<measure number="0" implicit="yes">{ATTRIBUTES}<note><rest/><duration>1</duration></note></measure>
<measure number="1">{sung("D", 3, 4)}</measure>
<measure number="2">{sung("D", 3, 4)}</measure>
</part>
</score-partwise>
"""


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "words.musicxml"
    path.write_text(MUSICXML)
    return path


def test_words_and_rehearsal_marks_come_in_seconds(written):
    heard = read_score(written)
    assert (heard.title, heard.composer, heard.source) == (
        "Of words", "A. Nonymous", Source("words.musicxml", "musicxml")
    )  # fmt: skip
    assert heard.lyrics == tuple(map(TimedText, (3.0, 4.0, 6.0, 9.0), ("Oh", "hap-", "py", "day")))
    assert heard.sections == (TimedText(4.0, "Verse"), TimedText(8.0, "B"))
    assert heard.key == Key(2, "minor")
    assert heard.chords is None
    assert heard.confidence == Confidence()
    assert [(track.name, track.role) for track in heard.tracks] == [("Voice", Role.MELODY), ("Piano", Role.UNSAID)]


def test_words_and_rehearsal_marks_come_onto_the_grid(written):
    sheet = analyze(read_score(written))
    assert sheet.lyrics == tuple(map(Lyric, (36, 48, 72, 108), ("Oh", "hap-", "py", "day")))
    assert sheet.sections == (Section(48, "Verse"), Section(96, "B"))
    assert (sheet.title, sheet.composer) == ("Of words", "A. Nonymous")
    assert [note[:3] for note in sheet.melody] == [
        (36, 12, 69), (48, 24, 74), (72, 24, 76), (96, 12, 77), (108, 36, 74)
    ]  # fmt: skip


def test_words_and_rehearsal_marks_keep_their_place_at_another_tempo(written):
    faster = read_score(written, Hints(bpm=120.0))
    assert faster.lyrics == tuple(map(TimedText, (1.5, 2.0, 3.0, 4.5), ("Oh", "hap-", "py", "day")))
    assert faster.sections == (TimedText(2.0, "Verse"), TimedText(4.0, "B"))
    assert analyze(faster).lyrics == analyze(read_score(written)).lyrics
    with pytest.raises(UsageError):
        read_score(written, Hints(bpm=1000.0))


def midi(folder, markers=(), chords=()):
    """Eight quarters of melody at 120 a minute, with markers (quarter, text) and block chords (quarter, pitches)."""
    score = core.ScoreTick(480)
    score.time_signatures.append(core.TimeSignatureTick(0, 4, 4))
    melody, stacks = core.TrackTick("Lead vocal", 53, False), core.TrackTick("Chords ", 0, False)
    for quarter, pitch in enumerate((72, 74, 76, 77, 79, 77, 76, 72)):
        melody.notes.append(core.NoteTick(480 * quarter, 480, pitch, 90))
    for quarter, pitches in chords:
        for pitch in pitches:
            stacks.notes.append(core.NoteTick(480 * quarter, 4 * 480, pitch, 70))
    score.tracks.append(melody)
    score.tracks.append(stacks)
    for quarter, text in markers:
        score.markers.append(core.TextMetaTick(480 * quarter, text))
    score.dump_midi(str(folder / "song.mid"))
    return read_score(folder / "song.mid")


def test_chord_markers_of_midi_last_until_the_next(tmp_path):
    marks = [(0, "C:maj"), (2, "Verse"), (2, "A"), (4, "A:min7/b3"), (6, "N"), (7, "F#:9")]
    heard = midi(tmp_path, marks)
    assert heard.chords == (
        TimedChord(0.0, 2.0, 0, "maj", 0), TimedChord(2.0, 3.0, 9, "min7", 0), TimedChord(3.5, 4.0, 6, "7", 6)
    )  # fmt: skip
    assert analyze(heard).chords == (Chord(0, 48, 0, "maj", 0), Chord(48, 72, 9, "min7", 0), Chord(84, 96, 6, "7", 6))
    assert (heard.lyrics, heard.sections, heard.key) == ((), (), None)


def test_a_track_called_chords_states_them_and_is_not_played(tmp_path):
    heard = midi(tmp_path, chords=[(0, (48, 52, 55)), (4, (53, 57, 60, 64))])
    assert [(track.name, track.role) for track in heard.tracks] == [
        ("Lead vocal", Role.MELODY), ("Chords ", Role.CHORDS)
    ]  # fmt: skip
    assert heard.chords is None
    assert [note.pitch for note in heard.notes] == [72, 74, 76, 77, 79, 77, 76, 72]
    assert heard.melody == heard.notes
    sheet = analyze(heard)
    assert sheet.chords == (Chord(0, 48, 0, "maj", 0), Chord(48, 96, 5, "maj7", 5))
    assert sheet.notes == sheet.melody == quantize(heard)[0].notes


def test_markers_go_before_a_track_of_chords(tmp_path):
    heard = midi(tmp_path, [(0, "D:min")], [(0, (48, 52, 55))])
    assert analyze(heard).chords == (Chord(0, 96, 2, "min", 2),)


def test_chord_symbols_of_a_played_file_are_kept(tmp_path):
    """Notes that lie on no grid of the file's own: beats are tracked, and chord markers stay where they were."""
    score = core.ScoreTick(480)
    track = core.TrackTick("MELODY", 0, False)
    for beat in range(64):
        track.notes.append(core.NoteTick(round(beat * 431 + 37 * (beat % 3)), 300, 60 + beat % 8, 80))
    score.tracks.append(track)
    score.markers.append(core.TextMetaTick(0, "C:maj"))
    score.markers.append(core.TextMetaTick(480 * 16, "G:7"))
    score.dump_midi(str(tmp_path / "played.mid"))
    heard = read_score(tmp_path / "played.mid")
    assert heard.grid.confidence < 1
    assert [(chord.root, chord.quality) for chord in heard.chords] == [(0, "maj"), (7, "7")]
    assert heard.chords[1].start_sec == pytest.approx(8.0)
    assert heard.chords[1].end_sec == pytest.approx(float(heard.grid.sec_at(heard.grid.end_tick)))
    assert analyze(heard).chords[1].start_tick == tick_of(heard.grid, 8.0)


@pytest.mark.parametrize("name", ["MELODY", "Voice", "lead vocal", "Soprano"])
def test_names_of_melodies(name):
    assert role_of(name) is Role.MELODY


@pytest.mark.parametrize(
    ("name", "role"),
    [("Piano LH", Role.UNSAID), ("", Role.UNSAID), (" Chords", Role.CHORDS), ("chords 2", Role.UNSAID)],
)
def test_names_of_other_tracks(name, role):
    assert role_of(name) is role
