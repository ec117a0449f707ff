"""Files of every format, and random faults in them: the input of `scripts/fuzz`."""

from __future__ import annotations

import io
import random
import re
import zipfile
from collections.abc import Iterator

from symbolic_cover.core.grid import Grid
from symbolic_cover.core.music import Chord, Key, Lyric, Note, Section
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.core.song_file import sheet_as_json
from tests.listening.scores_written import AT_100, FOUR_FOUR, meta, midi, note, scale, track, xml

_ABC = """%abc-2.1
X:1
T:A tune
C:Trad.
M:6/8
L:1/8
Q:3/8=60
P:AB
V:1 name="Top"
V:2 clef=bass octave=-1
K:Gdor ^f
[V:1] P:A
|:"Gm"G>AB "D7/F#"(3ABc {/d}e2|!p!^c2- c [CEG]3/2 & z2 A,4 B,|1,3 Z2|2 x2 y3:|
w:Sum-mer rain~falls * down_ | so
P:B
[M:2+3/8][K:Em][Q:1/4=100] a2"^slow"b !segno!c' d//e/|"NC"!fine!f2 g>>a|!D.S.!|
[V:2] G,6|D,6|G,2 z4|
X:2
K:C
C|
"""
_KERN = """!!!OTL: A song
**kern **kern **text **dynam
*M3/4 *M3/4 * *
*k[f#] *k[f#] * *
*G: *G: * *
*MM100 *MM100 * *
*>[A,A,B] * * *
*>A *>A * *
=1 =1 =1 =1
* *^ * *
2.G 4g 4b hap- p
. 8a 4cc -py .
. 8b . . .
. [4g 4dd day f
* *v *v * *
=2:|! =2:|! =2 =2
*>B *>B * *
4G qa . .
. 4g] . .
2r 2b; . .
== == == ==
*- *- *- *-
""".replace(" ", "\t")
_HARMONY = (
    "<harmony><root><root-step>C</root-step><root-alter>1</root-alter></root><kind>dominant</kind><bass><bass-step>E"
    "</bass-step></bass><degree><degree-value>9</degree-value><degree-alter>1</degree-alter><degree-type>add</degree-type>"
    "</degree></harmony>"
)
_DIRECTION = (
    '<direction><direction-type><words>D.S. al Coda</words></direction-type><sound tempo="90" dynamics="70"/>'
    "</direction>"
    "<direction><direction-type><metronome><beat-unit>quarter</beat-unit><per-minute>72-76</per-minute></metronome>"
    "</direction-type></direction><direction><direction-type><segno/></direction-type></direction>"
)
_ENDING = '<barline><ending number="1" type="start"/><repeat direction="backward" times="2"/></barline>'
_LYRIC = '<lyric number="1"><syllabic>begin</syllabic><text>la</text></lyric><tie type="start"/>'
_CHANGE = (
    "<attributes><divisions>4</divisions><key><fifths>-3</fifths></key>"
    "<time><beats>3+2</beats><beat-type>8</beat-type></time><transpose><chromatic>-2</chromatic></transpose></attributes>"
)
_XML = xml(
    _HARMONY
    + note("C4", 4, _LYRIC)
    + note("E4", 4).replace("<note>", "<note><chord/>")
    + "<backup><duration>4</duration></backup>"
    + note("G3", 8),
    _DIRECTION + note("D4", 8) + _ENDING,
    _CHANGE + "<note><grace/><pitch><step>A</step><octave>4</octave></pitch></note>" + note("F4", 10, alter="1"),
    head="<work><work-title>A song</work-title></work>",
    names=("P1", "P2"),
)


def _packed(text: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "META-INF/container.xml", '<container><rootfiles><rootfile full-path="a.xml"/></rootfiles></container>'
        )
        archive.writestr("a.xml", text)
    return stream.getvalue()


def _song() -> str:
    melody = tuple(Note(12 * index, 12, 60 + index) for index in range(8))
    chords = (Chord(0, 48, 0, "maj", 0), Chord(48, 96, 7, "7", 11))
    return sheet_as_json(
        SongSheet(
            Grid.steady(2),
            melody,
            (),
            (),
            chords,
            Key(0, "major"),
            sections=(Section(0, "A"),),
            lyrics=(Lyric(0, "la"),),
        )
    )


def seeds() -> dict[str, list[bytes]]:
    """Whole files by the suffix under which they are read."""
    written = midi(
        track(meta(3, b"Song"), AT_100, FOUR_FOUR, meta(0x59, b"\xfe\1"), meta(6, b"C"), meta(6, b"G7", 960)),
        track(meta(3, b"Melody"), b"\0\xc0\7", *(meta(5, b"la ", 0),), scale(2)),
        track(meta(1, b"@KMIDI"), meta(1, b"@Ttitle"), meta(1, b"\\word", 480), scale(1, 240)),
    )
    return {
        "abc": [_ABC.encode()],
        "krn": [_KERN.encode()],
        "musicxml": [_XML.encode(), _XML.encode("utf-16")],
        "mxl": [_packed(_XML)],
        "mid": [written, midi(track(scale()), division=0xE728), midi(track(scale()), track(scale()), format_=2)],
        "json": [_song().encode()],
    }


def mutated(draw: random.Random, data: bytes, other: bytes) -> bytes:
    """The file with one to eight faults."""
    for _ in range(draw.choice((1, 1, 2, 3, 8))):
        data = _fault(draw, data, other)
    return data


def _fault(draw: random.Random, data: bytes, other: bytes) -> bytes:
    if not data:
        return other
    at, size = draw.randrange(len(data)), draw.choice((1, 1, 2, 4, 16, 200))
    kind = draw.randrange(9)
    if kind == 0:
        return data[:at] + bytes([data[at] ^ 1 << draw.randrange(8)]) + data[at + 1 :]
    if kind == 1:
        return data[:at] + draw.randbytes(size) + data[at + size :]
    if kind == 2:
        return data[:at] + data[at + size :]
    if kind == 3:
        return data[:at] + data[at : at + size] * draw.choice((2, 3, 50)) + data[at + size :]
    if kind == 4:
        return data[:at]
    if kind == 5:
        start = draw.randrange(len(other))
        return data[:at] + other[start : start + 4 * size] + data[at:]
    if kind == 6:
        return (
            data[:at]
            + draw.choice((b"\xff\xff\xff\x7f", b"\0", b"|:", b":|", b"<", b"-", b"&", b"\t*^", b'"', b"["))
            + data[at:]
        )
    numbers = list(re.finditer(rb"\d+", data))
    if numbers:
        found = draw.choice(numbers)
        value = draw.choice((b"0", b"-1", b"1", b"99999", b"9" * 30, b"1e9", b"0.0001", b"3", b"1/0", b""))
        return data[: found.start()] + value + data[found.end() :]
    return data


def cases(seed: int) -> Iterator[tuple[str, bytes]]:
    """(suffix, file) without end, the same for the same seed."""
    draw = random.Random(seed)
    files = [(suffix, data) for suffix, kept in seeds().items() for data in kept]
    while True:
        (suffix, data), (_, other) = draw.choice(files), draw.choice(files)
        yield suffix, mutated(draw, data, other)
