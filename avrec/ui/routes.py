"""What the server answers besides pages: health, and the media of known clips with ranges.

`st.video` would read a whole file into memory; here a proxy is streamed from disk. The MIME type comes from the
engine, never from the file, and `nosniff` keeps browsers from guessing another.
"""

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from avrec import __version__
from avrec.errors import AvrecError
from avrec.ui import access, resources

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, max-age=3600",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
}
MAX_ID_LENGTH = 64


async def health(_request: Request) -> Response:
    """200 with the version and the worker's state, or 503 with the reason; only whether it is well behind a login."""
    try:
        engine = await asyncio.to_thread(resources.engine)
        status: dict[str, Any] = await asyncio.to_thread(engine.status)
    except AvrecError as error:
        if access.is_guarded():
            return JSONResponse({"status": "unavailable", "version": __version__}, status_code=503)
        return JSONResponse({"status": "unavailable", "reason": str(error), "version": __version__}, status_code=503)
    if access.is_guarded():
        return JSONResponse({"status": "ok", "version": __version__})
    counts = {key: status[key] for key in ("clips", "running", "queued", "failed")}
    return JSONResponse({"status": "ok", "version": __version__, **counts})


async def media(request: Request) -> Response:
    """A known clip's proxy, poster or segment picture; 404 for everything else."""
    clip_id, kind = request.path_params["clip_id"], request.path_params["kind"]
    index = request.path_params.get("index")
    if len(clip_id) > MAX_ID_LENGTH or not clip_id.isalnum() or kind not in ("proxy", "poster", "frame"):
        return _absent()
    try:
        engine = await asyncio.to_thread(resources.engine)
        path, mime = await asyncio.to_thread(engine.media, clip_id, kind, index)
    except AvrecError:
        return _absent()
    if not path.is_file():
        return _absent()
    return FileResponse(path, media_type=mime, headers=HEADERS)


def _absent() -> Response:
    return Response("There is no such clip.", status_code=404, media_type="text/plain", headers=HEADERS)


ROUTES = [
    Route("/api/health", health),
    Route("/api/clips/{clip_id}/{kind}/{index:int}", media),
    Route("/api/clips/{clip_id}/{kind}", media),
]


def media_url(clip_id: str, kind: str, index: int | None = None) -> str:
    """The address of a clip's file on this server, relative to its root."""
    return f"/api/clips/{clip_id}/{kind}" + (f"/{index}" if index is not None else "")
