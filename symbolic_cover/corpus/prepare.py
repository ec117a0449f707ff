"""From collected datasets to a corpus for `train`, with a catalogue and a summary.

The work is done in units of a few pieces (`units.py`), in any number of processes. Existing units are kept, so an
interrupted run can be continued. Then the corpus is assembled: duplicates are kept once, versions of one song stay in
one split, and a summary lists what was left out and why. The same pieces give the same bytes on any machine.
"""

from __future__ import annotations

import csv
import json
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.files import write_text
from symbolic_cover.core.styles import load_ensembles
from symbolic_cover.corpus.excerpts import measure_people
from symbolic_cover.corpus.fingerprint import SAME_MELODY, SAME_PIECE, FingerprintIndex
from symbolic_cover.corpus.patterns import index_patterns
from symbolic_cover.corpus.people import measure_whole_pieces
from symbolic_cover.corpus.shards import SPLITS, ShardWriter, split_of
from symbolic_cover.corpus.units import FORMAT, Job, Unit, prepare_unit, read_prepared, unit_path
from symbolic_cover.corpus.workers import run_all
from symbolic_cover.library.catalogue import Placement
from symbolic_cover.library.collect import Collected, collected
from symbolic_cover.library.index import Row
from symbolic_cover.tokens.tokenizer import BarTokenizer

#: Styles beside the collected ones: an unspecified style, and one for a user's own music.
OPEN_STYLES = ("any", "own")
_A_UNIT = 12
_FEWEST_RUNS = 10
_TWIN = "The same as"

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Choice:
    """The collected pieces of a corpus, and who prepares them.

    Without `only` it is the default mix. `limit` takes this many pieces of each dataset, spread over it.
    """

    only: tuple[str, ...] = ()
    limit: int | None = None
    workers: int = 2
    ray_address: str | None = None


def prepare(library: Path, out: Path, choice: Choice = Choice(), progress: Progress | None = None) -> dict[str, Any]:
    """Prepare the pieces collected in `library` and write the corpus to `out`; returns the summary.

    Does nothing if `out` has this corpus already. Raises `UsageError` if nothing is collected.
    """
    jobs = find_jobs(library, choice)
    tokenizer = _tokenizer(jobs)
    work = out / "work"
    work.mkdir(parents=True, exist_ok=True)
    tokenizer.save(work / "tokenizer.json")
    settings = " ".join(tokenizer.vocab)
    units = [
        Unit(chunk, str(unit_path(chunk, work, settings)), str(work))
        for chunk in (tuple(jobs[i : i + _A_UNIT]) for i in range(0, len(jobs), _A_UNIT))
    ]
    names = [Path(unit.out).name for unit in units]
    if (done := _finished(out, names)) is not None:
        return done
    _make(units, choice, progress)
    summary = _put_together([Path(unit.out) for unit in units], out, tokenizer)
    sources = _sources(out / "catalogue.csv", collected(library))
    write_text(out / "sources.json", json.dumps(sources, indent=1, ensure_ascii=False))
    measure_people(out)
    index_patterns(out)
    measure_whole_pieces(out)
    summary["units"] = names
    write_text(out / "summary.json", json.dumps(summary, indent=1, ensure_ascii=False))
    return summary


