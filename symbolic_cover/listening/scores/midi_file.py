"""The bytes of a MIDI file: repair faults before symusic reads it, and decode its texts.

symusic rejects SMPTE time, RIFF wrappers and truncated files, drops notes without an end, and takes all text for UTF-8.
A file without faults is passed on unchanged.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

from symbolic_cover.core.errors import InputError

_REMEDY = "Export it again as MIDI."
_NOTE_OFF, _NOTE_ON = 0x80, 0x90
_TEXT, _NAME, _LYRIC, _MARKER, _CUE = 1, 3, 5, 6, 7
_END, _TEMPO, _TIME = 0x2F, 0x51, 0x58
_TEXTS = frozenset(range(1, 16))
#: Bytes of data after each kind of channel message.
_SIZES = {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}
_SYSTEM_SIZES = {0xF1: 1, 0xF2: 2, 0xF3: 1}
_DEFAULT_TEMPO = 500_000  # microseconds a quarter
_FINEST_DENOMINATOR = 6  # a power of two: 64ths
MOST_EVENTS = 2_000_000


class Event(NamedTuple):
    """A message at a tick, with its status byte; a meta event's `kind` is its type, else -1."""

    tick: int
    data: bytes
    kind: int = -1
    text: bytes = b""


class MidiText(NamedTuple):
    """A text in a file: its track, its tick, and its meta type (1 text, 3 name, 5 lyric, 6 marker, 7 cue)."""

    track: int
    tick: int
    kind: int
    text: str


@dataclass
class MidiFile:
    """A file that symusic can read, its texts, and what was repaired.

    `last_tick` is where the last note ends or begins, `notes` the number that begin in each track.
    """

    data: bytes
    ticks_per_quarter: int
    texts: list[MidiText] = field(default_factory=list)
    notes: list[int] = field(default_factory=list)
    last_tick: int = 0
    remarks: list[str] = field(default_factory=list)


def mended(data: bytes) -> MidiFile:
    """Repair the bytes of a MIDI file. Raises `InputError` if they are not one."""
    start = data.find(b"MThd", 0, 65536)
    if start < 0 or len(data) < start + 14:
        raise InputError("It is not a MIDI file that can be read.", _REMEDY)
    length, format_, n_tracks, division = struct.unpack(">IHHH", data[start + 4 : start + 14])
    if division == 0:
        raise InputError("It is a MIDI file without ticks per quarter.", _REMEDY)
    parser = _Parser(data, start + 8 + max(length, 6))
    tracks = parser.tracks()
    is_clean = (
        start == 0 and length == 6 and format_ in (0, 1) and division < 0x8000 and parser.is_clean
        and n_tracks == len(tracks) and parser.end == len(data)
    )  # fmt: skip
    remarks = ["It was truncated; the rest was read."] if parser.is_cut else []
    if division >= 0x8000:
        tracks, division = _timed_by_frames(tracks, division)
    if format_ == 2:
        tracks = [_in_turn(tracks)]
    for index, events in enumerate(tracks):
        fixed = _without_nonsense(_ended(events))
        is_clean = is_clean and fixed is events
        tracks[index] = fixed
    found = MidiFile(data, division, remarks=remarks)
    _describe(found, tracks)
    if not is_clean:
        found.data = _written(tracks, division)
    return found


