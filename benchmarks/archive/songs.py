"""Covers of held-out POP909 songs compared with the human arrangement, with baselines.

    python benchmarks/archive/songs.py FOLDER --songs 20 --out benchmarks/archive/songs.md

FOLDER has POP909 and POP909-CL, unpacked. Every song of the test split is written as a MIDI file on its grid and
covered through `cover()`, twice: from all its tracks, and from its lead sheet (melody and chords) alone. The baselines
are the rules, a copy of the source, and the human arrangement itself; every score is read by music21 and its bars and
notes are checked.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import symusic

from symbolic_cover.core.arrangement import Arrangement
from symbolic_cover.core.controls import Controls
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.heard import Role, Track
from symbolic_cover.core.music import TICKS_PER_QUARTER, Note
from symbolic_cover.corpus.pop909 import original_of, read_song
from symbolic_cover.corpus.shards import split_of

COLUMNS = ("human", "source", "rules", "model")


def main() -> None:
    """Measure, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--songs", type=int, default=20)
    parser.add_argument("--candidates", type=int, default=4)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--split", default="test")
    parser.add_argument("--checkpoint", default=None)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    found = sorted((options.folder / "pop909_cl").glob("*.mid"))
    songs = [path for path in found if split_of(f"pop909:{path.stem}") == options.split and original_of(path).is_file()]
    jobs = [(song, options.candidates, options.checkpoint) for song in songs[: options.songs]]
    results = []
    with ProcessPoolExecutor(options.workers) as pool:
        for result in pool.map(measure_song, jobs):
            results.append(result)
            print(json.dumps({k: v for k, v in result.items() if k != "tables"}), flush=True)
    text = report(results, options)
    print(text)
    if options.out:
        options.out.write_text(text, encoding="utf-8")


def measure_song(job: tuple) -> dict:
    """Cover one song in both ways and measure everything."""
    import torch

    from symbolic_cover.app.cover import cover
    from symbolic_cover.app.stages import load_stages

    torch.set_num_threads(1)
    song, candidates, checkpoint = job
    tracks, grid = read_song(original_of(song), song)
    human = sorted(note for track in tracks if track.role is not Role.CHORDS for note in track.notes)
    stages, rules = load_stages(checkpoint), load_stages("rules")
    result: dict = {"song": song.stem, "tables": {}}
    with tempfile.TemporaryDirectory() as folder:
        lead_sheet = [track for track in tracks if track.role in (Role.MELODY, Role.CHORDS)]
        for name, given in (("all tracks", tracks), ("lead sheet", lead_sheet)):
            path = Path(folder) / f"{song.stem}.mid"
            write_source(given, grid, path)
            begun = time.perf_counter()
            made = cover(path, "pop-piano", Controls(candidates=candidates), stages=stages)
            seconds = time.perf_counter() - begun
            by_rules = cover(path, "pop-piano", stages=rules)
            sheet, bars = made.covered, made.covered.grid.bars
            assert bars == grid.bars[: len(bars)], "the grid must be read as written"
            melody = {(n.onset_tick, n.pitch) for n in sheet.melody}
            table = {
                "human": overall(human, human, sheet, melody),
                "source": overall(list(sheet.notes), human, sheet, melody),
                "rules": overall(by_rules.arrangement.notes, human, sheet, melody),
                "model": overall(made.arrangement.notes, human, sheet, melody),
            }
            result["tables"][name] = table
            result[name] = {
                "bars": len(bars),
                "seconds": round(seconds, 1),
                "song_seconds": round(float(sheet.grid.sec_at(sheet.grid.end_tick)), 1),
                "musicxml": check_score(made.arrangement, Path(folder) / "score.musicxml"),
                "note_f1": round(table["model"]["note_f1"], 3),
                "rules_note_f1": round(table["rules"]["note_f1"], 3),
            }
    return result


def write_source(tracks: Sequence[Track], grid: Grid, path: Path) -> None:
    """Tracks as a MIDI file on their grid, with its bars and tempo."""
    score = symusic.Score(TICKS_PER_QUARTER)
    for track in tracks:
        written = symusic.Track(track.name)
        written.notes.extend([symusic.Note(*note) for note in track.notes])
        score.tracks.append(written)
    meter = None
    for bar in grid.bars:
        if bar.meter != meter:
            score.time_signatures.append(symusic.TimeSignature(bar.start_tick, *bar.meter))
            meter = bar.meter
    sec_per_quarter = float(grid.sec_at(TICKS_PER_QUARTER) - grid.sec_at(0))
    score.tempos.append(symusic.Tempo(0, 60 / sec_per_quarter))
    score.resample(480).dump_midi(path)


