"""Pages run over the fake engine; nothing here loads a model or opens a library."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from fake_engine import FakeEngine
from fake_library import starter_clips

from avrec.config import REPOSITORY
from avrec.ui import resources

MAIN = str(REPOSITORY / "avrec" / "ui" / "main.py")


@pytest.fixture
def hold() -> Iterator[Callable]:
    """Put an engine in place for one test: `hold(FakeEngine([]))`."""
    yield lambda engine: (resources.hold(engine), engine)[1]
    resources.hold(None)


@pytest.fixture
def full(hold) -> FakeEngine:
    """The demo clips and six simulated people."""
    return hold(FakeEngine())


@pytest.fixture(params=["empty", "one clip", "full"])
def any_library(request, hold) -> FakeEngine:
    """Each page must work over each of these."""
    return hold(FakeEngine(starter_clips({"empty": 0, "one clip": 1, "full": None}[request.param])))


@pytest.fixture
def open_page() -> Callable:
    """Open a page through the app's frame: `open_page(pages.RECOMMEND, user="u-001")`."""
    from streamlit.testing.v1 import AppTest

    def opened(page: str, /, **query: str):
        app = AppTest.from_file(MAIN, default_timeout=20).run()
        app.switch_page(page)
        for name, value in query.items():
            app.query_params[name] = value
        return app.run()

    return opened
