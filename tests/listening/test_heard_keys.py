"""The key by its chords, which distinguish relatives, subdominants and dominants."""

import numpy as np
import pytest

from symbolic_cover.core.music import Chord, Key
from symbolic_cover.listening.audio.harmony import heard_key
from symbolic_cover.listening.audio.listener import Answers

N_FRAMES = 20
ROOTS = {name: root for root, name in enumerate(["C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"])}


def biased_to(key: Key, nats: float, other: Key) -> Answers:
    """A listener undecided between two keys, the first being likelier by some nats; all notes sound alike."""
    keys = np.zeros((N_FRAMES, 24))
    for some, logit in ((key, 5.0 + nats), (other, 5.0)):
        keys[:, some.tonic + 12 * (some.mode == "minor")] = logit
    empty = {name: np.zeros((N_FRAMES, 1)) for name in Answers._fields}
    return Answers(**(empty | {"key": keys, "pitch": np.zeros((N_FRAMES, 88, 6))}))


def chords_of(names: str) -> list[Chord | None]:
    """A chord a beat: ``F#m`` or ``E7``; ``-`` is none."""
    found: list[Chord | None] = []
    for at, name in enumerate(names.split()):
        if name == "-":
            found.append(None)
            continue
        stem, quality = (name[:-1], {"m": "min", "7": "7"}[name[-1]]) if name[-1] in "m7" else (name, "maj")
        found.append(Chord(12 * at, 12 * at + 12, ROOTS[stem], quality, ROOTS[stem]))
    return found


@pytest.mark.parametrize(
    ("names", "key", "mistaken_for"),
    [
        ("A E D A E A F#m D E Bm E A", Key(9, "major"), Key(2, "major")),  # the subdominant
        ("G C G C D C G D G", Key(7, "major"), Key(0, "major")),
        ("C F C G Am F G C", Key(0, "major"), Key(7, "major")),  # the dominant
        ("C Am F G C Am F G C", Key(0, "major"), Key(9, "minor")),  # the relative
        ("Am Dm Am E7 Am Dm E Am", Key(9, "minor"), Key(0, "major")),
        ("Em Am Em B7 C Am B7 Em", Key(4, "minor"), Key(7, "major")),
        ("Cm Fm G7 Cm Ab Fm G Cm", Key(0, "minor"), Key(0, "major")),  # the parallel
    ],
)
@pytest.mark.parametrize("steps", [0, 5])
def test_chords_tell_the_key_from_its_neighbours(names, key, mistaken_for, steps):
    def moved(some: Key) -> Key:
        return Key((some.tonic + steps) % 12, some.mode)

    chords = [c and c._replace(root=(c.root + steps) % 12, bass=(c.root + steps) % 12) for c in chords_of(names)]
    assert heard_key(biased_to(moved(mistaken_for), 0.3, moved(key)), chords) == moved(key)


def test_one_chord_does_not_outvote_a_confident_listener():
    assert heard_key(biased_to(Key(0, "major"), 8.0, Key(7, "major")), chords_of("G - -")) == Key(0, "major")


def test_without_chords_the_listener_and_the_notes_decide():
    heard = biased_to(Key(2, "major"), 1.0, Key(9, "major"))
    assert heard_key(heard) == heard_key(heard, [None, None]) == Key(2, "major")
