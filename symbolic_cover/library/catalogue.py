"""The known datasets, ``presets/datasets.toml``: source, licence, styles, checksum."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.places import PRESETS

CATALOGUE = PRESETS / "datasets.toml"
#: Track layouts and their ensembles. "any": determined by the tracks of each piece.
ENSEMBLES = {
    "pop909": "solo-piano",
    "piano": "solo-piano",
    "voice-piano": "voice-piano",
    "satb": "choir",
    "quartet": "string-quartet",
    "orchestra": "orchestra",
    "guitar": "guitar",
    "lead-chords": "lead-sheet",
    "band": "band",
    "drums": "drum-kit",
    "any": "",
}


class Placement(NamedTuple):
    """How the pieces of a label are used."""

    style: str
    layout: str

    @property
    def ensemble(self) -> str:
        """The ensemble; empty if it is determined by the tracks of each piece."""
        return ENSEMBLES[self.layout]


@dataclass(frozen=True)
class Dataset:
    """A dataset, with the fields explained in ``datasets.toml``.

    `weights`: whether weights trained on it may be redistributed; `default`: whether it is in the default mix. `styles`
    maps the labels of its pieces to placements, None for files that are not pieces of their own.
    """

    name: str
    title: str
    source: str
    licence: str
    attribution: str
    weights: bool
    default: bool
    layout: str
    archive: str = ""
    sha256: str = ""
    download: str = ""
    download_sha256: str = ""
    keep: str = ""
    pattern: str = "**/*"
    companion_of: str = ""
    label: str = ""
    group: str = ""
    note: str = ""
    styles: Mapping[str, Placement | None] = field(default_factory=dict)

    @property
    def style_names(self) -> list[str]:
        """The styles of its pieces, each once, in the catalogue's order."""
        return list(dict.fromkeys(placement.style for placement in self.styles.values() if placement))

    @property
    def default_label(self) -> str:
        """The label of a piece that is in no index."""
        return self.label or next(iter(self.styles), "")

    def checksum_of(self, archive: Path) -> str:
        """The known SHA-256 of an archive with this name; empty if there is none."""
        return {_file_name(self.download): self.download_sha256, self.archive: self.sha256}.get(archive.name, "")

    def is_in(self, archive: Path) -> bool:
        """Whether an archive with this name is this dataset."""
        return archive.name in {self.archive, _file_name(self.download)} - {""}


def load_catalogue() -> dict[str, Dataset]:
    """All datasets by name, in the catalogue's order."""
    facts = tomllib.loads(CATALOGUE.read_text(encoding="utf-8"))
    return {name: read_dataset(name, dict(one)) for name, one in facts.items()}


def find_dataset(name: str) -> Dataset:
    """A dataset by name; raises `UsageError` for an unknown one."""
    known = load_catalogue()
    if name not in known:
        raise UsageError(f"There is no dataset '{name}'.", "See `symbolic-cover collect ls`.")
    return known[name]


def read_dataset(name: str, facts: dict[str, Any]) -> Dataset:
    """A dataset from its table."""
    styles = {label: _placement(said, facts["layout"]) for label, said in facts.pop("styles", {}).items()}
    return Dataset(name, styles=styles, **facts)


def own_dataset(name: str, title: str, source: str, licence: str, labels: list[str]) -> Dataset:
    """A dataset of the user's: each label is a style. One that the catalogue knows has its layout."""
    layouts = {
        placement.style: "piano" if placement.layout == "pop909" else placement.layout
        for dataset in load_catalogue().values()
        for placement in dataset.styles.values()
        if placement
    }
    styles = {label: Placement(label, layouts.get(label, "any")) for label in labels}
    return Dataset(name, title, source, licence, title, weights=False, default=False, layout="labelled", styles=styles)


def dump_dataset(dataset: Dataset) -> dict[str, Any]:
    """The table of a dataset, as `read_dataset` takes it."""
    facts = {name: value for name, value in vars(dataset).items() if name not in ("name", "styles")}
    styles = {
        label: {"style": placement.style, "layout": placement.layout} if placement else ""
        for label, placement in dataset.styles.items()
    }
    return facts | {"styles": styles}


def _placement(said: str | dict[str, str], layout: str) -> Placement | None:
    if isinstance(said, dict):
        return Placement(said["style"], said.get("layout", layout))
    return Placement(said, layout) if said else None


def _file_name(url: str) -> str:
    return PurePosixPath(urlsplit(url).path).name
