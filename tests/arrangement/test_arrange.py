"""The arranger: its constraints hold with any weights, even random ones."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import DynamicCache

from symbolic_cover.analysis.form import returning_bars
from symbolic_cover.analysis.hands import REACH_OF_LEVEL, Reach, unplayable_in_hand
from symbolic_cover.arrangement.arranger import arrange_by_rules, candidates_by_model, prepare_sheet
from symbolic_cover.arrangement.candidates import Candidates, Song, _bars_to_replay
from symbolic_cover.arrangement.checkpoint import find_checkpoint
from symbolic_cover.arrangement.choose import choose
from symbolic_cover.arrangement.conditioning import Conditioning
from symbolic_cover.arrangement.constraints import CHORD_BIAS, SONG_BIAS, BarState, LogitBias, Players, TokenIds
from symbolic_cover.arrangement.decoder import Decoder, log_probabilities, step_session
from symbolic_cover.arrangement.endings import close_together
from symbolic_cover.arrangement.sample import capacity_of, session_of
from symbolic_cover.core.controls import Controls
from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.music import Bar, Chord, Key, Meter, Note
from symbolic_cover.core.styles import load_style, style_names
from symbolic_cover.evaluation.human_range import GENERAL
from symbolic_cover.evaluation.measures import score_arrangement
from symbolic_cover.evaluation.metrics import melody_on_top, melody_retention
from tests.conftest import make_song

STYLE = load_style("pop-piano")

PLAN = ("Density_2", "Polyphony_1", "Register_5", "Spread_3", "Offbeat_2", "Color_1")


def assert_guarantees(arrangement, sheet, level="full"):
    assert melody_retention(sheet.melody, arrangement.notes) == 1.0
    assert melody_on_top(arrangement.melody, arrangement.notes) == 1.0
    for part in arrangement.parts:
        assert unplayable_in_hand(part.notes, REACH_OF_LEVEL[level]) == 0
        assert all(0 <= note.onset_tick < sheet.grid.end_tick for note in part.notes)
        assert all(21 <= note.pitch <= 108 for note in part.notes)


@pytest.mark.parametrize("meter", [Meter(4, 4), Meter(3, 4), Meter(6, 8)])
@pytest.mark.parametrize("level", ["easy", "full"])
def test_random_weights_keep_every_guarantee(tiny_checkpoint, meter, level):
    sheet = make_song(6, meter)
    candidates = candidates_by_model(tiny_checkpoint, sheet, STYLE, Controls(candidates=2, level=level))
    assert len(candidates) == 2
    assert candidates[0].notes != candidates[1].notes
    for candidate in candidates:
        assert len(candidate.notes) > len(sheet.melody)
        assert_guarantees(candidate, sheet, level)


@pytest.mark.parametrize(
    "name", ["string-quartet", "bach-chorale", "lied", "rock", "classical-guitar", "orchestra", "ragtime"]
)
def test_every_ensemble_keeps_its_limits(tiny_checkpoint, name):
    style = load_style(name)
    sheet = prepare_sheet(make_song(4), Controls(), style.ensemble)
    model = candidates_by_model(tiny_checkpoint, sheet, style, Controls(candidates=1))[0]
    for candidate in (model, arrange_by_rules(sheet, style, Controls())):
        assert melody_retention(sheet.melody, candidate.notes) == 1.0
        assert len(candidate.notes) > len(sheet.melody)
        assert [part.name for part in candidate.parts] == [spec.label for spec in style.ensemble.parts]
        if style.ensemble.melody_on_top:
            assert melody_on_top(candidate.melody, candidate.notes) == 1.0
        for part, spec in zip(candidate.parts, style.ensemble.parts, strict=True):
            assert all(spec.lowest <= note.pitch <= spec.highest for note in part.notes)
            if spec.is_hand:
                assert unplayable_in_hand(part.notes) == 0
            elif not spec.is_drums:
                assert most_at_once(part.notes) <= spec.most


def most_at_once(notes) -> int:
    return max((sum(o.onset_tick <= n.onset_tick < o.end_tick for o in notes) for n in notes), default=0)


def test_a_melody_below_a_violin_moves_up_an_octave():
    sheet = make_song(4)
    low = replace(sheet, melody=tuple(note._replace(pitch=note.pitch - 30) for note in sheet.melody))
    moved = prepare_sheet(low, Controls(), load_style("string-quartet").ensemble)
    assert {after.pitch - before.pitch for before, after in zip(low.melody, moved.melody, strict=True)} == {24}
    assert min(note.pitch for note in moved.melody) >= 55


@pytest.mark.parametrize(("steps", "octave"), [(0, 0), (-14, 12), (-26, 24), (14, -12), (-2, 0)])
def test_hands_play_a_melody_where_hands_do_and_singers_where_they_sing(steps, octave):
    sheet = make_song(4)
    sheet = replace(sheet, melody=tuple(note._replace(pitch=note.pitch + steps) for note in sheet.melody))

    def moved(style: str) -> set[int]:
        after = prepare_sheet(sheet, Controls(), load_style(style).ensemble).melody
        return {new.pitch - old.pitch for old, new in zip(sheet.melody, after, strict=True)}

    assert moved("pop-piano") == {octave}
    if steps == -14:
        assert moved("lied") == {0}


def test_what_is_asked_narrows_the_plan_of_every_bar(tiny_checkpoint, song):
    def asked(style: str = "pop-piano", **controls: object) -> dict[str, tuple[int, int]]:
        return Conditioning.of(tiny_checkpoint, song, load_style(style), Controls(candidates=1, **controls)).asked

    assert asked() == {}
    assert [asked(density=share)["Density"] for share in (0.0, 0.5, 1.0)] == [(1, 2), (3, 5), (7, 8)]
    assert asked("rock", density=1.0)["Density"] == (11, 12)
    assert [asked(polyphony=share)["Polyphony"] for share in (0.0, 0.5, 1.0)] == [(0, 1), (3, 5), (7, 8)]
    assert asked(level="easy")["Density"] == (0, 2)
    assert asked(level="easy", density=0.5)["Density"] == (3, 5)


def test_a_plan_keeps_to_what_is_asked(tiny_checkpoint):
    ids, bar = TokenIds(tiny_checkpoint.tokenizer), Bar(0, Meter(4, 4))
    players = Players(bar, STYLE.ensemble, [], {}, Reach())
    state = BarState(ids, players, 48, asked={"Density": (3, 5), "Polyphony": (0, 1)})

    def allowed() -> list[str]:
        return [tiny_checkpoint.tokenizer[int(i)] for i in np.flatnonzero(state.allowed())]

    assert allowed() == ["Density_3", "Density_4", "Density_5"]
    state.push(ids.id_of["Density_4"])
    assert allowed() == ["Polyphony_0", "Polyphony_1"]
    for word in ("Polyphony_1", "Register_5", "Spread_3", "Offbeat_2"):
        assert state.is_planning
        state.push(ids.id_of[word])
    assert allowed() == [f"Color_{level}" for level in range(6)]
    state.push(ids.id_of["Color_0"])
    assert not state.is_planning
    assert set(allowed()) == {"Part_left-hand", "Part_right-hand"}


def test_full_is_as_hard_as_people_usually_play_it(tiny_checkpoint, song):
    def level(asked: str, usual: str) -> str:
        human = {"pop-piano": replace(GENERAL, level=usual)}
        conditioning = Conditioning.of(
            replace(tiny_checkpoint, human=human), song, STYLE, Controls(candidates=1, level=asked)
        )
        return tiny_checkpoint.tokenizer[conditioning.header[2]]

    assert level("full", "full") == "Level_full"
    assert level("full", "easy") == "Level_easy"
    assert level("easy", "full") == "Level_easy"


def test_chord_tones_and_the_songs_own_notes_get_a_logit_bias(tiny_checkpoint):
    ids, bar = TokenIds(tiny_checkpoint.tokenizer), Bar(48, Meter(2, 4))
    vocab = tiny_checkpoint.tokenizer.vocab
    state = BarState(ids, Players(bar, STYLE.ensemble, [], {}, Reach()), max_notes=9)
    logit_bias = LogitBias([state], [Chord(0, 60, 0, "maj", 0), Chord(60, 96, 7, "maj", 7)], [Note(60, 12, 43)])
    places = np.flatnonzero(logit_bias(np.zeros((1, ids.size)))[0]).tolist()
    assert [tiny_checkpoint.tokenizer[place] for place in places] == ["Position_12"]
    for word in (*PLAN, "Part_right-hand", "Velocity_4", "Position_12"):
        state.push(vocab[word])
    scores = np.zeros((1, ids.size))
    biased = logit_bias(scores)[0]
    assert biased[vocab["Pitch_67"]] == biased[vocab["Pitch_62"]] == pytest.approx(CHORD_BIAS)
    assert biased[vocab["Pitch_43"]] == pytest.approx(CHORD_BIAS + SONG_BIAS)
    assert biased[vocab["Pitch_60"]] == 0
    assert not scores.any()


def test_a_style_can_be_played_by_another_ensemble(tiny_checkpoint, song):
    style = load_style("pop-piano", "string-quartet")
    candidate = candidates_by_model(tiny_checkpoint, song, style, Controls(candidates=1))[0]
    assert [part.name for part in candidate.parts] == ["Violin 1", "Violin 2", "Viola", "Violoncello"]
    with pytest.raises(UsageError, match=r"Choose one of: .*choir"):
        load_style("pop-piano", "kazoos")


def test_the_model_plays_at_home_and_what_it_plays_is_moved_back(tiny_checkpoint, song):
    in_c = candidates_by_model(tiny_checkpoint, song, STYLE, Controls(candidates=1))[0]
    in_e_flat = candidates_by_model(tiny_checkpoint, song.transposed(3), STYLE, Controls(candidates=1))[0]
    for part, moved in zip(in_c.parts, in_e_flat.parts, strict=True):
        assert [note.pitch + 3 for note in part.notes] == [note.pitch for note in moved.notes]


def test_a_section_that_returns_is_played_again_but_for_its_end(tiny_checkpoint):
    sheet = make_song(12)  # the same four bars three times
    assert returning_bars(sheet) == [None] * 4 + [0, 1, 2, 3] * 2
    assert _bars_to_replay(sheet) == [None] * 4 + [0, 1, 2, None] * 2
    candidate = candidates_by_model(tiny_checkpoint, sheet, STYLE, Controls(candidates=2, seed=2))[0]
    assert_guarantees(candidate, sheet)
    played = set(candidate.notes) - set(candidate.melody)

    def bar(index: int) -> set[tuple[int, int]]:
        start = sheet.grid.bars[index].start_tick
        return {(n.onset_tick - start, n.pitch) for n in played if start <= n.onset_tick < start + 48}

    kept = [len(bar(index + 4) & bar(index)) / max(len(bar(index)), 1) for index in range(4)]
    assert sum(kept[:3]) / 3 > kept[3]  # what still sounds from before may be in the way of some notes


def test_a_bar_is_replayed_as_far_as_it_may(tiny_checkpoint):
    ids, bar = TokenIds(tiny_checkpoint.tokenizer), Bar(48, Meter(2, 4))
    state = BarState(ids, Players(bar, STYLE.ensemble, [Note(60, 12, 64)], {}, Reach()), max_notes=9)
    before = {"left-hand": [Note(0, 24, 43), Note(12, 6, 47)], "right-hand": [Note(0, 24, 62), Note(12, 12, 67)]}
    assert state.replay(before)
    assert state.done
    assert state.notes["left-hand"] == [Note(48, 24, 43, 88), Note(60, 6, 47, 88)]
    assert state.notes["right-hand"] == [Note(48, 24, 62, 88)]  # the other one would lie above the melody
    empty = BarState(ids, Players(bar, STYLE.ensemble, [], {}, Reach()), max_notes=9, must_play=True)
    assert not empty.replay({})


def decoder_of(checkpoint, n_rows: int, *, exact: bool) -> Decoder:
    """A decoder of 64 tokens."""
    return Decoder(step_session(checkpoint.weights, checkpoint.config, 64, exact=exact), n_rows, 64)


def test_the_decoder_says_what_the_library_says(tiny_checkpoint):
    """Rows that share their past, part, rest, are swapped and continue from one of them."""
    random = np.random.default_rng(3)

    def draw(*shape: int) -> np.ndarray:
        return random.integers(3, 400, shape)

    fed, rows = decoder_of(tiny_checkpoint, 3, exact=True), [[], [], []]

    def check(logits: np.ndarray) -> None:
        for row, got in zip(rows, logits, strict=False):
            wanted = tiny_checkpoint.model(torch.tensor([row])).logits[0, -1]
            np.testing.assert_allclose(got, wanted, atol=1e-5, rtol=1e-4)

    with torch.inference_mode():
        for turn in range(2):
            common = draw(9)
            rows = [row + common.tolist() for row in rows]
            check(np.tile(fed.feed_all(common), (3, 1)))
            ids, mask = draw(3, 4), np.array([[1, 1, 1, 1], [0, 0, 1, 1], [0, 1, 1, 1]])
            rows = [
                row + [int(token) for token, kept in zip(new, keep, strict=True) if kept]
                for row, new, keep in zip(rows, ids, mask, strict=True)
            ]
            check(fed.feed(ids, mask))
            fed.swap(0, 2)
            rows[0], rows[2] = rows[2], rows[0]
            for n_live in (3, 2, 1, 2):  # those behind rest
                ids = draw(n_live, 1)
                rows[:n_live] = [row + new.tolist() for row, new in zip(rows[:n_live], ids, strict=True)]
                check(fed.feed(ids))
            fed.settle(turn)
            rows = [list(rows[turn]) for _ in rows]
        with pytest.raises(ValueError, match="do not fit"):
            fed.feed_all(draw(40))


def test_a_long_song_passes_the_context_by_whole_bars(tiny_checkpoint):
    sheet = make_song(24)
    (candidate,) = candidates_by_model(tiny_checkpoint, sheet, STYLE, Controls(candidates=1))
    assert_guarantees(candidate, sheet)
    assert max(note.onset_tick for note in candidate.notes) >= sheet.grid.bars[-1].start_tick


def test_the_same_seed_gives_the_same_notes(tiny_checkpoint, song):
    first, again, other = (
        candidates_by_model(tiny_checkpoint, song, STYLE, Controls(candidates=1, seed=seed))[0] for seed in (5, 5, 6)
    )
    assert first == again
    assert first.notes != other.notes


def test_products_in_bytes_are_nearly_the_models_own(tiny_checkpoint):
    ids = np.random.default_rng(1).integers(3, 400, (2, 40))
    exact, near = (torch.from_numpy(decoder_of(tiny_checkpoint, 2, exact=exact).feed(ids)) for exact in (True, False))
    assert not torch.equal(exact, near)
    divergence = torch.nn.functional.kl_div(near.log_softmax(-1), exact.softmax(-1), reduction="batchmean")
    assert divergence < 1e-3


def test_the_padded_batch_sees_what_a_single_row_sees(tiny_checkpoint, song):
    """Logits after bars of unequal length equal those of the plain model on each row's own tokens."""
    controls = Controls(candidates=3)
    conditioning = Conditioning.of(tiny_checkpoint, song, STYLE, controls)
    told = Song(song, conditioning, STYLE.ensemble, controls, None, TokenIds(tiny_checkpoint.tokenizer))
    context = int(tiny_checkpoint.config["max_position_embeddings"])
    session = session_of(tiny_checkpoint, told, threads=1, exact=True)
    candidates = Candidates(told, Decoder(session, 3, capacity_of(context, told)), context)
    for index in range(2):
        candidates.play(index)
    logits = candidates._feed_source(told.conditioning.source_ids(2))
    lengths = set()
    for row, batched in zip(candidates.rows, logits, strict=True):
        ids = told.conditioning.header + [token for tokens in row.bars for token in tokens]
        lengths.add(len(ids))
        with torch.inference_mode():
            alone = tiny_checkpoint.model(torch.tensor([ids]), past_key_values=DynamicCache()).logits[0, -1]
        np.testing.assert_allclose(batched, alone, atol=1e-4, rtol=1e-4)
    assert len(lengths) > 1