class _Parser:
    """Reads the tracks of a file as far as possible."""

    def __init__(self, data: bytes, at: int) -> None:
        self.data, self.end = data, at
        self.is_clean, self.is_cut = True, False
        self.n_events = 0

    def tracks(self) -> list[list[Event]]:
        """The events of every track."""
        data, found = self.data, []
        while self.end + 8 <= len(data):
            name, length = data[self.end : self.end + 4], struct.unpack(">I", data[self.end + 4 : self.end + 8])[0]
            begin = self.end + 8
            if name != b"MTrk":
                self.is_clean = False
                follows = data.find(b"MTrk", self.end + 1)
                if follows < 0:
                    break
                whole = begin + length
                self.end = whole if data[whole : whole + 4] == b"MTrk" else follows
                continue
            declared = begin + length
            is_sound = declared <= len(data) and (declared == len(data) or data[declared : declared + 4] == b"MTrk")
            found.append(self._track(begin, declared if is_sound else len(data)))
            if is_sound:
                self.is_clean = self.is_clean and self.end == declared
                self.end = declared
                continue
            self.is_clean = False
            self.is_cut = self.is_cut or (declared > len(data) and self.end >= len(data))
            if data[self.end : self.end + 4] != b"MTrk":
                follows = data.find(b"MTrk", self.end)
                self.end = follows if follows >= 0 else len(data)
        return found

    def _track(self, at: int, stop: int) -> list[Event]:
        """Events from `at` until the track ends, or until `stop`; sets `end` to where reading stopped."""
        data, events, tick, status = self.data, list[Event](), 0, 0
        is_ended = False
        while at < stop and not is_ended:
            delta, at = self._variable(at, stop)
            if at < 0 or at >= stop:
                break
            tick += delta
            if data[at] & 0x80:
                status, at = data[at], at + 1
            if status == 0xFF:
                kind = data[at] if at < stop else -1
                size, begin = self._variable(at + 1, stop)
                if begin < 0 or begin + size > stop:
                    break
                text = data[begin : begin + size]
                events.append(Event(tick, bytes([0xFF, kind]), kind, text))
                at, is_ended = begin + size, kind == _END
            elif status in (0xF0, 0xF7):
                size, begin = self._variable(at, stop)
                if begin < 0 or begin + size > stop:
                    break
                events.append(Event(tick, bytes([status]), -2, data[begin : begin + size]))
                at = begin + size
            else:
                size = _SIZES.get(status & 0xF0, _SYSTEM_SIZES.get(status, 0))
                message = data[at : at + size]
                if status < 0x80 or len(message) < size or at + size > stop or (size and max(message) > 0x7F):
                    break
                if status < 0xF0:
                    events.append(Event(tick, bytes([status]) + message))
                at += size
            self.n_events += 1
            if self.n_events > MOST_EVENTS:
                raise InputError("It has more events than any song.", "Cut it to one song or one movement.")
        else:
            self.end = at
            if not is_ended:
                self.is_clean = False
            return events
        self.end, self.is_clean, self.is_cut = stop, False, True
        return events

    def _variable(self, at: int, stop: int) -> tuple[int, int]:
        """A variable-length number and where it ends; -1 if it is truncated."""
        value = 0
        for _ in range(4):
            if at >= stop:
                return 0, -1
            byte, at = self.data[at], at + 1
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value, at
        return 0, -1


def _timed_by_frames(tracks: list[list[Event]], division: int) -> tuple[list[list[Event]], int]:
    """SMPTE frames and subframes as ticks of a quarter that lasts half a second."""
    frames, parts = 256 - (division >> 8), division & 0xFF
    if frames not in (24, 25, 29, 30) or parts == 0:
        raise InputError("It has an unknown SMPTE time format.", _REMEDY)
    rate = 30 if frames == 29 else frames
    tempo = round(_DEFAULT_TEMPO * 30 / 29.97) if frames == 29 else _DEFAULT_TEMPO
    slowed = [[e._replace(tick=2 * e.tick) for e in events if e.kind != _TEMPO] for events in tracks]
    if slowed:
        slowed[0].insert(0, Event(0, bytes([0xFF, _TEMPO]), _TEMPO, tempo.to_bytes(3, "big")))
    per_quarter = rate * parts
    if per_quarter > 0x7FFF:
        raise InputError("It has an unknown SMPTE time format.", _REMEDY)
    return slowed, per_quarter


def _in_turn(tracks: list[list[Event]]) -> list[Event]:
    """The sequences of a file, one after the other."""
    joined: list[Event] = []
    start = 0
    for events in tracks:
        closed = _ended(events)
        joined += [event._replace(tick=event.tick + start) for event in closed if event.kind != _END]
        start += max((event.tick for event in closed), default=0)
    return [*joined, Event(start, bytes([0xFF, _END]), _END)]


