"""Tracks become parts, bars become bars of the vocabulary, and duplicates are recognised."""

import numpy as np
import pytest

from symbolic_cover.core.errors import InputError
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.heard import Track
from symbolic_cover.core.music import Bar, Meter, Note
from symbolic_cover.core.styles import load_ensembles
from symbolic_cover.corpus.bars import spell_bars, trim
from symbolic_cover.corpus.fingerprint import SAME_PIECE, FingerprintIndex, fingerprint_of, likeness
from symbolic_cover.corpus.layouts import guess_ensemble, lay_out
from symbolic_cover.corpus.pairs import Piece, make_pair, tokenize_pair
from symbolic_cover.listening.scores.roles import role_of
from symbolic_cover.tokens.tokenizer import BarTokenizer

ENSEMBLES = load_ensembles()


def track(name: str, pitches, program: int = 0, is_drums: bool = False, step: int = 12) -> Track:
    notes = tuple(Note(i * step, step, int(pitch)) for i, pitch in enumerate(pitches))
    return Track(name, notes, program, is_drums, role_of(name))


def pitches(notes) -> list[int]:
    return [note.pitch for note in notes]


def test_choirs_are_known_by_name_whatever_their_order():
    names = (("BASSVS.", 48), ("CANTVS.", 72), ("TENOR.", 55), ("ALTVS.", 64))
    laid = lay_out([track(name, [pitch] * 8) for name, pitch in names], "choir")
    assert {part: pitches(notes)[0] for part, notes in laid.parts.items()} == {
        "soprano": 72, "alto": 64, "tenor": 55, "bass-voice": 48
    }  # fmt: skip
    assert pitches(laid.melody) == [72] * 8


def test_a_hymn_on_two_staves_is_divided_by_height():
    upper = Track("", (Note(0, 12, 67), Note(0, 12, 72), Note(12, 12, 65), Note(12, 12, 71)))
    lower = Track("", (Note(0, 12, 48), Note(0, 12, 55), Note(12, 12, 47)))
    laid = lay_out([upper, lower], "choir")
    assert {part: pitches(notes) for part, notes in laid.parts.items()} == {
        "soprano": [72, 71], "alto": [67, 65], "tenor": [55], "bass-voice": [48, 47]
    }  # fmt: skip


def test_a_song_has_a_voice_and_a_piano_or_is_a_piano_piece():
    voice, right, left = track("Singstimme Voice", [70] * 4), track("Pianoforte RH", [64] * 4), track("Pf LH", [40] * 4)
    laid = lay_out([voice, right, left], "voice-piano")
    assert laid.ensemble == "voice-piano"
    assert pitches(laid.melody) == [70] * 4
    assert sorted(set(pitches(laid.parts["right-hand"]))) == [40, 64]
    assert lay_out([right, left], "voice-piano").ensemble == "solo-piano"


def test_a_band_has_its_melody_its_bass_and_its_drums():
    band = [
        track("MELODY", [70, 72, 74, 72], 56), track("Bass", [36] * 4, 33), track("Chord", [60] * 4, 0),
        track("Drum", [38] * 4, 0, is_drums=True), track("", [50] * 4, 27), track("", [62] * 4, 48),
    ]  # fmt: skip
    laid = lay_out(band, "band")
    assert {part: pitches(notes)[0] for part, notes in laid.parts.items()} == {
        "melody": 70, "bass": 36, "keys": 60, "drums": 38, "band-guitar": 50, "strings": 62
    }  # fmt: skip


def test_orchestras_are_known_by_name_then_by_program():
    tracks = [("Bb Clarinet 1", 71), ("Eb Horn", 60), ("Violin 2", 40), ("Violin 1", 40), ("", 42), ("Contrabass", 43)]
    laid = lay_out([track(n, [60 + i], p) for i, (n, p) in enumerate(tracks)], "orchestra")
    assert {part: pitches(notes) for part, notes in laid.parts.items()} == {
        "woodwinds": [60], "brass": [61], "violin-2": [62], "violin-1": [63], "cello": [64], "double-bass": [65]
    }  # fmt: skip


