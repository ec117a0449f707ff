"""``song.json``: exact round trips, edits by hand, and errors."""

import json
import math
from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symbolic_cover.core.errors import InputError
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.heard import Confidence, Source
from symbolic_cover.core.music import CHORD_INTERVALS, Bar, Chord, Key, Lyric, Meter, Note, Section
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.core.song_file import SONG_FILE, read_sheet, sheet_as_json, sheet_from_json, write_sheet


def bars_of(meters) -> tuple[Bar, ...]:
    bars, tick = [], 0
    for meter in meters:
        bars.append(Bar(tick, meter))
        tick = bars[-1].end_tick
    return tuple(bars)


#: A pick-up of an eighth in B flat, a bar of 7/8, and all that can be said of a song.
SONG = SongSheet(
    grid=Grid(
        np.array([0, 24, 48, 90, 138]), np.array([-0.5, 0.1, 1 / 3, 2.0, 4.25]),
        bars_of([Meter(4, 4), Meter(7, 8), Meter(4, 4)]), 0.625, 8.0,
    ),
    melody=(Note(42, 6, 65, 90), Note(48, 42, 70, 91), Note(90, 12, 61, 1), Note(102, 4, 66, 127)),
    bass=(Note(48, 84, 34, 70),),
    texture=(Note(48, 6, 58), Note(48, 6, 62), Note(-6, 3, 0), Note(138, 12, 127)),
    chords=(Chord(48, 126, 10, "maj", 2), Chord(132, 138, 3, "hdim7", 3)),
    key=Key(10, "major"),
    title='Ä "song", 1=2',
    composer="Nobody\nat all",
    source=Source("a b.mp3", "audio"),
    sections=(Section(0, "A"), Section(48, "B, really"), Section(96, "C"), Section(102, "C")),
    lyrics=(Lyric(42, "Oh"), Lyric(48, "hap-"), Lyric(60, "py, 🎵"), Lyric(60, "2nd")),
    confidence=Confidence(
        {"key": 0.1, "melody": 1.0}, {"beats": (0.5, 0.25, 1.0), "melody": (math.nan, 0.75, math.nan)}
    ),
)  # fmt: skip
BARS = [
    {"bar": 1, "meter": "4/4", "section": "A", "beats": "0=-0.5, 24=0.1", "melody": "42 6 F4 90",
     "texture": "-6 3 C-1 80", "lyrics": [[42, "Oh"]], "confidence": {"beats": 0.5, "melody": None}},
    {"bar": 2, "meter": "7/8", "section": "B, really", "beats": "0=0.3333333333333333", "chords": "0-78 Bb:maj/3",
     "melody": "0 42 Bb4 91", "bass": "0 84 Bb1 70", "texture": "0 6 Bb3 80, 0 6 D4 80",
     "lyrics": [[0, "hap-"], [12, "py, 🎵"], [12, "2nd"]], "confidence": {"beats": 0.25, "melody": 0.75}},
    {"bar": 3, "meter": "4/4", "section": [[6, "C"], [12, "C"]], "beats": "0=2.0, 48=4.25", "chords": "42-48 Eb:hdim7",
     "melody": "0 12 Db4 1, 12 4 Gb4 127", "texture": "48 12 G9 80",
     "confidence": {"beats": 1.0, "melody": None}},
]  # fmt: skip


def in_order(sheet: SongSheet) -> SongSheet:
    return replace(sheet, **{name: tuple(sorted(getattr(sheet, name))) for name in ("melody", "bass", "texture")})


def told(sheet: SongSheet) -> dict:
    """Every field, in which what is not a number equals itself."""
    facts = {field.name: getattr(sheet, field.name) for field in fields(sheet)}
    by_bar = {
        name: [None if math.isnan(one) else one for one in values] for name, values in sheet.confidence.bars.items()
    }
    return facts | {"confidence": (dict(sheet.confidence.whole), by_bar)}


def changed(bar: int | None = None, **facts) -> str:
    """The file of `SONG` with other facts, or with others in one of its bars; those that are None go."""
    written = json.loads(sheet_as_json(in_order(SONG)))
    place = written if bar is None else written["bars"][bar - 1]
    place |= facts
    for name, value in facts.items():
        if value is None:
            del place[name]
    return json.dumps(written)


