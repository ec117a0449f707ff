"""The documentation builds without a warning, and its commands are valid."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from symbolic_cover.cli import app

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
TOLD = [
    (page.name, line)
    for page in PAGES
    for block in re.findall(r"```console\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    for line in block.splitlines()
]


@pytest.mark.slow
def test_the_site_builds_strictly_and_offline(tmp_path):
    env = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    words = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    made = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr[-2000:]
    commands = (tmp_path / "reference/commands.html").read_text(encoding="utf-8")
    assert "symbolic-cover cover" in commands
    assert "--candidates" in commands
    for page in tmp_path.rglob("*.html"):  # no font, script or style sheet comes from elsewhere
        told = page.read_text("utf-8")
        assert not re.search(r"<(?:link[^>]+stylesheet[^>]+href|script[^>]+src)=.https?:", told), page


@pytest.mark.parametrize(("page", "line"), TOLD)
def test_a_command_of_the_documentation_can_be_given(page, line):
    """Its options exist and accept their values; files need not exist."""
    program, name, *words = shlex.split(line)
    assert program == "symbolic-cover"
    command = typer.main.get_command(app).commands[name]
    if hasattr(command, "commands"):
        name, *words = words if words[0] in command.commands else ["ls", *words]
        command = command.commands.get(name, command)
    command.make_context(name, words)