@pytest.mark.parametrize(
    ("tracks", "ensemble"),
    [
        ([("", 0, False)], "solo-piano"),
        ([("", 0, True)], "drum-kit"),
        ([("a", 0, False), ("b", 0, True)], "band"),
        ([("", 24, False)], "guitar"),
        ([("Soprano", 52, False), ("Alto", 52, False), ("Tenor", 52, False), ("Bass", 52, False)], "choir"),
        ([("1", 40, False), ("2", 40, False), ("3", 41, False), ("4", 42, False)], "string-quartet"),
        ([("Voice", 53, False), ("Piano RH", 0, False), ("Piano LH", 0, False)], "voice-piano"),
    ],
)
def test_ensembles_are_guessed(tracks, ensemble):
    assert guess_ensemble([track(n, [60, 62], p, d) for n, p, d in tracks]) == ensemble


def bars(*meters: Meter) -> list[Bar]:
    made, tick = [], 0
    for meter in meters:
        made.append(Bar(tick, meter))
        tick += meter.bar_tick
    return made


def test_every_bar_gets_a_metre_that_can_be_said():
    assert [bar.meter for bar in spell_bars(bars(Meter(8, 8), Meter(9, 4), Meter(3, 16)))] == [
        Meter(4, 4), Meter(3, 4), Meter(3, 4), Meter(3, 4), Meter(3, 16)
    ]  # fmt: skip
    joined = spell_bars(bars(Meter(4, 4), Meter(13, 48), Meter(11, 48), Meter(4, 4)))
    assert [bar.meter for bar in joined] == [Meter(4, 4), Meter(2, 4), Meter(4, 4)]
    cut = spell_bars(bars(Meter(4, 4), Meter(13, 48), Meter(4, 4), Meter(4, 4), Meter(4, 4)))
    assert cut[-1].end_tick == 48 + 13 + 3 * 48
    assert len({bar.end_tick - bar.start_tick for bar in cut[1:]}) == 1
    with pytest.raises(InputError, match="sixteenths"):
        spell_bars(bars(Meter(13, 48)))


def test_empty_bars_around_the_music_go_and_times_stay():
    grid, shift = trim(Grid.steady(8, bpm=60), 100, 200)
    assert shift == 96
    assert (len(grid.bars), grid.bars[0].start_tick) == (3, 0)
    assert grid.tempo_bpm == pytest.approx(60)


def line(seed: int, length: int = 80) -> list[Note]:
    rng = np.random.default_rng(seed)
    return [Note(12 * i, 12, int(pitch)) for i, pitch in enumerate(rng.integers(55, 80, length))]


def test_fingerprints_see_through_transposition_and_small_changes():
    one = line(1)
    moved = [note._replace(pitch=note.pitch + 3) for note in one]
    changed = [note._replace(pitch=note.pitch + (i == 40)) for i, note in enumerate(one)]
    fingerprints = [fingerprint_of(notes, with_rhythm=True) for notes in (one, moved, changed, line(2))]
    assert likeness(fingerprints[0], fingerprints[1]) == 1
    assert SAME_PIECE < likeness(fingerprints[0], fingerprints[2]) < 1
    assert likeness(fingerprints[0], fingerprints[3]) < 0.1
    index = FingerprintIndex(SAME_PIECE, 10)
    for seed in range(50):
        index.add(f"{seed}", fingerprint_of(line(seed), with_rhythm=True))
    assert index.like(fingerprints[1]) == ["1"]
    assert index.like(fingerprint_of(line(99), with_rhythm=True)) == []


def test_drums_are_said_in_words_of_their_own_and_come_back():
    tracks = (
        track("MELODY", range(60, 76), 56), track("Bass", [36] * 16, 33), track("Drum", [36, 42] * 8, 0, is_drums=True)
    )  # fmt: skip
    piece = Piece("x", "own", "", "", "rock", "band", "own", "x", tracks, Grid.steady(4))
    pair = make_pair(piece, ENSEMBLES)
    parts = list(dict.fromkeys(part.name for ensemble in ENSEMBLES.values() for part in ensemble.parts))
    tokenizer = BarTokenizer.build(["rock"], list(ENSEMBLES), parts)
    written = tokenize_pair(pair, pair.sheet, tokenizer)
    assert tokenizer.names([written.lead]) == ["Part_melody"]
    first = tokenizer.names(written.bars[0][2])
    assert [token for token in first if token.startswith("Drum_")] == ["Drum_36", "Drum_42"] * 2
    read = tokenizer.read_target_bar(pair.sheet.grid.bars[0], first)
    assert [(note.onset_tick, note.pitch) for note in read["drums"]] == [(0, 36), (12, 42), (24, 36), (36, 42)]
    assert pitches(read["bass"]) == [36] * 4
    assert "melody" not in read
