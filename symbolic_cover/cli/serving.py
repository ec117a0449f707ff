"""The command that opens the studio in a browser, and how pages are served."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from symbolic_cover.cli.app import app
from symbolic_cover.cli.options import CheckpointOption, Quiet
from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.extras import require

if TYPE_CHECKING:
    from fastapi import FastAPI


@app.command()
def serve(
    folder: Annotated[Path | None, typer.Argument(help="Recordings and scores to offer in the page.")] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to keep songs, corrections and takes.")] = Path(
        "studio"
    ),
    host: Annotated[
        str, typer.Option(help="The address to serve at; with 0.0.0.0 others can open it with the printed token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 picks a free one.")] = 8360,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
    checkpoint: CheckpointOption = None,
    quiet: Quiet = False,
) -> None:
    """Open songs in the browser: see what was heard, correct it, arrange all or some bars, compare takes.

    By default it serves this machine only; it works offline. Everything is saved in --out at once; the same command
    continues a session.
    """
    require("web")
    import secrets

    from symbolic_cover.arrangement.checkpoint import find_checkpoint
    from symbolic_cover.core.files import check_writable, writable_folder
    from symbolic_cover.web.guard import LOCAL_HOSTS

    if folder is not None and not folder.is_dir():
        raise UsageError(f"There is no folder {folder}.", "Check the path.")
    if checkpoint not in (None, "rules"):
        find_checkpoint(checkpoint)
    check_writable(out)
    root = writable_folder(out).resolve()
    from symbolic_cover.web.studio.run import working
    from symbolic_cover.web.studio.server import studio

    token = None if host in LOCAL_HOSTS else secrets.token_urlsafe(24)
    page = studio(root, folder=folder, host=host, token=token)

    def said(address: str) -> list[str]:
        return [f"Open {address} and stop with Ctrl-C; everything is saved in {out}."]

    with working(root, checkpoint):
        serve_until_stopped(page, host, port, browser, quiet, said, token)


def serve_until_stopped(
    page: FastAPI,
    host: str,
    port: int,
    browser: bool,
    quiet: bool,
    said: Callable[[str], list[str]],
    token: str | None = None,
) -> None:
    """Serve a page, print `said` about its address, and open it in a browser.

    Raises `UsageError` if the port is taken. An address with a `token` is printed even if `quiet`.
    """
    import socket
    import webbrowser

    import uvicorn

    try:
        listener = socket.create_server((host, port))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"Cannot serve at {host}:{port}: {reason}.", "Choose another --port, or --port 0.") from error
    address = f"http://{host}:{listener.getsockname()[1]}/{f'?token={token}' if token else ''}"
    if not quiet or token:
        for line in said(address):
            typer.echo(line)
    if browser and not os.environ.get("SSH_CONNECTION"):
        webbrowser.open(address)
    server = uvicorn.Server(uvicorn.Config(page, log_level="error", lifespan="off"))
    server.run(sockets=[listener])
