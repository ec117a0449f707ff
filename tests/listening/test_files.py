"""Score files read as written, performed MIDI by its beats, and rejected files."""

import numpy as np
import pytest
from symusic import core

from symbolic_cover.analysis.quantize import quantize, tick_of
from symbolic_cover.core.controls import Hints
from symbolic_cover.core.errors import InputError, UsageError
from symbolic_cover.core.harte import nearest_quality
from symbolic_cover.core.heard import Source
from symbolic_cover.core.music import Chord, Key, Meter
from symbolic_cover.listening.scores.read import read_score
from symbolic_cover.listening.scores.written import Measure, full_bars
from tests.listening.songs import accompanied_song

WALTZ = """X:1
T:Pick-up Waltz
M:3/4
L:1/8
Q:1/4=100
K:Am
"Am"A2|:"Am"c4 {d}e2|"E7/G#"(3ABc d2 e2|"Am"c4 A2-|"F6"A6:|
"""


def read(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content) if isinstance(content, bytes) else path.write_text(content)
    return read_score(path)


def rows(heard, track=0):
    return [(note.onset_tick, note.duration_tick, note.pitch) for note in quantize(heard)[track].notes]


def chords_of(heard):
    """The chords as they are stated: first tick, last tick, name."""
    return [
        (tick_of(heard.grid, one.start_sec), tick_of(heard.grid, one.end_sec), Chord(0, 1, *one[2:]).label)
        for one in heard.chords
    ]


def test_abc_with_pick_up_repeat_tie_grace_triplet_and_chords(tmp_path):
    heard = read(tmp_path, "waltz.abc", WALTZ)
    assert (heard.source, heard.title) == (Source("waltz.abc", "abc"), "Pick-up Waltz")
    assert [bar.meter for bar in heard.grid.bars] == [Meter(3, 4)] * 9
    assert heard.grid.tempo_bpm == pytest.approx(100)
    assert heard.grid.confidence == 1.0
    first_time = [
        (24, 12, 69),
        (36, 24, 72), (59, 1, 74), (60, 12, 76),
        (72, 4, 69), (76, 4, 71), (80, 4, 72), (84, 12, 74), (96, 12, 76),
        (108, 24, 72), (132, 48, 69),
    ]  # fmt: skip
    again = [(onset + 144, duration, pitch) for onset, duration, pitch in first_time[1:]]
    assert rows(heard) == first_time + again
    assert chords_of(heard)[:5] == [
        (24, 36, "A:min"), (36, 72, "A:min"), (72, 108, "E:7/3"), (108, 144, "A:min"), (144, 180, "F:maj6"),
    ]  # fmt: skip
    assert chords_of(heard)[-1] == (288, 324, "F:maj6")  # the last chord lasts until the end
    assert heard.key == Key(9, "minor")


def test_an_impossible_key_signature_is_passed_over(tmp_path):
    score = core.ScoreTick(480)
    score.key_signatures.append(core.KeySignatureTick(0, 3, 1))
    score.key_signatures.append(core.KeySignatureTick(960, 2, 0))
    score.tracks.append(core.TrackTick("tune", 0, False))
    for index in range(8):
        score.tracks[0].notes.append(core.NoteTick(480 * index, 480, 60 + index, 80))
    score.dump_midi(tmp_path / "odd.mid")
    midi = (tmp_path / "odd.mid").read_bytes()
    assert b"\xff\x59\x02\x03\x01" in midi
    (tmp_path / "odd.mid").write_bytes(midi.replace(b"\xff\x59\x02\x03\x01", b"\xff\x59\x02\xff\xff"))
    assert read_score(tmp_path / "odd.mid").key == Key(2, "major")


def musicxml_score():
    import music21

    piece = music21.stream.Score()
    for name, octave in (("Voice", 5), ("Piano", 3)):
        part = music21.stream.Part()
        part.partName = name
        for number, ratio in enumerate(["4/4", "4/4", "6/8", "6/8", "2/2"], start=1):
            bar = music21.stream.Measure(number=number)
            if number in (1, 3, 5):
                bar.append(music21.meter.TimeSignature(ratio))
            if number == 1:
                bar.insert(0, music21.tempo.MetronomeMark(number=90))
                bar.insert(0, music21.key.KeySignature(-3))
            if name == "Voice":
                bar.insert(0, music21.harmony.ChordSymbol("Cm7"))
            bar.append(music21.note.Note(f"C{octave}", quarterLength=3 if ratio == "6/8" else 4))
            part.append(bar)
        piece.append(part)
    return piece


