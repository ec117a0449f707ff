"""Songs in a style that no checkpoint was trained on: lead sheets played by MMA in one of its grooves.

    python benchmarks/arranging/learn_style_songs.py LIBRARY CORPUS --groove Ska --mma "mma" --out FOLDER

LIBRARY has openewld_pd (`symbolic-cover collect`), CORPUS is the prepared corpus, which has the split of each song:
those of its training split go into FOLDER/learn, those of validation and test into FOLDER/held-out. MMA (Musical MIDI
Accompaniment, Debian's `mma`) is the program behind copyleft_mma_styles; the songs are made as in that dataset, in 4/4.
"""

from __future__ import annotations

import argparse
import csv
import re
import subprocess
from pathlib import Path

import symusic

#: Chords of the lead sheets, without root, as MMA writes them; others lose what is added to a triad or a seventh.
QUALITIES = {"maj7": "M7", "M9": "M7", "+": "aug", "7+": "aug7", "o7": "dim7", "ø7": "m7b5", "sus": "sus4",
             "sus add 7": "7sus4"}  # fmt: skip
PLAIN = ("", "m", "7", "m7", "dim", "6", "m6", "9", "m9")


def main() -> None:
    """Play every lead sheet in four."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--groove", required=True)
    parser.add_argument("--mma", default="mma", help="the command, with a folder to run it in after a colon")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    with (options.corpus / "catalogue.csv").open(encoding="utf-8", newline="") as file:
        splits = {row["name"]: row["split"] for row in csv.DictReader(file) if row["dataset"] == "openewld_pd"}
    made = 0
    for name, split in sorted(splits.items()):
        sheet = (options.library / name).with_suffix(".mid")
        folder = options.out / ("learn" if split == "train" else "held-out")
        folder.mkdir(parents=True, exist_ok=True)
        made += play(sheet, options.groove, options.mma, folder / f"{sheet.stem}.mid")
    print(f"{made} of {len(splits)} songs as {options.groove} in {options.out}")


def play(sheet: Path, groove: str, mma: str, out: Path) -> bool:
    """One song; False where it is not in two or four or MMA cannot play its chords."""
    lead_sheet = symusic.Score(str(sheet))
    meters = {(t.numerator, t.denominator) for t in lead_sheet.time_signatures}
    if not meters <= {(4, 4), (2, 2), (2, 4)}:
        return False
    tempo = lead_sheet.tempos[0].qpm if len(lead_sheet.tempos) else 120.0
    lines = [f"Tempo {tempo:.0f}", "KeySig C", f"Groove {groove}", *bars_of(sheet.with_suffix(".chords.csv"))]
    text = out.with_suffix(".mma")
    text.write_text("\n".join(lines) + "\n", encoding="utf-8")
    command, _, folder = mma.partition(":")
    done = subprocess.run([*command.split(), "-f", str(out.absolute()), str(text.absolute())],
                          cwd=folder or None, capture_output=True, text=True, check=False)  # fmt: skip
    text.unlink()
    if done.returncode or not out.is_file():
        out.unlink(missing_ok=True)
        return False
    band = symusic.Score(str(out)).resample(lead_sheet.tpq, 1)
    melody = max(lead_sheet.tracks, key=lambda track: (track.name.upper() == "MELODY", len(track.notes)))
    melody.name = "MELODY"
    band.tracks.insert(0, melody)
    band.dump_midi(str(out))
    return True


def bars_of(chords: Path) -> list[str]:
    """A line of MMA for each bar: a chord for every beat, ``/`` for the one before."""
    with chords.open(encoding="utf-8", newline="") as file:
        begins = {float(row["beat"]): row["chord"] for row in csv.DictReader(file)}
    n_bars = int(max(begins) // 4) + 1
    lines, now = [], "z"
    for bar in range(n_bars):
        beats = []
        for beat in range(4 * bar, 4 * bar + 4):
            inside = [begins[at] for at in sorted(begins) if beat <= at < beat + 1]
            now = written(inside[0]) if inside else now
            beats.append(now if inside or not beats else "/")
        lines.append(f"{bar + 1} {' '.join(beats)}")
    return lines


def written(label: str) -> str:
    """A chord in MMA's notation, without its bass; a rest for anything else."""
    match = re.match(r"([A-G])([#-]?)(.*)", label.split("/")[0])
    if not match:
        return "z"
    root, quality = match[1] + match[2].replace("-", "b"), match[3].strip()
    if quality in PLAIN:
        return root + quality
    return root + QUALITIES.get(quality, "m7" if quality.startswith("m") else "7" if quality[:1].isdigit() else "")


if __name__ == "__main__":
    main()
