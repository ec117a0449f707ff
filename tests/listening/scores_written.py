"""Small scores as text and bytes, and how they are read in tests."""

import struct

from symbolic_cover.analysis.quantize import quantize
from symbolic_cover.core.music import Chord
from symbolic_cover.listening.scores.read import read_score

NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")


def read(tmp_path, name, content, **asked):
    path = tmp_path / name
    path.write_bytes(content) if isinstance(content, bytes) else path.write_text(content, encoding="utf-8")
    return read_score(path, **asked)


def pitches(heard, track=0):
    """The notes of a track as text, in order: ``C4`` for middle C."""
    return " ".join(f"{NAMES[note.pitch % 12]}{note.pitch // 12 - 1}" for note in quantize(heard)[track].notes)


def places(heard, track=0):
    """(onset, duration) of each note in ticks."""
    return [(note.onset_tick, note.duration_tick) for note in quantize(heard)[track].notes]


def meters(heard):
    return [str(bar.meter) for bar in heard.grid.bars]


def chords(heard):
    return [Chord(0, 1, *one[2:]).label for one in heard.chords]


def words(heard):
    return [one.text for one in heard.lyrics]


# MusicXML


def note(name, duration=2, inside="", alter=""):
    alter = f"<alter>{alter}</alter>" if alter else ""
    pitch = f"<pitch><step>{name[0]}</step>{alter}<octave>{name[1]}</octave></pitch>"
    return f"<note>{pitch}<duration>{duration}</duration><voice>1</voice>{inside}</note>"


FIRST = (
    "<attributes><divisions>2</divisions><key><fifths>0</fifths></key>"
    "<time><beats>4</beats><beat-type>4</beat-type></time></attributes>"
)


def xml(*measures, head="", first=FIRST, names=("P1",)):
    """A score of one part, each measure what it holds."""
    inside = "".join(
        f'<measure number="{number}">{first if number == 1 else ""}{measure}</measure>'
        for number, measure in enumerate(measures, 1)
    )
    listed = "".join(f'<score-part id="{name}"><part-name>{name}</part-name></score-part>' for name in names)
    parts = "".join(f'<part id="{name}">{inside}</part>' for name in names)
    return f'<?xml version="1.0"?><score-partwise>{head}<part-list>{listed}</part-list>{parts}</score-partwise>'


def whole(name):
    return note(name, 8)


# MIDI


def variable(value):
    parts = [value & 0x7F]
    while value := value >> 7:
        parts.append(value & 0x7F | 0x80)
    return bytes(reversed(parts))


def meta(kind, data, delta=0):
    return variable(delta) + bytes([0xFF, kind]) + variable(len(data)) + data


def on(pitch, delta=0):
    return variable(delta) + bytes([0x90, pitch, 80])


def off(pitch, delta=480):
    return variable(delta) + bytes([0x80, pitch, 0])


def scale(times=1, length=480):
    """Eight notes upwards from middle C, so often."""
    return b"".join(on(pitch) + off(pitch, length) for pitch in (60, 62, 64, 65, 67, 69, 71, 72) * times)


def track(*events, end=True):
    body = b"".join(events) + (meta(0x2F, b"") if end else b"")
    return b"MTrk" + struct.pack(">I", len(body)) + body


def midi(*tracks, division=480, format_=1):
    return b"MThd" + struct.pack(">IHHH", 6, format_, len(tracks), division) + b"".join(tracks)


FOUR_FOUR = meta(0x58, bytes([4, 2, 24, 8]))
AT_100 = meta(0x51, (600_000).to_bytes(3, "big"))