def test_all_log_probabilities_of_sequences_are_the_models(tiny_checkpoint):
    sequences = [np.random.default_rng(seed).integers(3, 400, 12 + seed).tolist() for seed in range(2)]
    for ids, told in zip(
        sequences, log_probabilities(tiny_checkpoint.weights, tiny_checkpoint.config, sequences), strict=True
    ):
        with torch.inference_mode():
            wanted = tiny_checkpoint.model(torch.tensor([ids])).logits[0].log_softmax(dim=-1)
        np.testing.assert_allclose(told, wanted, atol=1e-4, rtol=1e-4)


def test_hands_know_what_they_hold_and_where_the_melody_is():
    bar = Bar(48, Meter(4, 4))
    melody = [Note(60, 12, 72)]
    held = {"left-hand": [Note(36, 24, 40)], "right-hand": []}
    hands = Players(bar, STYLE.ensemble, melody, held, Reach(2, 12))
    left, right = hands.playable("left-hand"), hands.playable("right-hand")
    assert left[52 - 21, 0]
    assert not left[53 - 21, 0]  # a thirteenth from the held E
    assert left[71 - 21, 12]
    assert not left[72 - 21, 12]  # the melody's own key
    assert right[60 - 21, 12]
    assert not right[59 - 21, 12]  # beyond the reach of the hand that plays the melody
    hands.strike("right-hand", 62, 12, 4)
    assert not hands.playable("right-hand")[65 - 21, 12]  # two notes are all this hand may hold
    assert hands.playable("right-hand")[65 - 21, 16]


