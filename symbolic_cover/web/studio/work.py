"""The jobs of a worker: listen to a song, cover it, or arrange some of its bars anew."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from symbolic_cover.analysis.song import analyze
from symbolic_cover.app.anew import cover_anew, read_saved
from symbolic_cover.app.cover import Cover, cover
from symbolic_cover.app.stages import Stages, load_stages
from symbolic_cover.core.arrangement import Arrangement
from symbolic_cover.core.controls import Controls, Hints, Playback
from symbolic_cover.core.errors import InputError, SymbolicCoverError
from symbolic_cover.core.files import UNFINISHED, whole_folder, write_text
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.heard import Heard
from symbolic_cover.core.music import Bar
from symbolic_cover.core.progress import Progress
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.core.song_file import SONG_FILE, sheet_as_json
from symbolic_cover.core.styles import DEFAULT_STYLE
from symbolic_cover.evaluation.findings import find_weak_bars
from symbolic_cover.listening.audio.recording import load_recording
from symbolic_cover.listening.formats import AUDIO_SUFFIXES, SCORE_SUFFIXES
from symbolic_cover.rating.sound import levelled
from symbolic_cover.web.studio.jobs import Job
from symbolic_cover.web.studio.score import write_page_score
from symbolic_cover.web.studio.songs import EXCERPT, HEARD, PAGE, PEAKS, SOUND, TAKE, Songs

_RATE_HZ, _PEAK_RATE_HZ, _PEAKS_A_SEC = 44100, 8000, 100
#: The number of bars that are played on either side of new ones.
_EXCERPT_MARGIN_BARS = 1
#: The loudness of the song on the page.
_LUFS = -23.0


class Work:
    """Does jobs; the weights for the last style stay loaded."""

    def __init__(self, root: Path, checkpoint: str | None = None) -> None:
        self.songs, self.checkpoint = Songs(root), checkpoint
        self._loaded: dict[str, Stages] = {}

    def do(self, job: Job, progress: Progress) -> None:
        """Do a job. Raises `SymbolicCoverError` for errors that a user can correct; partial results are deleted."""
        {"listen": self._listen, "cover": self._cover, "bars": self._bars}[job.kind](job, progress)

    def stages(self, style: str) -> Stages:
        """The stages for a style."""
        if style not in self._loaded:
            self._loaded = {style: load_stages(self.checkpoint, style)}
        return self._loaded[style]

    def _listen(self, job: Job, progress: Progress) -> None:
        source, folder = self.songs.source(job.song), self.songs.folder(job.song)
        if source is not None and not (folder / SONG_FILE).is_file():
            progress("listen", 0.0)
            about = self.songs.about(job.song)
            try:
                heard = self.stages(DEFAULT_STYLE).listen(source, Hints(), progress)
            except SymbolicCoverError as error:  # the message has the name of the stored file
                raise InputError(error.cause.replace(source.name, about.source), error.remedy) from error
            progress("analyze", 0.0)
            sheet = analyze(replace(heard, title=about.title))
            progress("sound", 0.0)
            with whole_folder(folder / HEARD, replaces=True) as made:
                _write_sound(source, heard, made)
            write_text(folder / SONG_FILE, sheet_as_json(sheet))  # last, as it marks the song as analysed

    def _cover(self, job: Job, progress: Progress) -> None:
        asked = job.asked
        sheet, _ = self._sheet(job)
        made = cover(self.songs.source(job.song) or "", asked["style"], Controls(**asked["controls"]),
                     ensemble=asked.get("ensemble"), sheet=sheet, stages=self.stages(asked["style"]),
                     progress=progress)  # fmt: skip
        self._save(job, made, [], progress)

    def _bars(self, job: Job, progress: Progress) -> None:
        asked, bars = job.asked, [int(bar) for bar in job.asked["bars"]]
        sheet, _ = self._sheet(job)
        onto = read_saved(self.songs.take(job.song, int(asked["onto"])))
        early = self._beside(job)

        def hear(arrangement: Arrangement) -> None:
            progress("sound of the bars", 0.0)
            write_excerpt(arrangement, bars, early)
            progress("can be heard", 0.0)

        try:
            made = cover_anew(sheet, onto, bars, style=asked["style"], controls=Controls(**asked["controls"]),
                              stages=self.stages(asked["style"]), progress=progress, arranged=hear)  # fmt: skip
            self._save(job, made, bars, progress)
        finally:
            early.unlink(missing_ok=True)

    def _beside(self, job: Job) -> Path:
        """The place of the excerpt until its take is complete."""
        folder = self.songs.folder(job.song) / "takes"
        folder.mkdir(exist_ok=True)
        return folder / f"{job.take}-{EXCERPT}"

    def _sheet(self, job: Job) -> tuple[SongSheet, str]:
        found = self.songs.sheet(job.song)
        assert found is not None  # the server accepts covers of analysed songs only
        return found

    def _save(self, job: Job, made: Cover, bars: Sequence[int], progress: Progress) -> None:
        """Write the take's folder: a cover's files, its settings, and what the page shows."""
        covered, stages = made.covered, self.stages(job.asked["style"])
        people = stages.people.get(made.arrangement.style, {})
        weak = find_weak_bars(made.arrangement, covered, people, stages.patterns)
        facts: dict[str, Any] = job.asked | {
            "bars": list(bars),
            "corrections": list(made.sheet.corrections.done),
            "offset_sec": float(covered.grid.sec_at(0)),
            "tempo": made.report.settings["tempo"],
            "weak": [
                {"first": one.first_bar + 1, "last": one.last_bar + 1, "text": one.text, "advice": one.advice}
                for one in weak
                if one.kind != "form"
            ],
        }
        several = len({spec.group or spec.name for spec in made.arrangement.parts}) > 1
        takes = self.songs.folder(job.song) / "takes"
        takes.mkdir(exist_ok=True)
        with whole_folder(takes / str(job.take), replaces=True) as folder:
            made.save(folder, audio_format="ogg", parts=several, progress=progress)
            (folder / PAGE).mkdir()
            write_page_score(folder / "score.musicxml", covered.grid, folder / PAGE / "score.json")
            (folder / TAKE).write_text(json.dumps(facts), encoding="utf-8")


def _write_sound(source: Path, heard: Heard, folder: Path) -> None:
    """The song's sound for the page, and its peaks."""
    import soundfile

    from symbolic_cover.performance.midi import score_in_seconds
    from symbolic_cover.sound.audio import render_audio

    played = folder / "played.wav"
    if source.suffix.lower() in AUDIO_SUFFIXES:
        samples, made = load_recording(source, _PEAK_RATE_HZ).samples, levelled(None, source, "", folder)
    else:
        if source.suffix.lower() in SCORE_SUFFIXES:
            render_audio(score_in_seconds(heard.audible), played, lufs=_LUFS)
        else:
            recording = load_recording(source, _RATE_HZ)
            soundfile.write(played, recording.samples, _RATE_HZ)
        samples, made = load_recording(played, _PEAK_RATE_HZ).samples, levelled(None, played, "", folder)
        played.unlink()
    made.rename(folder / SOUND)
    step = _PEAK_RATE_HZ // _PEAKS_A_SEC
    loud = samples[: len(samples) // step * step].reshape(-1, step) / max(float(np.abs(samples).max()), 1e-6)
    peaks = np.stack([loud.min(axis=1), loud.max(axis=1)], axis=1)
    (folder / PEAKS).write_bytes(np.round(127 * peaks).astype(np.int8).tobytes())


def write_excerpt(arrangement: Arrangement, bars: Sequence[int], path: Path) -> None:
    """The sound of some bars (from 1) and one on either side, as in the whole."""
    from symbolic_cover.performance.expression import perform
    from symbolic_cover.sound.audio import render_audio

    known = arrangement.grid.bars
    first = known[max(min(bars) - 1 - _EXCERPT_MARGIN_BARS, 0)]
    last = known[min(max(bars) - 1 + _EXCERPT_MARGIN_BARS, len(known) - 1)]
    begin, end = first.start_tick, last.end_tick
    grid = arrangement.grid
    inside = tuple(Bar(bar.start_tick - begin, bar.meter) for bar in known if begin <= bar.start_tick < end)
    ticks = np.union1d(grid.beat_tick[(grid.beat_tick > begin) & (grid.beat_tick < end)], [begin, end])
    cut = Grid(ticks - begin, np.asarray(grid.sec_at(ticks)), inside, grid.confidence, grid.second_tick)
    parts = tuple(
        replace(part, notes=tuple(
            note._replace(onset_tick=note.onset_tick - begin) for note in part.notes if begin <= note.onset_tick < end
        ))
        for part in arrangement.parts
    )  # fmt: skip
    melody = tuple(
        n._replace(onset_tick=n.onset_tick - begin) for n in arrangement.melody if begin <= n.onset_tick < end
    )
    chords = tuple(
        chord._replace(start_tick=max(chord.start_tick, begin) - begin, end_tick=min(chord.end_tick, end) - begin)
        for chord in arrangement.chords
        if chord.start_tick < end and chord.end_tick > begin
    )
    excerpt = replace(arrangement, parts=parts, melody=melody, grid=cut, chords=chords, sections=(), lyrics=())
    render_audio(perform(excerpt), path, lufs=Playback().lufs)


def sweep_takes(root: Path) -> None:
    """Delete excerpts and folders of killed workers."""
    for left in [*root.glob(f"songs/*/takes/*-{EXCERPT}"), *root.glob(f"songs/*/takes/{UNFINISHED}*-{EXCERPT}")]:
        left.unlink(missing_ok=True)
