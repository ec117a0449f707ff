"""The page of a listening test: one HTML file and a few addresses, served to this machine only by default."""

from __future__ import annotations

from importlib.resources import files
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, Response
from pydantic import AfterValidator, BaseModel

from symbolic_cover.core.errors import UsageError
from symbolic_cover.rating.study import Comparison, Study
from symbolic_cover.reports.page import STYLE
from symbolic_cover.web.guard import LOCAL_HOSTS, guard, invalid

#: The longest answer.
MOST_BYTES = 64 * 1024


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError("it is not text") from error
    return value


_Text = Annotated[str, AfterValidator(_text)]


class _Given(BaseModel):
    """An answer as sent by the page."""

    rater: _Text
    number: int
    preferred: _Text
    scales: dict[_Text, dict[_Text, int]]


def listening_page(study: Study, host: str = LOCAL_HOSTS[0]) -> FastAPI:
    """The page for a study.

    Served to this machine, it answers only requests that name this machine, so that no other web page can reach it.
    Nothing it sends reveals the system of a sound.
    """
    page = FastAPI(title="symbolic-cover rate", docs_url=None, redoc_url=None, openapi_url=None)
    guard(page, host, None, lambda request: MOST_BYTES)
    page.add_exception_handler(RequestValidationError, invalid)

    @page.get("/", response_class=HTMLResponse)
    def show() -> str:
        return files("symbolic_cover.web").joinpath("page.html").read_text(encoding="utf-8")

    @page.get("/style.css")
    def style() -> Response:
        return Response(STYLE, media_type="text/css")

    @page.get("/next")
    def following(rater: _Text) -> dict[str, Any]:
        total = len(study.comparisons(rater))
        left = study.unanswered(rater)
        if not left:
            return {"done": True, "of": total}
        one = _comparison(study, rater, left[0])
        return {"done": False, "number": left[0], "answered": total - len(left), "of": total, "song": one.a.song,
                "source": one.a.source is not None, "scales": one.scales}  # fmt: skip

    @page.get("/sound/{which}")
    def sound(which: str, rater: _Text, number: int) -> FileResponse:
        one = _comparison(study, rater, number)
        paths = {"a": study.sounds[one.a], "b": study.sounds[one.b]}
        if one.a.source is not None:
            paths["source"] = study.source_sounds[one.a.source]
        if which not in paths:
            raise HTTPException(404, f"There is no sound {which} here.")
        return FileResponse(paths[which], media_type="audio/ogg", headers={"Cache-Control": "no-store"})

    @page.post("/answers", status_code=201)
    def answer(given: _Given) -> dict[str, int]:
        try:
            study.answer(given.rater, given.number, given.preferred, given.scales)
        except UsageError as error:
            raise HTTPException(422, str(error)) from error
        return {"left": len(study.unanswered(given.rater))}

    return page


def _comparison(study: Study, rater: str, number: int) -> Comparison:
    try:
        return study.comparison(rater, number)
    except UsageError as error:
        raise HTTPException(404, str(error)) from error
