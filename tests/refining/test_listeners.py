"""Ratings and corrections of real covers, made by rules of a small song."""

import json
from collections import Counter
from dataclasses import replace

import pytest

from symbolic_cover.arrangement.arranger import arrange_by_rules
from symbolic_cover.arrangement.conditioning import IGNORED_LABEL
from symbolic_cover.core.arrangement import Part
from symbolic_cover.core.controls import Controls
from symbolic_cover.core.errors import InputError, UsageError
from symbolic_cover.core.song_file import write_sheet
from symbolic_cover.notation.musicxml import write_musicxml
from symbolic_cover.performance.midi import write_midi
from symbolic_cover.refining.listeners import preferences_of, said_by_correcting, said_in_ratings
from tests.conftest import make_song
from tests.refining.conftest import STYLE


@pytest.fixture
def cover(song, tmp_path):
    """A folder as `cover` writes it."""
    return write_cover(tmp_path / "cover", song, arrange_by_rules(song, STYLE, Controls()))


def write_cover(folder, song, arrangement):
    folder.mkdir()
    write_midi(arrangement, folder / "arrangement.mid")
    write_musicxml(arrangement, folder / "score.musicxml")
    write_sheet(song, folder / "song.json")
    report = {"settings": {"style": "pop-piano", "ensemble": "solo-piano"}}
    (folder / "report.json").write_text(json.dumps(report))
    return folder


def lowered(arrangement):
    """The left hand an octave down in the second bar."""
    right, left = arrangement.parts
    moved = [note._replace(pitch=note.pitch - 12) if 48 <= note.onset_tick < 96 and note.pitch >= 48 else note
             for note in left.notes]  # fmt: skip
    assert moved != list(left.notes)
    return replace(arrangement, parts=(right, Part(left.name, left.group, left.program, tuple(sorted(moved)))))


def own(window):
    return [label for label in window[1] if label != IGNORED_LABEL]


def test_a_corrected_score_is_preferred_to_the_original(cover, song, tiny_checkpoint):
    write_musicxml(lowered(arrange_by_rules(song, STYLE, Controls())), cover / "score.musicxml")
    (found,) = preferences_of(said_by_correcting(cover), tiny_checkpoint)
    assert (found.origin, found.style) == ("corrections", "pop-piano")
    assert found.chosen[0][:4] == found.rejected[0][:4]
    chosen, rejected = (Counter(tiny_checkpoint.tokenizer.names(own(side))) for side in (found.chosen, found.rejected))
    put_right, wrong = chosen - rejected, rejected - chosen
    assert {word.split("_")[0] for word in put_right + wrong} <= {"Pitch", "Duration", "Register", "Spread"}
    lower, higher = (
        sorted(int(word.split("_")[1]) for word in words.elements() if word.startswith("Pitch"))
        for words in (put_right, wrong)
    )
    assert [pitch + 12 for pitch in lower] == higher


def test_a_score_that_was_not_touched_says_nothing(cover, tiny_checkpoint):
    assert not list(preferences_of(said_by_correcting(cover), tiny_checkpoint))


def test_a_rating_prefers_what_was_preferred(cover, song, tmp_path, tiny_checkpoint):
    other = write_cover(tmp_path / "other", song, lowered(arrange_by_rules(song, STYLE, Controls())))
    line = {
        "source": "",
        "style": "pop-piano",
        "a": str(cover / "arrangement.mid"),
        "b": str(other / "arrangement.mid"),
    }
    path = tmp_path / "ratings.jsonl"
    path.write_text("".join(json.dumps(line | {"preferred": choice}) + "\n" for choice in ("b", "tie", "a")))
    b, a = said_in_ratings(path)
    (found,), (opposite,) = preferences_of(b, tiny_checkpoint), preferences_of(a, tiny_checkpoint)
    assert found.chosen == opposite.rejected
    assert found.rejected == opposite.chosen


def test_the_melody_is_not_learned(cover, song, tiny_checkpoint):
    """What the right hand plays of the melody is X's, not Y's."""
    write_musicxml(lowered(arrange_by_rules(song, STYLE, Controls())), cover / "score.musicxml")
    (found,) = preferences_of(said_by_correcting(cover), tiny_checkpoint)
    pitches = [name for name in tiny_checkpoint.tokenizer.names(own(found.chosen)) if name.startswith("Pitch_")]
    n_notes = len(arrange_by_rules(song, STYLE, Controls()).notes)
    assert len(pitches) <= n_notes - len(song.melody)


def test_what_cannot_be_read_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"arrangement\.mid"):
        said_by_correcting(tmp_path)
    with pytest.raises(UsageError, match="--export"):
        said_in_ratings(tmp_path / "ratings.jsonl")
    (tmp_path / "ratings.jsonl").write_text('{"a": 1}\n')
    with pytest.raises(InputError, match="line 1"):
        said_in_ratings(tmp_path / "ratings.jsonl")


def test_other_styles_are_not_compared(cover, song, tmp_path, tiny_checkpoint):
    other = write_cover(tmp_path / "other", song, arrange_by_rules(song, STYLE, Controls()))
    report = json.loads((other / "report.json").read_text())
    report["settings"]["style"] = "ragtime"
    (other / "report.json").write_text(json.dumps(report))
    line = {"source": "", "style": "pop-piano", "a": str(cover / "arrangement.mid"), "preferred": "a"}
    (tmp_path / "ratings.jsonl").write_text(json.dumps(line | {"b": str(other / "arrangement.mid")}))
    with pytest.raises(InputError, match="different styles"):
        list(preferences_of(said_in_ratings(tmp_path / "ratings.jsonl")[0], tiny_checkpoint))


def test_sound_teaches_nothing(cover, tmp_path, tiny_checkpoint):
    line = {"source": "", "style": "pop-piano", "a": str(cover / "arrangement.mid"), "b": "b.wav", "preferred": "a"}
    (tmp_path / "ratings.jsonl").write_text(json.dumps(line))
    (said,) = said_in_ratings(tmp_path / "ratings.jsonl")
    with pytest.raises(InputError, match="sound"):
        list(preferences_of(said, tiny_checkpoint))


def test_other_bars_than_the_songs_are_refused(cover, tiny_checkpoint):
    write_midi(arrange_by_rules(make_song(n_bars=9), STYLE, Controls()), cover / "arrangement.mid")
    with pytest.raises(InputError, match="bars of its song"):
        list(preferences_of(said_by_correcting(cover), tiny_checkpoint))
