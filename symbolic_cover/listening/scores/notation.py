"""Notation files (MusicXML, ABC, kern) -> `Written`: the adapter to music21."""

from __future__ import annotations

import zipfile
from bisect import bisect_right
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from symbolic_cover.core.errors import InputError
from symbolic_cover.core.files import title_of
from symbolic_cover.core.harte import nearest_quality
from symbolic_cover.core.music import Meter
from symbolic_cover.listening.scores.sounds import Place, drum_keys, programs
from symbolic_cover.listening.scores.written import (
    ChordSymbol,
    KeySignature,
    Measure,
    Written,
    WrittenNote,
    WrittenTrack,
    meter_of_length,
    ticks,
)

#: What a note without dynamics is struck with: mf.
VELOCITY = 80
#: The velocities of dynamics, evenly spaced around mf.
DYNAMICS = {"ppp": 16, "pp": 33, "p": 49, "mp": 64, "mf": VELOCITY, "f": 96, "ff": 112, "fff": 126}
GRACE_TICK = 1
SNARE = 38
REMEDIES = {
    "musicxml": "Export it again as MusicXML.",
    "abc": "Check that it is one tune with X:, K: and notes.",
    "kern": "Check that it is a **kern file.",
}


def read_notation(path: Path, kind: str) -> tuple[Written, str]:
    """A notation file's music and title; `kind` is musicxml, abc or kern.

    Repeats are played out, ties joined, transposing instruments sound as they do, grace notes come before
    their beat, dynamics become velocities, MusicXML's swing is played. Raises InputError if music21 cannot read it
    or finds no notes.
    """
    import music21

    try:
        piece: Any = music21.converter.parse(path, format="humdrum" if kind == "kern" else kind, forceSource=True)
        if isinstance(piece, music21.stream.Opus):
            piece = piece.scores[0]
        parts = _played_out(list(piece.parts) or [piece])
        drums = drum_keys(path) if kind == "musicxml" else {}
        written = Written(_tracks(parts, drums), _measures(parts[0]), _tempos(parts))
        if kind == "musicxml":
            _set_programs(written.tracks, parts, programs(path))
        written.swings = kind == "musicxml" and _swings(path)
        written.keys = _keys(parts[0])
        written.chords = [chord for part in parts for chord in _chords(part)]
        written.sections, written.lyrics = _sections(parts[0]), _lyrics(parts)
    except Exception as error:  # a broken file makes music21 raise anything at all
        raise InputError(f"{path.name} is not {kind} that can be read.", REMEDIES[kind]) from error
    written.tracks = [track for track in written.tracks if track.notes]
    if not written.tracks:
        raise InputError(f"{path.name} holds no notes.", REMEDIES[kind])
    if piece.metadata is not None:
        written.composer = piece.metadata.composer or ""
    return written, _title(piece, path)


def _swings(path: Path) -> bool:
    """Whether a MusicXML file asks for swung eighths, which music21 passes over."""
    if not zipfile.is_zipfile(path):
        return b"<swing-type>eighth</swing-type>" in path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        return any(b"<swing-type>eighth</swing-type>" in archive.read(name) for name in archive.namelist())


def _title(piece: Any, path: Path) -> str:
    title = piece.metadata.bestTitle if piece.metadata is not None else None
    return title if title and title != path.name else title_of(path)


def _played_out(parts: list[Any]) -> list[Any]:
    """Parts at sounding pitch with their repeats expanded, unless the repeats do not fit together."""
    sounding = []
    for part in parts:
        try:
            sounding.append(part.toSoundingPitch())
        except Exception:  # an unknown transposition: as written
            sounding.append(part)
    try:
        expanded = [part.expandRepeats() for part in sounding]
    except Exception:  # no measures, or repeat signs that do not match
        return sounding
    lengths = {float(part.duration.quarterLength) for part in expanded}
    return expanded if len(lengths) == 1 else sounding


def _tracks(parts: list[Any], drums: Mapping[Place, int]) -> list[WrittenTrack]:
    """A track for each part or staff; a lower staff without dynamics has those of the staff above it."""
    tracks: list[WrittenTrack] = []
    above: list[tuple[float, int]] = []
    for part in parts:
        marks = part.flatten().getElementsByClass("Dynamic")
        own = [(ticks(mark.offset), DYNAMICS[mark.value]) for mark in marks if mark.value in DYNAMICS]
        if own or "PartStaff" not in part.classes:
            above = own
        tracks.append(_track(part, above, drums))
    return tracks


def _set_programs(tracks: list[WrittenTrack], parts: list[Any], known: Mapping[str, int]) -> None:
    """Programs as the file says; a staff's id is its part's and the staff's number."""
    for track, part in zip(tracks, parts, strict=True):
        if not track.is_drum:
            track.program = known.get(str(part.id).partition("-Staff")[0], track.program)


