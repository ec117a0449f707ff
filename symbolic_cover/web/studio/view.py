"""A song in the page's format: plain data, in ticks, with the time of every eighth."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from symbolic_cover.analysis.chords import beat_edges
from symbolic_cover.analysis.doubt import places_to_check
from symbolic_cover.core.music import PITCH_NAMES_FLAT, PITCH_NAMES_SHARP, STRAIGHT_TICK, TICKS_PER_QUARTER, Chord, Note
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.web.studio.jobs import Job, Jobs
from symbolic_cover.web.studio.songs import TAKE, Songs

#: The written form of each chord quality.
_LETTERS = {"maj": "", "min": "m", "min7": "m7", "hdim7": "m7b5", "min6": "m6", "maj6": "6"}
_MOST_DOUBTS = 12


def letters(chord: Chord, flats: bool) -> str:
    """A chord symbol as written: ``F#m7/E``."""
    names = PITCH_NAMES_FLAT if flats else PITCH_NAMES_SHARP
    name = names[chord.root] + _LETTERS.get(chord.quality, chord.quality)
    return name if chord.bass == chord.root else f"{name}/{names[chord.bass]}"


def song_view(songs: Songs, jobs: Jobs, song: str) -> str:
    """The contents of the page, as JSON; ``sheet`` is null until the song is analysed."""
    about = songs.about(song)
    told = {
        "id": song,
        "title": about.title,
        "source": about.source,
        "locked": list(about.locked),
        "kept": about.kept,
        "sound": (songs.folder(song) / "heard").is_dir(),
        "preferences": jobs.preferences(song),
    } | work_view(songs, jobs, song)
    sheet = songs.told(song, lambda one: json.dumps(sheet_view(one)))
    return f'{json.dumps(told)[:-1]}, "sheet": {sheet or "null"}}}'


def work_view(songs: Songs, jobs: Jobs, song: str) -> dict[str, Any]:
    """What changes while jobs run: jobs and takes."""
    takes = [json.loads((songs.take(song, one) / TAKE).read_text(encoding="utf-8")) | {"number": one}
             for one in songs.takes(song)]  # fmt: skip
    found = songs.sheet(song)
    return {"jobs": [_job_view(job) for job in jobs.of_song(song)], "takes": takes,
            "revision": found[1] if found else None}  # fmt: skip


def _job_view(job: Job) -> dict[str, Any]:
    return {"id": job.id, "kind": job.kind, "state": job.state, "stage": job.stage, "share": job.share,
            "message": job.message, "take": job.take, "bars": job.asked.get("bars", []),
            "style": job.asked.get("style", "")}  # fmt: skip


def sheet_view(sheet: SongSheet) -> dict[str, Any]:
    """A song sheet: ``eighth_sec`` has the time of every eighth from tick `first_tick` on; notes are [tick, length,
    pitch]; ``confidence`` is the least confidence of each bar, null if there is none."""
    grid, flats = sheet.grid, sheet.key.prefers_flats
    first = min(0, *(note.onset_tick for note in sheet.notes), 0)
    first -= first % TICKS_PER_QUARTER
    eighths = np.arange(first, grid.end_tick + TICKS_PER_QUARTER, STRAIGHT_TICK)
    starts = {section.start_tick: section.label for section in sheet.sections}
    return {
        "first_tick": int(first),
        "eighth_sec": np.round(grid.sec_at(eighths), 4).tolist(),
        "bars": [[bar.start_tick, bar.end_tick, str(bar.meter), bar.meter.beat_tick] for bar in grid.bars],
        "beats": [int(tick) for tick in beat_edges(grid)[:-1]],
        "chords": [[chord.start_tick, chord.end_tick, letters(chord, flats)] for chord in sheet.chords],
        "melody": _notes(sheet.melody),
        "bass": _notes(sheet.bass),
        "texture": _notes(sheet.texture),
        "lyrics": [[lyric.tick, lyric.text] for lyric in sheet.lyrics],
        "sections": [[tick, label] for tick, label in sorted(starts.items())],
        "key": sheet.key.label,
        "flats": flats,
        "meter": str(grid.meter),
        "tempo": round(grid.tempo_bpm, 1),
        "swing": round(grid.second_tick / (TICKS_PER_QUARTER - grid.second_tick), 2),
        "confidence": _bar_confidence(sheet),
        "doubts": [
            {"first": doubt.first, "last": doubt.last, "what": doubt.what, "words": doubt.words}
            for doubt in places_to_check(sheet, _MOST_DOUBTS)
        ],
        "remarks": list(sheet.remarks),
        "done": list(sheet.corrections.done),
        "undone": list(sheet.corrections.undone),
    }


def _notes(notes: tuple[Note, ...]) -> list[list[int]]:
    return [[note.onset_tick, note.duration_tick, note.pitch] for note in notes]


def _bar_confidence(sheet: SongSheet) -> list[float | None]:
    found: list[float | None] = []
    for index in range(len(sheet.grid.bars)):
        values = [bars[index] for bars in sheet.confidence.bars.values() if not math.isnan(bars[index])]
        found.append(round(min(values), 2) if values else None)
    return found