def _ended(events: list[Event]) -> list[Event]:
    """The track with an end for every note: where its key is struck again, else where the track ends."""
    open_notes: dict[tuple[int, int], int] = defaultdict(int)
    for event in events:
        if event.kind == -1 and event.data[0] & 0xF0 in (_NOTE_ON, _NOTE_OFF):
            key = event.data[0] & 0x0F, event.data[1]
            if event.data[0] & 0xF0 == _NOTE_ON and event.data[2]:
                open_notes[key] += 1
            elif open_notes[key]:
                open_notes[key] -= 1
    hanging = {key for key, count in open_notes.items() if count}
    if not hanging and events and events[-1].kind == _END:
        return events
    end = max((event.tick for event in events), default=0)
    found: list[Event] = []
    sounding: set[tuple[int, int]] = set()
    for event in events:
        if event.kind == _END:
            continue
        if event.kind == -1 and event.data[0] & 0xF0 in (_NOTE_ON, _NOTE_OFF):
            key = event.data[0] & 0x0F, event.data[1]
            if key in hanging:
                if key in sounding and event.data[0] & 0xF0 == _NOTE_ON and event.data[2]:
                    found.append(Event(event.tick, bytes([_NOTE_OFF | key[0], key[1], 0])))
                if event.data[0] & 0xF0 == _NOTE_ON and event.data[2]:
                    sounding.add(key)
                else:
                    sounding.discard(key)
        found.append(event)
    found += [Event(end, bytes([_NOTE_OFF | channel, pitch, 0])) for channel, pitch in sorted(sounding)]
    return [*found, Event(end, bytes([0xFF, _END]), _END)]


def _without_nonsense(events: list[Event]) -> list[Event]:
    """The track without zero tempos and impossible time signatures, and with its texts in UTF-8."""
    changed = False
    found: list[Event] = []
    for event in events:
        if event.kind == _TEMPO and (len(event.text) != 3 or not any(event.text)):
            changed = True
            continue
        if event.kind == _TIME and (len(event.text) < 2 or event.text[0] == 0 or event.text[1] > _FINEST_DENOMINATOR):
            changed = True
            continue
        if event.kind in _TEXTS:
            text = decoded(event.text).encode()
            changed = changed or text != event.text
            event = event._replace(text=text)
        found.append(event)
    return found if changed else events


def decoded(text: bytes) -> str:
    """The text of a MIDI event, whose encoding is not stated: Unicode, Shift-JIS or Western European."""
    if text.startswith((b"\xff\xfe", b"\xfe\xff")):
        return text.decode("utf-16", errors="replace")
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        pass
    high = [byte for byte in text if byte >= 0x80]
    runs = bytes(byte if byte >= 0x80 else 0x20 for byte in text).split()
    looks_japanese = any(0x80 <= byte <= 0x9F for byte in high) or (
        all(0xA1 <= byte <= 0xDF for byte in high) and max(map(len, runs)) > 2
    )
    if looks_japanese:
        try:
            return text.decode("cp932")
        except UnicodeDecodeError:
            pass
    return text.decode("cp1252", errors="replace")


def _describe(found: MidiFile, tracks: list[list[Event]]) -> None:
    """Collect texts, counts and the end."""
    for index, events in enumerate(tracks):
        count = 0
        for event in events:
            if event.kind in _TEXTS:
                found.texts.append(MidiText(index, event.tick, event.kind, decoded(event.text)))
            elif event.kind == -1 and event.data[0] & 0xF0 in (_NOTE_ON, _NOTE_OFF):
                count += event.data[0] & 0xF0 == _NOTE_ON and event.data[2] > 0
                found.last_tick = max(found.last_tick, event.tick)
        found.notes.append(count)


def _written(tracks: list[list[Event]], division: int) -> bytes:
    """The bytes of a format 1 file."""
    chunks = [b"MThd" + struct.pack(">IHHH", 6, 1, len(tracks), division)]
    for events in tracks:
        body, tick = bytearray(), 0
        for event in events:
            body += _as_variable(event.tick - tick) + event.data
            tick = event.tick
            if event.kind != -1:
                body += _as_variable(len(event.text)) + event.text
        chunks.append(b"MTrk" + struct.pack(">I", len(body)) + bytes(body))
    return b"".join(chunks)


def _as_variable(value: int) -> bytes:
    parts = [value & 0x7F]
    while value := value >> 7:
        parts.append(value & 0x7F | 0x80)
    return bytes(reversed(parts))
