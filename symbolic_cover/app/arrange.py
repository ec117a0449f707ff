"""Arrange a song sheet: sample candidates with the model and return the best."""

from __future__ import annotations

from pathlib import Path

from symbolic_cover.app.stages import load_stages
from symbolic_cover.arrangement.arranger import prepare_sheet
from symbolic_cover.arrangement.choose import choose
from symbolic_cover.core.arrangement import Arrangement
from symbolic_cover.core.controls import Controls
from symbolic_cover.core.progress import Progress, silent
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.core.styles import DEFAULT_STYLE, load_style
from symbolic_cover.notation.feel import in_melody_feel


def arrange(
    sheet: SongSheet,
    style: str = DEFAULT_STYLE,
    controls: Controls = Controls(),
    *,
    ensemble: str | None = None,
    checkpoint: str | Path | None = None,
    progress: Progress | None = None,
) -> Arrangement:
    """Arrange a song sheet in a style.

    `ensemble` replaces the style's own. `checkpoint` is a folder, the name of a shipped one, ``shipped`` for the
    shipped one even if another was adopted, ``rules`` for the arranger without a model, or None for the default. The
    same seed gives the same arrangement. Raises `UsageError` for an unknown style, ensemble or checkpoint.
    """
    chosen = load_style(style, ensemble)
    stages = load_stages(checkpoint, style)
    covered = prepare_sheet(sheet, controls, chosen.ensemble, chosen.manner)
    candidates = [
        in_melody_feel(candidate) for candidate in stages.arrange(covered, chosen, controls, progress or silent)
    ]
    return choose(candidates, covered, stages.human.get(style))[0]
