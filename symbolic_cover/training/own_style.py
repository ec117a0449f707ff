"""Learn a user's own style from a folder of songs: prepare, train, and assemble a folder to share.

The folder (see `arrangement/adapter.py`) is built beside its place and moved there when it is complete.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from symbolic_cover.arrangement.adapter import OWN, weights_sha256
from symbolic_cover.arrangement.checkpoint import Checkpoint, find_checkpoint, load_checkpoint
from symbolic_cover.core.errors import InputError, UsageError
from symbolic_cover.core.files import whole_folder
from symbolic_cover.core.progress import Progress
from symbolic_cover.core.styles import (
    STYLE_FILE,
    load_ensembles,
    load_style,
    style_facts,
    style_names,
    user_styles_folder,
)
from symbolic_cover.corpus.own import OwnCorpus, prepare_own
from symbolic_cover.evaluation.human_range import FILE_NAME, HumanRange, load_ranges
from symbolic_cover.evaluation.style import style_fit
from symbolic_cover.tokens.tokenizer import BarTokenizer
from symbolic_cover.training.adapter import AdapterPlan, Learned, train_adapter


@dataclass(frozen=True)
class StyleRequest:
    """The style to learn: the songs in `folder`, its `name`, and the `licence` of the songs, recorded with the style.

    The style to start from (`like`), the `ensemble` and a `title` are determined if not given.
    """

    folder: Path
    name: str
    like: str | None = None
    ensemble: str | None = None
    title: str | None = None
    licence: str = "own use"


@dataclass(frozen=True)
class OwnStyle:
    """A learned style: its training data, the style it is like, and the gain."""

    name: str
    folder: Path
    like: str
    corpus: OwnCorpus
    learned: Learned


def learn_style(
    request: StyleRequest,
    *,
    checkpoint: str | Path | None = None,
    into: Path | None = None,
    plan: AdapterPlan = AdapterPlan(),
    again: bool = False,
    workers: int = 1,
    seed: int = 0,
    progress: Progress | None = None,
) -> OwnStyle:
    """Learn a style from a folder of songs; the files that `cover` uses are then in the folder `name` below `into`.

    `checkpoint` is a folder or a shipped name. `again` replaces a style. Raises `UsageError` for a name that is taken
    or invalid, an unknown style or ensemble, and too few songs; `InputError` if nothing can be learned from them.
    """
    tell = progress or (lambda stage, share: None)
    home = user_styles_folder(into)
    base = _base(request, checkpoint, home, again)
    loaded = load_checkpoint(base)
    if OWN not in loaded.tokenizer.styles:
        raise UsageError(f"The checkpoint {loaded.name} has no token for a user's style.", "Choose another.")
    if request.name in loaded.tokenizer.styles:
        raise UsageError(f"'{request.name}' is a style of {loaded.name} already.", "Choose another --name.")
    with tempfile.TemporaryDirectory() as scratch:
        data, made = Path(scratch) / "data", Path(scratch) / request.name
        corpus = prepare_own(
            request.folder, data, BarTokenizer.load(base), ensemble=request.ensemble or "", workers=workers,
            progress=lambda share: tell("prepare", share),
        )  # fmt: skip
        like = request.like or nearest_style(load_ranges(data)[OWN], corpus.ensemble, loaded)
        learned = train_adapter(
            loaded.model, data, made, plan, like=like, own=OWN, seed=seed, progress=lambda share: tell("learn", share)
        )
        if not learned.step:
            raise InputError(
                f"Nothing was gained on held-out songs over the style '{like}' (loss {learned.loss_before:.3f}).",
                "Give more songs, all in one style; or cover in that style.",
            )
        shutil.copy(data / FILE_NAME, made / FILE_NAME)
        style = OwnStyle(request.name, home / request.name, like, corpus, learned)
        _write_facts(style, request, made, base, plan, seed)
        _settle(made, style.folder)
    return style


def nearest_style(human: HumanRange, ensemble: str, checkpoint: Checkpoint) -> str:
    """The style of a checkpoint with the most similar profile, among those of an ensemble if there are any.

    Raises `UsageError` if the checkpoint has no style profiles.
    """
    known = [name for name in style_names() if name in checkpoint.human and name in checkpoint.tokenizer.styles]
    if not known:
        raise UsageError(f"The checkpoint {checkpoint.name} has no style profiles.", "Name a style with --like.")
    same = [name for name in known if load_style(name).ensemble.name == ensemble]
    return max(same or known, key=lambda name: style_fit(human.profile, checkpoint.human[name].profile))


def _base(request: StyleRequest, checkpoint: str | Path | None, home: Path, again: bool) -> Path:
    """The folder of the base checkpoint, after validating the request."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", request.name):
        raise UsageError(
            f"'{request.name}' cannot be the name of a style.", "Use lower-case letters, digits and hyphens."
        )
    if request.name in style_names():
        raise UsageError(f"There is a style '{request.name}' already.", "Choose another --name.")
    there = home / request.name
    if there.exists() and not (again and (there / STYLE_FILE).is_file()):
        raise UsageError(f"{there} exists already.", "Choose another --name, or add --again.")
    if request.like is not None:
        load_style(request.like)
        if request.like not in style_names():
            raise UsageError(f"'{request.like}' is your own style.", "Name a shipped style with --like.")
    if request.ensemble is not None and request.ensemble not in load_ensembles():
        raise UsageError(
            f"There is no ensemble '{request.ensemble}'.", f"Choose one of: {', '.join(load_ensembles())}."
        )
    base = find_checkpoint(checkpoint, request.like or "pop-piano")
    if base is None:
        raise UsageError("There is no checkpoint to start from.", "Train some, or reinstall.")
    return base


