"""MIDI files in the wild: odd clocks, wrappers, truncated tracks, notes without ends, texts in any encoding."""

import struct

import numpy as np
import pytest

from symbolic_cover.analysis.song import analyze
from symbolic_cover.core.errors import InputError
from symbolic_cover.listening.scores.midi import lies_on_tuplets
from symbolic_cover.listening.scores.midi_file import decoded
from tests.listening.scores_written import (
    AT_100,
    FOUR_FOUR,
    chords,
    meta,
    meters,
    midi,
    off,
    on,
    pitches,
    places,
    read,
    scale,
    track,
    words,
)

SCALE = "C4 D4 E4 F4 G4 A4 B4 C5"


def test_time_in_frames(tmp_path):
    heard = read(tmp_path, "x.mid", midi(track(scale(2, 500)), division=0xE728))  # 25 frames of 40
    assert (heard.grid.tempo_bpm, meters(heard)) == (pytest.approx(120), ["4/4"] * 4)
    assert places(heard)[-1] == (180, 12)
    drop = read(tmp_path, "y.mid", midi(track(scale(2, 500)), division=(256 - 29) << 8 | 40))
    assert drop.tracks[0].notes[-1].end_sec == pytest.approx(8000 / (29.97 * 40), rel=1e-4)


@pytest.mark.parametrize("division", [0, 0xE700, 0xC828])
def test_clocks_without_a_tick_are_refused(tmp_path, division):
    with pytest.raises(InputError, match=r"^x\.mid "):
        read(tmp_path, "x.mid", midi(track(scale()), division=division))


def test_a_riff_wrapper_and_what_lies_between_the_chunks(tmp_path):
    plain = midi(track(FOUR_FOUR, scale()))
    riff = b"RIFF" + struct.pack("<I", len(plain) + 12) + b"RMIDdata" + struct.pack("<I", len(plain)) + plain
    assert pitches(read(tmp_path, "x.rmi", riff)) == SCALE
    odd = plain[:14] + b"XFIH\0\0\0\2ab" + plain[14:]
    assert pitches(read(tmp_path, "x.mid", odd)) == SCALE


def test_a_cut_file_gives_what_is_there_with_a_word(tmp_path):
    whole = midi(track(AT_100, FOUR_FOUR), track(scale(2)))
    heard = read(tmp_path, "x.mid", whole[: -(8 * 9 + 4)])
    assert (pitches(heard), len(heard.remarks)) == (SCALE, 1)
    assert read(tmp_path, "y.mid", whole).remarks == ()


def test_tracks_that_say_a_wrong_length(tmp_path):
    first, second = track(FOUR_FOUR, scale()), track(scale())
    for wrong in (7, 10_000):
        data = midi(first[:4] + struct.pack(">I", wrong) + first[8:], second)
        assert pitches(read(tmp_path, "x.mid", data)) == SCALE
        assert pitches(read(tmp_path, "x.mid", data), 1) == SCALE


def test_notes_without_an_end_last_to_that_of_their_track(tmp_path):
    heard = read(tmp_path, "x.mid", midi(track(FOUR_FOUR, on(60), on(64, 480), on(67, 480), meta(1, b"x", 960))))
    assert places(heard) == [(0, 48), (12, 36), (24, 24)]
    again = read(tmp_path, "y.mid", midi(track(FOUR_FOUR, on(60), on(60, 480), on(60, 480), meta(1, b"x", 480))))
    assert places(again) == [(0, 12), (12, 12), (24, 12)]


def test_sequences_of_format_2_come_in_turn(tmp_path):
    heard = read(tmp_path, "x.mid", midi(track(FOUR_FOUR, scale()), track(scale()), format_=2))
    assert (pitches(heard), meters(heard)) == (f"{SCALE} {SCALE}", ["4/4"] * 4)


@pytest.mark.parametrize(
    ("nonsense", "bpm"),
    [(meta(0x51, bytes(3)), 120), (meta(0x51, b"\1"), 120), (meta(0x58, bytes([0, 2, 24, 8])), 120)],
)
def test_impossible_tempos_and_metres_say_nothing(tmp_path, nonsense, bpm):
    heard = read(tmp_path, "x.mid", midi(track(nonsense, scale(2))))
    assert (heard.grid.tempo_bpm, heard.grid.confidence, set(meters(heard))) == (pytest.approx(bpm), 1.0, {"4/4"})


@pytest.mark.parametrize(("parts", "length"), [(5, 96), (7, 68.57), (16, 30)])
def test_written_tuplets_are_no_performance(tmp_path, parts, length):
    onsets = [round(index * length) for index in range(8 * parts)]
    events, now = [], 0
    for index, onset in enumerate(onsets):
        events += [on(60 + index % 5, onset - now), off(60 + index % 5, 20)]
        now = onset + 20
    heard = read(tmp_path, "x.mid", midi(track(meta(0x59, bytes(2)), FOUR_FOUR, *events)))
    assert (heard.grid.confidence, meters(heard)) == (1.0, ["4/4"] * 2)


def test_what_is_played_does_not_lie_on_tuplets():
    onsets = np.random.default_rng(0).uniform(0, 4000, 500)
    assert not lies_on_tuplets(onsets, 480)
    assert not lies_on_tuplets(onsets, 48)


