"""`Guard`: who may ask what. Loopback only is not enough: other pages in the same browser can ask too."""

from __future__ import annotations

import hmac
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from depotopt.web.settings import Settings

COOKIE = "depotopt"
HEADER = "x-depotopt-token"
SAFE_METHODS = frozenset({"GET", "HEAD"})
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
REPORT_PATH = "/report/"
"""Reports bring their own, stricter policy in the page and are shown in a frame of this app."""


class Guard:
    """Refuses requests with a foreign host or origin, without the token, or with too large a body.

    Parameters
    ----------
    app
        The application behind.
    settings
        Hosts, origins, token and limits.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request or pass it on."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, _with_policy(send, scope["path"]))
            return
        await self._app(scope, receive, _with_policy(send, scope["path"]))

    def _refusal(self, scope: Scope) -> PlainTextResponse | RedirectResponse | None:
        headers, settings = Headers(scope=scope), self._settings
        if headers.get("host", "") not in settings.hosts:
            return PlainTextResponse("this server answers on its own address only", 421)
        origin = headers.get("origin")
        if origin is not None and origin not in settings.origins:
            return PlainTextResponse("requests from other pages are refused", 403)
        if scope["method"] not in SAFE_METHODS and origin is None and HEADER not in headers:
            return PlainTextResponse("a change needs an Origin or the token header", 403)
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if scope["path"] == "/" and given and self._is_token(given):
            # The token leaves the address bar at once and lives on as a cookie no script can read.
            answer = RedirectResponse("/", 303)
            answer.set_cookie(COOKIE, settings.token, httponly=True, samesite="strict", path="/")
            return answer
        if not (self._is_token(headers.get(HEADER, "")) or self._is_token(_cookie(headers))):
            return PlainTextResponse("open the address that depotopt serve printed", 401)
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > settings.upload_bytes:
            return PlainTextResponse(f"at most {settings.upload_bytes} bytes", 413)
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return PlainTextResponse("a body needs a length", 411)
        return None

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self._settings.token.encode())


def _cookie(headers: Headers) -> str:
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return "" if morsel is None else morsel.value


def _with_policy(send: Send, path: str) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if not path.startswith(REPORT_PATH):
                headers["content-security-policy"] = PAGE_POLICY
                headers["x-frame-options"] = "DENY"
            headers["x-content-type-options"] = "nosniff"
            headers["referrer-policy"] = "no-referrer"
            headers["cross-origin-resource-policy"] = "same-origin"
            headers.setdefault("cache-control", "no-store")
        await send(message)

    return wrapped