@pytest.mark.parametrize("suffix", ["musicxml", "xml", "mxl"])
def test_musicxml_keeps_metre_changes_names_keys_and_chords(tmp_path, suffix):
    path = musicxml_score().write("mxl" if suffix == "mxl" else "musicxml", fp=str(tmp_path / f"song.{suffix}"))
    heard = read_score(path)
    assert heard.source.kind == "musicxml"
    assert [str(bar.meter) for bar in heard.grid.bars] == ["4/4", "4/4", "6/8", "6/8", "2/2"]
    assert [track.name for track in heard.tracks] == ["Voice", "Piano"]
    assert rows(heard) == [(0, 48, 72), (48, 48, 72), (96, 36, 72), (132, 36, 72), (168, 48, 72)]
    assert chords_of(heard) == [(48 * bar, 48 * bar + 48, "C:min7") for bar in (0, 1)] + [
        (96, 132, "C:min7"), (132, 168, "C:min7"), (168, 216, "C:min7"),
    ]  # fmt: skip
    assert heard.key == Key(3, "major")
    assert heard.grid.sec_at(48) == pytest.approx(4 * 60 / 90)


def test_kern(tmp_path):
    kern = "**kern\n*M3/4\n*k[f#]\n=1\n4g\n4b\n4dd\n=2\n2.gg\n==\n*-\n"
    heard = read(tmp_path, "tune.krn", kern)
    assert heard.source.kind == "kern"
    assert rows(heard) == [(0, 12, 67), (12, 12, 71), (24, 12, 74), (36, 36, 79)]
    assert {bar.meter for bar in heard.grid.bars} == {Meter(3, 4)}


def midi(notes, signatures=((0, 4, 4),), tempos=((0, 100),), tpq=480, is_drum=False):
    score = core.ScoreTick(tpq)
    score.tracks.append(core.TrackTick("MELODY", 0, is_drum))
    for note in notes:
        score.tracks[0].notes.append(core.NoteTick(*note))
    for signature in signatures:
        score.time_signatures.append(core.TimeSignatureTick(*signature))
    for tick, qpm in tempos:
        score.tempos.append(core.TempoTick(tick, qpm))
    return score


def read_midi(tmp_path, score, name="song.mid"):
    score.dump_midi(str(tmp_path / name))
    return read_score(tmp_path / name)


