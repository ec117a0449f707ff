"""A page of each ensemble, as pictures for the documents: the example song, covered and engraved.

    python benchmarks/notation/pages.py docs/pictures

Writes `page-ENSEMBLE.png` into the folder, the same picture each time.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import torch
from PIL import Image, ImageOps

from symbolic_cover.app.cover import cover
from symbolic_cover.core.controls import Controls
from symbolic_cover.notation.engrave import write_png
from symbolic_cover.notation.musicxml import write_musicxml

SONG = Path(__file__).parents[2] / "data" / "examples" / "scarborough_fair.abc"
#: A style for each ensemble.
STYLES = {
    "solo-piano": "pop-piano", "voice-piano": "lied", "choir": "bach-chorale", "string-quartet": "string-quartet",
    "lead-sheet": "pop-ballad", "band": "swing", "guitar": "classical-guitar", "orchestra": "orchestra",
}  # fmt: skip
WIDTH_PX, MARGIN_PX, GREYS = 900, 24, 16


def main() -> None:
    """Cover, engrave, shrink and crop."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--ensembles", nargs="+", choices=STYLES, default=list(STYLES))
    parser.add_argument("--checkpoint", help="a folder, a shipped name, or rules; otherwise the one that is shipped")
    parser.add_argument("--candidates", type=int, default=4)
    options = parser.parse_args()
    torch.set_num_threads(1)
    for ensemble in options.ensembles:
        controls = Controls(candidates=options.candidates)
        made = cover(SONG, STYLES[ensemble], controls, ensemble=ensemble, checkpoint=options.checkpoint)
        with tempfile.TemporaryDirectory() as temporary:
            score, page = Path(temporary) / "score.musicxml", Path(temporary) / "page.png"
            write_musicxml(made.arrangement, score)
            write_png(score, page)
            save_picture(page, options.folder / f"page-{ensemble}.png")
        print(ensemble, flush=True)


def save_picture(page: Path, path: Path) -> None:
    """A page without its empty foot, in a few greys."""
    with Image.open(page) as image:
        grey = image.convert("L")
    grey = grey.resize((WIDTH_PX, round(grey.height * WIDTH_PX / grey.width)), Image.Resampling.LANCZOS)
    music = grey.crop((0, 0, WIDTH_PX, round(grey.height * 0.93)))  # above the rights
    bottom = ImageOps.invert(music).getbbox()[3] + MARGIN_PX
    bottom = bottom if bottom < music.height else grey.height
    grey.crop((0, 0, WIDTH_PX, bottom)).quantize(GREYS).save(path, optimize=True)


if __name__ == "__main__":
    main()
