"""Degraded sheets: reproducible, valid, and with the errors in the file."""

from collections.abc import Callable
from dataclasses import fields, replace

import numpy as np
import pytest

from symbolic_cover.core.grid import Grid
from symbolic_cover.core.music import Key, Meter, Note
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.corpus.degrade import degrade
from symbolic_cover.corpus.mishearing import SHARES, Errors, KindErrors, load_errors, write_errors
from symbolic_cover.corpus.sounding import CIRCUMSTANCES, ROLES, circumstances, predecessors, roll_of, sounding
from symbolic_cover.tokens.language import bars_of_sheet
from symbolic_cover.tokens.tokenizer import BarTokenizer
from tests.conftest import make_song

KINDS = ("piano", "sustained", "voices", "band")
#: Nothing goes wrong; tests make one thing go wrong at a time.
DEAF_TO_NOTHING = KindErrors(
    missed=(-40.0,) * len(ROLES) + (0.0,) * len(CIRCUMSTANCES),
    missed_spread=0.0,
    missed_tilt=0.0,
    held=0.0,
    split=(0.0,) * len(ROLES),
    split_spread=0.0,
    ghosts=((0.0, 0.0),) * 5,
    ghosts_spread=0.0,
    ghosts_struck=1.0,
    ghosts_steps=(0.0,) * len(SHARES),
    ghosts_sec=(0.2,) * len(SHARES),
    late_sec=(0.0,) * len(SHARES),
    late_piece_sec=(0.0, 0.0, 0.0),
    length=((0.0,) * len(SHARES),) * 5,
    loudness=(80.0, 0.0, 0.0),
    melody_lost=0.0,
    melody_octave=0.0,
    melody_strange=(0.0, 0.0),
)


def with_error(**changes) -> Errors:
    return Errors({"it": replace(DEAF_TO_NOTHING, **changes)})


def long_song() -> SongSheet:
    return make_song(400)


def random_song(seed: int) -> SongSheet:
    """Notes anywhere in bars of one of three metres, some of them up to the very end of the song."""
    rng = np.random.default_rng(seed)
    grid = Grid.steady(6, (Meter(4, 4), Meter(3, 4), Meter(6, 8))[seed % 3], bpm=float(rng.integers(50, 180)))
    end = grid.end_tick
    spots = {(int(t), int(p)) for t, p in zip(rng.integers(0, end, 150), rng.integers(22, 108, 150), strict=True)}
    notes = [Note(t, int(min(rng.integers(1, 40), end - t)), p, int(rng.integers(1, 128))) for t, p in sorted(spots)]
    onsets = sorted({note.onset_tick for note in notes[::3]})
    melody = [Note(tick, 1, 109) for tick in onsets]
    return SongSheet(
        grid, tuple(melody), tuple(notes[::7]), tuple(n for i, n in enumerate(notes) if i % 7), (), Key(0, "major")
    )


def spots(sheet: SongSheet) -> set[tuple[int, int]]:
    return {(note.onset_tick, note.pitch) for note in sheet.notes}


def missed_share(true: SongSheet, heard: SongSheet) -> float:
    return 1 - len(spots(true) & spots(heard)) / len(spots(true))


def test_the_file_states_every_kind(tmp_path):
    errors = load_errors()
    assert set(errors.kinds) == set(KINDS)
    assert 0 < errors.melody_moderation <= 1
    for of_kind in errors.kinds.values():
        assert len(of_kind.missed) == len(ROLES) + len(CIRCUMSTANCES)
        assert list(of_kind.late_sec) == sorted(of_kind.late_sec)
        assert all(list(quantiles) == sorted(quantiles) for quantiles in of_kind.length)
        assert {type(getattr(of_kind, field.name)) for field in fields(of_kind)} <= {tuple, float}
    write_errors(errors, tmp_path / "errors.toml", "a comment")
    assert load_errors(tmp_path / "errors.toml") == errors


def test_a_file_with_something_missing_is_refused(tmp_path):
    path = tmp_path / "errors.toml"
    path.write_text("tune_moderation = 1.0\n[piano]\nheld = 0.1\n")
    with pytest.raises(TypeError, match="missing"):
        load_errors(path)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_generator_gives_the_same_content(kind):
    errors, song = load_errors(), make_song(16)
    first, again, other = (degrade(song, errors, np.random.default_rng(seed), kind) for seed in (1, 1, 2))
    assert first == again
    assert first.notes != other.notes
    assert first.notes != song.notes


def test_strength_nought_leaves_every_note():
    song = make_song(16)
    same = degrade(song, load_errors(), np.random.default_rng(0), "band", strength=0.0)
    assert (same.melody, same.bass, same.texture) == (song.melody, song.bass, song.texture)


def test_where_nothing_goes_wrong_all_is_heard():
    song = make_song(16)
    same = degrade(song, with_error(), np.random.default_rng(0), "it")
    assert [(n.onset_tick, n.duration_tick, n.pitch) for n in same.melody] == [n[:3] for n in song.melody]
    assert spots(same) == spots(song)
    assert [(c.start_tick, c.root) for c in same.chords] == [(c.start_tick, c.root) for c in song.chords]


def test_more_strength_misses_more():
    song, errors = long_song(), load_errors()
    shares = [
        np.mean(
            [missed_share(song, degrade(song, errors, np.random.default_rng(s), "band", strength)) for s in range(2)]
        )
        for strength in (0.25, 0.5, 1.0)
    ]
    assert shares == sorted(shares)
    assert shares[0] < 0.6 * shares[2]


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_notes_are_missed_as_often_as_stated(share):
    odds = float(np.log(share / (1 - share)))
    errors = with_error(missed=(odds, odds, -40.0, *(0.0,) * len(CIRCUMSTANCES)))
    song = long_song()
    heard = degrade(song, errors, np.random.default_rng(0), "it")
    assert 1 - len(heard.melody) / len(song.melody) == pytest.approx(share, abs=0.04)
    texture = {(note.onset_tick, note.pitch) for note in song.texture}
    assert texture <= spots(heard)


