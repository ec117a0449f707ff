"""Write a melody with its chords as ABC (standard 2.1), the usual format for folk music."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from symbolic_cover.core.music import PITCH_NAMES_FLAT, TICKS_PER_QUARTER, Bar, Chord, Key, Note
from symbolic_cover.notation.spelling import spell, spell_bass, spell_root

_EIGHTH = TICKS_PER_QUARTER // 2
_SIXTEENTH = TICKS_PER_QUARTER // 4
_QUALITIES = {"maj": "", "min": "m", "min7": "m7", "hdim7": "m7b5", "min6": "m6", "maj6": "6"}
_SIGNS = {-1: "_", 0: "=", 1: "^"}
_SHARPS = "FCGDAEB"
_BARS_A_LINE = 4


def write_abc(
    path: Path, melody: Sequence[Note], chords: Sequence[Chord], bars: Sequence[Bar], key: Key, title: str, bpm: float
) -> None:
    """Write a single line with chord symbols; `bpm` is in felt beats a minute.

    Of simultaneous notes the highest is kept. Onsets are moved to sixteenths or, in quarters that have others, to
    sixths of a quarter, written as triplets.
    """
    path.write_text(abc_of(melody, chords, bars, key, title, bpm), encoding="utf-8")


def abc_of(
    melody: Sequence[Note], chords: Sequence[Chord], bars: Sequence[Bar], key: Key, title: str, bpm: float
) -> str:
    """The text that `write_abc` writes."""
    meter = bars[0].meter
    tonic = PITCH_NAMES_FLAT[key.tonic] if key.prefers_flats else "".join(_name(*spell_root(key.tonic, key)))
    lines = [
        "X:1", f"T:{title}", f"M:{meter}", "L:1/8", f"Q:{Fraction(meter.beat_tick, 4 * TICKS_PER_QUARTER)}={bpm:.0f}",
        f"K:{tonic}{'m' if key.mode == 'minor' else ''}",
    ]  # fmt: skip
    line, chords = _single(melody, bars[-1].end_tick), sorted(chords)
    words, before = [], meter
    for bar in bars:
        change = f"[M:{bar.meter}]" if bar.meter != before else ""
        words.append(change + _bar(bar, line, chords, key) + ("|]" if bar is bars[-1] else "|"))
        before = bar.meter
    rows = [" ".join(words[at : at + _BARS_A_LINE]) for at in range(0, len(words), _BARS_A_LINE)]
    return "\n".join([*lines, *rows]) + "\n"


def _single(melody: Sequence[Note], end_tick: int) -> list[Note]:
    """One note at a time, on positions that ABC can write."""
    highest: dict[int, Note] = {}
    fine = {note.onset_tick // TICKS_PER_QUARTER for note in melody if note.onset_tick % _SIXTEENTH}
    for note in sorted(melody, key=lambda note: note.pitch):
        highest[_stepped(note.onset_tick, fine)] = note
    onsets = sorted(onset for onset in highest if onset < end_tick)
    line = []
    for onset, following in pairwise([*onsets, end_tick]):
        note = highest[onset]
        end = min(_stepped(max(note.end_tick, onset + 1), fine), following)
        line.append(note._replace(onset_tick=onset, duration_tick=max(end, onset + 2) - onset))
    return [note._replace(duration_tick=min(note.duration_tick, after - note.onset_tick))
            for note, after in zip(line, [*onsets[1:], end_tick], strict=True)]  # fmt: skip


def _stepped(tick: int, fine: set[int]) -> int:
    step = 2 if tick // TICKS_PER_QUARTER in fine else _SIXTEENTH
    return round(tick / step) * step


def _bar(bar: Bar, line: Sequence[Note], chords: Sequence[Chord], key: Key) -> str:
    altered = dict.fromkeys("CDEFGAB", 0)
    for step in _SHARPS[: key.fifths] if key.fifths > 0 else _SHARPS[::-1][: -key.fifths]:
        altered[step] = 1 if key.fifths > 0 else -1
    signed: set[str] = set()
    symbols = {_stepped(max(chord.start_tick, 0), set()): _symbol(chord, key) for chord in chords}
    words = []
    fine = {
        tick // TICKS_PER_QUARTER for note in line for tick in (note.onset_tick, note.end_tick) if tick % _SIXTEENTH
    }
    for begin, end, note in _pieces(bar, line, set(symbols), fine):
        in_triplet = begin // TICKS_PER_QUARTER in fine
        length = Fraction((end - begin) * (3 if in_triplet else 2), 2 * _EIGHTH)
        word = symbols.get(begin, "")
        if note is None:
            word += "z" + _length(length)
        else:
            chord = next((one for one in chords if one.start_tick <= begin < one.end_tick), None)
            step, alter, octave = spell(note.pitch, key, chord)
            if (
                alter != altered[step] or step in signed
            ):  # written each time, since programs differ in how long an accidental applies
                signed.add(step)
                word += _SIGNS[alter]
            word += _letter(step, octave) + _length(length) + ("-" if end < note.end_tick else "")
        words.append((begin, in_triplet, word))
    return _with_triplets(words)


def _pieces(
    bar: Bar, line: Sequence[Note], chord_ticks: set[int], fine: set[int]
) -> list[tuple[int, int, Note | None]]:
    """(begin, end, note or rest) without gaps, split where chords change and at the quarters that are `fine`."""
    edges = {bar.start_tick, bar.end_tick, *(tick for tick in chord_ticks if bar.start_tick < tick < bar.end_tick)}
    for note in line:
        edges |= {tick for tick in (note.onset_tick, note.end_tick) if bar.start_tick < tick < bar.end_tick}
    for quarter in fine:
        start = quarter * TICKS_PER_QUARTER
        edges |= {tick for tick in (start, start + TICKS_PER_QUARTER) if bar.start_tick < tick < bar.end_tick}
    return [
        (begin, end, next((note for note in line if note.onset_tick <= begin < note.end_tick), None))
        for begin, end in pairwise(sorted(edges))
    ]


def _with_triplets(words: Sequence[tuple[int, bool, str]]) -> str:
    """The text of a bar; quarters in triplets are marked so, and each quarter is beamed by itself."""
    text, last = "", -1
    quarters = [begin // TICKS_PER_QUARTER for begin, _, _ in words]
    divided = {begin // TICKS_PER_QUARTER for begin, in_triplet, _ in words if in_triplet}
    for quarter, (_, _, word) in zip(quarters, words, strict=True):
        if quarter != last:
            text += " " if text else ""
            if quarter in divided:
                text += f"(3:2:{quarters.count(quarter)}"
        text, last = text + word, quarter
    return text


def _length(length: Fraction) -> str:
    if length.denominator == 1:
        return "" if length == 1 else str(length.numerator)
    return f"{length.numerator if length.numerator > 1 else ''}/{length.denominator}"


def _letter(step: str, octave: int) -> str:
    return step + "," * (4 - octave) if octave < 5 else step.lower() + "'" * (octave - 5)


def _name(step: str, alter: int) -> str:
    return step + {-1: "b", 0: "", 1: "#"}[alter]


def _symbol(chord: Chord, key: Key) -> str:
    bass = "/" + _name(*spell_bass(chord, key)) if chord.bass != chord.root else ""
    root = _name(*spell_root(chord.root, key, chord.quality))
    return f'"{root}{_QUALITIES.get(chord.quality, chord.quality)}{bass}"'
