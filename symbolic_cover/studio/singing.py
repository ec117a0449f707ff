"""Songs with synthesized singing, annotated to the frame.

A piece's melody is given to a singer (`singer`), the rest to its band. Voice and band are mixed in stereo and separated
again, so that training data has the artefacts of separation. Sometimes the singer is alone, or nobody sings.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from symbolic_cover.core.ensemble import Ensemble
from symbolic_cover.core.errors import SymbolicCoverError
from symbolic_cover.core.heard import Recording, TimedNote
from symbolic_cover.corpus.pairs import make_pair
from symbolic_cover.corpus.units import Job, read_piece
from symbolic_cover.listening import frames
from symbolic_cover.listening.audio import separation, transcribe
from symbolic_cover.listening.audio.features import mel_bands
from symbolic_cover.listening.audio.voice import VoiceFeatures, features_of_voice, maps_of_voice, separated
from symbolic_cover.sound.audio import play_samples
from symbolic_cover.studio import singer
from symbolic_cover.studio.performance import perform
from symbolic_cover.studio.recording import in_room, tilted
from symbolic_cover.studio.training_examples import SECONDS, load_lots

#: The probabilities that the singer is alone, and that nobody sings.
_ALONE, _NOBODY = 0.14, 0.12
_DOUBLED, _ROOM, _TILT, _CLIP, _DETUNE = 0.2, 0.6, 0.5, 0.4, 0.3
#: The level of the voice above the band, in decibels.
_VOICE_DB = (-2.0, 11.0)
#: The middle of a singer's range: men, women.
_CENTRES = ((53.0, 60.0), (62.0, 70.0))
_MOST_CENTS = 40.0
_BLOCK = 1 << 16


class SungExample(NamedTuple):
    """The features of a voice, and its notes (n, 3): onset, end in seconds, pitch."""

    name: str
    style: str
    features: VoiceFeatures
    notes: np.ndarray


def load_sung_examples(folder: Path) -> Iterator[SungExample]:
    """The examples that `training_examples.make_examples` made of `sung_arrays`."""
    for arrays in load_lots(folder):
        features = VoiceFeatures(*(arrays[name] for name in VoiceFeatures._fields))
        yield SungExample(str(arrays["name"]), str(arrays["style"]), features, arrays["sung"])


def sung_arrays(
    job: Job, number: int, ensembles: dict[str, Ensemble], soundfonts: Sequence[Path]
) -> dict[str, Any] | None:
    """The arrays of one example; None for a piece that cannot be sung."""
    recorded = record_song(job, number, ensembles, soundfonts)
    if recorded is None:
        return None
    mix, notes = recorded
    return {"name": job.name, "style": job.style, **seen(mix)._asdict(), "sung": notes}


def seen(mix: np.ndarray) -> VoiceFeatures:
    """The features of the voice in a stereo mix (n, 2) at `separation.RATE_HZ`."""
    import soxr

    blocks = (mix[first : first + _BLOCK] for first in range(0, len(mix), _BLOCK))
    voice = Recording(np.concatenate(list(separated(blocks, separation.RATE_HZ))), frames.RATE_HZ)
    whole = Recording(soxr.resample(mix.mean(axis=1), separation.RATE_HZ, frames.RATE_HZ), frames.RATE_HZ)
    return features_of_voice(maps_of_voice(voice), mel_bands(whole), *transcribe.posteriorgrams(whole))


def record_song(
    job: Job, number: int, ensembles: dict[str, Ensemble], soundfonts: Sequence[Path]
) -> tuple[np.ndarray, np.ndarray] | None:
    """A stereo mix (n, 2) at `separation.RATE_HZ`, and the notes that are sung in it (n, 3)."""
    rng = np.random.default_rng([zlib.crc32(job.name.encode()), number, 7])
    kind = str(rng.choice(["alone", "nobody", "song"], p=[_ALONE, _NOBODY, 1 - _ALONE - _NOBODY]))
    try:
        pair = make_pair(read_piece(job), ensembles)
        performance = perform(pair, ensembles[pair.ensemble], rng, SECONDS, is_sung=kind == "song")
        band = play_samples(performance.score, soundfonts[int(rng.integers(len(soundfonts)))], separation.RATE_HZ)
    except (SymbolicCoverError, ValueError, RuntimeError, KeyError, IndexError):
        return None
    if kind == "nobody":
        return _mastered(band / max(_rms(band), 1e-6), np.zeros((0, 3)), rng)
    sung = _singable(performance.truth.melody, rng)
    if len(sung) < 8:
        return None
    voice = _voice(sung, len(band) / separation.RATE_HZ, rng)
    truth = np.array([(note.onset_sec, note.end_sec, note.pitch) for note in sung])
    n_samples = max(len(band), len(voice))
    mix = np.zeros((n_samples, 2), np.float32)
    mix[: len(voice)] += voice / max(_rms(voice[np.abs(voice).max(axis=1) > 0.02]), 1e-6)
    if kind == "song" and _rms(band) > 1e-5:
        mix[: len(band)] += band / _rms(band) * 10 ** (-rng.uniform(*_VOICE_DB) / 20)
    return _mastered(mix, truth, rng)


def _singable(melody: np.ndarray, rng: np.random.Generator) -> list[TimedNote]:
    """One note at a time, in the range of a singer, with enough time for each; late or early as people are."""
    rows = melody[np.lexsort((-melody[:, 2], melody[:, 0]))] if len(melody) else melody
    centre = rng.uniform(*_CENTRES[int(rng.integers(2))])
    shift = 12 * round((centre - float(np.median(rows[:, 2]))) / 12) if len(rows) else 0
    looseness, chatter = rng.uniform(0.0, 0.035), rng.uniform(0.0, 0.6)
    found: list[TimedNote] = []
    for onset, end, pitch in rows:
        onset = max(float(onset + rng.normal(0, looseness)), 0.05)
        pitch = int(pitch) + shift
        if not centre - 17 <= pitch <= centre + 19 or (found and onset < found[-1].onset_sec + 0.09):
            continue
        if found and found[-1].end_sec > onset:
            found[-1] = found[-1]._replace(end_sec=onset)
        found.append(TimedNote(onset, max(float(end), onset + 0.08), pitch))
    return [part for note in found for part in _syllables(note, chatter, rng)]


def _syllables(note: TimedNote, chatter: float, rng: np.random.Generator) -> list[TimedNote]:
    """A note with one syllable, or sometimes two or three."""
    length = note.end_sec - note.onset_sec
    most = min(int(length / 0.16), 3)
    if most < 2 or rng.random() > chatter:
        return [note]
    edges = np.linspace(note.onset_sec, note.end_sec, int(rng.integers(2, most + 1)) + 1)
    return [note._replace(onset_sec=float(first), end_sec=float(last)) for first, last in itertools.pairwise(edges)]


def _voice(notes: Sequence[TimedNote], seconds: float, rng: np.random.Generator) -> np.ndarray:
    """A voice, sometimes doubled, sometimes with reverberation: (n, 2) at `separation.RATE_HZ`."""
    import soxr

    bank = singer.syllables_of(str(rng.choice(singer.VOICES)))
    manner = singer.some_manner(rng)
    takes = 2 if rng.random() < _DOUBLED else 1
    seed = int(rng.integers(1 << 30))
    seconds = max(seconds, notes[-1].end_sec + 0.5)
    voice = np.zeros((int(seconds * separation.RATE_HZ) + 1, 2), np.float32)
    for take in range(takes):
        # The same seed sings the same syllables; another manner makes the second take slightly different.
        late = float(rng.normal(0, 0.012)) if take else 0.0
        moved = [n._replace(onset_sec=n.onset_sec + late, end_sec=n.end_sec + late) for n in notes]
        sound = singer.sing(moved, bank, manner, np.random.default_rng(seed), seconds)
        manner = manner._replace(off_cents=manner.off_cents + 8, vibrato_hz=manner.vibrato_hz * 1.1)
        if rng.random() < _ROOM:
            sound = in_room(sound, rng).astype(np.float32)
        sound = np.tanh(sound / max(float(np.abs(sound).max()), 1e-9) * rng.uniform(0.5, 3.0))
        high = soxr.resample(sound, singer.RATE_HZ, separation.RATE_HZ)[: len(voice)]
        side = rng.uniform(-0.6, 0.6) if take else rng.uniform(-0.1, 0.1)
        gain = np.array([1 - side, 1 + side]) * (0.6 if take else 1.0)
        voice[: len(high)] += high[:, None] * gain
    return voice


def _mastered(mix: np.ndarray, truth: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A tape that is a little fast or slow, a tilted spectrum, some clipping."""
    import soxr

    mix = mix.astype(np.float32)
    if rng.random() < _DETUNE:
        factor = 2 ** (float(rng.uniform(-_MOST_CENTS, _MOST_CENTS)) / 1200)
        mix = soxr.resample(mix, separation.RATE_HZ * factor, separation.RATE_HZ)
        truth = truth * np.array([1 / factor, 1 / factor, 1.0])
    if rng.random() < _TILT:
        seed = int(rng.integers(1 << 30))
        sides = [tilted(mix[:, side], np.random.default_rng(seed), separation.RATE_HZ) for side in (0, 1)]
        mix = np.stack(sides, axis=1)
    mix = mix / max(float(np.abs(mix).max()), 1e-6)
    if rng.random() < _CLIP:
        mix = np.tanh(mix * rng.uniform(1.0, 4.0))
    mix = mix + rng.normal(0, 10 ** -rng.uniform(2.5, 5), mix.shape)
    return (mix * (10 ** (rng.uniform(-12, -0.5) / 20) / np.abs(mix).max())).astype(np.float32), truth


def _rms(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(samples**2))) if len(samples) else 0.0
