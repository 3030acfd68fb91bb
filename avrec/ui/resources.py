"""The one Engine of the process, and what pages do when a call fails.

The engine is held here, in a module that Streamlit does not run again (the file watcher is off), because a cached
function in a page would be made twice after an edit. The server makes it in `lifespan`; AppTest runs no lifespan, so
`engine()` makes it on first use.
"""

import asyncio
import gc
import logging
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, Any

import streamlit as st

from avrec.errors import AvrecError
from avrec.ui import uploads

if TYPE_CHECKING:
    from avrec.engine import Engine

logger = logging.getLogger(__name__)

AGAIN, MOST_AGAIN = "av-again", 3
# A page gives the interpreter away at each question to the store; where another page is at work, it gets it back after
# so long.
SWITCH_SECONDS = 0.001
UNEXPECTED = "Something went wrong; the log has the details."

_lock = threading.Lock()
_held: dict[str, Any] = {"engine": None, "serving": False}


def engine() -> "Engine":
    """Return the process's engine; make it on first use.

    Raises:
        StoreError: The data directory cannot be used.
    """
    with _lock:
        if _held["engine"] is None:
            from avrec.engine import Engine

            _held["engine"] = Engine(start_worker=_held["serving"])
        return _held["engine"]


def attend() -> None:
    """Have what works in the background stand back for the page that is drawn now."""
    with suppress(Exception):  # the page itself says why there is no engine
        engine().attend()


def hold(replacement: "Engine | None") -> None:
    """Put another engine in place, or none; the caller closes the one that was there."""
    with _lock:
        _held["engine"] = replacement


@asynccontextmanager
async def lifespan(_app: Any) -> AsyncIterator[None]:
    """Make the engine with its worker when the server starts, close it when the server stops."""
    _held["serving"] = True
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        await asyncio.to_thread(engine)
        gc.freeze()
    except AvrecError as error:
        # The server still comes up: every page then says what is wrong and what to do.
        logger.error("%s", error)
    tidying = asyncio.create_task(uploads.keep_tidy())
    yield
    tidying.cancel()
    if (waiting := uploads.held()) is not None:
        await asyncio.to_thread(waiting.close)
    held = _held["engine"]
    if held is not None:
        await asyncio.to_thread(held.close)


@contextmanager
def guard(whole: bool = False) -> Iterator[None]:
    """Show a domain error as its sentence and anything else as one neutral line; usable as a decorator too.

    A page reads clips, people and lists one after the other. Where somebody else changed the library in between, what
    went wrong says nothing about the page: it runs again, a few times at most. Streamlit's own control flow (rerun,
    stop) is no `Exception` and passes through.

    Args:
        whole: It is around the whole page, whose end without a fault starts the count again.
    """
    before = _revision()
    try:
        yield
        if whole:
            st.session_state.pop(AGAIN, None)
    except Exception as error:
        turn = st.session_state.get(AGAIN, 0)
        if turn < MOST_AGAIN and before is not None and _revision() not in (None, before):
            st.session_state[AGAIN] = turn + 1
            st.rerun()
        if not isinstance(error, AvrecError):
            logger.exception("a page failed")
        st.error(plain_error(error) if isinstance(error, AvrecError) else UNEXPECTED, icon=":material/error:")


def _revision() -> int | None:
    try:
        return engine().revision
    except AvrecError:
        return None


def tell(error: Exception) -> bool:
    """Show what no `guard` caught: fragments and callbacks run outside of a page's own run."""
    st.error(plain_error(error) if isinstance(error, AvrecError) else UNEXPECTED, icon=":material/error:")
    return True


class OneLine(logging.Filter):
    """Domain errors in Streamlit's log: their sentence, without the traceback that is for faults of ours."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        if isinstance(error, AvrecError):
            record.msg, record.args, record.exc_info, record.exc_text = "%s", (str(error),), None, None
        return True


def plain_error(error: AvrecError) -> str:
    """The error's sentence, with Markdown in names shown as text."""
    from avrec.ui.format import plain

    return plain(str(error))
