"""The upload address of `st.file_uploader`, answered by avrec: the body goes to the disk in chunks while it arrives.

About one chunk of a transfer is in memory. A sender that stalls or goes leaves nothing behind.
"""

import asyncio
import threading
from contextlib import aclosing

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from streamlit.runtime import get_instance
from streamlit.web.server.server_util import is_xsrf_enabled
from streamlit.web.server.starlette.starlette_app_utils import validate_xsrf_token
from streamlit.web.server.starlette.starlette_server_config import XSRF_COOKIE_NAME

from avrec.errors import AvrecError
from avrec.spool import CHUNK, Arrived, Arriving
from avrec.ui.uploads import Upload, Uploads, held

PREFIX = "/_stcore/upload_file/"
STALLED = 60.0  # seconds without a byte until a transfer is given up
FRAME = 64 * 1024  # bytes of a body beside the file's own
ID_LENGTH = 64


class OneFile:
    """Reads a multipart body with one file in it, piece by piece.

    Attributes:
        name, type: Of the file, as the browser says.
        pending: Bytes of the file that were read and not yet taken.
    """

    def __init__(self, content_type: str):
        kind, options = parse_options_header(content_type)
        if kind != b"multipart/form-data" or not options.get(b"boundary"):
            raise FormParserError("no multipart body")
        self.name, self.type, self.pending = "", "application/octet-stream", bytearray()
        self.complete = False
        self._files, self._inside = 0, False
        self._headers: dict[bytes, bytes] = {}
        self._field, self._value = b"", b""
        callbacks = {name: getattr(self, f"_{name}") for name in (
            "on_part_begin", "on_part_data", "on_header_field", "on_header_value", "on_header_end",
            "on_headers_finished", "on_end",
        )}  # fmt: skip
        self._parser = MultipartParser(options[b"boundary"], callbacks)

    def feed(self, chunk: bytes) -> None:
        """Read a piece.

        Raises:
            FormParserError: It is no multipart body, or has more than one file.
        """
        self._parser.write(chunk)

    def _on_part_begin(self) -> None:
        self._headers, self._inside = {}, False

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        self._headers[self._field.lower()] = self._value
        self._field, self._value = b"", b""

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        if b"filename" not in options:
            return
        self._files += 1
        if self._files > 1:
            raise FormParserError("more than one file")
        self._inside = True
        self.name = options[b"filename"].decode("utf-8", "replace")
        self.type = self._headers.get(b"content-type", b"").decode("latin-1")[:100] or self.type

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._inside:
            self.pending += data[start:end]

    def _on_end(self) -> None:
        self.complete = self._files == 1

    def take(self) -> bytes:
        """What is pending; then nothing is."""
        taken, self.pending = bytes(self.pending), bytearray()
        return taken


async def upload_file(request: Request) -> Response:
    """PUT keeps a file for a session, DELETE lets it go; both with Streamlit's token against forged requests."""
    uploads = held()
    if is_xsrf_enabled():
        token = request.headers.get("X-Xsrftoken")
        if not validate_xsrf_token(token, request.cookies.get(XSRF_COOKIE_NAME)):
            return PlainTextResponse("Reload the page and try again.", status_code=403)
    ids = request.url.path.removeprefix(PREFIX).split("/")
    if uploads is None or len(ids) != 2 or not all(0 < len(part) <= ID_LENGTH for part in ids):
        return PlainTextResponse("There is no such upload.", status_code=404)
    session_id, file_id = ids
    if request.method == "DELETE":
        await asyncio.to_thread(uploads.remove_file, session_id, file_id)
        return Response(status_code=204)
    if request.method != "PUT":
        return Response(status_code=405)
    if not get_instance().is_active_session(session_id):
        return PlainTextResponse("This page is no longer connected; reload it.", status_code=400)
    return await _keep(request, uploads, session_id, file_id)


class Keeper:
    """Puts a file's bytes on the disk in threads; keeps why that was refused. Ends by `finish` or `abandon`."""

    def __init__(self, uploads: Uploads, claimed: int):
        self.refused: AvrecError | None = None
        self._uploads, self._claimed = uploads, claimed
        self._place: Arriving | None = None
        self._guard, self._over = threading.Lock(), False

    def write(self, name: str, chunk: bytes) -> None:
        """Add bytes; the place is opened with the first ones, when the name is known."""
        with self._guard:
            if self._over or self.refused is not None:
                return
            try:
                if self._place is None:
                    self._place = self._uploads.spool.begin(_shown(name), self._claimed)
                self._place.write(chunk)
            except AvrecError as error:
                self.refused = error
                self._drop()

    def finish(self) -> Arrived | None:
        """The whole file; none where it was refused."""
        with self._guard:
            self._over = True
            return self._place.finish() if self._place is not None else None

    def abandon(self) -> None:
        with self._guard:
            self._over = True
            self._drop()

    def _drop(self) -> None:
        if self._place is not None:
            self._place.abandon()
            self._place = None


async def _keep(request: Request, uploads: Uploads, session_id: str, file_id: str) -> Response:
    limit = uploads.largest + FRAME
    claimed = request.headers.get("content-length", "0")
    if not claimed.isdecimal() or int(claimed) > limit:
        return PlainTextResponse("The file is too large.", status_code=413, headers={"Connection": "close"})
    try:
        upload = await _receive(request, Keeper(uploads, int(claimed)), file_id, limit)
    except (ClientDisconnect, TimeoutError):
        return Response(status_code=408)
    except FormParserError:
        return PlainTextResponse("That is no upload.", status_code=400, headers={"Connection": "close"})
    uploads.put(session_id, upload)
    return Response(status_code=204)


async def _receive(request: Request, keeper: Keeper, file_id: str, limit: int) -> Upload:
    """Read a body to its end; a refused one too, into nothing, since browsers hear no answer before that."""
    form, size = OneFile(request.headers.get("content-type", "")), 0
    try:
        async with aclosing(request.stream()) as body:
            while (chunk := await asyncio.wait_for(anext(body, None), STALLED)) is not None:
                size += len(chunk)
                if size > limit:
                    raise FormParserError("longer than said")
                form.feed(chunk)
                if len(form.pending) >= CHUNK:
                    await asyncio.to_thread(keeper.write, form.name, form.take())
        if not form.complete:
            raise FormParserError("cut off")
        await asyncio.to_thread(keeper.write, form.name, form.take())
        arrived = await asyncio.to_thread(keeper.finish)
    except BaseException:
        await asyncio.shield(asyncio.to_thread(keeper.abandon))
        raise
    return Upload(file_id, form.name, form.type, arrived, keeper.refused)


def _shown(name: str) -> str:
    """A file's name for a sentence: its last part, printable, of a readable length."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(c for c in last if c.isprintable()).strip()[-120:] or "unnamed"