def test_a_bar_state_allows_only_what_the_language_does(tiny_checkpoint):
    ids = TokenIds(tiny_checkpoint.tokenizer)
    vocab = tiny_checkpoint.tokenizer.vocab
    hands = Players(Bar(0, Meter(2, 4)), STYLE.ensemble, [Note(12, 12, 64)], {}, Reach())
    state = BarState(ids, hands, max_notes=2)

    def allowed() -> set[str]:
        return {tiny_checkpoint.tokenizer[int(i)] for i in np.flatnonzero(state.allowed())}

    assert allowed() == {f"Density_{level}" for level in range(13)}
    for word in PLAN:
        state.push(vocab[word])
    assert allowed() == {"Part_left-hand", "Part_right-hand"}
    state.push(vocab["Part_right-hand"])
    assert allowed() == {f"Velocity_{level}" for level in range(8)}
    state.push(vocab["Velocity_4"])
    assert allowed() == {f"Position_{p}" for p in (0, 3, 4, 6, 8, 9, 12, 15, 16, 18, 20, 21)}
    state.push(vocab["Position_6"])
    state.push(vocab["Pitch_76"])
    assert allowed() == {f"Duration_{d}" for d in range(1, 7)}  # it must end before the lower melody begins
    state.push(vocab["Duration_6"])
    assert "Position_6" not in allowed()
    assert "Pitch_76" not in allowed()
    assert "Pitch_77" in allowed()
    state.push(vocab["Position_12"])
    assert allowed() == {f"Pitch_{p}" for p in range(52, 64)}
    state.push(vocab["Pitch_60"])
    state.push(vocab["Duration_3"])
    assert allowed() == {"Bar_inner"}  # two notes were all it might play
    state.push(vocab["Bar_inner"])
    assert state.done