def _write_facts(style: OwnStyle, request: StyleRequest, made: Path, base: Path, plan: AdapterPlan, seed: int) -> None:
    """Write the preset, the lineage, the sources and the card of a style."""
    corpus, learned = style.corpus, style.learned
    title = request.title or request.name.replace("-", " ").replace("_", " ").capitalize()
    preset = {"title": title, "ensemble": corpus.ensemble, "like": style.like, "checkpoint": base.name,
              "weights": weights_sha256(base)}  # fmt: skip
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in preset.items()]
    programs = style_facts(style.like).get("programs", {})
    if load_style(style.like).ensemble.name == corpus.ensemble and programs:
        lines += ["", "[programs]", *(f"{part} = {program}" for part, program in programs.items())]
    (made / STYLE_FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")
    lineage: dict[str, Any] = preset | {"plan": asdict(plan), "seed": seed}
    lineage |= {"songs": corpus.songs, "held_out": corpus.held_out, "bars": corpus.bars} | asdict(learned)
    lineage["left_out"] = [list(one) for one in corpus.left_out]
    (made / "training.json").write_text(json.dumps(lineage, indent=2, ensure_ascii=False), encoding="utf-8")
    source = {"dataset": f"songs of '{style.name}'", "licence": request.licence, "attribution": title,
              "pieces": corpus.songs, "source": "own"}  # fmt: skip
    (made / "sources.json").write_text(json.dumps({OWN: [source]}, indent=1), encoding="utf-8")
    (made / "README.md").write_text(_card(style, title, request.licence, base.name), encoding="utf-8")


def _card(style: OwnStyle, title: str, licence: str, base: str) -> str:
    corpus, learned = style.corpus, style.learned
    return f"""# {title}

A style for symbolic-cover: a LoRA adapter over `{base}`, learned from {corpus.songs} songs ({corpus.bars} bars,
{corpus.held_out} of the songs held out) by `symbolic-cover learn-style`. Ensemble: {corpus.ensemble}. It started from
`{style.like}`; the loss on held-out songs fell from {learned.loss_before:.3f} to {learned.loss:.3f} nats a token.

To use it, put this folder among your styles (the last line of `symbolic-cover styles` says where they are), then:

    symbolic-cover cover SONG --style {style.name}

Licence of the songs it was learned from: {licence}; the licences of `{base}` are in its card. Weights other
than `{base}`'s (SHA-256 in style.toml) are refused.
"""


def _settle(made: Path, home: Path) -> None:
    """Move a finished folder to its place, replacing an existing one."""
    try:
        with whole_folder(home, replaces=True) as settled:
            shutil.copytree(made, settled, dirs_exist_ok=True)
    except OSError as error:
        raise UsageError(f"Cannot write into {home.parent}: {error.strerror}.", "Choose another --out.") from error
