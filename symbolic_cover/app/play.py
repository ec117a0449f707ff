"""Play a score, with stems or beside the recording that it covers; write a melody as ABC."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import symusic

from symbolic_cover.analysis.quantize import quantize
from symbolic_cover.analysis.song import analyze
from symbolic_cover.core.arrangement import Arrangement, Part
from symbolic_cover.core.controls import Playback
from symbolic_cover.core.errors import InputError, UsageError
from symbolic_cover.core.files import whole_file
from symbolic_cover.core.heard import Heard, Role
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.listening.formats import AUDIO_SUFFIXES, MIDI_SUFFIXES
from symbolic_cover.listening.scores.container import open_score
from symbolic_cover.listening.scores.midi_file import mended
from symbolic_cover.listening.scores.read import read_score
from symbolic_cover.performance.expression import perform
from symbolic_cover.performance.midi import offset_sec_of
from symbolic_cover.sound.audio import CEILING_DBTP, SoundInfo, check_format, render_audio, sound_file
from symbolic_cover.sound.loudness import LoudnessMeter, true_peaks

LONGEST_SEC = 2 * 3600.0
#: Each side of a mix is attenuated by this, since both sound together.
_SIDE_LU = -3.0
_RATE_HZ, _BLOCK_FRAMES = 44100, 1 << 16


def play(
    source: str | Path, out: str | Path, how: Playback = Playback(), *, style: str = "", original: Path | None = None
) -> SoundInfo:
    """Render a file as sound.

    MIDI is played as written unless `style` is named; a score is played in the manner of `style`. With `original` the
    cover is on the right and that recording on the left, aligned by the offset in the MIDI file.

    Raises `UsageError` or `InputError` for a file that cannot be played.
    """
    source, out = Path(source), Path(out)
    check_format(out)
    if source.suffix.lower() in AUDIO_SUFFIXES:
        raise UsageError(f"{source} is already sound.", "Give a MIDI or MusicXML file.")
    if source.suffix.lower() in MIDI_SUFFIXES and not style:
        score = _midi(source)
    else:
        score = perform(replace(notated(read_score(source, longest_sec=LONGEST_SEC)), style=style), how.expression)
    if original is None:
        return render_audio(score, out, soundfont=how.soundfont, lufs=how.lufs, stems=stems_of(score, how.stems))
    with tempfile.TemporaryDirectory() as made:
        info = render_audio(score, Path(made) / "cover.wav", soundfont=how.soundfont, lufs=how.lufs)
        offset_sec = offset_sec_of(_midi(source)) if source.suffix.lower() in MIDI_SUFFIXES else 0.0
        return replace(info, path=mix_with(original, info.path, offset_sec, out, how.lufs))


def stems_of(score: symusic.Score, asked: bool = True) -> dict[str, list[int]] | None:
    """A file name and the index of each track that has notes; None if no stems are asked for."""
    if not asked:
        return None
    stems: dict[str, list[int]] = {}
    for index, track in enumerate(score.tracks):
        if len(track.notes):
            name = re.sub(r"\W+", "-", track.name.lower()).strip("-") or f"part-{index + 1}"
            stems[name if name not in stems else f"{name}-{index + 1}"] = [index]
    return stems


def _midi(path: Path) -> symusic.Score:
    if not path.is_file():
        raise UsageError(f"There is no file {path}.", "Check the path.")
    try:
        file = mended(open_score(path).data)
        score = symusic.Score.from_midi(file.data)
    except InputError as error:
        raise InputError(error.cause.replace("It ", f"{path.name} ", 1), error.remedy) from error
    except Exception as error:  # symusic raises the errors of its C++ parser
        raise InputError(f"{path.name} is not a MIDI file that can be read.", "Export it again as MIDI.") from error
    if score.note_num() == 0:
        raise InputError(f"{path.name} has no notes.", "Give a MIDI file with notes.")
    if score.to("second").end() > LONGEST_SEC:
        raise InputError(f"{path.name} lasts longer than {LONGEST_SEC / 3600:g} hours.", "Cut it.")
    return score


def notated(heard: Heard) -> Arrangement:
    """A score as an arrangement, with the melody that analysis finds in it."""
    sheet = analyze(heard)
    parts = tuple(
        Part(track.name, "", track.program, track.notes, track.is_drums)
        for track in quantize(replace(heard, tracks=heard.audible))
        if track.role is not Role.CHORDS
    )
    there = {(note.onset_tick, note.pitch) for part in parts for note in part.notes}
    melody = tuple(note for note in sheet.melody if (note.onset_tick, note.pitch) in there)
    return Arrangement(parts, melody, sheet.grid, sheet.key, sheet.chords, "", "as written", sheet.title)


def write_melody(sheet: SongSheet, path: Path) -> None:
    """Write the melody of a song with its chords as ABC, whole or not at all; raises `InputError` without one."""
    from symbolic_cover.notation.abc import write_abc

    if not sheet.melody:
        raise InputError(f"No melody was found in {sheet.title}.", "Only a melody can be written as ABC.")
    with whole_file(path) as partial:
        write_abc(partial, sheet.melody, sheet.chords, sheet.grid.bars, sheet.key, sheet.title,
                  sheet.grid.tempo_bpm)  # fmt: skip


def mix_with(original: Path, cover: Path, offset_sec: float, out: Path, lufs: float) -> Path:
    """Write the original on the left and the cover on the right, at equal loudness, `out` whole or not at all.

    `offset_sec` is the time in the original at which the cover begins.
    """
    import soundfile

    from symbolic_cover.listening.audio.recording import load_recording

    left = load_recording(original, _RATE_HZ).samples
    right = soundfile.read(cover, dtype="float32", always_2d=True)[0].mean(axis=1)
    shift = round(offset_sec * _RATE_HZ)
    left, right = np.pad(left, (max(-shift, 0), 0)), np.pad(right, (max(shift, 0), 0))
    sides = [side * _gain(side, lufs + _SIDE_LU) for side in (left, right)]
    peak = max(float(true_peaks(side[at : at + _BLOCK_FRAMES, None]).max())
               for side in sides for at in range(0, len(side), _BLOCK_FRAMES))  # fmt: skip
    level = min(1.0, 10 ** (CEILING_DBTP / 20) / peak)
    with whole_file(out) as partial, sound_file(partial, out.suffix, _RATE_HZ) as file:
        for at in range(0, max(map(len, sides)), _BLOCK_FRAMES):
            file.write(_side_by_side([side[at : at + _BLOCK_FRAMES] for side in sides]) * level)
    return out


def _gain(side: np.ndarray, lufs: float) -> np.float32:
    meter = LoudnessMeter(_RATE_HZ)
    for at in range(0, len(side), _BLOCK_FRAMES):
        meter.add(np.repeat(side[at : at + _BLOCK_FRAMES, None], 2, axis=1))
    return np.float32(10 ** ((lufs - meter.lufs) / 20))


def _side_by_side(sides: Sequence[np.ndarray]) -> np.ndarray:
    length = max(map(len, sides))
    return np.column_stack([np.pad(side, (0, length - len(side))) for side in sides])