def test_a_bar_of_the_song_is_not_left_without_any_note(tiny_checkpoint):
    ids, vocab = TokenIds(tiny_checkpoint.tokenizer), tiny_checkpoint.tokenizer.vocab
    bar = Bar(0, Meter(2, 4))
    players = Players(bar, STYLE.ensemble, [], {}, Reach())
    assert not BarState(ids, players, 8, must_play=True).allowed()[vocab["Density_0"]]
    silent = BarState(ids, players, 8)
    silent.push(vocab["Density_0"])
    assert [tiny_checkpoint.tokenizer[int(i)] for i in np.flatnonzero(silent.allowed())] == ["Bar_inner"]
    covered = Players(bar, STYLE.ensemble, [Note(0, 24, 21)], {}, Reach())  # the melody leaves no key below it
    nothing = BarState(ids, covered, 8, must_play=True, asked={"Density": (3, 5)})
    assert [tiny_checkpoint.tokenizer[int(i)] for i in np.flatnonzero(nothing.allowed())] == ["Density_0"]


def test_rules_keep_the_guarantees_and_the_chords(song):
    candidate = arrange_by_rules(song, STYLE, Controls())
    assert_guarantees(candidate, song)
    scores = score_arrangement(candidate, song)
    assert scores["chord_accuracy"] > 0.9
    assert scores["chord_tone_ratio"] == 1.0


