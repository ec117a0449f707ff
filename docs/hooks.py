"""Pages of the documentation that are made from the program itself, so that they are never older than it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import typer
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
#: In these files links lead to the repository, not to a page.
_CARDS = {
    "reference/model-card.md": ROOT / "symbolic_cover/checkpoints/arranger-small/README.md",
    "reference/data-card.md": ROOT / "data/README.md",
}


def on_files(files: Files, config) -> Files:
    """Add the command reference, the cards and the list of tables."""
    files.append(File.generated(config, "reference/commands.md", content=commands()))
    for name, path in _CARDS.items():
        files.append(File.generated(config, name, content=_card(path)))
    files.append(File.generated(config, "measured.md", content=measured()))
    return files


def on_page_markdown(markdown: str, page, config, files) -> str:
    """Links to files beside the documentation are their names."""
    return re.sub(r"\[([^\]]+)\]\((?:\.\./)+(?:benchmarks|data|notebooks|symbolic_cover)[^)]*\)", r"\1", markdown)


def commands() -> str:
    """What every command says with ``--help``, as a page."""
    from symbolic_cover.cli import app

    main = typer.main.get_command(app)
    lines = ["# Commands", "", main.help or "", ""]
    for name, command in main.commands.items():
        lines += _command(f"symbolic-cover {name}", command)
    return "\n".join(lines) + "\n"


def _command(name: str, command: click.Command) -> Iterator[str]:
    yield from (f"## {name}", "", (command.help or "").replace("\b", ""), "")
    if isinstance(command, click.Group):
        for below, inner in command.commands.items():
            yield from _command(f"{name} {below}", inner)
        return
    yield from ("| | | default |", "|---|---|---|")
    for one in command.params:
        record = one.name if isinstance(one, click.Argument) else ", ".join(f"`{option}`" for option in one.opts)
        default = "" if one.default is None or callable(one.default) or one.default == () else f"`{one.default}`"
        yield f"| {record} | {_in_a_row(getattr(one, 'help', '') or '')} | {default} |"
    yield ""


def measured() -> str:
    """The tables of ``benchmarks/``, each beside the command that made it."""
    lines = [
        "# What was measured",
        "",
        "Each table stands in `benchmarks/`, beside the script that printed it.",
        "[Where each table comes from](tables.md) says what it needs and how to make it again.",
        "",
    ]
    for path in sorted((ROOT / "benchmarks").rglob("*.md")):
        text = path.read_text(encoding="utf-8")
        title = re.search(r"^# (.+)", text, re.MULTILINE)
        made = re.search(r"^`(python [^`]+)`", text, re.MULTILINE)
        if title and made:
            lines.append(f"- **{title[1]}** (`{path.relative_to(ROOT)}`): `{made[1]}`")
    return "\n".join(lines) + "\n"


def _card(path: Path) -> str:
    text = re.sub(r"\A---\n.*?\n---\n", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.sub(r"\[([^\]]+)\]\((?!https?:)[^)]*\)", r"\1", text)


def _in_a_row(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
