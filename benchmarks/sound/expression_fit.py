"""Fit models of dynamics and timing to performances, for `symbolic_cover/presets/expression/measured.toml`.

    python benchmarks/sound/expression_fit.py LIBRARY CORPUS --out symbolic_cover/presets/expression/measured.toml

LIBRARY has pop909, pop909_cl and groove_drums; the split of POP909 is that of CORPUS, Groove's its own: only training
data is measured. POP909's velocities and pedal are played, its onsets lie on a sixteenth grid (to a millisecond in most
songs), so it has no information on timing; Groove's drummers played to a click.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np
from expression_data import Drumming, drummings, pedalling, pop_songs, splits_of

from symbolic_cover.performance.groove import DRUM_KINDS, SLOTS, drum_kind
from symbolic_cover.performance.touch import FEATURES, features

#: Styles of the Groove dataset that are measured, by the name of ours.
GROOVES = {
    "rock": ("rock", "punk"), "pop": ("pop", "soul", "dance"), "funk": ("funk", "hiphop", "neworleans"),
    "latin": ("latin", "afrocuban"), "jazz": ("jazz", "shuffle"),
}  # fmt: skip
_RIDGE, _SHRINK = 50.0, 12.0
_FARTHEST_MS, _FLATTEST = 60.0, 2.0
_SWUNG = (0.57, 0.75)
_NEAR_CHANGE_BEATS = 0.35


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    names = {name for name, split in splits_of(options.corpus).items() if split == "train"}
    lines = [
        "# Measured by benchmarks/sound/expression_fit.py on POP909 (MIT) and the Groove MIDI Dataset (CC BY 4.0)."
    ]
    for part, weights in touch_weights(options.library, names).items():
        lines += ["", f"[touch.pop.{part}]", *(f"{name} = {weight:.2f}" for name, weight in weights.items())]
    lift, press = pedal_delays(options.library, names)
    lines += ["", "[pedal]", f"lift_sec = {lift:.3f}", f"press_sec = {press:.3f}"]
    train = [drumming for drumming in drummings(options.library) if drumming.split == "train"]
    for groove, styles in GROOVES.items():
        of_style = [drumming for drumming in train if drumming.style in styles]
        swing = 0.5
        if groove == "jazz":
            of_style = [one for one in of_style if _SWUNG[0] < swing_share(one) < _SWUNG[1]]
            swing = float(np.median([swing_share(one) for one in of_style]))
        lines += ["", f"[groove.{groove}]", f"performances = {len(of_style)}", f"swing = {swing:.3f}"]
        for what, table in zip(("velocity", "late_ms"), groove_tables(of_style, swing), strict=True):
            lines += ["", f"[groove.{groove}.{what}]"]
            lines += [f"{kind} = [{', '.join(f'{value:.0f}' for value in row)}]" for kind, row in table.items()]
    options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


def touch_weights(library: Path, names: set[str]) -> dict[str, dict[str, float]]:
    """Ridge regression of velocities above the song's mean."""
    facts: dict[str, list[np.ndarray]] = defaultdict(list)
    struck: dict[str, list[np.ndarray]] = defaultdict(list)
    for song in pop_songs(library, names):
        for part, notes, others in (("tune", song.melody, song.accompaniment),
                                    ("accompaniment", song.accompaniment, song.melody)):  # fmt: skip
            velocity = np.array([note.velocity for note in notes], dtype=float)
            if velocity.std() > _FLATTEST:
                found = features(notes, others, song.bars)
                facts[part].append(found - found.mean(axis=0))
                struck[part].append(velocity - velocity.mean())
    weights = {}
    for part in facts:
        x, y = np.concatenate(facts[part]), np.concatenate(struck[part])
        solved = np.linalg.solve(x.T @ x + _RIDGE * np.eye(x.shape[1]), x.T @ y)
        weights[part] = dict(zip(FEATURES, solved.tolist(), strict=True))
    return weights


def pedal_delays(library: Path, names: set[str]) -> tuple[float, float]:
    """Median seconds from a change of chord to lifting and to pressing, where both are near it."""
    lifts, presses = [], []
    for down, up, changes, beat_sec in pedalling(library, names):
        for change in changes:
            lift, press = up[np.abs(up - change).argmin()] - change, down[np.abs(down - change).argmin()] - change
            if max(abs(lift), abs(press)) < _NEAR_CHANGE_BEATS * beat_sec and press > lift:
                lifts.append(lift)
                presses.append(press)
    return float(np.median(lifts)), float(np.median(presses))


def swing_share(drumming: Drumming) -> float:
    """The place of cymbals between the beats, as a share of the beat: .5 is even."""
    cymbals = [s.quarter % 1 for s in drumming.strokes if drum_kind(s.pitch) in ("hat", "ride", "open_hat")]
    between = [place for place in cymbals if 0.42 < place < 0.8]
    return float(np.median(between)) if len(between) > SLOTS else 0.5


def placed(drumming: Drumming, swing: float) -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray]:
    """(kinds, slots, ms late, velocity above the mean) of a performance; its own mean lateness is taken off."""
    quarter = np.array([stroke.quarter for stroke in drumming.strokes])
    beat, within = np.divmod(quarter, 1.0)
    even = np.where(within < swing, within * 0.5 / swing, 0.5 + (within - swing) * 0.5 / (1 - swing))
    sixteenth = np.round((beat + even) * 4)
    straight = sixteenth / 4 % 1
    meant = np.where(straight <= 0.5, straight * 2 * swing, swing + (straight - 0.5) * 2 * (1 - swing))
    late = (quarter - np.floor(sixteenth / 4) - meant) * 60000 / drumming.bpm
    velocity = np.array([stroke.velocity for stroke in drumming.strokes], dtype=float)
    kinds = [drum_kind(stroke.pitch) for stroke in drumming.strokes]
    return kinds, (sixteenth % SLOTS).astype(int), late - np.median(late), velocity - velocity.mean()


def groove_tables(performances: list[Drumming], swing: float) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Means by kind of drum and sixteenth, drawn to the mean of the kind where strokes are few."""
    strokes: dict[str, list[tuple[int, float, float]]] = defaultdict(list)
    for drumming in performances:
        for kind, slot, late, velocity in zip(*placed(drumming, swing), strict=True):
            if abs(late) < _FARTHEST_MS:
                strokes[kind].append((slot, late, velocity))
    tables: tuple[dict[str, np.ndarray], dict[str, np.ndarray]] = ({}, {})
    for kind in DRUM_KINDS:
        slot, late, velocity = np.array(strokes[kind] or [(0, 0.0, 0.0)]).T
        counts = np.bincount(slot.astype(int), minlength=SLOTS)
        for table, values in zip(tables, (velocity, late), strict=True):
            sums = np.bincount(slot.astype(int), weights=values, minlength=SLOTS)
            table[kind] = (sums + _SHRINK * values.mean()) / (counts + _SHRINK)
    return tables


if __name__ == "__main__":
    main()