def test_the_better_candidate_is_chosen(song):
    good = arrange_by_rules(song, STYLE, Controls())
    wrong = replace(good, parts=tuple(
        replace(part, notes=tuple(note if note in good.melody else note._replace(pitch=note.pitch + 1)
                                  for note in part.notes)) for part in good.parts
    ))  # fmt: skip
    assert choose([wrong, good, wrong], song)[0] is good


def test_transposition_moves_everything_and_stays_on_the_keyboard(song):
    moved = prepare_sheet(song, Controls(transpose=2, tempo=2.0))
    assert [n.pitch for n in moved.melody] == [n.pitch + 2 for n in song.melody]
    assert moved.chords[0].root == 2
    assert moved.key == Key(2, "major")
    assert moved.grid.tempo_bpm == pytest.approx(200)
    low = prepare_sheet(replace(song, bass=(Note(0, 12, 22),)), Controls(transpose=-5))
    assert low.bass[0].pitch == 29


def test_unknown_names_are_refused(tiny_checkpoint, song, tmp_path):
    assert "pop-piano" in style_names()
    with pytest.raises(UsageError, match="pop-piano"):
        load_style("polka")
    with pytest.raises(UsageError, match="no checkpoint"):
        find_checkpoint("nowhere")
    (tmp_path / "tokenizer.json").touch()  # a corpus has a tokenizer and people's ranges, but is no checkpoint
    (tmp_path / "human_range.safetensors").touch()
    with pytest.raises(UsageError, match="no checkpoint"):
        find_checkpoint(tmp_path)
    with pytest.raises(UsageError, match="does not know"):
        candidates_by_model(tiny_checkpoint, song, replace(STYLE, name="polka"), Controls())
    with pytest.raises(UsageError, match="metre"):
        candidates_by_model(tiny_checkpoint, make_song(2, Meter(9, 4)), STYLE, Controls())


def test_who_sang_until_the_end_sings_in_the_last_bar(song):
    choir = load_style("hymn").ensemble
    bars = song.grid.bars
    alto = [Note(bar.start_tick, 48, 64, 70) for bar in bars[:-1]]
    tenor = [Note(bars[0].start_tick, 48, 55, 70)]  # rests since the second bar, and goes on resting
    bass = [Note(bars[-1].start_tick, 24, 43, 70)]
    closed = close_together({"alto": alto, "tenor": tenor, "bass-voice": bass}, song, choir)
    assert closed["tenor"] == tenor
    assert closed["bass-voice"] == bass
    assert closed["alto"] == [*alto, Note(bars[-1].start_tick, 48, 62, 70)]  # the last chord is G major
    assert close_together({"alto": alto}, replace(song, is_whole=False), choir)["alto"] == alto