def test_the_song_is_written_bar_by_bar():
    written = json.loads(sheet_as_json(in_order(SONG)))
    assert written.pop("bars") == BARS
    assert written == {
        "format": "symbolic-cover song", "version": 1, "title": 'Ä "song", 1=2', "composer": "Nobody\nat all",
        "source": {"name": "a b.mp3", "kind": "audio"}, "key": "Bb major", "ticks_per_quarter": 12,
        "second_eighth_tick": 8.0, "beat_confidence": 0.625, "confidence": {"key": 0.1, "melody": 1.0},
    }  # fmt: skip


def test_each_bar_has_a_line_of_its_own():
    lines = sheet_as_json(in_order(SONG)).splitlines()
    assert [json.loads(line.rstrip(","))["bar"] for line in lines if line.startswith("  {")] == [1, 2, 3]


def test_the_song_is_read_as_it_was_written(tmp_path):
    song = in_order(SONG)
    assert write_sheet(song, tmp_path / SONG_FILE) == tmp_path / SONG_FILE
    assert told(read_sheet(str(tmp_path / SONG_FILE))) == told(song)
    assert (tmp_path / SONG_FILE).read_text(encoding="utf-8") == sheet_as_json(song)
    assert [path.name for path in tmp_path.iterdir()] == ["song.json"]


def test_notes_are_spelt_by_the_key_and_read_in_any_spelling():
    sharps = replace(in_order(SONG), key=Key(4, "minor"))
    bars = json.loads(sheet_as_json(sharps))["bars"]
    assert bars[2]["melody"] == "0 12 C#4 1, 12 4 F#4 127"
    assert bars[1]["chords"] == "0-78 Bb:maj/3"  # as in Harte's notation, always with flats
    text = changed(bar=3, melody=bars[2]["melody"], chords="42-48 D#:hdim7")
    assert told(sheet_from_json(text)) == told(in_order(SONG))


@pytest.mark.parametrize("mode", ["major", "minor"])
def test_every_key_comes_back(mode):
    for tonic in range(12):
        song = replace(in_order(SONG), key=Key(tonic, mode))
        assert sheet_from_json(sheet_as_json(song)).key == Key(tonic, mode)


def test_an_empty_song_and_an_excerpt():
    nothing = SongSheet(Grid.steady(1), (), (), (), (), Key(0, "major"))
    assert told(sheet_from_json(sheet_as_json(nothing))) == told(nothing)
    assert "is_excerpt" not in json.loads(sheet_as_json(nothing))
    few = replace(nothing, is_whole=False)
    assert json.loads(sheet_as_json(few))["is_excerpt"] is True
    assert not sheet_from_json(sheet_as_json(few)).is_whole


def test_a_person_may_leave_out_what_is_not_there_and_add_what_is():
    text = changed(bar=2, lyrics=None, texture=None, section=[], chords=" 0-42 G:min ,, 42-78 F:7, ")
    song = sheet_from_json(text)
    assert song.chords[:2] == (Chord(48, 90, 7, "min", 7), Chord(90, 126, 5, "7", 5))
    assert song.lyrics == SONG.lyrics[:1]
    assert song.sections == (SONG.sections[0], *SONG.sections[2:])
    assert [note.onset_tick for note in song.texture] == [-6, 138]


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
SHARE = st.floats(0, 1)
METERS = [(4, 4), (3, 4), (6, 8), (7, 8), (5, 4), (2, 2), (12, 8), (3, 16), (13, 48)]