def overall(notes: list[Note] | tuple[Note, ...], human: list[Note], sheet, melody: set) -> dict[str, float]:
    """All metrics of one arrangement; ``acc_`` are those of the accompaniment alone."""
    from symbolic_cover.evaluation import metrics as m

    accompaniment, theirs = ([n for n in side if (n.onset_tick, n.pitch) not in melody] for side in (notes, human))
    bars = sheet.grid.bars
    notes = tuple(sorted(notes))
    return {
        "melody_retention": m.melody_retention(sheet.melody, notes),
        "unplayable_share": m.unplayable_share(notes),
        "chord_accuracy": m.chord_accuracy(sheet.chords, notes, sheet.grid),
        "chord_tone_ratio": m.chord_tone_ratio(accompaniment, sheet.chords),
        **m.compare_with_human(notes, human, bars),
        **{f"acc_{name}": value for name, value in m.compare_with_human(accompaniment, theirs, bars).items()},
        "notes_per_bar": len(notes) / len(bars),
        "grooving_similarity": m.grooving_similarity(notes, bars),
        "pitch_class_entropy": m.pitch_class_entropy(notes, bars),
        "empty_bars": m.empty_bars(notes, human, bars),
    }


def check_score(arrangement: Arrangement, path: Path) -> str:
    """``ok``, or what is wrong with the MusicXML when music21 reads it. Drums are not compared."""
    import music21

    from symbolic_cover.notation.musicxml import write_musicxml

    write_musicxml(arrangement, path)
    score = music21.converter.parse(path)
    found = set()
    for part in score.parts:
        for measure in part.getElementsByClass("Measure"):
            length = measure.barDuration.quarterLength
            voices = list(measure.voices) or [measure]
            if any(abs(float(voice.duration.quarterLength) - float(length)) > 1e-6 for voice in voices[:1]):
                return f"bar {measure.number} is not full"
            if any(float(voice.highestTime) > float(length) + 1e-6 for voice in voices):
                return f"bar {measure.number} is too long"
        for element in part.flatten().notes:
            if "ChordSymbol" not in element.classes and not {"Unpitched", "PercussionChord"} & set(element.classes):
                onset = round(float(element.offset) * TICKS_PER_QUARTER)
                struck = element.notes if element.isChord else [element]
                found |= {(onset, n.pitch.midi) for n in struck if n.tie is None or n.tie.type == "start"}
    wanted = {(note.onset_tick, note.pitch) for note in arrangement.pitched_notes}
    return "ok" if found == wanted else f"{len(wanted - found)} notes lost, {len(found - wanted)} added"


def report(results: list[dict], options: argparse.Namespace) -> str:
    """The table in Markdown."""
    lines = [
        "# Covers of held-out POP909 songs",
        "",
        f"`python benchmarks/archive/songs.py FOLDER --songs {options.songs} --candidates {options.candidates}`:",
        f"means over {len(results)} songs of the {options.split} split. Temperature {Controls().temperature}.",
        "`human` is the human arrangement as it is, `source` a copy of what the arranger was given,",
        "`rules` the arranger without a model. `acc_` is measured on the accompaniment alone.",
    ]
    for name in ("all tracks", "lead sheet"):
        lines += ["", f"## Given {name}", "", "| | " + " | ".join(COLUMNS) + " |", "|---" * 5 + "|"]
        for metric in results[0]["tables"][name]["model"]:
            means = [np.nanmean([r["tables"][name][column][metric] for r in results]) for column in COLUMNS]
            lines.append(f"| {metric} | " + " | ".join(f"{mean:.3f}" for mean in means) + " |")
        wins = {
            metric: sum(r["tables"][name]["model"][metric] > r["tables"][name]["rules"][metric] for r in results)
            for metric in ("bar_chroma_cosine", "bar_onset_cosine", "note_f1", "acc_note_f1")
        }
        lines += ["", f"Songs on which the model beats the rules, of {len(results)}: "
                  + ", ".join(f"{metric} {count}" for metric, count in wins.items()) + "."]  # fmt: skip
        whole = sum(r[name]["musicxml"] == "ok" for r in results)
        ratio = np.mean([r[name]["seconds"] / r[name]["song_seconds"] for r in results])
        lines.append(f"MusicXML reopened by music21 with full bars and the same notes: {whole} of {len(results)}.")
        lines.append(f"Time to cover, as a share of the song's length (one thread a song): {ratio:.2f}.")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
