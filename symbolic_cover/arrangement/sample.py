"""Sample accompaniments: candidates play phrase by phrase, and after every phrase all go on from the best one.

Candidates are divided into lanes (`arrangement.lane`), which play side by side on the processors there are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

from symbolic_cover.analysis.form import SECTION_BARS
from symbolic_cover.arrangement.checkpoint import Checkpoint
from symbolic_cover.arrangement.choose import best_phrase
from symbolic_cover.arrangement.constraints import TokenIds
from symbolic_cover.arrangement.decoder import Decoder, n_threads, step_session
from symbolic_cover.arrangement.kept import Kept
from symbolic_cover.arrangement.lane import Lane, Row, Song
from symbolic_cover.arrangement.sight import Sight
from symbolic_cover.core.controls import Controls
from symbolic_cover.core.ensemble import Style
from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.music import Note
from symbolic_cover.core.sheet import SongSheet

#: How many bars are looked at to tell which candidate goes on.
_JUDGED_BARS = 8
#: So many candidates are worth a lane of their own. How many lanes there are does not depend on the machine, so that
#: the same seed gives the same notes on any.
_A_LANE, _MOST_LANES = 2, 2


def sample_accompaniments(
    checkpoint: Checkpoint,
    sheet: SongSheet,
    style: Style,
    controls: Controls,
    progress: Callable[[float], None] | None = None,
    *,
    compete: bool = True,
    kept: Kept | None = None,
) -> list[dict[str, list[Note]]]:
    """Draw `controls.candidates` accompaniments, each {part: notes}, without the melody.

    Unless they `compete`, each goes its own way to the end. Where something is `kept`, only its fresh bars are drawn,
    and only the bars that it goes through are returned. The song should be in C major or A minor, where the model is at
    home. The same seed gives the same notes.
    Raises `UsageError` if the checkpoint does not know the style or the metre is beyond its vocabulary.
    """
    if style.name not in checkpoint.tokenizer.styles:
        known = ", ".join(checkpoint.tokenizer.styles)
        raise UsageError(f"The checkpoint {checkpoint.name} does not know '{style.name}'.", f"It knows: {known}.")
    known_words = checkpoint.tokenizer.vocab
    unknown = {str(bar.meter) for bar in sheet.grid.bars if f"TimeSig_{bar.meter}" not in known_words}
    if unknown:
        raise UsageError(f"The arranger does not know the metre {', '.join(sorted(unknown))}.", "Give another --meter.")
    song = Song(
        sheet, Sight.of(checkpoint, sheet, style, controls), style.ensemble, controls,
        checkpoint.human.get(style.name), TokenIds(checkpoint.tokenizer), kept,
    )  # fmt: skip
    lanes = lanes_of(checkpoint, song)
    first, last = (kept.first, kept.last) if kept else (song.sight.first, song.sight.last)
    stops = [*range(first, last + 1, SECTION_BARS), last + 1]
    with ThreadPoolExecutor(min(len(lanes), n_threads())) as pool:
        for begin, stop in pairwise(stops):

            def play(lane: Lane, bars: range = range(begin, stop)) -> None:
                for index in bars:
                    lane.play(index)
                    if progress and lane is lanes[0]:
                        progress((index + 1 - first) / (last + 1 - first))

            list(pool.map(play, lanes))
            if compete and stop <= last:
                _go_on_from_best(lanes, max(stop - _JUDGED_BARS, first), stop - 1)
    return [row.notes for lane in lanes for row in lane.rows]


def lanes_of(checkpoint: Checkpoint, song: Song, *, exact: bool = False) -> list[Lane]:
    """The candidates of a song, divided into lanes."""
    n_rows = song.controls.candidates
    n_lanes = min(max(n_rows // _A_LANE, 1), _MOST_LANES)
    context = int(checkpoint.config["max_position_embeddings"])
    room = context + 4 * song.most_notes + 16
    session = step_session(
        checkpoint.weights, checkpoint.config, room, exact=exact, threads=max(n_threads() // n_lanes, 1)
    )
    lanes = []
    for number in range(n_lanes):
        rows = [Row(notes={spec.name: [] for spec in song.ensemble.parts}) for _ in range(number, n_rows, n_lanes)]
        lanes.append(Lane(song, Decoder(session, len(rows), room), rows, context, [song.controls.seed, number]))
    return lanes


def _go_on_from_best(lanes: Sequence[Lane], first: int, last: int) -> None:
    """Every row becomes the one that played these bars best."""
    song, rows = lanes[0].song, [(lane, index) for lane in lanes for index in range(len(lane.rows))]
    if len(rows) == 1:
        return
    begin, end = song.sheet.grid.bars[first].start_tick, song.sheet.grid.bars[last].end_tick
    phrases = [
        {name: [note for note in notes if note.onset_tick >= begin] for name, notes in lane.rows[index].notes.items()}
        for lane, index in rows
    ]
    if song.ensemble.lead:
        tune = [note for note in song.sheet.melody if begin <= note.onset_tick < end]
        for phrase in phrases:
            phrase[song.ensemble.lead] = [*phrase[song.ensemble.lead], *tune]
    best, index = rows[best_phrase(phrases, song.sheet, first, last, song.human)]
    best.go_on_from(best, index)
    for lane in lanes:
        if lane is not best:
            lane.go_on_from(best, index)