@st.composite
def sheets(draw):
    """Songs with all that a sheet may hold, wherever it may lie."""
    bars = bars_of(Meter(*draw(st.sampled_from(METERS))) for _ in range(draw(st.integers(1, 5))))
    end = bars[-1].end_tick
    tick, ahead = st.integers(0, end - 1), st.integers(-30, end + 30)
    beat_tick = sorted(draw(st.sets(ahead, min_size=2, max_size=12)))
    gaps = draw(st.lists(st.floats(0.01, 3), min_size=len(beat_tick), max_size=len(beat_tick)))
    beat_sec = np.cumsum(gaps) + draw(st.floats(-2, 2))
    edges = sorted(draw(st.sets(st.integers(0, end + 12), max_size=9)))
    spans = [span for span in pairwise(edges) if draw(st.booleans())]
    pitch_class, quality = st.integers(0, 11), st.sampled_from(sorted(CHORD_INTERVALS))
    note = st.builds(Note, ahead, st.integers(1, 200), st.integers(0, 127), st.integers(1, 127))
    layer = st.lists(note, max_size=8).map(lambda notes: tuple(sorted(notes)))
    by_bar = st.lists(st.one_of(SHARE, st.just(math.nan)), min_size=len(bars), max_size=len(bars)).map(tuple)
    return SongSheet(
        grid=Grid(np.array(beat_tick), beat_sec, bars, draw(SHARE), draw(st.one_of(st.just(6), st.floats(6.8, 8.8)))),
        melody=draw(layer),
        bass=draw(layer),
        texture=draw(layer),
        chords=tuple(Chord(*span, draw(pitch_class), draw(quality), draw(pitch_class)) for span in spans),
        key=Key(draw(pitch_class), draw(st.sampled_from(["major", "minor"]))),
        title=draw(TEXT),
        is_whole=draw(st.booleans()),
        composer=draw(TEXT),
        source=Source(draw(TEXT), draw(TEXT)),
        sections=tuple(sorted(draw(st.lists(st.builds(Section, tick, TEXT), max_size=4)))),
        lyrics=tuple(sorted(draw(st.lists(st.builds(Lyric, ahead, TEXT), max_size=6)))),
        confidence=Confidence(
            draw(st.dictionaries(TEXT, SHARE, max_size=3)), draw(st.dictionaries(TEXT, by_bar, max_size=3))
        ),
    )


@settings(max_examples=60, deadline=None)
@given(sheets())
def test_every_song_comes_back(sheet):
    text = sheet_as_json(sheet)
    again = sheet_from_json(text)
    assert told(again) == told(sheet)
    assert sheet_as_json(again) == text


def complaint(text: str) -> str:
    with pytest.raises(InputError) as caught:
        sheet_from_json(text)
    assert caught.value.remedy
    assert "\n" not in str(caught.value)
    return caught.value.cause


@pytest.mark.parametrize(
    ("layer", "word"),
    [
        ("melody", "0 12 C5"),
        ("melody", "0 12 C5 90 1"),
        ("melody", "0 12 H5 90"),
        ("melody", "0 12 C 90"),
        ("bass", "x 12 C5 90"),
        ("bass", "0 1.5 C5 90"),
        ("texture", "0 0 C5 90"),
        ("texture", "0 -3 C5 90"),
        ("texture", "0 12 C5 128"),
        ("texture", "0 12 C5 -1"),
        ("chords", "0-48 H:maj"),
        ("chords", "0-48 N"),
        ("chords", "0-48"),
        ("chords", "0-48 maj"),
        ("chords", "C:maj"),
        ("chords", "48-48 C:maj"),
        ("chords", "48-0 C:maj"),
    ],
)
def test_a_wrong_note_or_chord_is_named_with_its_bar(layer, word):
    assert complaint(changed(bar=2, **{layer: word})).startswith(f"bar 2: '{word}' ")
    assert complaint(changed(bar=3, **{layer: word})).startswith(f"bar 3: '{word}' ")


WRONG_IN_A_BAR = [
    {"meter": "x"},
    {"meter": "4"},
    {"meter": 4},
    {"meter": None},
    {"beats": "0"},
    {"beats": "x=1.0"},
    {"beats": "0=x"},
    {"beats": "0=9.0"},
    {"melody": 5},
    {"melody": ["0 12 C5 90"]},
    {"chords": "x-48 C:maj"},
    {"lyrics": [[0]]},
    {"lyrics": [["x", "la"]]},
    {"lyrics": 5},
    {"section": 5},
    {"section": [[0]]},
    {"section": [["x", "A"]]},
    {"confidence": {"beats": "x", "melody": 1}},
    {"confidence": {"beats": 0.5}},
]


@pytest.mark.parametrize("facts", WRONG_IN_A_BAR, ids=repr)
def test_whatever_else_is_wrong_in_a_bar_is_refused(facts):
    assert complaint(changed(bar=2, **facts))


@pytest.mark.parametrize(
    "facts",
    [
        {"key": "H major"},
        {"key": "C dorian"},
        {"key": ""},
        {"key": 5},
        {"beat_confidence": "sure"},
        {"confidence": []},
        {"confidence": {"key": "sure"}},
        {"source": "a.mp3"},
        {"bars": []},
        {"bars": {}},
        {"bars": 3},
        {"bars": ["4/4"]},
        {"bars": [None]},
        {"bars": [{"bar": 1, "meter": "4/4"}]},
        {"bars": [{"bar": 1, "meter": "4/4", "beats": "0=1.0"}]},
    ],
    ids=repr,
)
def test_whatever_is_wrong_in_the_head_is_refused(facts):
    assert complaint(changed(**facts))


