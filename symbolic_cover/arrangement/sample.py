"""Sample accompaniments phrase by phrase; after every phrase all candidates continue from the best one."""

from __future__ import annotations

from collections.abc import Callable

from symbolic_cover.analysis.form import SECTION_BARS
from symbolic_cover.arrangement.candidates import Candidates, Song
from symbolic_cover.arrangement.checkpoint import Checkpoint
from symbolic_cover.arrangement.choose import best_phrase
from symbolic_cover.arrangement.conditioning import Conditioning
from symbolic_cover.arrangement.constraints import TokenIds
from symbolic_cover.arrangement.decoder import Decoder, n_threads, step_session
from symbolic_cover.arrangement.kept import Kept
from symbolic_cover.core.controls import Controls
from symbolic_cover.core.ensemble import Style
from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.music import Note
from symbolic_cover.core.sheet import SongSheet

#: The number of bars by which the best candidate is chosen.
_JUDGED_BARS = 8


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
    """Sample `controls.candidates` accompaniments, each {part: notes}, without the melody.

    Unless they `compete`, each continues independently to the end. With `kept`, only its fresh bars are sampled and
    only the bars it goes through are returned. The song should be in C major or A minor, as in training. The same seed
    gives the same notes. Raises `UsageError` if the checkpoint does not know the style or the metre is not in its
    vocabulary.
    """
    if style.name not in checkpoint.tokenizer.styles:
        known = ", ".join(checkpoint.tokenizer.styles)
        raise UsageError(f"The checkpoint {checkpoint.name} does not know '{style.name}'.", f"It knows: {known}.")
    known_words = checkpoint.tokenizer.vocab
    unknown = {str(bar.meter) for bar in sheet.grid.bars if f"TimeSig_{bar.meter}" not in known_words}
    if unknown:
        raise UsageError(f"The arranger does not know the metre {', '.join(sorted(unknown))}.", "Give another --meter.")
    song = Song(
        sheet, Conditioning.of(checkpoint, sheet, style, controls), style.ensemble, controls,
        checkpoint.human.get(style.name), TokenIds(checkpoint.tokenizer, triplets=style.triplets), kept,
    )  # fmt: skip
    candidates = candidates_of(checkpoint, song)
    first, last = (kept.first, kept.last) if kept else (song.conditioning.first, song.conditioning.last)
    for index in range(first, last + 1):
        candidates.play(index)
        if compete and index < last and (index + 1 - first) % SECTION_BARS == 0:
            _go_on_from_best(candidates, max(index + 1 - _JUDGED_BARS, first), index)
        if progress:
            progress((index + 1 - first) / (last + 1 - first))
    return [row.notes for row in candidates.rows]


def candidates_of(checkpoint: Checkpoint, song: Song, *, exact: bool = False) -> Candidates:
    """The candidates of a song before their first bar; for `exact` see `step_session`."""
    context = int(checkpoint.config["max_position_embeddings"])
    capacity = context + 4 * song.most_notes + 16
    session = step_session(checkpoint.weights, checkpoint.config, capacity, exact=exact, threads=n_threads())
    return Candidates(song, Decoder(session, song.controls.candidates, capacity), context)


def _go_on_from_best(candidates: Candidates, first: int, last: int) -> None:
    """Replace every row by the one that played these bars best."""
    song = candidates.song
    if len(candidates.rows) == 1:
        return
    begin, end = song.sheet.grid.bars[first].start_tick, song.sheet.grid.bars[last].end_tick
    phrases = [
        {name: [note for note in notes if note.onset_tick >= begin] for name, notes in row.notes.items()}
        for row in candidates.rows
    ]
    if song.ensemble.lead:
        melody = [note for note in song.sheet.melody if begin <= note.onset_tick < end]
        for phrase in phrases:
            phrase[song.ensemble.lead] = [*phrase[song.ensemble.lead], *melody]
    candidates.go_on_from(best_phrase(phrases, song.sheet, first, last, song.human))
