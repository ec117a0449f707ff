"""Names of pitches in keys, chords and lines."""

import pytest

from symbolic_cover.core.music import Chord, Key
from symbolic_cover.notation.spelling import spell, spell_bass, spell_root

C_MAJOR, A_MINOR, F_MAJOR, E_MAJOR = Key(0, "major"), Key(9, "minor"), Key(5, "major"), Key(4, "major")
ACCIDENTALS = {-1: "b", 0: "", 1: "#"}


def name(pitch: int, key: Key, chord: Chord | None = None, next_pitch: int | None = None) -> str:
    step, alter, octave = spell(pitch, key, chord, next_pitch)
    return f"{step}{ACCIDENTALS[alter]}{octave}"


@pytest.mark.parametrize(
    ("pitch", "key", "expected"),
    [
        (60, C_MAJOR, "C4"),
        (70, F_MAJOR, "Bb4"),
        (70, C_MAJOR, "Bb4"),
        (66, C_MAJOR, "F#4"),
        (68, A_MINOR, "G#4"),
        (63, E_MAJOR, "D#4"),
        (61, E_MAJOR, "C#4"),
        (65, Key(6, "major"), "E#4"),
        (59, Key(6, "minor"), "B3"),
        (21, C_MAJOR, "A0"),
    ],
)
def test_the_key_names_its_notes(pitch, key, expected):
    assert name(pitch, key) == expected


def test_chord_tones_are_thirds_above_the_root():
    f_minor, e_major, b_dim7 = Chord(0, 48, 5, "min", 5), Chord(0, 48, 4, "maj", 4), Chord(0, 48, 11, "dim7", 11)
    assert name(68, C_MAJOR, f_minor) == "Ab4"
    assert name(68, C_MAJOR, e_major) == "G#4"
    assert name(68, C_MAJOR, b_dim7) == "Ab4"
    assert name(60, C_MAJOR, Chord(0, 48, 9, "min", 9)) == "C4"
    assert name(61, C_MAJOR, Chord(0, 48, 9, "7", 9)) == "C#4"


def test_chromatic_notes_lead_to_the_next():
    assert name(63, C_MAJOR, next_pitch=64) == "D#4"
    assert name(63, C_MAJOR, next_pitch=62) == "Eb4"
    assert name(68, C_MAJOR, next_pitch=67) == "Ab4"


def test_octaves_follow_the_letter():
    b_sharp = name(60, Key(1, "minor"), Chord(0, 48, 8, "7", 8))
    c_flat = name(71, Key(1, "major"), Chord(0, 48, 8, "min", 8))
    assert (b_sharp, c_flat) == ("B#3", "Cb5")


def test_every_name_sounds_right_with_one_accidental_at_most():
    for key in (Key(tonic, mode) for tonic in range(12) for mode in ("major", "minor")):
        for pitch in range(21, 109):
            step, alter, octave = spell(pitch, key)
            assert {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}[step] + alter + 12 * (octave + 1) == pitch
            assert abs(alter) <= 1


def test_roots_and_basses():
    assert spell_root(10, C_MAJOR) == ("B", -1)
    assert spell_root(6, C_MAJOR, "dim") == ("F", 1)
    assert spell_root(3, C_MAJOR) == ("E", -1)
    assert spell_root(1, C_MAJOR) == spell_root(1, C_MAJOR, "7") == ("D", -1)
    assert spell_root(1, C_MAJOR, "min") == ("C", 1)
    assert spell_bass(Chord(0, 48, 9, "7", 1), C_MAJOR) == ("C", 1)
