"""The melody: what is sung, and the leading line where nobody sings."""

import itertools

import numpy as np
import pytest

from symbolic_cover.core.heard import TimedNote
from symbolic_cover.listening.audio.features import N_BANDS, RATE_HZ
from symbolic_cover.listening.audio.melody import somebody_sings, sung_line, with_singer, within_range, without_blips
from symbolic_cover.listening.audio.voice import VoiceFeatures
from symbolic_cover.listening.audio.voice_net import Sung

N_FRAMES = 800


def seen():
    keys, bands = np.zeros((N_FRAMES, 88), np.uint8), np.zeros((N_FRAMES, N_BANDS), np.uint8)
    return VoiceFeatures(*[keys] * 5, *[bands] * 3)


def heard(notes, logit=4.0):
    sung, begins = np.full((N_FRAMES, 88), -6.0), np.full((N_FRAMES, 88), -6.0)
    for onset, end, pitch in notes:
        sung[round(onset * RATE_HZ) : round(end * RATE_HZ), pitch - 21] = logit
        begins[round(onset * RATE_HZ), pitch - 21] = logit
    return Sung(sung, begins)


def test_syllables_on_one_pitch_are_notes_of_their_own():
    notes = [(1.0, 1.5, 60), (1.5, 2.0, 60), (2.0, 3.0, 62), (3.5, 4.0, 64)]
    found = sung_line(heard(notes), seen())
    assert [note.pitch for note in found] == [60, 60, 62, 64]
    assert [note.onset_sec for note in found] == pytest.approx([note[0] for note in notes], abs=0.03)


def test_a_note_between_two_keys_is_the_one_that_the_song_uses():
    notes = [(1 + number, 2 + number, 60) for number in range(4)] + [(6.0, 7.0, 62)]
    doubtful = heard(notes)
    doubtful.sung[round(7 * RATE_HZ) : round(7.5 * RATE_HZ), [60 - 21, 61 - 21]] = [1.0, 1.4]
    assert {note.pitch for note in sung_line(doubtful, seen())} == {60, 62}


def test_where_hardly_anything_is_sung_nobody_sings():
    assert sung_line(heard([(3.0, 3.4, 60)]), seen()) == []
    assert sung_line(heard([]), seen()) == []


def test_what_leads_comes_in_where_nobody_sings_for_a_while():
    sung = [TimedNote(5.0, 6.0, 60), TimedNote(6.2, 7.0, 62), TimedNote(15.0, 16.0, 60)]
    leads = [TimedNote(sec, sec + 0.9, 61) for sec in (1.0, 4.8, 5.5, 7.2, 9.0, 14.4, 14.8, 17.0)]
    melody = with_singer(leads, sung)
    assert [note.onset_sec for note in melody if note.pitch == 61] == [1.0, 9.0, 14.4, 17.0]
    assert all(one.end_sec <= other.onset_sec for one, other in itertools.pairwise(melody))
    assert with_singer(leads, []) == leads


def test_somebody_sings_with_more_confidence_than_what_leads():
    notes = [(1.0, 1.5, 60), (2.0, 3.0, 62)]
    line = [TimedNote(*note) for note in notes]
    clear, unclear = heard(notes, logit=3.0).sung, heard(notes, logit=-0.5).sung
    assert somebody_sings(line, clear, line, unclear)
    assert not somebody_sings(line, unclear, line, clear)
    assert not somebody_sings([], clear, line, unclear)
    assert somebody_sings(line, clear, [], unclear)


@pytest.mark.parametrize(
    ("pitches", "mended"),
    [
        ([60, 74, 62], [60, 62, 62]),
        ([60, 50, 63], [60, 62, 63]),
        ([60, 72, 72, 62], [60, 72, 72, 62]),  # two notes are no slip
        ([60, 72, 60, 65, 60, 72, 60, 65, 60, 72, 60], [60, 72, 60, 65, 60, 72, 60, 65, 60, 72, 60]),  # it is meant
        ([60, 67, 60], [60, 67, 60]),
        ([58, 55, 77, 63], [58, 55, 65, 63]),  # more than an octave both ways
        ([60, 72], [60, 72]),
        ([], []),
    ],
)
def test_single_notes_an_octave_off_go_to_their_neighbours(pitches, mended):
    line = [TimedNote(number * 0.5, number * 0.5 + 0.5, pitch) for number, pitch in enumerate(pitches)]
    assert [note.pitch for note in without_blips(line)] == mended
    assert [note[:2] for note in without_blips(line)] == [note[:2] for note in line]


def test_a_note_after_a_rest_may_leap():
    line = [TimedNote(0.0, 0.5, 60), TimedNote(2.0, 2.5, 72), TimedNote(2.5, 3.0, 61)]
    assert without_blips(line) == line


@pytest.mark.parametrize(("leads", "steps"), [([81, 84], -24), ([40, 43], 24), ([62, 69], 0)])
def test_what_leads_far_from_the_singer_comes_nearer(leads, steps):
    sung = [TimedNote(float(second), second + 1.0, pitch) for second, pitch in enumerate([55, 60, 67])]
    passage = [TimedNote(10.0 + number, 10.9 + number, pitch) for number, pitch in enumerate(leads)]
    assert [note.pitch for note in with_singer(passage, sung)] == [55, 60, 67, *(pitch + steps for pitch in leads)]


@pytest.mark.parametrize(("strange", "mended"), [(89, 77), (101, 77), (41, 65), (40, 64)])
def test_single_notes_far_outside_a_voice_come_into_it(strange, mended):
    scale = [60, 62, 64, 65, 67, 69, 71, 72, 74, 76, 77] * 12
    line = [TimedNote(i * 0.5, i * 0.5 + 0.4, pitch) for i, pitch in enumerate([*scale, strange, *scale])]
    assert [note.pitch for note in within_range(line)] == [*scale, mended, *scale]


def test_a_wide_line_stays():
    line = [TimedNote(i * 0.5, i * 0.5 + 0.4, pitch) for i, pitch in enumerate(range(40, 90))]
    assert within_range(line) == line
