"""The number of corrections until every bar line of real recordings is right, by a simulated user.

    python benchmarks/correcting/downbeats.py FOLDER --sheets SHEETS --out downbeats.md

FOLDER has recordings with ``.beats.tsv`` beside them (time_sec, beat_in_bar); those with downbeats are used. SHEETS
caches the analysis as ``song.json``. A bar line is right if an annotated one lies within 70 ms, and none is missing in
the annotated span, as far as the sheet has notes or chords: charts continue through silence, song sheets do not. At
each step the simulated person makes the correction, or the two together, after which most bar lines are right: tempo,
metre (of the song or of one bar), downbeat (everywhere or from a place on), or the place of a beat. If nothing helps or
after `MOST` corrections, the song counts as not corrected.
"""

from __future__ import annotations

import argparse
import csv
import statistics
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from symbolic_cover import SongSheet, UsageError, analyze, correct, listen, read_sheet, write_sheet
from symbolic_cover.correcting.places import Place
from symbolic_cover.listening.formats import AUDIO_SUFFIXES

NEAR_SEC = 0.07
MOST = 30
#: What is tried of the song as a whole.
WHOLE = ("tempo half", "tempo double", "meter 2/4", "meter 3/4", "meter 4/4", "meter 6/8",
         "downbeat +1", "downbeat -1", "downbeat +2")  # fmt: skip


def main() -> None:
    """Correct every song, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sheets", type=Path, required=True, help="where what was heard is kept")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    rows, needed = [], []
    for path in sorted(options.folder.iterdir()):
        if path.suffix.lower() not in AUDIO_SUFFIXES:
            continue
        downbeats, span = annotated(options.folder, path)
        if not len(downbeats):
            continue
        sheet = heard(path, options.sheets)
        downbeats, span = where_music_is(sheet, downbeats, span)
        before = wrong(sheet, downbeats, span)
        words = mended(sheet, downbeats, span)
        left = wrong(correct(sheet, *words), downbeats, span)
        rows.append((path.stem, len(downbeats), before, left, len(words), "; ".join(words[:6])))
        if before:
            needed.append(len(words) if not left else float("inf"))
    lines = [
        "# Corrections until every bar line is right",
        "",
        f"`python {Path(*Path(__file__).parts[-3:])} FOLDER --sheets SHEETS`",
        "",
        "| song | bars annotated | wrong as heard | wrong after | corrections | the first of them |",
        "|---|---|---|---|---|---|",
        *(f"| {' | '.join(map(str, row))} |" for row in rows),
        "",
        f"Where the ear was wrong ({len(needed)} of {len(rows)} songs): median "
        f"{statistics.median(needed) if needed else 0} corrections.",
    ]
    print("\n".join(lines))
    if options.out:
        options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


def annotated(folder: Path, recording: Path) -> tuple[np.ndarray, tuple[float, float]]:
    """The annotated downbeats in seconds, (n,), and the span from the first to the last of them; none if unknown."""
    path = folder / f"{recording.stem}.beats.tsv"
    if not path.is_file():
        return np.zeros(0), (0.0, 0.0)
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    found = np.array([float(row["time_sec"]) for row in rows if row["beat_in_bar"] == "1"])
    return found, (float(found[0]), float(found[-1])) if len(found) else (0.0, 0.0)


def heard(recording: Path, sheets: Path) -> SongSheet:
    """The song sheet of a recording, cached."""
    path = sheets / f"{recording.stem}.json"
    if not path.is_file():
        write_sheet(analyze(listen(recording)), path)
    return read_sheet(path)


def where_music_is(
    sheet: SongSheet, downbeats: np.ndarray, span: tuple[float, float]
) -> tuple[np.ndarray, tuple[float, float]]:
    """The annotation between the first and the last event of a sheet."""
    begins = [note.onset_tick for note in sheet.notes] + [chord.start_tick for chord in sheet.chords]
    first, last = (float(sheet.grid.sec_at(tick)) for tick in (min(begins), max(begins)))
    inside = downbeats[(downbeats > first - NEAR_SEC) & (downbeats < last + NEAR_SEC)]
    return inside, (max(span[0], float(inside[0])), min(span[1], float(inside[-1])))


def bar_lines(sheet: SongSheet) -> np.ndarray:
    """Where bars begin, in seconds."""
    return np.asarray(sheet.grid.sec_at(np.array([bar.start_tick for bar in sheet.grid.bars])), dtype=float)


def wrong(sheet: SongSheet, downbeats: np.ndarray, span: tuple[float, float]) -> int:
    """The number of annotated bar lines that are missing, and of the sheet's in the span that are wrong."""
    lines = bar_lines(sheet)
    inside = lines[(lines > span[0] - NEAR_SEC) & (lines < span[1] + NEAR_SEC)]
    apart = np.abs(downbeats[:, None] - inside[None])
    if not apart.size:
        return len(downbeats)
    return int((apart.min(axis=1) > NEAR_SEC).sum() + (apart.min(axis=0) > NEAR_SEC).sum())


def mended(sheet: SongSheet, downbeats: np.ndarray, span: tuple[float, float]) -> list[str]:
    """The corrections that are made, as text."""
    words: list[str] = []
    left = wrong(sheet, downbeats, span)
    while left and len(words) < MOST:
        tried = [(one,) for one in (*WHOLE, *local(sheet, downbeats))]
        tried += [(first, second) for first in WHOLE for second in after(sheet, first, downbeats)]
        best: tuple[float, tuple[str, ...]] = (0.0, ())
        for attempt in tried:
            try:
                gain = (left - wrong(correct(sheet, *attempt), downbeats, span)) / len(attempt)
            except UsageError:
                continue
            if gain > best[0]:
                best = gain, attempt
        if not best[1]:
            break
        words += best[1]
        sheet = correct(sheet, *best[1])
        left = wrong(sheet, downbeats, span)
    return words


def after(sheet: SongSheet, first: str, downbeats: np.ndarray) -> list[str]:
    """The corrections to try after one correction of the whole song."""
    try:
        return [*(one for one in WHOLE if one != first), *local(correct(sheet, first), downbeats)]
    except UsageError:
        return []


def local(sheet: SongSheet, downbeats: np.ndarray) -> Iterator[str]:
    """What a person would try at the first annotated bar line that is not there: it begins at a beat near by, or the
    beat near by sounds there; from a few later ones too, whose beats may be the ones that are off."""
    grid, lines = sheet.grid, bar_lines(sheet)
    missing = [sec for sec in downbeats if np.abs(lines - sec).min() > NEAR_SEC]
    for sec in [*missing[:2], *missing[2::8], *missing[-1:]]:
        tick = float(grid.tick_at(sec))
        bar = grid.bars[grid.bar_index(int(max(tick, 0)))]
        beat = bar.meter.beat_tick
        near = bar.start_tick + round((tick - bar.start_tick) / beat) * beat
        if not 0 <= near < grid.end_tick:
            continue
        place = Place.of(grid, near)
        yield f"downbeat {place}-"
        yield f"beat {place}={sec:.3f}"
        if near != bar.start_tick:
            yield f"downbeat {place}"
        start = Place.of(grid, bar.start_tick)
        yield f"beat {start}={sec:.3f}"
        if bar.meter.denominator == 4:
            for number, beats in ((start.bar, 1), (start.bar, -1), (start.bar - 1, 1), (start.bar - 1, -1)):
                if number >= 1 and bar.meter.numerator + beats >= 1:
                    yield f"meter {number}={bar.meter.numerator + beats}/4"


if __name__ == "__main__":
    main()
