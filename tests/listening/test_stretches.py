"""Long recordings in stretches give the same as in one piece."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from symbolic_cover.core.heard import Recording, TimedNote
from symbolic_cover.listening.audio import stretches
from symbolic_cover.listening.audio.listening import listen_with_all
from symbolic_cover.listening.audio.recording import load_recording
from symbolic_cover.listening.audio.stretches import LONGEST, OVERLAP, Stream, joined, stretches_of

SONG = Path(__file__).parents[2] / "data" / "examples" / "lets_go_fishin.ogg"


class Frames(NamedTuple):
    """Frames that say where they lie."""

    at: np.ndarray


@pytest.mark.parametrize("n_samples", [1, LONGEST, LONGEST + 1, 79_380_000])
@pytest.mark.parametrize("hop", [512, 441])
def test_what_counts_of_all_stretches_is_the_whole(n_samples, hop):
    parts = stretches_of(n_samples)
    whole = np.arange(-(-n_samples // hop))
    pieces = [part.kept(Frames(whole[part.begin // hop : -(-part.end // hop)]), hop) for part in parts]
    assert np.array_equal(joined(pieces).at, whole)
    assert all(part.begin % 512 == part.begin % 441 == 0 for part in parts)
    assert max(part.end - part.begin for part in parts) <= LONGEST + 2 * OVERLAP
    assert (len(parts) == 1) == (n_samples <= LONGEST)


def test_notes_are_of_the_stretch_in_which_they_begin():
    parts = stretches_of(3 * LONGEST)
    second = parts[1]
    at = [(sample - second.begin) / 22050 for sample in (second.first - 1, second.first, second.last - 1, second.last)]
    found = second.moved([TimedNote(sec, sec + 1, 60) for sec in at], 22050)
    assert [round(note.onset_sec * 22050) for note in found] == [second.first, second.last - 1]


def test_a_stream_is_taken_in_stretches_that_overlap():
    sound = np.arange(100, dtype=np.float32)
    stream = Stream(np.split(sound, [7, 8, 50]))
    for begin, end in ((0, 20), (10, 60), (50, 100)):
        assert np.array_equal(stream.take(begin, end), sound[begin:end])
    assert np.array_equal(stream.take(90, 110), [*sound[90:], *[0] * 10])


@pytest.mark.slow
def test_stretches_are_heard_as_the_whole_is(monkeypatch):
    recording = load_recording(SONG)
    recording = Recording(recording.samples[: 50 * 22050], recording.rate_hz)
    whole = listen_with_all(recording)
    monkeypatch.setattr(stretches, "STRETCH", 2 * OVERLAP)
    monkeypatch.setattr(stretches, "LONGEST", 2 * OVERLAP)
    assert len(stretches_of(len(recording.samples))) > 1
    pieces = listen_with_all(recording)
    for name in ("answers", "features", "pulse", "chords", "voice", "sung"):
        for one, other in zip(getattr(whole, name), getattr(pieces, name), strict=True):
            assert one.shape == other.shape, name
            nearness = np.corrcoef(one.ravel().astype(float), other.ravel().astype(float))[0, 1]
            assert nearness > 0.9, name
