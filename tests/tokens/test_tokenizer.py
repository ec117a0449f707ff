"""The tokenizer: exact round trips, and loading from its file."""

import itertools

import symusic
from hypothesis import given, settings
from hypothesis import strategies as st

from symbolic_cover.core.music import CHORD_INTERVALS, Bar, Chord, Meter, Note
from symbolic_cover.tokens.language import bars_of_sheet
from symbolic_cover.tokens.tokenizer import BarTokenizer
from symbolic_cover.tokens.vocabulary import velocity_level, velocity_of

TOKENIZER = BarTokenizer.build(["pop-piano", "ragtime"], ["solo-piano"], ["left-hand", "right-hand"])
METERS = st.sampled_from([Meter(4, 4), Meter(3, 4), Meter(6, 8), Meter(2, 4)])


@st.composite
def pair_scores(draw) -> symusic.Score:
    """A canonical pair: song and arrangement on the grid, as the tokenizer itself would write it."""
    meters = draw(st.lists(METERS, min_size=1, max_size=4))
    score = symusic.Score(12)
    score.markers.extend([symusic.TextMeta(0, text) for text in ("ensemble=solo-piano", "level=easy", "style=ragtime")])
    tick, before = 0, None
    names = ("part:left-hand", "part:right-hand", "source:bass", "source:melody", "source:texture")
    tracks = {name: set() for name in names}
    chords: list[Chord] = []
    for meter in meters:
        if meter != before:
            score.time_signatures.append(symusic.TimeSignature(tick, *meter))
        for name in names:
            timed = name.startswith("part") or name == "source:melody"
            for position, pitch in draw(
                st.sets(st.tuples(st.integers(0, meter.bar_tick - 1), st.integers(21, 108)), max_size=5)
            ):
                duration = draw(st.integers(1, 96)) if timed else 1
                tracks[name].add((tick + position, duration, pitch))
        if draw(st.booleans()):
            root, quality = draw(st.integers(0, 11)), draw(st.sampled_from(list(CHORD_INTERVALS)))
            bass = draw(st.sampled_from([root, (root + 7) % 12]))
            chords.append(Chord(tick, tick + meter.bar_tick, root, quality, bass))
        tick, before = tick + meter.bar_tick, meter
    for name in names:
        if tracks[name]:
            track = symusic.Track(name=name)
            level = 72 if name.startswith("part") else 80
            track.notes.extend([symusic.Note(on, length, pitch, level) for on, length, pitch in sorted(tracks[name])])
            score.tracks.append(track)
    for chord, following in zip(chords, [*(c.start_tick for c in chords[1:]), tick], strict=False):
        score.markers.append(symusic.TextMeta(chord.start_tick, chord.label))
        if chord.end_tick < following:
            score.markers.append(symusic.TextMeta(chord.end_tick, "N"))
    score.markers.append(symusic.TextMeta(tick, "end"))
    return score


def facts(score: symusic.Score) -> tuple:
    """All that must survive; equal neighbours among the chords are one chord."""
    markers, chord = [], None
    for marker in sorted(score.markers, key=lambda m: (m.time, m.text)):
        if ":" in marker.text or marker.text == "N":
            if marker.text == chord:
                continue
            chord = marker.text
        markers.append((marker.time, marker.text))
    tracks = {t.name: [(n.time, n.duration, n.pitch, n.velocity) for n in t.notes] for t in score.tracks}
    return markers, tracks, [(s.time, s.numerator, s.denominator) for s in score.time_signatures]


@given(pair_scores())
@settings(max_examples=60, deadline=None)
def test_a_pair_survives_tokens_and_back(score):
    sequence = TOKENIZER.encode(score)
    assert facts(TOKENIZER.decode(sequence.ids)) == facts(score)


@given(pair_scores())
@settings(max_examples=30, deadline=None)
def test_every_sequence_obeys_the_token_graph(score):
    kinds = [token.split("_")[0] for token in TOKENIZER.encode(score).tokens]
    graph = TOKENIZER.tokens_types_graph
    assert all(after in graph[before] for before, after in itertools.pairwise(kinds))


def test_a_bar_reads_as_the_language_says():
    bar = Bar(48, Meter(4, 4))
    tokens = TOKENIZER.source_bar(
        bar,
        "inner",
        chords=[Chord(48, 96, 9, "min7", 0)],
        melody=[Note(54, 6, 72)],
        bass=[Note(48, 48, 45)],
        texture=[Note(60, 12, 64), Note(60, 12, 60)],
    )
    assert " ".join(tokens) == (
        "Bar_inner TimeSig_4/4 Section_chords Position_0 ChordRoot_9 ChordQuality_min7 ChordBass_0 "
        "Section_melody Position_6 Pitch_72 Duration_6 Section_bass Position_0 Pitch_45 "
        "Section_texture Position_12 Pitch_60 Pitch_64 Section_arrangement"
    )
    played = {"right-hand": [Note(48, 12, 60, 80), Note(48, 24, 64, 80)], "left-hand": []}
    tokens = TOKENIZER.target_bar(bar, played)
    assert " ".join(tokens) == "Part_right-hand Velocity_5 Position_0 Pitch_60 Duration_12 Pitch_64 Duration_24"
    assert TOKENIZER.read_target_bar(bar, tokens) == {"right-hand": [Note(48, 12, 60, 88), Note(48, 24, 64, 88)]}


def test_the_file_brings_back_the_same_tokenizer(tmp_path):
    TOKENIZER.save(tmp_path / "tokenizer.json")
    loaded = BarTokenizer.load(tmp_path)
    assert loaded.vocab == TOKENIZER.vocab
    assert loaded.parts == ["left-hand", "right-hand"]
    assert loaded.styles == ["pop-piano", "ragtime"]


def test_content_is_cut_into_its_bars(song):
    bars = bars_of_sheet(song)
    assert [len(bar["melody"]) for bar in bars] == [4, 4, 4, 4]
    assert [bar["place"] for bar in bars] == ["first", "inner", "inner", "last"]
    assert [bar["chords"][0].root for bar in bars] == [0, 9, 5, 7]


def test_loudness_stays_in_its_classes():
    assert all(velocity_level(velocity_of(level)) == level for level in range(8))
    assert velocity_level(127) == 7
