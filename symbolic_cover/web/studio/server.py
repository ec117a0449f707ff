"""The HTTP interface of the studio: upload and download of songs, corrections, and jobs."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import AsyncIterator
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from symbolic_cover.core.controls import LEVELS, Controls
from symbolic_cover.core.errors import InputError, SymbolicCoverError, UsageError
from symbolic_cover.core.files import unfinished_folder
from symbolic_cover.core.song_file import SONG_FILE
from symbolic_cover.core.styles import DEFAULT_STYLE, load_ensembles, load_style, style_facts, style_names, user_styles
from symbolic_cover.correcting import history
from symbolic_cover.web.guard import LOCAL_HOSTS, guard, invalid
from symbolic_cover.web.studio.jobs import Jobs
from symbolic_cover.web.studio.songs import EXCERPT, HEARD, PAGE, PEAKS, SOUND, SOURCE_SUFFIXES, TAKE, Songs, Stale
from symbolic_cover.web.studio.view import song_view, work_view
from symbolic_cover.web.studio.worker import JOBS_FILE

#: The largest recording, and the largest of all other requests.
MOST_UPLOAD_BYTES, MOST_BYTES = 400 * 2**20, 64 * 2**10
#: Nothing is loaded from elsewhere, and no scripts run except the page's own files.
_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; img-src 'self' data: blob:; "
    "media-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
_STATIC = files("symbolic_cover.web.studio").joinpath("static")
_SongId = Annotated[str, Field(pattern="^[0-9a-f]{12}$")]


class _Revision(BaseModel):
    revision: str


class _Words(_Revision):
    words: list[Annotated[str, Field(max_length=200)]] = Field(min_length=1, max_length=50)


class _Told(BaseModel):
    locked: list[int] | None = Field(None, max_length=10_000)
    kept: int | None = None
    title: str | None = Field(None, max_length=200)


class _Asked(BaseModel):
    style: str
    ensemble: str | None = None
    controls: dict[str, float | int | str | None] = {}
    bars: list[int] = Field([], max_length=10_000)
    onto: int | None = None


class _Preference(BaseModel):
    a: int
    b: int
    preferred: Literal["a", "b", "tie"]


def studio(root: Path, *, folder: Path | None = None, host: str = LOCAL_HOSTS[0], token: str | None = None) -> FastAPI:
    """The studio with its songs below `root`; recordings and scores of `folder` can be opened from the page.

    It answers only this machine, or whoever has the `token`.
    """
    app = FastAPI(title="symbolic-cover serve", docs_url=None, redoc_url=None, openapi_url=None)
    songs, jobs = Songs(root), Jobs(root / JOBS_FILE)
    guard(app, host, token, lambda request: MOST_UPLOAD_BYTES if request.url.path == "/api/songs" else MOST_BYTES)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(SymbolicCoverError, _refused)
    app.mount("/static", StaticFiles(directory=str(_STATIC)), name="static")

    @app.get("/")
    def page() -> Response:
        text = _STATIC.joinpath("index.html").read_text(encoding="utf-8")
        return HTMLResponse(text, headers={"Content-Security-Policy": _POLICY})

    @app.get("/api/choices")
    def choices() -> dict[str, Any]:
        own = user_styles()
        return {
            "styles": [[name, style_facts(name)["title"], load_style(name).ensemble.name]
                       for name in [*style_names(), *own]],
            "ensembles": [[one.name, one.title] for one in load_ensembles().values()],
            "levels": LEVELS, "default": DEFAULT_STYLE, "suffixes": SOURCE_SUFFIXES,
            "folder": [path.name for path in _offered(folder)],
        }  # fmt: skip

    @app.get("/api/songs")
    def listed() -> list[dict[str, str]]:
        return [{"id": song, "title": songs.about(song).title, "source": songs.about(song).source}
                for song in songs.ids()]  # fmt: skip

    @app.post("/api/songs", status_code=201)
    async def upload(request: Request, name: str) -> dict[str, str]:
        name = Path(name.replace("\\", "/")).name[:200]
        song = await _received(request.stream(), songs, name)
        return await run_in_threadpool(begin, song)

    def begin(song: str) -> dict[str, str]:
        if songs.sheet(song) is None:
            jobs.add(song, "listen", {})
        return {"id": song}

    @app.post("/api/folder", status_code=201)
    def take_from_folder(name: str) -> dict[str, str]:
        found = next((path for path in _offered(folder) if path.name == name), None)
        if found is None:
            raise UsageError(f"There is no {name} in the folder.", "")
        return begin(songs.add(name, lambda path: path.write_bytes(found.read_bytes())))

    @app.get("/api/songs/{song}")
    def shown(song: str) -> Response:
        return Response(song_view(songs, jobs, song), media_type="application/json")

    @app.get("/api/songs/{song}/work")
    def work(song: str) -> dict[str, Any]:
        return work_view(songs, jobs, song)

    @app.delete("/api/songs/{song}", status_code=204, response_model=None)
    def remove(song: str) -> None:
        jobs.forget(song)
        songs.remove(song)

    @app.post("/api/songs/{song}/listen", status_code=202)
    def listen_again(song: str) -> dict[str, str]:
        songs.folder(song)
        return begin(song)

    @app.post("/api/songs/{song}/corrections")
    def corrections(song: str, asked: _Words) -> Response:
        songs.change(song, asked.revision, lambda sheet: history.correct(sheet, *asked.words))
        return Response(song_view(songs, jobs, song), media_type="application/json")

    @app.post("/api/songs/{song}/undo")
    def undo(song: str, asked: _Revision) -> Response:
        songs.change(song, asked.revision, history.undo)
        return Response(song_view(songs, jobs, song), media_type="application/json")

    @app.post("/api/songs/{song}/redo")
    def redo(song: str, asked: _Revision) -> Response:
        songs.change(song, asked.revision, history.redo)
        return Response(song_view(songs, jobs, song), media_type="application/json")

    @app.post("/api/songs/{song}/about")
    def about(song: str, told: _Told) -> Response:
        songs.folder(song)
        changed = told.model_dump(exclude_unset=True, exclude_none=True)
        if "locked" in changed:
            changed["locked"] = sorted(set(changed["locked"]))
        songs.tell(song, **changed)
        return Response(song_view(songs, jobs, song), media_type="application/json")

    @app.post("/api/songs/{song}/takes", status_code=202)
    def arrange(song: str, asked: _Asked) -> dict[str, int]:
        found = songs.sheet(song)
        if found is None:
            raise UsageError("The song has not been analysed yet.", "")
        load_style(asked.style, asked.ensemble)
        controls = {name: value for name, value in asked.controls.items() if name in Controls.__dataclass_fields__}
        Controls(**controls)  # type: ignore[arg-type]
        kind = "bars" if asked.onto is not None else "cover"
        if asked.onto is not None:
            songs.take(song, asked.onto)
            if not asked.bars or not all(1 <= bar <= len(found[0].grid.bars) for bar in asked.bars):
                raise UsageError("There are no such bars.", "Select some.")
        number = jobs.next_take(song, songs.takes(song))
        asked_of_worker = asked.model_dump() | {"controls": controls}
        return {"job": jobs.add(song, kind, asked_of_worker, number), "take": number}

    @app.post("/api/songs/{song}/jobs/{job}/cancel", status_code=204, response_model=None)
    def cancel(song: str, job: int) -> None:
        if jobs.get(job).song != song:
            raise UsageError(f"There is no job {job} of this song.", "")
        jobs.cancel(job)

    @app.post("/api/songs/{song}/preferences", status_code=201)
    def prefer(song: str, told: _Preference) -> dict[str, Any]:
        songs.take(song, told.a), songs.take(song, told.b)
        jobs.prefer(song, told.a, told.b, told.preferred)
        return {"preferences": jobs.preferences(song)}

    @app.get("/api/songs/{song}/sound")
    def sound(song: str) -> FileResponse:
        return _file(songs.folder(song) / HEARD / SOUND, "audio/ogg")

    @app.get("/api/songs/{song}/peaks")
    def peaks(song: str) -> FileResponse:
        return _file(songs.folder(song) / HEARD / PEAKS, "application/octet-stream")

    @app.get("/api/songs/{song}/song.json")
    def sheet(song: str) -> FileResponse:
        return _file(songs.folder(song) / SONG_FILE, "application/json", SONG_FILE)

    @app.get("/api/songs/{song}/takes/{number}/score")
    def score(song: str, number: int) -> FileResponse:
        return _file(songs.take(song, number) / PAGE / "score.json", "application/json")

    @app.get("/api/songs/{song}/takes/{number}/touched")
    def touched(song: str, number: int) -> list[int]:
        """The bars that were corrected since a take; none if bar lines were, as then all is to be arranged."""
        found = songs.sheet(song)
        told = json.loads((songs.take(song, number) / TAKE).read_text(encoding="utf-8"))
        if found is None or told["corrections"] == list(found[0].corrections.done):
            return []
        then = history.as_of(found[0], told["corrections"])
        return history.changed_bars(then, found[0]) if then.grid.bars == found[0].grid.bars else []

    @app.get("/api/songs/{song}/takes/{number}/excerpt")
    def excerpt(song: str, number: int) -> FileResponse:
        return _file(songs.folder(song) / "takes" / f"{number}-{EXCERPT}", "audio/ogg")

    @app.get("/api/songs/{song}/takes/{number}/files")
    def names(song: str, number: int) -> list[str]:
        return [name for name, _ in _downloads(songs.take(song, number))]

    @app.get("/api/songs/{song}/takes/{number}/files/{name:path}")
    def one_file(song: str, number: int, name: str) -> FileResponse:
        found = dict(_downloads(songs.take(song, number))).get(name)
        if found is None:
            raise UsageError(f"There is no file {name}.", "")
        return FileResponse(found, filename=found.name)

    @app.get("/api/songs/{song}/takes/{number}/all.zip")
    def everything(song: str, number: int) -> Response:
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, path in _downloads(songs.take(song, number)):
                archive.write(path, name)
        headers = {"Content-Disposition": f'attachment; filename="take-{number}.zip"'}
        return Response(made.getvalue(), media_type="application/zip", headers=headers)

    return app


async def _received(stream: AsyncIterator[bytes], songs: Songs, name: str) -> str:
    """Receive a song; nothing is left if the upload stops half-way."""
    with unfinished_folder(songs.root.parent) as beside:
        path = beside / "sent"
        with path.open("wb") as file:
            async for block in stream:
                file.write(block)
        if path.stat().st_size == 0:
            raise InputError(f"{name} is empty.", "Choose another file.")
        return await run_in_threadpool(songs.add, name, lambda made: path.rename(made))


def _offered(folder: Path | None) -> list[Path]:
    """The recordings and scores in a folder."""
    if folder is None:
        return []
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SOURCE_SUFFIXES and path.is_file())


def _downloads(take: Path) -> list[tuple[str, Path]]:
    """The downloadable files of a take, by name."""
    inside = sorted(path for path in take.rglob("*") if path.is_file() and path.name != TAKE)
    return [(str(path.relative_to(take)), path) for path in inside if PAGE not in path.relative_to(take).parts]


def _file(path: Path, kind: str, name: str | None = None) -> FileResponse:
    if not path.is_file():
        raise UsageError("That is not there (yet).", "")
    return FileResponse(path, media_type=kind, filename=name, headers={"Cache-Control": "no-cache"})


def _refused(_: Request, error: Exception) -> Response:
    """The error response for a request that cannot be done."""
    status = 409 if isinstance(error, Stale) else 404 if str(error).startswith(("There is no", "That is not")) else 422
    return JSONResponse({"detail": str(error)}, status)
