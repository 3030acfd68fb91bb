"""Every page over every library, under hostile titles, and when the engine fails."""

import pytest
from fake_engine import FakeEngine, nobody
from fake_library import make_clip, starter_clips
from page_text import html_of

from avrec.ui import pages
from avrec.ui.resources import UNEXPECTED

ALL = [
    pages.LIBRARY, pages.UPLOAD, pages.CLIP, pages.RECOMMEND, pages.USERS, pages.EVALUATE, pages.COMPARE, pages.SYSTEM,
]  # fmt: skip
HOSTILE = ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "$x$ :red[x] [a](b) **b** `c` #d"]


@pytest.mark.parametrize("page", ALL, ids=lambda path: path.rsplit("/", 1)[-1])
def test_pages_open_over_any_library(any_library, open_page, page):
    query = {"clip": any_library.clips()[0].clip_id} if any_library.clips() else {}
    app = open_page(page, **query)
    assert not app.exception
    assert not app.error
    assert any_library.attended, "what works in the background stands back"


@pytest.mark.parametrize("page", ALL, ids=lambda path: path.rsplit("/", 1)[-1])
def test_other_peoples_text_is_text(hold, open_page, page):
    clips = [make_clip(f"{i}.mp4", title) for i, title in enumerate(HOSTILE)]
    engine = hold(FakeEngine([*starter_clips(3), *clips]))
    engine.put_job(job_id="j", title=HOSTILE[0], file_name=HOSTILE[1], state="failed", reason=HOSTILE[2])
    engine.edit_clip(clips[0].clip_id, description=HOSTILE[1], tags=HOSTILE)
    app = open_page(page, clip=clips[0].clip_id)
    html = html_of(app)
    assert not app.exception
    assert "<script" not in html
    assert "<img src=x" not in html
    for block in [*app.markdown, *app.caption]:
        assert "<script" not in block.value.replace("\\<", "")
        assert ":red[x]" not in block.value


@pytest.mark.parametrize("page", ALL, ids=lambda path: path.rsplit("/", 1)[-1])
def test_an_unexpected_failure_shows_one_neutral_line(hold, open_page, page):
    hold(FakeEngine())
    app = open_page(page)
    hold(nobody())
    app.run()
    assert "secret" not in " ".join(error.value for error in app.error)
    assert "/somewhere" not in str(app.main)
    assert [error.value for error in app.error] == ["Something went wrong; the log has the details."]


def test_a_page_whose_library_changed_under_it_runs_again(hold, open_page):
    """A clip goes between two questions of one run: the second run shows what is there, and no fault."""
    fake = hold(FakeEngine())
    asked = fake.summary

    def gone_in_between(*args):
        fake.summary = asked
        fake.revision += 1
        raise KeyError("a clip that was there a moment ago")

    fake.summary = gone_in_between
    app = open_page(pages.LIBRARY)
    assert not app.error
    assert not app.exception

    def broken(*args):
        fake.revision += 1
        raise KeyError("it is no race, it is broken")

    fake.summary = broken
    app = open_page(pages.LIBRARY)
    assert [error.value for error in app.error] == [UNEXPECTED]