def test_a_spread_between_pieces_leaves_the_mean_where_it_was():
    errors = with_error(missed=(-1.0,) * len(ROLES) + (0.0,) * len(CIRCUMSTANCES), missed_spread=0.8)
    song = make_song(32)
    shares = [missed_share(song, degrade(song, errors, np.random.default_rng(seed), "it")) for seed in range(40)]
    assert np.mean(shares) == pytest.approx(1 / (1 + np.e), abs=0.05)
    assert np.std(shares) > 0.08


def test_ghosts_and_splits_come_as_often_as_stated():
    song = long_song()
    heard = degrade(song, with_error(ghosts=((0.2, 0.0), *((0.0, 0.0),) * 4)), np.random.default_rng(0), "it")
    ghosts = spots(heard) - spots(song)
    assert all((tick, pitch - 12) in spots(song) for tick, pitch in ghosts)
    assert len(ghosts) / len(song.notes) == pytest.approx(0.2, abs=0.03)
    heard = degrade(song, with_error(split=(0.0, 0.0, 0.5)), np.random.default_rng(0), "it")
    seconds = 400 * (2 * 60 / 100 - 0.2)
    assert len(heard.notes) - len(song.notes) == pytest.approx(0.5 * seconds, rel=0.25)


def test_late_notes_move_by_whole_steps():
    song = make_song(40, bpm=120)
    heard = degrade(song, with_error(late_piece_sec=(0.125, 0.0, 0.0)), np.random.default_rng(0), "it")
    assert {note.onset_tick % 12 for note in heard.melody} == {3}


def test_a_missed_repeat_is_heard_as_one_long_note():
    song = make_song(2)
    first, again = Note(0, 6, 50), Note(6, 6, 50)
    song = replace(song, melody=(), bass=(first, again), texture=())
    errors = with_error(missed=(-40.0,) * 3 + tuple(80.0 * (name == "again") for name in CIRCUMSTANCES), held=1.0)
    assert [note[:3] for note in degrade(song, errors, np.random.default_rng(0), "it").notes] == [(0, 12, 50)]


def test_the_melody_is_lost_as_often_as_stated_but_not_its_notes():
    song = long_song()
    heard = degrade(song, with_error(melody_lost=0.3), np.random.default_rng(0), "it")
    assert 1 - len(heard.melody) / len(song.melody) == pytest.approx(0.3, abs=0.05)
    assert spots(heard) == spots(song)
    moderate = replace(with_error(melody_lost=0.3), melody_moderation=0.5)
    heard = degrade(song, moderate, np.random.default_rng(0), "it")
    assert 1 - len(heard.melody) / len(song.melody) == pytest.approx(0.15, abs=0.05)


def test_strange_notes_are_sung_in_rests():
    song = long_song()
    silent = replace(song, melody=())
    heard = degrade(silent, with_error(melody_strange=(0.0, 0.4)), np.random.default_rng(0), "it")
    assert len(heard.melody) / 800 == pytest.approx(0.4, abs=0.05)


@pytest.mark.parametrize("make", [lambda seed: make_song(8, Meter(3, 4)), random_song])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_heard_is_legal(make: Callable[[int], SongSheet], kind: str):
    errors = load_errors()
    tokenizer = BarTokenizer.build(["pop-piano"], ["solo-piano"], ["left-hand", "right-hand"])
    for seed in range(3):
        heard = degrade(make(seed), errors, np.random.default_rng(seed), kind, strength=(0.3, 1.0, 1.5)[seed % 3])
        assert len(spots(heard)) == len(heard.notes)
        for notes in (heard.melody, heard.bass, heard.texture):
            assert list(notes) == sorted(notes)
        for note in heard.notes:
            assert note.duration_tick >= 1
            assert note.onset_tick >= 0
            assert note.end_tick <= heard.grid.end_tick
            assert 1 <= note.velocity <= 127
            assert 0 <= note.pitch <= 127
        ends = [note.end_tick for note in heard.melody]
        assert all(end <= note.onset_tick for end, note in zip(ends, heard.melody[1:], strict=False))
        for bar in bars_of_sheet(heard):
            assert tokenizer.ids(tokenizer.source_bar(**bar))


def test_silence_stays_silence():
    song = replace(make_song(2), melody=(), bass=(), texture=())
    assert degrade(song, load_errors(), np.random.default_rng(0), "piano").notes == ()


def test_circumstances_of_notes():
    song = make_song(1)
    notes = SongSheet(song.grid, (Note(0, 6, 72), Note(6, 6, 72)), (Note(0, 12, 48),), (Note(0, 12, 60),), (), song.key)
    arrays = sounding(notes)
    columns = dict(zip(CIRCUMSTANCES, circumstances(arrays, roll_of(arrays, 48)).T, strict=True))
    assert arrays.pitch.tolist() == [48, 60, 72, 72]
    assert columns["again"].tolist() == [0, 0, 0, 1]
    assert columns["overtone"].tolist() == [0, 1, 1, 1]
    assert columns["low"].tolist() == [1, 0, 0, 0]
    assert columns["sounding"].tolist() == pytest.approx([np.log2(3)] * 4)
    assert predecessors(arrays).tolist() == [-1, -1, -1, 2]
