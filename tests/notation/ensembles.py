"""Small pieces for every ensemble, and a check of their scores after reading them again."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import music21
from hypothesis import strategies as st

from symbolic_cover.core.arrangement import Arrangement, Part
from symbolic_cover.core.ensemble import Ensemble, PartSpec
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.music import Chord, Key, Meter, Note
from symbolic_cover.core.styles import load_ensembles
from symbolic_cover.notation.drums import drum_of
from symbolic_cover.notation.layout import lay_out
from symbolic_cover.notation.musicxml import write_musicxml
from tests.notation.scores import METERS

ENSEMBLES = load_ensembles()
#: What a part plays at each chord: its lowest pitch, how many tones, and lengths in ticks that fill four quarters.
_PATTERNS = {
    "right-hand": (60, 3, (24, 24)), "left-hand": (41, 1, (12, 12, 12, 12)), "alto": (58, 1, (24, 24)),
    "tenor": (52, 1, (24, 12, 12)), "bass-voice": (41, 1, (24, 24)), "violin-2": (60, 1, (12, 6, 6, 24)),
    "viola": (53, 1, (24, 24)), "cello": (41, 1, (36, 12)), "woodwinds": (65, 3, (48,)), "brass": (48, 3, (24, 24)),
    "timpani": (41, 1, (12, 36)), "double-bass": (29, 1, (48,)), "guitar": (45, 3, (6,) * 8),
    "chord-stacks": (52, 4, (48,)), "winds": (60, 3, (6, 18, 24)), "band-guitar": (50, 4, (6,) * 8),
    "keys": (45, 4, (24, 24)), "strings": (55, 3, (48,)), "bass": (29, 1, (18, 6, 18, 6)),
}  # fmt: skip
_ROCK = [(tick, 42) for tick in range(0, 48, 6)] + [(0, 36), (12, 38), (24, 36), (30, 36), (36, 38)]
_FILL = [(0, 49), (0, 36), (12, 38), (24, 50), (28, 50), (32, 48), (36, 45), (39, 45), (42, 41), (45, 41), (24, 44)]


def song_for(ensemble: Ensemble, n_bars: int = 16) -> Arrangement:
    """A melody over four chords, in G major, in which every part has something to say."""
    roots = (7, 4, 0, 2)
    chords = [
        Chord(48 * bar, 48 * bar + 48, roots[bar % 4], "min" if bar % 4 == 1 else "maj", roots[bar % 4])
        for bar in range(n_bars)
    ]
    motif = ((0, 12, 0), (12, 6, 1), (18, 6, 2), (24, 18, 1), (42, 6, 0)), ((0, 24, 2), (24, 12, 1), (36, 12, 0))
    high = 74 if ensemble.lead != "voice" else 67
    line = [
        Note(48 * bar + tick, length, _tones(chords[bar], high - 7, 3)[tone], 88)
        for bar in range(n_bars)
        for tick, length, tone in motif[bar % 2]
    ]
    parts = [_part(spec, line if spec.name == ensemble.lead else [], chords, ensemble) for spec in ensemble.parts]
    melody = tuple(line) if ensemble.lead else ()
    grid = Grid.steady(n_bars, bpm=96)
    return Arrangement(tuple(parts), melody, grid, Key(7, "major"), tuple(chords), "pop", "rules", ensemble.title)


def _part(spec: PartSpec, melody: list[Note], chords: list[Chord], ensemble: Ensemble) -> Part:
    notes = list(melody)
    if spec.is_drums:
        for bar in range(len(chords)):
            strokes = _FILL if bar % 4 == 3 else _ROCK
            notes += [Note(48 * bar + tick, 3, pitch, 80) for tick, pitch in strokes]
    elif spec.name in _PATTERNS and (not melody or spec.name in ("guitar", "right-hand")):
        lowest, n_tones, lengths = _PATTERNS[spec.name]
        for chord in chords:
            tick = chord.start_tick
            for count, length in enumerate(lengths):
                tones = _tones(chord, lowest, max(n_tones, 2))
                struck = tones if n_tones > 1 else [tones[count % 2]]
                if spec.name == "guitar":
                    struck = [tones[count % n_tones]]
                notes += [Note(tick, length, pitch, 64) for pitch in struck]
                tick += length
    return Part(spec.label, spec.group, spec.program, tuple(sorted(notes)), spec.is_drums)


def _tones(chord: Chord, lowest: int, count: int) -> list[int]:
    return [pitch for pitch in range(lowest, lowest + 40) if pitch % 12 in chord.pitch_classes][:count]


@st.composite
def ensemble_arrangements(draw: st.DrawFn) -> Arrangement:
    """Random notes for any ensemble within the ranges of its parts, some of which may be silent."""
    ensemble = ENSEMBLES[draw(st.sampled_from(sorted(ENSEMBLES)))]
    meter = draw(st.sampled_from([*METERS, Meter(4, 4)]))
    grid = Grid.steady(draw(st.integers(1, 3)), meter)
    parts, melody = [], ()
    for spec in ensemble.parts:
        places = draw(
            st.lists(
                st.tuples(
                    st.integers(0, grid.end_tick - 1), st.integers(spec.lowest, spec.highest), st.integers(1, 60)
                ),
                max_size=8,
                unique_by=lambda place: place[:2],
            )
        )
        notes = tuple(sorted(Note(tick, min(long, grid.end_tick - tick), pitch) for tick, pitch, long in places))
        parts.append(Part(spec.label, spec.group, spec.program, notes, spec.is_drums))
        melody = notes[::2] if spec.name == ensemble.lead else melody
    key = Key(draw(st.integers(0, 11)), draw(st.sampled_from(["major", "minor"])))
    return Arrangement(tuple(parts), melody, grid, key, (), "pop", "rules", ensemble.title)


def reopened(arrangement: Arrangement, folder: Path) -> music21.stream.Score:
    path = folder / "score.musicxml"
    write_musicxml(arrangement, path)
    return music21.converter.parse(path, forceSource=True)


def fault_of(arrangement: Arrangement, folder: Path) -> str:
    """What is wrong with the score when music21 opens it again; nothing if it is whole.

    Every bar of every voice is full, and each instrument strikes what its parts have, at the pitch that sounds; of
    drums the places on the staff are compared, and by the file itself their sounds.
    """
    score = reopened(arrangement, folder)
    arrangement, page = lay_out(arrangement)
    groups: dict[str, list[Part]] = {}
    for number, part in enumerate(arrangement.parts):
        groups.setdefault(part.group or f"#{number}", []).append(part)
    playing = [parts for parts in groups.values() if any(part.notes for part in parts)] or list(groups.values())
    heard: Counter[tuple[str, int, object]] = Counter()
    for staff in score.parts:
        for bar, measure in zip(page.bars, staff.getElementsByClass("Measure"), strict=True):
            length = bar.meter.bar_tick - (0 if bar.start_tick else page.opening_tick)
            for voice in list(measure.voices) or [measure]:
                lengths = [Fraction(element.quarterLength).limit_denominator(48) for element in voice.notesAndRests]
                if sum(lengths) != Fraction(length, 12):
                    return f"bar {measure.number} of {staff.partName} holds {lengths}"
        for element in staff.recurse().notes:
            if isinstance(element, music21.harmony.ChordSymbol):
                continue
            tick = round(Fraction(element.getOffsetInHierarchy(staff)) * 12) + page.opening_tick
            for head in element.notes if hasattr(element, "notes") else [element]:
                if head.tie is None or head.tie.type == "start":
                    heard[staff.partName, tick, _sound(head)] += 1
    wanted: Counter[tuple[str, int, object]] = Counter()
    for parts in playing:
        name = parts[0].name if len(parts) == 1 else parts[0].group
        for part in parts:
            for tick, pitch in {(note.onset_tick, note.pitch) for note in part.notes}:
                wanted[name, tick, _place(pitch) if part.is_drums else pitch] += 1
    if heard != wanted:
        return f"lost {wanted - heard}, added {heard - wanted}"
    struck = {(note.onset_tick, note.pitch) for part in arrangement.parts if part.is_drums for note in part.notes}
    sounds = _drum_sounds(folder / "score.musicxml")
    return "" if sounds == Counter(pitch for _, pitch in struck) else f"drums sound as {sounds}"


def _sound(head: music21.note.NotRest) -> object:
    if isinstance(head, music21.note.Unpitched):
        return head.displayStep, head.displayOctave, head.notehead
    return head.pitch.midi


def _place(pitch: int) -> object:
    drum = drum_of(pitch)
    return drum.step, drum.octave, drum.head


def _drum_sounds(path: Path) -> Counter[int]:
    """How often each key number of the kit is struck."""
    root = ElementTree.parse(path).getroot()
    keys = {sound.get("id"): sound.findtext("midi-unpitched") for sound in root.iter("midi-instrument")}
    named = [note for note in root.iter("note") if note.find("unpitched") is not None]
    struck = [note for note in named if all(tie.get("type") != "stop" for tie in note.findall("tie"))]
    return Counter(int(keys[note.find("instrument").get("id")] or 0) - 1 for note in struck)
