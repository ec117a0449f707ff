"""Access control of pages: this machine, or whoever has the printed token."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.middleware.trustedhost import TrustedHostMiddleware

LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1")
_COOKIE = "symbolic-cover"


def guard(app: FastAPI, host: str, token: str | None, limit: Callable[[Request], int]) -> None:
    """Restrict `app` to allowed requests.

    Served to this machine, it answers only requests that name this machine, so that no other web page can reach it.
    With a `token` it answers requests that carry it, in the address once (``?token=``) and as a cookie then. Requests
    from other origins are refused, and so are bodies without a length or longer than `limit` of the request.
    """
    if host in LOCAL_HOSTS:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*LOCAL_HOSTS, "[::1]"])

    @app.middleware("http")
    async def check(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
        origin = request.headers.get("origin")
        if origin is not None and origin.partition("://")[2] != request.headers.get("host", ""):
            return JSONResponse({"detail": "Requests from other pages are refused."}, 403)
        if token is not None and not _is(request.cookies.get(_COOKIE), token):
            if not _is(request.query_params.get("token"), token):
                return JSONResponse({"detail": "Open the address that the program printed, including its token."}, 403)
            reply: Response = RedirectResponse(request.url.path, 303)
            reply.set_cookie(_COOKIE, token, httponly=True, samesite="strict")
            return reply
        if request.method in ("POST", "PUT", "PATCH"):
            length = request.headers.get("content-length", "")
            most = limit(request)
            if not (length.isdecimal() and int(length) <= most):
                return JSONResponse({"detail": f"At most {most} bytes are accepted, with a Content-Length."}, 413)
        reply = await go_on(request)
        reply.headers["X-Content-Type-Options"] = "nosniff"
        reply.headers["Referrer-Policy"] = "no-referrer"
        return reply


def invalid(_: Request, error: Exception) -> Response:
    """What is wrong with a request, without its contents, which may not be valid text."""
    wrong = error.errors() if isinstance(error, RequestValidationError) else []
    places = sorted({".".join(map(str, one["loc"])).encode("ascii", "replace").decode() for one in wrong})
    return JSONResponse({"detail": f"Invalid: {', '.join(places)}."}, 422)


def _is(given: str | None, token: str) -> bool:
    return given is not None and hmac.compare_digest(given.encode(), token.encode())
