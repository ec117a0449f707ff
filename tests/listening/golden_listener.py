"""What the shipped listener answers to ten seconds of sound, kept with a tolerance.

    python -m tests.listening.golden_listener        writes it anew, after new weights or features

The sound is made here: a piano of decaying tones. Kept are the answers in every twentieth frame, and what becomes of
them: beats, bars, chords, key, and the notes of melody and bass.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from symbolic_cover.core.heard import Heard, Recording
from symbolic_cover.listening.audio import transcribe
from symbolic_cover.listening.audio.features import features_of
from symbolic_cover.listening.audio.hearing import hear_recording
from symbolic_cover.listening.audio.listener import PITCH_MAPS, hear
from symbolic_cover.listening.audio.listening import shipped_listener
from tests.listening.songs import accompanied_song, pluck

PATH = Path(__file__).parent / "golden_listener.json"
_STEP = 20


def ten_seconds() -> Recording:
    """Four bars of melody, chords and bass at a hundred beats a minute."""
    track, _ = accompanied_song(n_bars=4)
    return Recording(pluck(track.notes)[: 10 * 22050], 22050)


def answers(recording: Recording) -> dict[str, list[Any]]:
    """The logits in every twentieth frame; of the maps of keys the loudest key and how loud it is."""
    found = hear(shipped_listener(), features_of(recording, *transcribe.posteriorgrams(recording)))
    told = {name: getattr(found, name)[::_STEP] for name in found._fields if name != "pitch"}
    told |= {name: found.pitch[::_STEP, :, place].max(axis=1) for place, name in enumerate(PITCH_MAPS)}
    return {name: np.round(np.asarray(rows, dtype=float), 3).tolist() for name, rows in told.items()}


def facts(heard: Heard) -> dict[str, Any]:
    """What was made of the answers, in seconds."""
    return {
        "meter": str(heard.grid.meter),
        "beats": [round(float(sec), 2) for sec in heard.grid.beat_sec],
        "key": heard.key.label if heard.key else None,
        "chords": [[round(c.start_sec, 2), round(c.end_sec, 2), c.root, c.quality, c.bass] for c in heard.chords or ()],
        "melody": [[round(n.onset_sec, 2), n.pitch] for n in heard.melody or ()],
        "bass": [[round(n.onset_sec, 2), n.pitch] for n in heard.bass or ()],
    }


def main() -> None:
    """Write the golden file anew."""
    sound = ten_seconds()
    told = {"answers": answers(sound), "facts": facts(hear_recording(sound))}
    PATH.write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main()
