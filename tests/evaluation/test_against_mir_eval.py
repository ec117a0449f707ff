"""Our scores of chords and of transcribed notes equal those of mir_eval."""

import mir_eval
import numpy as np
import pytest

from symbolic_cover.core.harte import parse_chord
from symbolic_cover.core.music import CHORD_INTERVALS, Chord, Note
from symbolic_cover.evaluation.metrics import majmin, note_f1

EVERY_CHORD = [Chord(0, 1, root, quality, root) for root in range(12) for quality in CHORD_INTERVALS]


def test_majmin_is_mir_evals():
    labels = [chord.label for chord in EVERY_CHORD]
    for chord in EVERY_CHORD[::5]:
        theirs = mir_eval.chord.majmin(labels, [chord.label] * len(labels))
        wanted = [majmin(one) for one in EVERY_CHORD]
        ours = [-1.0 if want is None else float(want == majmin(chord)) for want in wanted]
        assert ours == theirs.tolist(), chord.label


def test_a_chord_that_is_written_is_the_chord_that_mir_eval_reads():
    for chord in EVERY_CHORD:
        root, bitmap, _ = mir_eval.chord.encode(chord.label)
        assert root == chord.root
        assert set(np.flatnonzero(bitmap)) == set(CHORD_INTERVALS[chord.quality])
        assert parse_chord(chord.label) == (chord.root, chord.quality, chord.bass)


@pytest.mark.parametrize("seed", range(5))
def test_the_f1_of_notes_is_mir_evals_without_tolerance(seed):
    rng = np.random.default_rng(seed)
    one, other = (
        [Note(int(tick), 6, int(pitch)) for tick, pitch in set(map(tuple, rng.integers((0, 60), (32, 66), (80, 2))))]
        for _ in range(2)
    )
    sides = [
        (np.array([(note.onset_tick, note.end_tick) for note in notes]) / 12.0,
         mir_eval.util.midi_to_hz(np.array([note.pitch for note in notes])))
        for notes in (one, other)
    ]  # fmt: skip
    theirs = mir_eval.transcription.precision_recall_f1_overlap(
        *sides[0], *sides[1], onset_tolerance=0.01, offset_ratio=None
    )[2]
    assert 0.1 < theirs < 0.9
    assert note_f1(one, other) == pytest.approx(theirs)
    assert note_f1(one, one) == 1.0
