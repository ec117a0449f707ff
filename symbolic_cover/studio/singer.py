"""A singer made of a speech synthesizer: notes -> the sound of somebody singing syllables on them.

espeak-ng speaks syllables; WORLD (Morise et al., "WORLD: a vocoder-based high-quality speech synthesis system", IEICE
2016; the package pyworld) takes them apart into pitch, spectral envelope and noise, and puts them together on the
notes: consonants before the beat, vowels as long as the note lasts, with glides, scoops, vibrato, drift and breath.

Conventions
-----------
Sound is mono at `RATE_HZ`. Frames are `FRAME_SEC` apart. A note begins with its vowel: what a consonant needs is taken
from the time before.
"""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from symbolic_cover.core.errors import MissingDependencyError
from symbolic_cover.core.heard import TimedNote

RATE_HZ = 22050
FRAME_SEC = 0.005
#: espeak-ng's voices: languages with variants of men, women and old people.
VOICES = (
    "en-us+m1", "en-gb+m2", "de+m3", "es+m4", "fr-fr+m6", "it+m7", "pt-br+m8", "en-us+f1", "en-gb+f2", "es+f3", "nl+f4",
    "sv+f5", "en-us+Andrea", "pl+Alex", "it+linda", "en-us+steph",
)  # fmt: skip
_SYLLABLES_A_VOICE = 48
_ONSETS = (
    "",
    "l",
    "n",
    "m",
    "r",
    "w",
    "j",
    "b",
    "d",
    "g",
    "p",
    "t",
    "k",
    "s",
    "S",
    "f",
    "v",
    "h",
    "st",
    "tr",
    "pl",
    "kr",
)
_VOWELS = ("a", "e", "i", "o", "u", "A:", "i:", "u:", "O:", "aI", "eI", "oU", "E", "I", "V")
_CODAS = ("", "", "", "", "n", "t", "s", "l", "m", "d", "k", "nt")
#: The longest that a consonant lasts before the beat, and after the vowel.
_LEAD_SEC, _TAIL_SEC = 0.14, 0.12
_CONNECTED_SEC = 0.06
_WAV_HEADER = 44  # of a stream, whose length is wrong


class Syllable(NamedTuple):
    """`envelope` and `noise` (frames, bins) of WORLD, `is_voiced` (frames,), the vowel lying between `vowel` and
    `coda`."""

    envelope: np.ndarray
    noise: np.ndarray
    is_voiced: np.ndarray
    vowel: int
    coda: int


class Manner(NamedTuple):
    """How somebody sings: vibrato in cents and hertz, glides in seconds, drift and mistuning in cents, the rates of
    phrases begun from below and of syllables on several notes, breath 0..1, and the shift of formants."""

    vibrato_cents: float
    vibrato_hz: float
    glide_sec: float
    drift_cents: float
    off_cents: float
    scoops: float
    melisma: float
    breath: float
    formants: float


def is_installed() -> bool:
    """Whether espeak-ng and pyworld are installed."""
    try:
        import pyworld  # noqa: F401
    except ImportError:
        return False
    return shutil.which("espeak-ng") is not None


def some_manner(rng: np.random.Generator) -> Manner:
    """A random manner, from plain pop to opera."""
    return Manner(
        vibrato_cents=float(rng.choice([0.0, rng.uniform(5, 35), rng.uniform(30, 90)], p=[0.3, 0.45, 0.25])),
        vibrato_hz=float(rng.uniform(4.5, 6.8)),
        glide_sec=float(rng.uniform(0.03, 0.14)),
        drift_cents=float(rng.uniform(3, 22)),
        off_cents=float(rng.uniform(3, 25)),
        scoops=float(rng.uniform(0, 0.6)),
        melisma=float(rng.uniform(0, 0.25)),
        breath=float(rng.uniform(0, 1)),
        formants=float(rng.uniform(0.86, 1.18)),
    )


@lru_cache(maxsize=len(VOICES))
def syllables_of(voice: str) -> tuple[Syllable, ...]:
    """Syllables spoken by one of `VOICES`. Raises `MissingDependencyError` without espeak-ng or pyworld."""
    if not is_installed():
        remedy = "Run: apt-get install espeak-ng, pip install pyworld"
        raise MissingDependencyError("Singing needs espeak-ng and pyworld, which are not both installed.", remedy)
    rng = np.random.default_rng(VOICES.index(voice))
    found: list[Syllable] = []
    while len(found) < _SYLLABLES_A_VOICE:
        sounds = "".join(str(rng.choice(kind)) for kind in (_ONSETS, _VOWELS, _CODAS))
        syllable = taken_apart(_spoken(voice, sounds))
        if syllable is not None:
            found.append(syllable)
    return tuple(found)


