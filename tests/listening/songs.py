"""Songs for tests: notes with a known beat, in seconds and as sound."""

import numpy as np

from symbolic_cover.core.heard import TimedNote, TimedTrack

PRELUDE = [  # the first bars of BWV 846: five rising notes, the last three again, twice a bar
    (60, 64, 67, 72, 76),
    (60, 62, 69, 74, 77),
    (59, 62, 67, 74, 77),
    (60, 64, 67, 72, 76),
]


def prelude_notes():
    """(onset in sixteenths, pitch) of the excerpt."""
    order = (0, 1, 2, 3, 4, 2, 3, 4)
    return [
        (16 * bar + 8 * half + i, chord[k])
        for bar, chord in enumerate(PRELUDE)
        for half in (0, 1)
        for i, k in enumerate(order)
    ]


def accompanied_song(n_bars=16, beats=4, bpm=100.0, start_sec=0.7, drift=0.0, jitter_sec=0.0, seed=0):
    """A piano that plays a melody over bass and chords that change every bar, and the times of its downbeats.

    The tempo rises evenly by the factor 1 + `drift` over the song.
    """
    rng = np.random.default_rng(seed)
    notes = []
    roots = [48, 45, 41, 43]
    n_beats = n_bars * beats
    tempo = bpm * (1 + drift * np.arange(n_beats) / n_beats)
    beat_sec = start_sec + np.concatenate([[0.0], np.cumsum(60.0 / tempo)])

    def play(beat, length, pitch, velocity):
        onset = np.interp(beat, np.arange(n_beats + 1), beat_sec)
        end = np.interp(beat + length, np.arange(n_beats + 1), beat_sec)
        onset = max(0.0, onset + rng.normal(0, jitter_sec)) if jitter_sec else onset
        notes.append(TimedNote(float(onset), float(max(end, onset + 0.05)), int(pitch), velocity))

    for bar in range(n_bars):
        root = roots[bar % 4]
        play(bar * beats, beats * 0.9, root, 100)
        for beat in range(beats):
            if beat:
                for step in (0, 4 if root != 45 else 3, 7):
                    play(bar * beats + beat, 0.6, root + 12 + step, 60)
            play(bar * beats + beat, 0.9, root + 24 + rng.choice([0, 4, 7, 12]), 85 if beat == 0 else 75)
        play(bar * beats + beats - 0.5, 0.4, root + 26, 75)
    return TimedTrack("piano", tuple(notes)), beat_sec[::beats][:n_bars]


def pluck(notes, rate_hz=22050):
    """Notes in seconds as decaying harmonic tones, float32."""
    length = int((max(note.end_sec for note in notes) + 1.0) * rate_hz)
    sound = np.zeros(length)
    for note in notes:
        t = np.arange(int((note.end_sec - note.onset_sec + 0.1) * rate_hz)) / rate_hz
        hz = 440 * 2 ** ((note.pitch - 69) / 12)
        wave = sum(np.sin(2 * np.pi * hz * k * t) / k**1.5 for k in range(1, 6) if hz * k < rate_hz / 2)
        wave *= np.exp(-3 * t) * np.minimum(1, t / 0.005) * np.minimum(1, (t[-1] - t) / 0.02)
        first = int(note.onset_sec * rate_hz)
        sound[first : first + len(wave)] += wave[: length - first] * note.velocity / 127
    return (0.5 * sound / np.abs(sound).max()).astype(np.float32)