def find_jobs(library: Path, choice: Choice) -> list[Job]:
    """The chosen pieces in a fixed order."""
    there = collected(library)
    missing = [name for name in choice.only if name not in there]
    if missing or not there:
        wanted = f"{', '.join(missing)} is not" if missing else "Nothing is"
        raise UsageError(f"{wanted} collected in {library}.", "Run: symbolic-cover collect --from FOLDER")
    companions = {one.dataset.companion_of: one for one in there.values() if one.dataset.companion_of}
    jobs: list[Job] = []
    for name in sorted(there):
        one = there[name]
        wanted_here = name in choice.only if choice.only else one.dataset.default
        if wanted_here and not one.dataset.companion_of:
            found = sorted(_jobs_of(one, companions.get(name)))
            step = max(len(found) // choice.limit, 1) if choice.limit else 1
            jobs += found[::step][: choice.limit]
    if not jobs:
        raise UsageError("None of the collected datasets is in the default mix.", "Name them: --only DATASET")
    return jobs


def _jobs_of(one: Collected, companion: Collected | None) -> Iterable[Job]:
    beside = {row.path.stem: str(row.path) for row in companion.rows} if companion else {}
    melodies = {row.path.stem.removesuffix("_melody"): str(row.path) for row in one.rows if not _placed(one, row)}
    stems = Counter(row.path.with_suffix("") for row in one.rows)
    for row in one.rows:
        place = _placed(one, row)
        if not place:
            continue
        path = row.path if stems[row.path.with_suffix("")] > 1 else row.path.with_suffix("")
        reader = "pop909" if place.layout == "pop909" else "written" if one.dataset.weights else "as found"
        extra = beside.get(row.path.stem, "") if reader == "pop909" else melodies.get(row.path.stem, "")
        name = f"{one.dataset.name}/{path.relative_to(one.folder).as_posix()}"
        yield Job(name, one.dataset.name, str(row.path), row.title, row.composer, place.style, place.ensemble,
                  row.licence, row.split_group, reader, extra)  # fmt: skip


def _placed(one: Collected, row: Row) -> Placement | None:
    """The style of a row; None for a file that is not a piece of its own."""
    return one.dataset.styles.get(row.label, Placement(row.label, "any"))


def _tokenizer(jobs: Sequence[Job]) -> BarTokenizer:
    """A tokenizer with the styles of the jobs, and all ensembles and parts."""
    ensembles = load_ensembles()
    parts = dict.fromkeys(part.name for ensemble in ensembles.values() for part in ensemble.parts)
    styles = [*OPEN_STYLES, *sorted({job.style for job in jobs})]
    return BarTokenizer.build(styles, list(ensembles), list(parts))


def _finished(out: Path, units: list[str]) -> dict[str, Any] | None:
    """The summary of a corpus made of exactly these units."""
    path = out / "summary.json"
    if not path.is_file() or not all((out / split / "tokens.npy").is_file() for split in SPLITS):
        return None
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # damaged: made again
        return None
    return summary if isinstance(summary, dict) and summary.get("units") == units else None


def _make(units: list[Unit], choice: Choice, progress: Progress | None) -> None:
    total = sum(len(unit.jobs) for unit in units)
    sizes = {unit.out: len(unit.jobs) for unit in units}
    for unit in units:
        if Path(unit.out).is_file() and not zipfile.is_zipfile(unit.out):  # truncated: made again
            Path(unit.out).unlink()
    missing = sorted((unit for unit in units if not Path(unit.out).is_file()), key=_size, reverse=True)
    count = total - sum(len(unit.jobs) for unit in missing)
    if progress:
        progress(count, total)
    for done in run_all(prepare_unit, missing, workers=choice.workers, ray_address=choice.ray_address):
        count += sizes[done]
        if progress:
            progress(count, total)


def _size(unit: Unit) -> int:
    """Bytes of a unit's files: long ones go first, so that no worker is left with them at the end."""
    return sum(Path(job.path).stat().st_size for job in unit.jobs if Path(job.path).is_file())


def _put_together(units: list[Path], out: Path, tokenizer: BarTokenizer) -> dict[str, Any]:
    """Write shards, catalogue and log from the units' files, one unit in memory at a time."""
    duplicates, groups = compare(units)
    writers = {split: ShardWriter(out / split) for split in SPLITS}
    rows: list[dict[str, Any]] = []
    left_out: list[tuple[str, str, str]] = []
    for path in units:
        for piece in read_prepared(path):
            reason = piece.reason or duplicates.get(piece.name, "")
            if reason:
                left_out.append((piece.dataset, piece.name, reason))
                continue
            group = groups.get(piece.name, piece.facts["split_group"])
            split = split_of(group)
            writers[split].add(piece.header, piece.lead, piece.steps_home, piece.lengths, piece.tokens)
            rows.append(piece.facts | {"split_group": group, "split": split, "tokens": len(piece.tokens)})
    counts = {split: writer.close() for split, writer in writers.items()}
    tokenizer.save(out / "tokenizer.json")
    (out / "vocabulary.json").write_text(json.dumps(tokenizer.vocab, indent=0), encoding="utf-8")
    _write_table(out / "catalogue.csv", rows)
    _write_table(out / "left_out.csv", [dict(zip(("dataset", "name", "reason"), row, strict=True)) for row in left_out])
    return {"format": FORMAT, "splits": counts, **_counts(rows, left_out)}


def compare(units: list[Path]) -> tuple[dict[str, str], dict[str, str]]:
    """The reasons for duplicates, by name; and the split group of every piece that shares its melody with another."""
    same, melodies = FingerprintIndex(SAME_PIECE, _FEWEST_RUNS), FingerprintIndex(SAME_MELODY, _FEWEST_RUNS)
    duplicates: dict[str, str] = {}
    sizes: dict[str, int] = {}
    own: dict[str, str] = {}
    joined: dict[str, str] = {}

    def root(group: str) -> str:
        while joined.get(group, group) != group:
            group = joined[group]
        return group

    for path in units:
        for piece in read_prepared(path):
            if piece.reason:
                continue
            sizes[piece.name], own[piece.name] = piece.facts["notes"], piece.facts["split_group"]
            twins = [
                name for name in same.like(piece.fingerprint)
                if abs(sizes[name] - sizes[piece.name]) <= 0.1 * sizes[name]
            ]  # fmt: skip
            if twins:
                duplicates[piece.name] = f"{_TWIN} {twins[0]}."
                continue
            same.add(piece.name, piece.fingerprint)
            for name in melodies.like(piece.melody):
                first, second = sorted((root(own[name]), root(own[piece.name])))
                joined[second] = first
            melodies.add(piece.name, piece.melody)
    return duplicates, {name: root(group) for name, group in own.items()}


def _sources(catalogue: Path, library: dict[str, Collected]) -> dict[str, list[dict[str, Any]]]:
    """The data of every style: dataset, licences of its pieces, attribution, number of pieces.

    Stored with the corpus and then with the checkpoint.
    """
    with catalogue.open(encoding="utf-8", newline="") as file:
        pieces = Counter((row["style"], row["dataset"], row["licence"]) for row in csv.DictReader(file))
    found: dict[str, list[dict[str, Any]]] = {}
    for (style, name, licence), count in sorted(pieces.items()):
        dataset = library[name].dataset
        about = {"dataset": dataset.title, "licence": licence, "attribution": dataset.attribution, "pieces": count}
        found.setdefault(style, []).append(about | {"source": dataset.source})
    return found


def _counts(rows: list[dict[str, Any]], left_out: list[tuple[str, str, str]]) -> dict[str, Any]:
    """Pieces by dataset and style, and the reasons for missing ones; ``share`` is that of the usable pieces."""
    used = Counter(row["dataset"] for row in rows)
    twins = Counter(dataset for dataset, _, reason in left_out if reason.startswith(_TWIN))
    refused = Counter(dataset for dataset, _, reason in left_out if not reason.startswith(_TWIN))
    datasets = {}
    for name in sorted({*used, *twins, *refused}):
        share = 1 - refused[name] / (used[name] + twins[name] + refused[name])
        counts = {"pieces": used[name], "duplicates": twins[name], "refused": refused[name]}
        datasets[name] = counts | {"share": round(share, 4)}
    styles = Counter(row["style"] for row in rows)
    return {
        "pieces": len(rows),
        "datasets": datasets,
        "styles": {
            style: {
                "pieces": count,
                "bars": sum(row["bars"] for row in rows if row["style"] == style),
                "notes": sum(row["notes"] for row in rows if row["style"] == style),
            }
            for style, count in sorted(styles.items())
        },
        "licences": dict(sorted(Counter(row["licence"] for row in rows).items())),
        "left_out": [list(row) for row in left_out],
    }


def _write_table(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]) if rows else ["dataset", "name", "reason"])
        writer.writeheader()
        writer.writerows(rows)
