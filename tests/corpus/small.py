"""A corpus of three small songs, written as `prepare` writes one."""

import json
from pathlib import Path

import numpy as np

from symbolic_cover.core.music import Note
from symbolic_cover.corpus.pairs import Pair, Piece, tokenize_pair
from symbolic_cover.corpus.shards import SPLITS, ShardWriter
from symbolic_cover.tokens.tokenizer import BarTokenizer
from tests.conftest import make_song

TOKENIZER = BarTokenizer.build(
    ["any", "pop-piano", "hymn"], ["solo-piano", "choir"], ["right-hand", "left-hand", "soprano", "alto"]
)
#: Lead, lower part, upper part of each ensemble; the lead of a piano is one of its hands.
PLAYERS = {"solo-piano": ("right-hand", "left-hand", "right-hand"), "choir": ("soprano", "alto", "alto")}


def prepared_songs(folder: Path, style: str = "pop-piano", ensemble: str = "solo-piano") -> Path:
    """Three songs of 12 bars, each transposed differently, in every split."""
    lead, low, high = PLAYERS[ensemble]
    folder.mkdir(parents=True, exist_ok=True)
    TOKENIZER.save(folder / "tokenizer.json")
    (folder / "vocabulary.json").write_text(json.dumps(TOKENIZER.vocab))
    for split in SPLITS:
        writer = ShardWriter(folder / split)
        for shift in range(3):
            sheet = make_song(12)
            parts: dict[str, list[Note]] = {}
            parts.setdefault(low, []).extend(n._replace(pitch=n.pitch + shift, velocity=64) for n in sheet.bass)
            parts.setdefault(high, []).extend(
                n._replace(pitch=n.pitch + shift + 12, velocity=64) for n in sheet.texture
            )
            piece = Piece(f"song-{shift}", "own", "", "", style, ensemble, "own", f"{shift}", (), sheet.grid)
            pair = Pair(piece, sheet, ensemble, lead, parts, "easy", 0.0)
            written = tokenize_pair(pair, sheet, TOKENIZER)
            writer.add(
                np.array(written.header),
                written.lead,
                written.steps_home,
                np.array([[len(side) for side in bar] for bar in written.bars]),
                np.array([token for bar in written.bars for side in bar for token in side]),
            )
        writer.close()
    return folder
