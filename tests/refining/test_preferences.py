import pytest

from symbolic_cover.arrangement.conditioning import IGNORED_LABEL, Conditioning
from symbolic_cover.core.controls import Controls
from symbolic_cover.core.errors import InputError
from symbolic_cover.refining import preferences as lines
from tests.refining.conftest import STYLE, blocks


def test_they_are_read_as_they_were_written(tmp_path, preferences):
    path = tmp_path / "preferences.jsonl"
    lines.append(path, "one", preferences[0])
    lines.append(path, "two", None)
    first, second = lines.read(path)
    assert second == ("two", None)
    assert first[1].task == preferences[0].task
    assert [list(side) for side in first[1].chosen] == [list(side) for side in preferences[0].chosen]


def test_a_line_that_was_cut_off_is_made_again(tmp_path, preferences):
    path = tmp_path / "preferences.jsonl"
    lines.append(path, "one", preferences[0])
    whole = path.read_text()
    path.write_text(whole + '["two", {"ta')
    assert [task for task, _ in lines.read(path)] == ["one"]
    assert path.read_text() == whole


def test_what_is_no_preference_is_refused(tmp_path):
    path = tmp_path / "preferences.jsonl"
    path.write_text("hello\n")
    with pytest.raises(InputError, match="line 1"):
        list(lines.read(path))


def test_a_window_is_what_the_sampler_feeds(song, tiny_checkpoint):
    """Labels are Y and the signs that end bars; without the end, ids are header, and X and Y bar by bar."""
    tokenizer = tiny_checkpoint.tokenizer
    conditioning = Conditioning.of(tiny_checkpoint, song, STYLE, Controls())
    parts = blocks(song)
    ids, labels = conditioning.window(parts, context=4096)
    expected, own = list(conditioning.header), []
    (end,) = tokenizer.ids(["Bar_inner"])
    for index, bar in enumerate(song.grid.bars):
        y = tokenizer.ids(tokenizer.target_bar(bar, {
            name: [n for n in notes if bar.start_tick <= n.onset_tick < bar.end_tick] for name, notes in parts.items()
        }))  # fmt: skip
        y = conditioning.plan_of(index, y) + y
        expected += [*conditioning.source_ids(index), *y]
        own += [*y, end]
    assert ids == [*expected, end]
    assert [label for label in labels if label != IGNORED_LABEL] == own
    assert len(ids) == len(labels)


def test_a_window_holds_whole_bars(song, tiny_checkpoint):
    conditioning = Conditioning.of(tiny_checkpoint, song, STYLE, Controls())
    whole, _ = conditioning.window(blocks(song), context=4096)
    short, labels = conditioning.window(blocks(song), context=len(whole) - 2)
    assert len(short) < len(whole) - 2
    assert short[:-1] == whole[: len(short) - 1]
    assert labels[-1] == tiny_checkpoint.tokenizer.ids(["Bar_inner"])[0]
