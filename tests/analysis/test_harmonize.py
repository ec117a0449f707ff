"""Chords for a melody alone."""

from symbolic_cover import analyze
from symbolic_cover.analysis.harmonize import harmonized
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.heard import Heard, Role, TimedNote, TimedTrack
from symbolic_cover.core.music import Key, Meter, Note

#: Twinkle, twinkle, a bar each: C C G G | A A G | F F E E | D D C.
TWINKLE = ((60, 60, 67, 67), (69, 69, 67, 67), (65, 65, 64, 64), (62, 62, 60, 60))


def melody():
    return [
        Note(48 * bar + 12 * beat, 12, pitch, 80) for bar, row in enumerate(TWINKLE) for beat, pitch in enumerate(row)
    ]


def test_a_melody_has_a_chord_of_its_key_in_every_bar_and_closes_at_home():
    chords = harmonized(melody(), Grid.steady(4, Meter(4, 4), 100), Key(0, "major"))
    assert [(c.start_tick, c.end_tick) for c in chords] == [(48 * i, 48 * i + 48) for i in range(4)]
    assert chords[0][2:4] == chords[3][2:4] == (0, "maj")
    assert chords[1].root in (5, 0, 9)
    assert chords[2].root in (5, 0, 9)


def test_minor_has_its_major_dominant():
    melody = [Note(0, 48, 69, 80), Note(48, 48, 68, 80), Note(96, 48, 69, 80)]
    chords = harmonized(melody, Grid.steady(3, Meter(4, 4), 100), Key(9, "minor"))
    assert [c[2:4] for c in chords] == [(9, "min"), (4, "maj"), (9, "min")]


def test_silence_has_none():
    assert harmonized([], Grid.steady(3, Meter(4, 4), 100), Key(0, "major")) == ()


def test_a_line_that_is_read_gets_chords():
    grid = Grid.steady(4, Meter(4, 4), 100)
    notes = tuple(TimedNote(*grid.sec_at([n.onset_tick, n.end_tick]).tolist(), n.pitch) for n in melody())
    sheet = analyze(Heard((TimedTrack("", notes, role=Role.MELODY),), grid))
    assert len(sheet.chords) == 4
    assert {chord.root for chord in sheet.chords} <= {0, 2, 4, 5, 7, 9}
