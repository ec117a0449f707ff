"""Compare readers of ABC (ours, music21's and verovio's) on collections of folk tunes.

    python benchmarks/listening/abc.py FILE.abc ... [--midi FOLDER] [--each 40] [--out TABLE.md]

Every tune is read by all three as written, repeats aside (verovio plays none, so none is played). Counted are the tunes
that each reader reads, those in which two readers have the same notes (onset and pitch), and those in which all bars
but the first and last and those beside a repeat are as long as the metre says. --midi names a folder with
STEMnumber.mid for X:number of STEM.abc, as in the Nottingham collection: how many bars are there as well, in whatever
order (those MIDI files repeat more than the tunes say). music21's corpus has O'Neill's, Aird's and Ryan's tunes:

    python benchmarks/listening/abc.py $(python -c "import music21, pathlib; \\
        print(*pathlib.Path(music21.__file__).parent.glob('corpus/*/*.abc'))")
"""

from __future__ import annotations

import argparse
import base64
import itertools
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from symusic import core

from symbolic_cover.core.errors import SymbolicCoverError
from symbolic_cover.listening.scores.abc import read_abc
from symbolic_cover.listening.scores.abc_text import decoded
from symbolic_cover.listening.scores.barred import Barred, unfold

#: (onset in twelfths of a quarter, pitch), as often as they are struck.
Notes = Counter[tuple[int, int]]
READERS = ("ours", "music21", "verovio")


def tunes_in(path: Path) -> list[tuple[str, str]]:
    """(number, text) of each tune of a file."""
    text = decoded(path.read_bytes()).replace("\r", "")
    tunes = ["X:" + one for one in ("\n" + text).split("\nX:")[1:]]
    return [(tune.split("\n", 1)[0][2:].split("%")[0].strip(), tune) for tune in tunes]


def ours(tune: str) -> tuple[Notes, Barred]:
    """The notes by our reader, repeats aside, and the bars."""
    piece = read_abc(tune.encode())
    piece.order = list(range(len(piece.bars)))
    played = unfold(piece)
    return Counter((round(n.onset_tick), n.pitch) for t in played.tracks for n in t.notes if n.duration_tick > 1), piece


def by_music21(tune: str) -> Notes:
    """The notes by music21, ties joined."""
    import music21

    score = music21.converter.parse(tune, format="abc").stripTies()
    found: Notes = Counter()
    for element in score.flatten().notes:
        if "Harmony" not in element.classes and not element.duration.isGrace:
            found.update((round(float(element.offset) * 12), pitch.midi) for pitch in element.pitches)
    return found


def by_verovio(tune: str) -> Notes:
    """The notes by verovio."""
    import verovio

    verovio.enableLog(verovio.LOG_OFF)
    toolkit = verovio.toolkit()
    toolkit.setInputFrom("abc")
    if not toolkit.loadData(tune):
        return Counter()
    midi = core.ScoreTick.from_midi(base64.b64decode(toolkit.renderToMIDI()))
    scale = 12 / midi.ticks_per_quarter
    return Counter((round(note.time * scale), note.pitch) for track in midi.tracks for note in track.notes)


class Apart:
    """Runs a reader in a separate process, since verovio crashes on some tunes; crashes are counted."""

    def __init__(self) -> None:
        self.pool, self.crashes = ProcessPoolExecutor(1), 0

    def __call__(self, tune: str) -> Notes:
        """The notes as verovio reads them, none where it crashes."""
        try:
            return self.pool.submit(by_verovio, tune).result(timeout=30)
        except (BrokenProcessPool, TimeoutError):
            self.pool, self.crashes = ProcessPoolExecutor(1), self.crashes + 1
            return Counter()


def bars_add_up(piece: Barred) -> bool:
    """Whether all bars are as long as their metre, but for pick-ups, endings of repeats and the last."""
    for before, bar, after in zip(piece.bars, piece.bars[1:], piece.bars[2:], strict=False):
        is_beside = bar.signs.times or bar.signs.begins_repeat or bar.signs.begins_section
        is_beside = is_beside or before.signs.times or after.signs.begins_repeat or after.signs.begins_section
        if not is_beside and bar.length != bar.time.quarters:
            return False
    return True


def share_of_bars(found: Notes, true: Notes, bar_tick: int, opening_tick: int) -> float:
    """How many of the bars of a reader are bars of a MIDI file, in any order."""
    bars, known = (_bars(notes, bar_tick, shift) for notes, shift in ((found, opening_tick), (true, 0)))
    return sum(bar in known for bar in bars) / max(len(bars), 1)


def _bars(notes: Notes, bar_tick: int, shift: int) -> list[frozenset[tuple[int, int]]]:
    """The contents of each bar that is not empty: (place in the bar, pitch)."""
    inside: dict[int, set[tuple[int, int]]] = {}
    for onset, pitch in notes:
        number, place = divmod(onset + shift, bar_tick)
        inside.setdefault(number, set()).add((place, pitch))
    return [frozenset(bar) for bar in inside.values()]


def main() -> None:
    """Read all tunes three times and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--midi", type=Path)
    parser.add_argument("--each", type=int, default=40, help="the most tunes of one file")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    read, alike, beside = Counter[str](), Counter[tuple[str, str]](), {name: list[float]() for name in READERS}
    total, whole, apart = 0, 0, Apart()
    for path in asked.files:
        for number, tune in tunes_in(path)[: asked.each]:
            total += 1
            found: dict[str, Notes] = {}
            for name, reader in (("ours", lambda text: ours(text)[0]), ("music21", by_music21), ("verovio", apart)):
                try:
                    found[name] = reader(tune)
                except (SymbolicCoverError, Exception):  # readers of others raise anything
                    found[name] = Counter()
                first = min(found[name], default=(0, 0))[0]
                found[name] = Counter((onset - first, pitch) for onset, pitch in found[name])
                read[name] += bool(found[name])
            if found["ours"]:
                whole += bars_add_up(ours(tune)[1])
            for pair in itertools.combinations(READERS, 2):
                alike[pair] += bool(found[pair[0]]) and found[pair[0]] == found[pair[1]]
            midi = asked.midi / f"{path.stem}{number}.mid" if asked.midi else None
            if midi is not None and midi.is_file():
                score = core.ScoreTick(midi)
                true = Counter((round(n.time * 12 / score.ticks_per_quarter), n.pitch) for n in score.tracks[0].notes)
                time, opening = ours(tune)[1].bars[0].time, min(true)[0]
                for name in READERS:
                    beside[name].append(share_of_bars(found[name], true, int(time.quarters * 12), opening))
    lines = [
        f"{total} tunes of {len(asked.files)} files.",
        "",
        "| reader | reads | the same notes as music21 | as verovio |",
        "|---|---|---|---|",
    ]
    for name in READERS:
        same = [
            alike.get((name, other)) or alike.get((other, name)) or ("" if name == other else 0)
            for other in READERS[1:]
        ]
        lines.append(f"| {name} | {read[name]} | {same[0]} | {same[1]} |")
    lines += ["", f"verovio ended its process on {apart.crashes} tunes.", f"All of our bars add up in {whole} tunes."]
    for name, values in beside.items():
        if values:
            lines.append(
                f"{name} has {sum(values) / len(values):.3f} of the bars as {len(values)} MIDI files have them."
            )
    text = "\n".join(lines) + "\n"
    print(text)
    if asked.out:
        asked.out.write_text(
            f"# Readers of ABC\n\n`python benchmarks/listening/abc.py --help` says what is measured.\n\n{text}"
        )


if __name__ == "__main__":
    main()