def _spoken(voice: str, sounds: str) -> np.ndarray:
    """espeak-ng's output for phonemes, in its own ASCII, as samples."""
    import soundfile

    words = ["espeak-ng", "-v", voice, "-s", "150", "--stdout", f"[[{sounds}]]"]
    said = subprocess.run(words, capture_output=True, check=True).stdout
    raw = {"samplerate": RATE_HZ, "channels": 1, "subtype": "PCM_16", "format": "RAW", "endian": "LITTLE"}
    samples, _ = soundfile.read(io.BytesIO(said[_WAV_HEADER:]), dtype="float64", **raw)
    return samples


def taken_apart(samples: np.ndarray) -> Syllable | None:
    """One spoken syllable at `RATE_HZ`, analysed by WORLD; None if it has no vowel."""
    import pyworld

    if len(samples) < RATE_HZ // 10:
        return None
    hz, at_sec = pyworld.dio(samples, RATE_HZ, frame_period=1000 * FRAME_SEC)
    hz = pyworld.stonemask(samples, hz, at_sec, RATE_HZ)
    envelope = pyworld.cheaptrick(samples, hz, at_sec, RATE_HZ)
    noise = pyworld.d4c(samples, hz, at_sec, RATE_HZ)
    loud = np.sqrt(envelope.sum(axis=1))
    sounding = np.flatnonzero(loud > 0.02 * loud.max())
    first, last = int(sounding[0]), int(sounding[-1]) + 1
    voiced = hz > 0
    core = np.flatnonzero(voiced & (loud > 0.5 * loud.max()))
    if len(core) < 10:
        return None
    vowel, coda = int(core[0]) - first, int(core[-1]) + 1 - first
    power = envelope[first:last] / (loud[core] ** 2).mean()
    return Syllable(power, noise[first:last], voiced[first:last], vowel, coda)


def sing(notes: Sequence[TimedNote], bank: Sequence[Syllable], manner: Manner, rng: np.random.Generator,
         seconds: float) -> np.ndarray:  # fmt: skip
    """The sound of notes (one at a time, by onset) sung on syllables of a bank: (n,) float32 at `RATE_HZ`."""
    import pyworld

    n_frames = int(seconds / FRAME_SEC) + 1
    bins = bank[0].envelope.shape[1]
    envelope, noise = np.full((n_frames, bins), 1e-12), np.ones((n_frames, bins))
    voiced = np.zeros(n_frames, bool)
    semitones = np.zeros(n_frames)
    previous = None
    syllable = bank[0]
    for index, note in enumerate(notes):
        following = notes[index + 1] if index + 1 < len(notes) else None
        is_new = previous is None or note.onset_sec - previous.end_sec > _CONNECTED_SEC
        goes_on = not is_new and previous is not None and previous.pitch != note.pitch and rng.random() < manner.melisma
        if not goes_on:
            syllable = bank[int(rng.integers(len(bank)))]
        _lay(envelope, noise, voiced, syllable, note, following, goes_on, float(rng.normal(0, 2.5)), rng)
        previous = note
    _tune(semitones, notes, manner, rng)
    hz = np.where(voiced, 440 * 2 ** ((semitones - 69) / 12), 0.0)
    _breathe(envelope, voiced, notes, manner, rng)
    envelope, noise = _warped(envelope, manner.formants), np.clip(_warped(noise, manner.formants), 1e-4, 1 - 1e-6)
    if manner.breath > 0.5:
        noise = np.clip(noise + (manner.breath - 0.5) * np.linspace(0, 0.6, bins), 1e-4, 1 - 1e-6)
    sound = pyworld.synthesize(hz, envelope, noise, RATE_HZ, 1000 * FRAME_SEC)
    return np.asarray(sound / max(float(np.abs(sound).max()), 1e-9), np.float32)


def _lay(envelope: np.ndarray, noise: np.ndarray, voiced: np.ndarray, syllable: Syllable, note: TimedNote,
         following: TimedNote | None, goes_on: bool, level_db: float, rng: np.random.Generator) -> None:  # fmt: skip
    """Place one syllable's frames on its note: consonant, vowel, coda."""
    onset, end = _frame(note.onset_sec), min(max(_frame(note.end_sec), _frame(note.onset_sec) + 8), len(voiced))
    connected = following is not None and following.onset_sec - note.end_sec < _CONNECTED_SEC
    if connected and following is not None:
        end = min(max(end, _frame(following.onset_sec)), len(voiced))
    n_lead = 0 if goes_on else min(syllable.vowel, int(_LEAD_SEC / FRAME_SEC))
    room = int(0.35 * (end - onset))
    n_tail = min(len(syllable.is_voiced) - syllable.coda, int(_TAIL_SEC / FRAME_SEC), room if connected else 10**6)
    begin = max(onset - n_lead, 0)
    length = max(end - onset - (n_tail if connected else 0), 4)
    lead = np.arange(syllable.vowel - (onset - begin), syllable.vowel)
    vowel_frames = syllable.coda - syllable.vowel
    # A vowel is extended in its middle; a diphthong changes at its end.
    bend = np.linspace(0, 1, length) ** float(rng.uniform(0.8, 2.5))
    source = [
        lead,
        np.clip(syllable.vowel + bend * (vowel_frames - 1), 0, len(syllable.is_voiced) - 1).round().astype(int),
    ]
    if n_tail > 0:
        source.append(np.arange(syllable.coda, syllable.coda + n_tail))
    frames = np.concatenate(source).astype(int)[: len(voiced) - begin]
    gain = np.full(len(frames), 10 ** (level_db / 10))
    gain[: onset - begin] *= 10 ** rng.uniform(-0.3, 0.8)
    attack = int(rng.uniform(0.01, 0.05) / FRAME_SEC) + 1
    if not goes_on:
        gain[: min(attack, len(gain))] *= np.linspace(0.1, 1, attack)[: len(gain)] ** 2
    swell = rng.uniform(-0.6, 0.3)
    gain *= 10 ** (swell * np.linspace(0, 1, len(gain)))
    if not connected:
        release = min(int(rng.uniform(0.02, 0.12) / FRAME_SEC) + 1, len(gain))
        gain[-release:] *= np.linspace(1, 0.01, release) ** 2
    to = slice(begin, begin + len(frames))
    envelope[to] = syllable.envelope[frames] * gain[:, None] + 1e-12
    noise[to] = syllable.noise[frames]
    voiced[to] = syllable.is_voiced[frames]
    voiced[onset : begin + (onset - begin) + length] = True