def test_an_odd_bar_moves_nothing_after_it(tmp_path):
    odd = meta(0x58, bytes([13, 5, 24, 8]), 1440)
    back = meta(0x58, bytes([3, 3, 24, 8]), 780)
    head = track(meta(0x58, bytes([3, 3, 24, 8])), odd, back)
    notes = [on(60) + off(60, 240)] * 6 + [on(62) + off(62, 60)] * 13 + [on(64) + off(64, 240)] * 6
    heard = read(tmp_path, "x.mid", midi(head, track(*notes)))
    assert meters(heard) == ["3/8", "3/8", "7/16", "3/8", "3/8"]
    starts = [bar.start_tick for bar in heard.grid.bars]
    assert [onset for onset, _ in places(heard)[-6:]] == [starts[3] + 6 * index for index in range(6)]
    assert heard.tracks[0].notes[19].onset_sec == pytest.approx((1440 + 780) / 960, abs=0.03)


def test_chord_names_in_texts_and_markers(tmp_path):
    names = [meta(6, b"C"), meta(1, b"Am7", 960), meta(1, b"F#m7b5", 960), meta(6, b"G7/B", 960)]
    heard = read(tmp_path, "x.mid", midi(track(FOUR_FOUR, *names), track(scale(2))))
    assert chords(heard) == ["C:maj", "A:min7", "Gb:hdim7", "G:7/3"]


@pytest.mark.parametrize("names", [("A", "B", "A"), ("Intro", "Verse", "A"), ("C", "some words", "and more", "here")])
def test_names_of_sections_and_other_texts_are_no_chords(tmp_path, names):
    marks = [meta(6, name.encode(), 480) for name in names]
    assert read(tmp_path, "x.mid", midi(track(FOUR_FOUR, *marks), track(scale(2)))).chords is None


def test_chords_alone_are_a_song(tmp_path):
    names = [meta(6, b"C"), meta(6, b"G7", 1920), meta(6, b"C", 1920)]
    sheet = analyze(read(tmp_path, "x.mid", midi(track(FOUR_FOUR, *names))))
    assert [chord.label for chord in sheet.chords] == ["C:maj", "G:7", "C:maj"]
    block = b"".join(on(p) for p in (60, 64, 67)) + off(60, 1920) + off(64, 0) + off(67, 0)
    sheet = analyze(read(tmp_path, "y.mid", midi(track(FOUR_FOUR), track(meta(3, b"Chords"), block))))
    assert ([chord.label for chord in sheet.chords], sheet.melody) == (["C:maj"], ())


def karaoke(*syllables):
    head = [meta(1, b"@KMIDI KARAOKE FILE"), meta(1, b"@TMy song"), meta(1, b"@TSomebody")]
    texts = [meta(1, syllable.encode(), 480 if index else 0) for index, syllable in enumerate(syllables)]
    return midi(track(FOUR_FOUR), track(meta(3, b"Words"), *head, *texts), track(meta(3, b"Melody"), scale()))


def test_karaoke(tmp_path):
    heard = read(tmp_path, "x.kar", karaoke("\\Hap", "py ", "birth", "day ", "/to ", "you"))
    assert (heard.title, heard.composer) == ("My song", "Somebody")
    assert words(heard) == ["Hap-", "py", "birth-", "day", "to", "you"]
    assert [round(one.sec * 2) for one in heard.lyrics] == list(range(6))


def test_lyric_events(tmp_path):
    lyrics = [meta(5, b"one "), meta(5, b"two-", 480), meta(5, b"three", 480)]
    assert words(read(tmp_path, "x.mid", midi(track(*lyrics), track(scale())))) == ["one", "two-", "three"]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("Été".encode(), "Été"),
        ("主旋律".encode("cp932"), "主旋律"),
        ("ピアノ".encode("cp932"), "ピアノ"),
        ("ﾒﾛﾃﾞｨ".encode("cp932"), "ﾒﾛﾃﾞｨ"),
        ("Mélodie à l'été".encode("latin-1"), "Mélodie à l'été"),
        ("Grüße".encode("latin-1"), "Grüße"),
        ("Grüße".encode("utf-16"), "Grüße"),
    ],
)
def test_encodings_of_texts(raw, text):
    assert decoded(raw) == text


def test_titles(tmp_path):
    named = midi(track(meta(3, "歌".encode("cp932")), FOUR_FOUR), track(meta(3, "Flöte".encode("latin-1")), scale()))
    heard = read(tmp_path, "x.mid", named)
    assert (heard.title, heard.tracks[0].name) == ("歌", "Flöte")
    plain = midi(track(meta(3, b"Track 1"), FOUR_FOUR), track(scale()))
    assert read(tmp_path, "my_song.mid", plain).title == "My song"


FAR = bytes([0xFF, 0xFF, 0xFF, 0x7F])


@pytest.mark.parametrize(
    "data",
    [
        midi(track(FOUR_FOUR, scale(), FAR + bytes([0x90, 64, 64]), off(64)), division=24),
        midi(track(meta(0x58, bytes([1, 6, 24, 8])), scale(), on(60, 2**27), off(60)), division=1),
        midi(track(meta(0x58, bytes([2, 6, 24, 8])), scale(1, 2**20), on(60, 2**20)), division=480),
    ],
)
def test_what_lasts_longer_than_any_song_is_refused_before_bars_are_made(tmp_path, data, monkeypatch):
    made = []
    monkeypatch.setattr("symbolic_cover.listening.scores.written.full_bars", lambda *_: made.append(1))
    with pytest.raises(InputError, match=r"longer than"):
        read(tmp_path, "x.mid", data)
    assert not made