@pytest.mark.parametrize(
    "name", ["title", "composer", "source", "key", "second_eighth_tick", "beat_confidence", "confidence", "bars"]
)
def test_what_is_missing_is_named(name):
    assert f"'{name}' is missing" in complaint(changed(**{name: None}))


@pytest.mark.parametrize("version", [3, 17, 1.0, "1", "2", [1], {}])
def test_a_newer_or_unknown_version_is_refused(version):
    with pytest.raises(InputError, match=r"version .* unknown.*Install a newer"):
        sheet_from_json(changed(version=version))
    with pytest.raises(InputError, match=r"version None is unknown"):
        sheet_from_json(changed(version=None))


@pytest.mark.parametrize("text", ["", " ", "hello", "{", '{"format": ', sheet_as_json(in_order(SONG))[:-20]])
def test_what_is_no_json_is_said_so(text):
    assert complaint(text).startswith("it is not JSON: ")


@pytest.mark.parametrize(
    "text", ["[]", "5", "null", '"song"', "{}", '{"format": "symbolic-cover report", "version": 1}']
)
def test_what_is_no_song_is_said_so(text):
    assert complaint(text) == "it is not a song sheet."


def test_the_file_is_named(tmp_path):
    path = tmp_path / "song.json"
    for content, reason in ((b"no song", "it is not JSON"), (changed(bar=2, bass="x").encode(), "bar 2: 'x'")):
        path.write_bytes(content)
        with pytest.raises(InputError) as caught:
            read_sheet(path)
        assert caught.value.cause.startswith(f"{path}: {reason}")
    for content in (b"\xff\xfe\x00", None):
        path.unlink()
        path.write_bytes(content) if content else path.mkdir()
        with pytest.raises(InputError, match="cannot be read"):
            read_sheet(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_sheet(tmp_path / "nowhere.json")


@pytest.mark.parametrize("facts", WRONG_IN_A_BAR, ids=repr)
def test_whatever_else_is_wrong_is_named_with_its_bar(facts):
    assert "bar 2" in complaint(changed(bar=2, **facts))


@pytest.mark.parametrize("text", [changed(bar=2, beats=f"{10**30}=1.0"), "[" * 100_000], ids=["10**30", "nested"])
def test_no_damage_ends_in_another_error(text):
    complaint(text)


@pytest.mark.parametrize(
    ("bar", "facts"),
    [
        (2, {"beats": "0=nan"}),
        (3, {"beats": "0=2.0, 48=inf"}),
        (2, {"melody": "0 12 C99 90"}),
        (2, {"melody": "0 12 C-9 90"}),
        (2, {"chords": "0-48 C:maj, 24-42 G:maj"}),
        (None, {"ticks_per_quarter": 24}),
        (None, {"ticks_per_quarter": None}),
        (None, {"second_eighth_tick": "late"}),
        (None, {"second_eighth_tick": 0}),
        (None, {"second_eighth_tick": 12}),
        (None, {"second_eighth_tick": math.nan}),
        (None, {"beat_confidence": math.nan}),
        (None, {"version": 0}),
        (None, {"version": True}),
    ],
    ids=repr,
)
def test_what_no_song_can_have_is_refused(bar, facts):
    complaint(changed(bar=bar, **facts))


@pytest.mark.parametrize("meter", ["0/4", "-4/4", "1/64", "4/0"])
def test_a_bar_lasts(meter):
    written = json.loads(sheet_as_json(SongSheet(Grid.steady(2), (), (), (), (), Key(0, "major"))))
    written["bars"][1] = {"bar": 2, "meter": meter}
    assert complaint(json.dumps(written)).startswith("bar 2: ")


def test_notes_that_a_person_adds_at_the_end_are_put_in_their_place():
    song = sheet_from_json(changed(bar=3, melody="12 4 Gb4 127, 0 12 Db4 1"))
    assert song.melody == SONG.melody


def test_a_chord_before_the_song_comes_back():
    song = replace(in_order(SONG), chords=(Chord(-24, -12, 0, "maj", 0), *SONG.chords))
    assert told(sheet_from_json(sheet_as_json(song))) == told(song)