def _tune(semitones: np.ndarray, notes: Sequence[TimedNote], manner: Manner, rng: np.random.Generator) -> None:
    """Pitch over time: notes, glides between them, scoops, vibrato, drift."""
    n_frames = len(semitones)
    edges = [_frame(note.onset_sec) for note in notes] + [n_frames]
    if not notes:
        return
    semitones[: edges[0]] = notes[0].pitch
    for index, (note, begin, end) in enumerate(zip(notes, edges, edges[1:], strict=False)):
        level = note.pitch + rng.normal(0, manner.off_cents) / 100
        semitones[begin:end] = level
        age = np.arange(max(end - begin, 0)) * FRAME_SEC
        depth = manner.vibrato_cents / 100 * np.clip((age - rng.uniform(0.1, 0.35)) / 0.25, 0, 1)
        wave = np.sin(2 * np.pi * (manner.vibrato_hz * age + 0.3 * np.sin(3 * age)) + rng.uniform(0, 6.3))
        semitones[begin:end] += depth * wave
        starts_anew = index == 0 or note.onset_sec - notes[index - 1].end_sec > _CONNECTED_SEC
        if starts_anew and rng.random() < manner.scoops:
            semitones[begin:end] -= rng.uniform(0.5, 3) * np.exp(-age / rng.uniform(0.02, 0.07))
        if end - begin > 60 and rng.random() < 0.1:
            semitones[begin:end] -= rng.uniform(0.3, 4) * np.clip((age - age[-1] + 0.15) / 0.15, 0, 1)
    width = max(int(manner.glide_sec / FRAME_SEC), 1)
    kernel = np.hanning(width + 2)[1:-1]
    padded = np.pad(semitones, width, mode="edge")
    smooth = np.convolve(padded, kernel / kernel.sum(), mode="same")[width : width + n_frames]
    drift = np.convolve(rng.normal(0, 1, n_frames + 80), np.hanning(81) / np.sqrt((np.hanning(81) ** 2).sum()), "valid")
    semitones[:] = smooth + manner.drift_cents / 100 * drift[:n_frames]


def _breathe(envelope: np.ndarray, voiced: np.ndarray, notes: Sequence[TimedNote], manner: Manner,
             rng: np.random.Generator) -> None:  # fmt: skip
    """Breath before phrases."""
    bins = envelope.shape[1]
    shape = np.exp(-0.5 * ((np.linspace(0, RATE_HZ / 2, bins) - rng.uniform(1500, 3500)) / 2500) ** 2)
    for before, note in zip([None, *notes], notes, strict=False):
        gap = note.onset_sec - (before.end_sec if before else 0.0)
        if gap < 0.45 or rng.random() > manner.breath:
            continue
        last = _frame(note.onset_sec - rng.uniform(0.12, 0.2))
        first = max(last - int(rng.uniform(0.15, 0.4) / FRAME_SEC), 0)
        if last - first > 4 and not voiced[first:last].any():
            level = 10 ** -rng.uniform(3.0, 4.6)
            envelope[first:last] += level * np.hanning(last - first)[:, None] * shape


def _warped(frames: np.ndarray, factor: float) -> np.ndarray:
    """Spectra with their frequencies multiplied by a factor."""
    bins = frames.shape[1]
    place = np.clip(np.arange(bins) / factor, 0, bins - 1)
    low = np.minimum(place.astype(int), bins - 2)
    share = place - low
    return np.ascontiguousarray(frames[:, low] * (1 - share) + frames[:, low + 1] * share)


def _frame(sec: float) -> int:
    return round(sec / FRAME_SEC)
