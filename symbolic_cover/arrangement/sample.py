"""Sample accompaniments phrase by phrase; after every phrase all candidates continue from the best one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from onnxruntime import InferenceSession

from symbolic_cover.analysis.form import SECTION_BARS
from symbolic_cover.arrangement.candidates import Candidates, Song
from symbolic_cover.arrangement.checkpoint import Checkpoint
from symbolic_cover.arrangement.choose import best_phrase
from symbolic_cover.arrangement.conditioning import Conditioning
from symbolic_cover.arrangement.constraints import TokenIds
from symbolic_cover.arrangement.decoder import Decoder, n_threads, step_session
from symbolic_cover.arrangement.kept import Kept
from symbolic_cover.arrangement.lanes import Chosen, joined, lanes_of
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
    first, last = (kept.first, kept.last) if kept else (song.conditioning.first, song.conditioning.last)
    one_lane = [range(first, last + 1)]
    lanes = lanes_of(sheet, song.returns, first, last) if compete and kept is None else one_lane
    sampling = _Sampling(checkpoint, song, lanes, compete, progress or (lambda share: None))
    if len(lanes) == 1:
        return [row.notes for row in sampling.lane(lanes[0], Chosen()).rows]
    earlier, later = sampling.both_lanes()
    seam_tick = sheet.grid.bars[lanes[1].start].start_tick
    return [joined(earlier.rows[0].notes, row.notes, seam_tick) for row in later.rows]


class _Sampling:
    """One session for all lanes of a song."""

    def __init__(
        self, checkpoint: Checkpoint, song: Song, lanes: list[range], compete: bool, progress: Callable[[float], None]
    ) -> None:
        self.song, self.lanes, self.compete, self.progress = song, lanes, compete, progress
        self.context = int(checkpoint.config["max_position_embeddings"])
        self.session = session_of(checkpoint, song, threads=max(n_threads() // len(lanes), 1))
        self._n_bars, self._n_played, self._counting = sum(map(len, lanes)), 0, threading.Lock()

    def both_lanes(self) -> tuple[Candidates, Candidates]:
        """Sample two lanes: at the same time, unless only one thread is allowed."""
        chosen = Chosen()
        if n_threads() == 1:
            return self.lane(self.lanes[0], chosen), self.lane(self.lanes[1], Chosen(), chosen)
        with ThreadPoolExecutor(1, "lane") as beside:
            later = beside.submit(self.lane, self.lanes[1], Chosen(), chosen)
            try:
                earlier = self.lane(self.lanes[0], chosen)
            except BaseException:  # Ctrl-C too
                chosen.give_up()
                raise
            return earlier, later.result()

    def lane(self, bars: range, chosen: Chosen, earlier: Chosen | None = None) -> Candidates:
        """Sample some bars; after every phrase all candidates continue from the best one, which is `chosen`."""
        candidates = Candidates(self.song, self._decoder(), self.context, bars.start, earlier)
        for index in bars:
            if earlier:
                earlier.before(0)  # it has not given up
            candidates.play(index)
            is_phrase = (index + 1 - bars.start) % SECTION_BARS == 0 or index + 1 == bars.stop
            if self.compete and is_phrase and index + 1 < self.lanes[-1].stop:
                _go_on_from_best(candidates, max(index + 1 - _JUDGED_BARS, bars.start), index)
                chosen.add(index + 1, candidates.rows[0].copy())
            with self._counting:
                self._n_played += 1
                self.progress(self._n_played / self._n_bars)
        return candidates

    def _decoder(self) -> Decoder:
        return Decoder(self.session, self.song.controls.candidates, capacity_of(self.context, self.song))


def session_of(checkpoint: Checkpoint, song: Song, *, threads: int, exact: bool = False) -> InferenceSession:
    """The session for a song; for `exact` see `step_session`."""
    capacity = capacity_of(int(checkpoint.config["max_position_embeddings"]), song)
    return step_session(checkpoint.weights, checkpoint.config, capacity, exact=exact, threads=threads)


def capacity_of(context: int, song: Song) -> int:
    """The most tokens of a row: a bar may begin when the context is nearly full."""
    return context + 4 * song.most_notes + 16


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
