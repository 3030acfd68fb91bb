"""What stands before every page, file and socket: whose server this is asked for, from which page, and by whom.

- A Host header that is not ours is refused: a name of somebody else's that points here (DNS rebinding) reads nothing.
- A socket, a change or a picture is refused to pages of other origins; Streamlit alone would let pages of this
  machine's other ports in.
- Behind a login, all but the shell of the page and the login itself needs the signed cookie that Streamlit gave.
- Every answer says which type it has, who may frame it, and that a page may load nothing from elsewhere: if markup ever
  got through, no request would leave.
"""

import base64
import functools
import hashlib
import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from starlette.requests import Request, cookie_parser
from starlette.responses import PlainTextResponse
from streamlit.file_util import get_static_dir
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME
from streamlit.web.server.starlette.starlette_websocket import _get_signed_cookie_with_chunks

from avrec.exposure import Exposure
from avrec.ui import upload_route

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

SAFE = ("GET", "HEAD", "OPTIONS")
PRIVATE = ("/api/", "/media/", "/_stcore/")
PUBLIC = ("/api/health", "/_stcore/health", "/_stcore/host-config", "/_stcore/stream")
NEVER = ("/_stcore/agent/", "/_stcore/script-health-check")
_HOST = re.compile(r"[A-Za-z0-9.\-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?")

# Streamlit's own bundle needs inline styles and workers from blobs; scripts come from its own files alone.
POLICY = (
    "default-src 'self'; script-src 'self' {scripts} 'wasm-unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' data: blob:; "
    "font-src 'self' data:; connect-src 'self' ws://{host} wss://{host} data: blob:; worker-src 'self' blob:; "
    "frame-src 'self' blob: data:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)


@functools.lru_cache(maxsize=64)
def policy(host: str, page: str | None = None) -> str:
    """What a page may load. Scripts written into a page run only where Streamlit's own page has the very same ones.

    Args:
        page: Streamlit's index.html; read from its package if not given.
    """
    if page is None:
        page = _index()
    digests = (hashlib.sha256(one.encode()).digest() for one in re.findall(r"<script>(.*?)</script>", page, re.DOTALL))
    scripts = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return POLICY.format(host=host, scripts=scripts)


@functools.cache
def _index() -> str:
    return (Path(get_static_dir()) / "index.html").read_text(encoding="utf-8")


class Boundary:
    """ASGI middleware; the first to see a request and the last to see an answer."""

    def __init__(self, app: Any, exposure: Exposure):
        self._app, self._exposure = app, exposure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = _headers(scope)
        host, refused = headers.get("host", ""), self._refusal(scope, headers)
        if refused:
            await _refuse(scope, receive, send, *refused)
        elif scope["type"] == "websocket":
            await self._app(scope, receive, send)
        elif scope["path"].startswith(upload_route.PREFIX):
            response = await upload_route.upload_file(Request(scope, receive))
            await response(scope, receive, _guarded(send, host))
        else:
            await self._app(scope, receive, _guarded(send, host))

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> tuple[int, str] | None:
        host, path = headers.get("host", ""), scope["path"]
        if not _HOST.fullmatch(host) or not self._exposure.is_ours(host):
            return 400, "This is not the address of this avrec; the owner can add it with AVREC_HOSTS."
        if path.startswith(NEVER):
            return 404, "There is nothing here."
        if not self._from_our_page(scope, headers, host):
            return 403, "Pages of other sites have no access to this avrec."
        private = path.startswith(PRIVATE) and path not in PUBLIC
        if self._exposure.mode == "login" and private and not self.knows(headers.get("cookie", "")):
            return 401, "Log in first."
        return None

    def _from_our_page(self, scope: Scope, headers: dict[str, str], host: str) -> bool:
        """Whether a request that changes or reads something private comes from our own page, or from no page."""
        origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
        if scope["type"] == "websocket":
            return origin is None or _netloc(origin) == host
        if origin is not None and _netloc(origin) != host and scope["method"] not in SAFE:
            return False
        followed = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
        return site in ("same-origin", "none") or followed or not scope["path"].startswith(PRIVATE)

    def knows(self, cookies: str) -> bool:
        """Whether the cookies hold a login, signed by this server, of somebody who may come in."""
        try:
            signed = _get_signed_cookie_with_chunks(cookie_parser(cookies), USER_COOKIE_NAME)
            return signed is not None and self._exposure.may_log_in(json.loads(signed))
        except ValueError:
            return False


def _headers(scope: Scope) -> dict[str, str]:
    """Header -> value; of a doubled one nothing is believed."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        key = name.decode("latin-1").lower()
        joined = "; " if key == "cookie" else "\n"
        found[key] = f"{found[key]}{joined}{value.decode('latin-1')}" if key in found else value.decode("latin-1")
    return found


def _netloc(origin: str) -> str:
    return origin.partition("://")[2]


def _guarded(send: Send, host: str) -> Send:
    """Add what every answer says; a stricter policy of an answer's own stays."""
    own = {
        b"x-content-type-options": b"nosniff",
        b"referrer-policy": b"same-origin",
        b"x-frame-options": b"SAMEORIGIN",
        b"cross-origin-opener-policy": b"same-origin",
        b"content-security-policy": policy(host).encode(),
    }

    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            there = {name.lower() for name, _ in headers}
            message = {**message, "headers": headers + [(k, v) for k, v in own.items() if k not in there]}
        await send(message)

    return sending


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, sentence: str) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 4403, "reason": sentence})
        return
    await PlainTextResponse(sentence, status_code=status)(scope, receive, _guarded(send, "localhost"))