def test_midi_as_written_with_huge_ticks_tempo_and_metre_changes(tmp_path):
    tpq = 10080
    score = midi(
        [(i * tpq // 2, tpq // 2, 60 + i, 70) for i in range(28)],
        signatures=((0, 4, 4), (8 * tpq, 3, 4)),
        tempos=((0, 120), (8 * tpq, 60)),
        tpq=tpq,
    )
    heard = read_midi(tmp_path, score)
    assert [str(bar.meter) for bar in heard.grid.bars] == ["4/4", "4/4", "3/4", "3/4"]
    assert rows(heard) == [(6 * i, 6, 60 + i) for i in range(28)]
    assert heard.tracks[0].name == "MELODY"
    assert heard.grid.sec_at(96) == pytest.approx(4.0, abs=1e-4)
    assert heard.grid.sec_at(108) == pytest.approx(5.0, abs=1e-4)
    assert heard.tracks[0].notes[16].onset_sec == pytest.approx(4.0, abs=1e-4)


def test_midi_pick_up_bar_becomes_a_full_bar(tmp_path):
    score = midi(
        [(0, 480, 67, 80), *[(480 * i, 480, 60, 80) for i in range(1, 9)]], signatures=((0, 1, 4), (480, 4, 4))
    )
    heard = read_midi(tmp_path, score)
    assert [str(bar.meter) for bar in heard.grid.bars] == ["4/4"] * 3
    assert rows(heard)[:2] == [(36, 12, 67), (48, 12, 60)]


def test_drums_stay_drums(tmp_path):
    score = midi([(0, 480, 67, 80)])
    score.tracks.append(core.TrackTick("kit", 0, True))
    score.tracks[1].notes.append(core.NoteTick(480, 10, 36, 90))
    assert [track.is_drums for track in quantize(read_midi(tmp_path, score))] == [False, True]


def performed(tmp_path, signatures):
    """A song at 93 beats a minute in a file that states 120."""
    song, downbeat_sec = accompanied_song(bpm=93.0, jitter_sec=0.012)
    ticks = [
        (round(n.onset_sec * 960), round((n.end_sec - n.onset_sec) * 960), n.pitch, n.velocity) for n in song.notes
    ]
    return read_midi(tmp_path, midi(ticks, signatures, tempos=((0, 120),))), downbeat_sec


@pytest.mark.parametrize("signature", [(0, 4, 4), (0, 1, 4), (0, 2, 4)])
def test_the_beats_of_performed_midi_are_tracked(tmp_path, signature):
    heard, downbeat_sec = performed(tmp_path, (signature,))
    grid = heard.grid
    assert grid.confidence < 1
    assert grid.tempo_bpm == pytest.approx(93, rel=0.02)
    starts = grid.sec_at(np.array([bar.start_tick for bar in grid.bars]))
    assert np.mean([np.abs(starts - sec).min() < 0.06 for sec in downbeat_sec]) > 0.9
    assert heard.tracks[0].notes[0].onset_sec == pytest.approx(downbeat_sec[0], abs=0.05)


def test_overrides_of_a_written_score(tmp_path):
    (tmp_path / "waltz.abc").write_text(WALTZ)
    as_it_stands = read_score(tmp_path / "waltz.abc")
    faster = read_score(tmp_path / "waltz.abc", Hints(bpm=150.0))
    assert faster.grid.tempo_bpm == pytest.approx(150)
    assert rows(faster)[1] == (36, 24, 72)
    assert chords_of(faster) == chords_of(as_it_stands)
    rebarred = read_score(tmp_path / "waltz.abc", Hints(meter=Meter(4, 4), downbeat_sec=1.8))
    assert {bar.meter for bar in rebarred.grid.bars} == {Meter(4, 4)}
    starts = rebarred.grid.sec_at(np.array([bar.start_tick for bar in rebarred.grid.bars]))
    assert np.abs(starts - 1.8).min() < 1e-9
    assert rows(rebarred)[1] == (48, 24, 72)
    assert chords_of(rebarred)[:2] == [(36, 48, "A:min"), (48, 84, "A:min")]


@pytest.mark.parametrize("name", ["x.mid", "x.musicxml", "x.xml", "x.mxl", "x.abc", "x.krn"])
@pytest.mark.parametrize("content", [b"", b"MThd broken", b"<score-partwise><part>", bytes(range(256)) * 20])
def test_broken_files_are_refused_in_one_line(tmp_path, name, content):
    with pytest.raises(InputError) as caught:
        read(tmp_path, name, content)
    assert "\n" not in str(caught.value)
    assert caught.value.remedy


def test_midi_without_notes_is_refused(tmp_path):
    with pytest.raises(InputError, match="has no notes"):
        read_midi(tmp_path, midi([]))


def test_an_hour_of_midi_is_refused(tmp_path):
    with pytest.raises(InputError, match="15 minutes"):
        read_midi(tmp_path, midi([(480 * 7200, 480, 60, 80)]))


def test_unknown_suffixes_and_missing_files_are_misuse(tmp_path):
    with pytest.raises(UsageError, match=r"\.musicxml"):
        read_score(tmp_path / "song.docx")
    with pytest.raises(UsageError, match="no file"):
        read_score(tmp_path / "song.mid")


def test_short_measures_around_a_repeat_become_one_bar():
    full, pick_up, rest = Measure(48, Meter(4, 4)), Measure(12, Meter(4, 4)), Measure(36, Meter(4, 4))
    bars, shift_tick = full_bars([pick_up, full, rest, pick_up, full, rest], 192)
    assert shift_tick == 36
    assert [bar.meter for bar, _, _ in bars] == [Meter(4, 4)] * 5
    bars, _ = full_bars([full, Measure(30, Meter(4, 4)), full], 126)
    assert [str(bar.meter) for bar, _, _ in bars] == ["4/4", "5/8", "4/4"]


@pytest.mark.parametrize(
    ("root", "classes", "bass", "label"),
    [
        (9, {9, 0, 4, 7}, 9, "A:min7"),
        (0, {0, 4, 7}, 4, "C:maj/3"),
        (0, {0, 7}, 0, "C:maj"),
        (7, {7, 11, 2, 5, 9}, 7, "G:7"),
        (10, {10, 2, 5, 9, 0}, 10, "Bb:maj7"),
    ],
)
def test_chords_are_named_in_harte(root, classes, bass, label):
    quality = nearest_quality({(pitch - root) % 12 for pitch in classes})
    assert Chord(0, 1, root, quality, bass).label == label


@pytest.mark.parametrize(("has_key", "confidence_is_full"), [(False, False), (True, True)])
def test_a_quantised_file_whose_notes_lie_beside_its_beats_is_tracked_unless_notated(
    tmp_path, has_key, confidence_is_full
):
    song, _ = accompanied_song(bpm=90.0, start_sec=60 / 90 / 4)
    tick = 480 * 90 / 60
    rows_late = [(round(n.onset_sec * tick / 120) * 120, 100, n.pitch, n.velocity) for n in song.notes]
    score = midi(rows_late, tempos=((0, 90),))
    if has_key:
        score.key_signatures.append(core.KeySignatureTick(0, 0, 0))
    grid = read_midi(tmp_path, score).grid
    assert (grid.confidence == 1.0) == confidence_is_full
    first_downbeat_sec = grid.sec_at(grid.bars[0].start_tick)
    expected = 0.0 if has_key else 60 / 90 / 4
    assert first_downbeat_sec == pytest.approx(expected, abs=0.03)
