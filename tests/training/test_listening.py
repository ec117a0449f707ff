"""The listener's training, and decoding of correct outputs."""

import mir_eval
import numpy as np
import pytest
import torch

from symbolic_cover.core.controls import Hints
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.music import CHORD_INTERVALS, Bar, Chord, Key, Meter
from symbolic_cover.listening.audio.bar_pointer import N_TEMPI, track
from symbolic_cover.listening.audio.features import RATE_HZ, Features
from symbolic_cover.listening.audio.harmony import heard_chords, heard_key
from symbolic_cover.listening.audio.hearing import bass_line, heard_grid, heard_notes, melody_line
from symbolic_cover.listening.audio.listener import Answers, Listener, hear
from symbolic_cover.listening.audio.nets import load_net, save_net
from symbolic_cover.studio.performance import Truth
from symbolic_cover.studio.training_examples import _TRUTH, TrainingExample
from symbolic_cover.training.listening import WINDOW_FRAMES, ExampleWindows, Targets, _Pupil, train_listener
from tests.studio.test_studio import an_example

LOGIT = 5.0


@pytest.fixture(scope="module")
def one() -> TrainingExample:
    return an_example()


def right_answers(truth: Truth, n_frames: int) -> Answers:
    """Logits of the correct outputs."""
    targets = Targets(truth, n_frames)

    def chosen(classes: np.ndarray, n: int) -> np.ndarray:
        return LOGIT * np.eye(n)[np.maximum(classes, 0)]

    meter = np.concatenate([chosen(targets.meter[:, 0], 3), LOGIT * (2 * targets.meter[:, 1:] - 1)], axis=1)
    return Answers(
        LOGIT * (2 * targets.beat - 1), meter, chosen(targets.root, 13), chosen(targets.bass_class, 13),
        LOGIT * (2 * targets.tones - 1), chosen(targets.key, 24), chosen(targets.tempo, N_TEMPI),
        LOGIT * (2 * targets.pitch - 1),
    )  # fmt: skip


def test_right_answers_become_what_is_true(one):
    truth, n_frames = one.truth, len(one.features.note)
    heard = right_answers(truth, n_frames)
    notes = heard_notes(heard, one.features)
    grid = heard_grid(heard, Hints(), notes)
    beats, downbeats = truth.beats[:, 0], truth.beats[truth.beats[:, 1] == 0, 0]
    bars = grid.sec_at(np.array([bar.start_tick for bar in grid.bars]))
    assert mir_eval.beat.f_measure(beats, grid.beat_sec, 0.03) > 0.95
    assert mir_eval.beat.f_measure(downbeats, bars, 0.03) > 0.9
    assert grid.meter == Meter(4, 4)
    for true, found in ((truth.notes, notes), (truth.melody, melody_line(heard, one.features)),
                        (truth.bass, bass_line(heard, one.features))):  # fmt: skip
        rows = np.array([(note.onset_sec, note.end_sec, note.pitch) for note in found])
        hz = mir_eval.util.midi_to_hz
        scores = mir_eval.transcription.precision_recall_f1_overlap(
            true[:, :2], hz(true[:, 2]), rows[:, :2], hz(rows[:, 2]), offset_ratio=None
        )
        assert scores[2] > 0.95
    assert heard_key(heard) == Key(0, "major")
    n_bars = (len(beats) - 1) // 4
    true_grid = Grid(12 * np.arange(len(beats)), beats, tuple(Bar(48 * i, Meter(4, 4)) for i in range(n_bars)))
    for chord, start in zip(heard_chords(heard, true_grid), beats, strict=False):
        row = truth.chords[np.searchsorted(truth.chords[:, 0], start + 0.05) - 1]
        assert chord[2:] == Chord(0, 1, int(row[2]), list(CHORD_INTERVALS)[int(row[3])], int(row[4]))[2:]