def _track(part: Any, dynamics: list[tuple[float, int]], drums: Mapping[Place, int]) -> WrittenTrack:
    """One part's notes, ties joined; `dynamics` are (tick, velocity)."""
    instrument = part.getInstrument(returnDefault=True)
    track = WrittenTrack(part.partName or "", instrument.midiProgram or 0)
    tied: dict[int, int] = {}  # pitch -> index of the note that is still held
    graces: list[Any] = []
    for element in part.flatten().notes:
        if "ChordSymbol" in element.classes or "NoChord" in element.classes:
            continue
        if element.duration.isGrace:
            graces.append(element)
            continue
        onset_tick, duration_tick = ticks(element.offset), ticks(element.duration.quarterLength)
        for order, grace in enumerate(reversed(graces), start=1):
            at = max(0.0, onset_tick - GRACE_TICK * order)
            track.notes.extend(WrittenNote(at, GRACE_TICK, pitch, VELOCITY) for pitch in _pitches(grace, drums))
        graces = []
        members = element.notes if "ChordBase" in element.classes else [element]
        for member in members:
            (pitch,) = _pitches(member, drums)
            held = tied.pop(pitch, None)
            is_continued = member.tie is not None and member.tie.type in ("continue", "stop")
            if held is not None and is_continued and abs(_end(track.notes[held]) - onset_tick) < 0.01:
                note = track.notes[held]
                track.notes[held] = note._replace(duration_tick=note.duration_tick + duration_tick)
            else:
                held = len(track.notes)
                track.notes.append(WrittenNote(onset_tick, duration_tick, pitch, _velocity(element, dynamics)))
            if member.tie is not None and member.tie.type in ("start", "continue"):
                tied[pitch] = held
    track.is_drum = any("Unpitched" in element.classes for element in part.recurse().notes)
    return track


def _pitches(element: Any, drums: Mapping[Place, int]) -> list[int]:
    """MIDI pitches of a note, chord or percussion stroke."""
    if "ChordBase" in element.classes:
        return [pitch for member in element.notes for pitch in _pitches(member, drums)]
    if "Unpitched" in element.classes:
        place = (element.displayStep, element.displayOctave, element.notehead or "normal")
        return [drums.get(place, getattr(element.storedInstrument, "percMapPitch", None) or SNARE)]
    return [pitch.midi for pitch in element.pitches]


def _end(note: WrittenNote) -> float:
    return note.onset_tick + note.duration_tick


def _velocity(element: Any, dynamics: list[tuple[float, int]]) -> int:
    velocity = element.volume.velocity
    if velocity is None:
        index = bisect_right(dynamics, ticks(element.offset), key=lambda mark: mark[0]) - 1
        return dynamics[index][1] if index >= 0 else VELOCITY
    return min(127, max(1, int(velocity)))


def _measures(part: Any) -> list[Measure]:
    """Measures as long as the notes' offsets say, with the metre in force."""
    measures = list(part.getElementsByClass("Measure"))
    signatures = list(part.recurse().getElementsByClass("TimeSignature"))
    meter = _meter(signatures[0]) if signatures else Meter(4, 4)
    if not measures:
        return [Measure(meter.bar_tick, meter)]
    starts = [round(ticks(measure.offset)) for measure in measures]
    result = []
    for measure, start, following in zip(measures, starts, [*starts[1:], None], strict=True):
        if measure.timeSignature is not None:
            meter = _meter(measure.timeSignature)
        length = following - start if following is not None else max(1, round(ticks(measure.duration.quarterLength)))
        if length > 0:
            result.append(Measure(length, meter))
    return result


def _meter(signature: Any) -> Meter:
    """music21's TimeSignature, in a spelling whose bar is a whole number of ticks."""
    numerator, denominator = signature.numerator, signature.denominator
    if 48 % denominator == 0:
        return Meter(numerator, denominator)
    return meter_of_length(max(1, round(ticks(signature.barDuration.quarterLength))))


def _tempos(parts: list[Any]) -> list[tuple[float, float]]:
    """(tick, quarters a minute) of the first part that says anything of tempo."""
    for part in parts:
        marks = part.flatten().getElementsByClass("MetronomeMark")
        tempos = [(ticks(mark.offset), float(bpm)) for mark in marks if (bpm := mark.getQuarterBPM())]
        if tempos:
            return tempos
    return []


def _keys(part: Any) -> list[KeySignature]:
    keys = part.flatten().getElementsByClass("KeySignature")
    return [KeySignature(ticks(key.offset), key.sharps, getattr(key, "mode", "major") == "minor") for key in keys]


def _chords(part: Any) -> list[ChordSymbol]:
    symbols = []
    for symbol in part.flatten().getElementsByClass("Harmony"):
        tick = ticks(symbol.offset)
        if "NoChord" in symbol.classes or not symbol.pitches or symbol.root() is None:
            symbols.append(ChordSymbol(tick, None))
            continue
        root, bass = symbol.root().pitchClass, (symbol.bass() or symbol.root()).pitchClass
        quality = nearest_quality({(pitch.pitchClass - root) % 12 for pitch in symbol.pitches})
        symbols.append(ChordSymbol(tick, (root, quality, bass)))
    return symbols


def _sections(part: Any) -> list[tuple[float, str]]:
    """(tick, name) of every rehearsal mark."""
    marks = part.flatten().getElementsByClass("RehearsalMark")
    return [(ticks(mark.offset), mark.content.strip()) for mark in marks if mark.content and mark.content.strip()]


def _lyrics(parts: list[Any]) -> list[tuple[float, str]]:
    """(tick, syllable) of the first verse, from the first part that has words; ``-`` ends what goes on."""
    for part in parts:
        words = [
            (ticks(element.offset), lyric.text.strip() + "-" * (lyric.syllabic in ("begin", "middle")))
            for element in part.flatten().notes
            for lyric in element.lyrics[:1]
            if lyric.text and lyric.text.strip()
        ]
        if words:
            return words
    return []
