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
    folder: Annotated[Path | None, typer.Argument(help="Recordings and scores that the page offers.")] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Where songs, corrections and takes are kept.")] = Path(
        "studio"
    ),
    host: Annotated[
        str, typer.Option(help="Where to serve; with 0.0.0.0 others who have the token that is printed may open it.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = 8360,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
    checkpoint: CheckpointOption = None,
    quiet: Quiet = False,
) -> None:
    """Open songs in the browser: see what is heard, put it right, arrange all of it or some bars, compare takes.

    It serves this machine only, offline. All is kept in --out as it is made; the same command goes on where it stopped.
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
        return [f"Open {address} and stop with Ctrl-C; all is kept in {out}."]

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
    """Serve a page, of whose address something is `said`, and open it in a browser.

    Raises `UsageError` where the port is taken. An address with a `token` is printed even where `quiet`.
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