def test_what_is_told_is_kept(one):
    heard = right_answers(one.truth, len(one.features.note))
    notes = heard_notes(heard, one.features)
    bpm = 60 / np.median(np.diff(one.truth.beats[:, 0]))
    assert heard_grid(heard, Hints(bpm=2 * bpm), notes).tempo_bpm == pytest.approx(2 * bpm, rel=0.07)
    assert heard_grid(heard, Hints(meter=Meter(3, 4)), notes).meter == Meter(3, 4)
    third_beat = one.truth.beats[2, 0]
    grid = heard_grid(heard, Hints(downbeat_sec=third_beat), notes)
    bars = grid.sec_at(np.array([bar.start_tick for bar in grid.bars]))
    assert np.abs(bars - third_beat).min() < 0.03


@pytest.mark.parametrize("size", [2, 3, 4])
def test_the_pointer_follows_bars_of_any_size_and_a_drifting_tempo(size):
    rng = np.random.default_rng(size)
    times = np.cumsum(0.5 + 0.1 * np.sin(np.arange(120) / 12) + rng.normal(0, 0.004, 120))
    beat, downbeat = np.full((2, int(times[-1] * RATE_HZ) + 20), 0.02)
    for number, frame in enumerate(np.round(times * RATE_HZ).astype(int)):
        beat[frame] = rng.uniform(0.3, 0.95)
        downbeat[frame] = beat[frame] * (0.8 if number % size == 0 else 0.1)
    found = track(beat, downbeat)
    assert found.size == size
    assert mir_eval.beat.f_measure(times, found.sec, 0.04) > 0.97
    assert mir_eval.beat.f_measure(times[::size], found.sec[found.place == 0], 0.04) > 0.95


def test_a_window_moves_and_stretches_truth_and_features_alike(one):
    plain = ExampleWindows([one], 8, 0, augment=False)[0]
    assert plain["features"].shape == (WINDOW_FRAMES, 88 + 88 + 48)
    for index in range(6):
        item = ExampleWindows([one], 8, seed=1)[index]
        keys = item["features"][:, 88:176]
        onsets = item["pitch"][:, :, 0]
        struck = (onsets == 1).nonzero()
        near = [float(keys[max(t - 2, 0) : t + 3, k].max()) for t, k in struck.tolist()]
        assert np.mean(np.array(near) > 0.3) > 0.6  # where a note begins, its onset is seen
        roots = set(item["root"][item["root"] < 12].tolist())
        assert roots <= {(root + step) % 12 for root in (0, 9, 5, 7) for step in [int(item["key"][0])]}


def test_weights_are_written_and_read(tmp_path, one):
    torch.manual_seed(0)
    model = Listener(width=16, layers=3)
    save_net(model, tmp_path)
    again = load_net(Listener, tmp_path)
    first, second = (hear(m, one.features) for m in (model.eval(), again))
    for a, b in zip(first, second, strict=True):
        assert np.allclose(a, b, atol=0.05)
        assert len(a) == len(one.features.note)


def test_long_recordings_are_heard_in_chunks_without_seams(one):
    torch.manual_seed(0)
    model = Listener(width=16, layers=3).eval()
    long = Features(*(np.concatenate([side] * 8)[:6000] for side in one.features))
    heard = hear(model, long)
    with torch.inference_mode():
        from symbolic_cover.listening.audio.listener import as_input

        whole = model(as_input(long)[None])
    assert np.allclose(heard.beat, whole["beat"][0].numpy(), atol=1e-4)


@pytest.mark.slow
def test_training_lowers_the_loss(tmp_path, one):
    for split in ("train", "valid"):
        (tmp_path / split).mkdir()
        sides = {f"0.{name}": side for name, side in one.features._asdict().items()}
        told = {f"0.{name}": side for name, side in zip(_TRUTH, one.truth, strict=True)}
        np.savez(tmp_path / split / "00000.npz", count=1, **{"0.name": "song", "0.style": "pop"}, **sides, **told)
    torch.manual_seed(0)
    item = {name: side[None] for name, side in ExampleWindows([one], 1, 0, augment=False)[0].items()}
    before = float(_Pupil(Listener())(**item)["loss"].detach())
    metrics = train_listener(tmp_path, tmp_path / "run", steps=6, batch_size=1)
    assert metrics["eval_loss"] < before
    assert (tmp_path / "run" / "final" / "model.safetensors").is_file()
