"""Speed, memory and loudness of rendering, for every kind of ensemble and for an hour of music.

    python benchmarks/sound/rendering.py --out benchmarks/sound/rendering.md [FILE.mid ...]

Covers of the example song in some styles, arranged by rules, are rendered each in a fresh process, as `symbolic-cover
cover` does it; FILEs as they are; and the last of these repeated until it lasts an hour. Loudness is measured again by
pyloudnorm on the file (for the hour, for which it would need gigabytes, by our own meter), true peak by resampling it
to four times its rate with soxr. For comparison: FluidSynth alone, without mastering and without a file.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

STYLES = ("pop-piano", "romantic-piano", "bach-chorale", "string-quartet", "swing", "rock", "orchestra", "lied")
_HOUR_SEC = 3600.0
_SONG = Path(__file__).parents[2] / "data" / "examples" / "scarborough_fair.abc"
_PROGRAM = """
import json, sys, time
from pathlib import Path
import symusic
from symbolic_cover.sound.audio import render_audio
from symbolic_cover.sound.soundfonts import choose_soundfont
from symbolic_cover.sound.synthesizer import in_halves, play_blocks
score = symusic.Score(sys.argv[1])
peak = lambda: next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) / 1024
begun, used = time.perf_counter(), time.process_time()
info = render_audio(score, Path(sys.argv[2]), lufs=float(sys.argv[3]))
wall, cpu, megabytes = time.perf_counter() - begun, time.process_time() - used, peak()
alone = 0.0
if info.duration_sec < 1000:
    begun = time.perf_counter()
    divided, groups = in_halves(score)
    for _ in play_blocks(divided, choose_soundfont(), 44100, groups):
        pass
    alone = info.duration_sec / (time.perf_counter() - begun)
print(json.dumps({"seconds": info.duration_sec, "wall": wall, "cpu": cpu, "megabytes": megabytes, "alone": alone,
                  "notes": score.note_num()}))
"""


def main() -> None:
    """Render, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--song", type=Path, default=_SONG)
    parser.add_argument("--styles", nargs="+", default=STYLES)
    parser.add_argument("--longest", type=float, default=_HOUR_SEC, help="seconds, instead of an hour")
    parser.add_argument("--lufs", type=float, default=-16.0)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    lines = [
        "# Sound", "",
        f"`python benchmarks/sound/rendering.py`; {os.cpu_count()} cores, on which other work left a load of "
        f"{os.getloadavg()[0]:.1f} at the start; target {options.lufs:g} LUFS.", "",
        "| score | seconds | notes | x real time | x by CPU time | FluidSynth alone, x real time | MB | LUFS | dBTP "
        "| mp3: dBTP |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as made:
        scores = [(style, covered(options.song, style, Path(made))) for style in options.styles]
        scores += [(path.stem, path) for path in options.files]
        name = "an hour" if options.longest == _HOUR_SEC else f"{options.longest:g} s"
        scores.append((f"{name} of the last", repeated(scores[-1][1], options.longest, Path(made) / "long.mid")))
        for name, score in scores:
            lines.append(row(name, score, Path(made), options.lufs, options.longest))
            print(lines[-1], flush=True)
    text = "\n".join(lines) + "\n"
    if options.out:
        options.out.write_text(text, encoding="utf-8")


def covered(song: Path, style: str, folder: Path) -> Path:
    """A song covered by rules in a style, as played."""
    from symbolic_cover.app.cover import cover
    from symbolic_cover.core.controls import Controls
    from symbolic_cover.performance.expression import perform

    path = folder / f"{style}.mid"
    perform(cover(song, style, Controls(), checkpoint="rules").arrangement).dump_midi(path)
    return path


def repeated(score_path: Path, seconds: float, path: Path) -> Path:
    """The score repeated until it lasts this many seconds."""
    import symusic

    score = symusic.Score(score_path)
    times = int(seconds / score.to("second").end()) + 1
    tracks = [track.copy() for track in score.tracks]
    length = score.end() + score.ticks_per_quarter
    for index in range(1, times):
        for track, again in zip(score.tracks, tracks, strict=True):
            moved = again.shift_time(index * length)
            track.notes.extend(moved.notes)
            track.controls.extend(moved.controls)
    score.dump_midi(path)
    return path


def row(name: str, score: Path, folder: Path, lufs: float, longest: float) -> str:
    """Render in a fresh process and measure the result."""
    out = folder / "out.wav"
    words = [sys.executable, "-c", _PROGRAM, str(score), str(out), str(lufs)]
    facts = json.loads(subprocess.run(words, capture_output=True, check=True, text=True).stdout.splitlines()[-1])
    seconds = facts["seconds"]
    loudness = peak = lossy = alone = "-"
    if seconds < longest / 4:
        loudness, peak = (f"{value:.2f}" for value in measured(out))
        mp3 = folder / "out.mp3"
        subprocess.run([*words[:4], str(mp3), str(lufs)], capture_output=True, check=True)
        lossy, alone = f"{measured(mp3)[1]:.2f}", f"{facts['alone']:.0f}"
    else:
        loudness, peak = (f"{value:.2f}" for value in in_blocks(out))
    return (
        f"| {name} | {seconds:.0f} | {facts['notes']} | {seconds / facts['wall']:.0f} | {seconds / facts['cpu']:.0f} | "
        f"{alone} | {facts['megabytes']:.0f} | {loudness} | {peak} | {lossy} |"
    )


def measured(path: Path) -> tuple[float, float]:
    """(LUFS by pyloudnorm, dBTP by soxr) of a file."""
    import numpy as np
    import pyloudnorm
    import soundfile
    import soxr

    samples, rate_hz = soundfile.read(path)
    lufs = pyloudnorm.Meter(rate_hz, filter_class="DeMan").integrated_loudness(samples)
    return lufs, 20 * float(np.log10(np.abs(soxr.resample(samples, rate_hz, 4 * rate_hz, quality="VHQ")).max()))


def in_blocks(path: Path) -> tuple[float, float]:
    """The same by our own meter, for a file that is too long to be read at once."""
    import numpy as np
    import soundfile

    from symbolic_cover.sound.loudness import LoudnessMeter, true_peaks

    with soundfile.SoundFile(path) as file:
        meter, peak = LoudnessMeter(file.samplerate), 0.0
        for block in file.blocks(1 << 18, dtype="float32"):
            meter.add(block)
            peak = max(peak, float(true_peaks(block).max()))
    return meter.lufs, 20 * float(np.log10(peak))


if __name__ == "__main__":
    main()
