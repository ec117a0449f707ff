"""The voice network: its targets, and that it learns."""

import numpy as np
import pytest
import torch

from symbolic_cover.core.heard import Recording, TimedNote
from symbolic_cover.listening.audio.features import N_BANDS, RATE_HZ, mel_bands
from symbolic_cover.listening.audio.listening import shipped_voice_net
from symbolic_cover.listening.audio.melody import sung_line
from symbolic_cover.listening.audio.nets import load_net, save_net
from symbolic_cover.listening.audio.transcribe import posteriorgrams
from symbolic_cover.listening.audio.voice import VoiceFeatures, features_of_voice, maps_of_voice
from symbolic_cover.listening.audio.voice_net import N_SUNG, SUNG_KEYS, SUNG_MAPS, VoiceNet, hear_sung
from symbolic_cover.studio import singer
from symbolic_cover.studio.singing import SungExample
from symbolic_cover.training.voice import WINDOW_FRAMES, SungWindows, target_of, train_voice
from tests.studio.test_singing import PLAIN, vowel

NOTES = np.array([(2.0 + 0.5 * i, 2.4 + 0.5 * i, 55 + (0, 2, 4, 5, 7)[i % 5]) for i in range(24)])


def example() -> SungExample:
    """Features in which everything is clear."""
    n_frames = 800
    keys = np.zeros((n_frames, 88), np.uint8)
    onset, level = np.zeros_like(keys), np.full((n_frames, N_BANDS), 40, np.uint8)
    rise = np.zeros((n_frames, N_BANDS), np.uint8)
    for start, end, pitch in NOTES:
        span = slice(round(start * RATE_HZ), round(end * RATE_HZ))
        keys[span, int(pitch) - 21] = 220
        onset[span.start, int(pitch) - 21], rise[span.start], level[span] = 230, 120, 200
    empty = np.zeros_like(keys)
    return SungExample("song", "pop", VoiceFeatures(keys, onset, keys, empty, empty, rise, level, level), NOTES)


def test_the_target_is_where_notes_are():
    target = target_of(NOTES, WINDOW_FRAMES)
    assert target.shape == (WINDOW_FRAMES, N_SUNG, len(SUNG_MAPS))
    begins, sung = (target[..., SUNG_MAPS.index(name)] for name in ("begins", "sung"))
    start, key = round(2.0 * RATE_HZ), 55 - 21 - SUNG_KEYS.start
    assert begins[start, key] == 1
    assert begins[start + 1, key] == 0.5
    assert sung[start : start + 10, key].all()
    assert not sung[: start - 1].any()


def test_windows_move_notes_and_features_alike():
    for index in range(6):
        item = SungWindows([example()], 8, seed=1)[index]
        maps = item["features"][:, : 5 * 88].reshape(WINDOW_FRAMES, 5, 88)[:, :, SUNG_KEYS]
        sung = item["keys"][..., SUNG_MAPS.index("sung")] == 1
        seen = maps[:, [0, 2]].amax(dim=1) > 0.5
        if seen.any():
            assert float((sung & seen).sum() / (sung | seen).sum()) > 0.8


def test_weights_are_written_and_read(tmp_path):
    torch.manual_seed(0)
    model = VoiceNet(width=16, layers=2)
    save_net(model, tmp_path)
    one, two = (hear_sung(net, example().features) for net in (model.eval(), load_net(VoiceNet, tmp_path)))
    assert np.allclose(one.sung, two.sung, atol=0.05)
    assert one.sung.shape == (800, 88)


def test_the_shipped_network_hears_what_is_sung():
    """A vowel that was made here, without a band."""
    bank = [singer.taken_apart(vowel(hz)) for hz in (120.0, 140.0)]
    sung = [TimedNote(*row[:2], int(row[2])) for row in NOTES.tolist()]
    sound = Recording(singer.sing(sung, bank, PLAIN, np.random.default_rng(0), 16.0), singer.RATE_HZ)
    features = features_of_voice(maps_of_voice(sound), mel_bands(sound), *posteriorgrams(sound))
    found = sung_line(hear_sung(shipped_voice_net(), features), features)
    near = [any(abs(note.onset_sec - on) < 0.1 and note.pitch == pitch for note in found) for on, _, pitch in NOTES]
    assert np.mean(near) > 0.8
    assert len(found) < 1.3 * len(NOTES)


@pytest.mark.slow
def test_training_lowers_the_loss(tmp_path):
    for split in ("train", "valid"):
        (tmp_path / split).mkdir()
        sides = {f"0.{name}": side for name, side in example().features._asdict().items()}
        told = {"0.name": "song", "0.style": "pop", "0.sung": NOTES}
        np.savez(tmp_path / split / "00000.npz", count=1, **told, **sides)
    few = train_voice(tmp_path, tmp_path / "few", steps=2, batch_size=1)
    more = train_voice(tmp_path, tmp_path / "more", steps=20, batch_size=1)
    assert more["eval_loss"] < few["eval_loss"]
    assert (tmp_path / "more" / "final" / "model.safetensors").is_file()
