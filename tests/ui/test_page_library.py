"""Library: the strip, the grid, filters in the URL, editing and deleting, an empty library."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from fake_engine import FakeEngine
from fake_library import NOW, make_clip, starter_clips
from page_text import html_of
from streamlit.testing.v1 import AppTest

from avrec.ui import library_controls, pages
from avrec.ui.clip_forms import split_tags
from avrec.ui.library_grid import chips, is_new


def titles(app) -> list[str]:
    return [link.label.strip("*").replace("\\", "") for link in app.get("page_link")]


def test_every_library_gives_a_page_without_exceptions(any_library, open_page):
    app = open_page(pages.LIBRARY)
    assert not app.exception
    assert not app.error


def test_an_empty_library_offers_the_demo_clips(hold, open_page):
    engine = hold(FakeEngine([]))
    app = open_page(pages.LIBRARY)
    assert "No clips yet" in app.markdown[0].value
    next(b for b in app.button if b.label == "Open the demo clips").click().run()
    assert ("open_demo",) in engine.calls


def test_the_first_clips_are_announced(hold, open_page):
    engine = hold(FakeEngine([]))
    engine.put_job(state="queued")
    assert "on their way: 1 in the queue" in open_page(pages.LIBRARY).markdown[0].value


def test_the_grid_shows_each_clip_with_its_length_and_chips(full, open_page):
    app = open_page(pages.LIBRARY)
    assert len(titles(app)) == 38
    html = html_of(app)
    assert html.count('class="av-thumb"') == 38
    assert "speech, en" in html
    assert "audio only" in html
    assert "silent" in html
    assert "38" in html.split("Clips</small>")[1][:20]


def test_search_covers_title_words_said_and_captions(full, open_page):
    app = open_page(pages.LIBRARY, q="spoken words")
    assert len(titles(app)) == sum(clip.has_speech for clip in full.clips())
    assert f"{len(titles(app))} of 38 clips" in [c.value for c in app.caption]
    captions = full.said("caption")
    app.text_input(key="library-q").set_value("thing in a").run()
    assert len(titles(app)) == len(captions)
    assert app.query_params["q"] == "thing in a"


def test_facets_are_read_from_the_url_and_written_to_it(full, open_page):
    app = open_page(pages.LIBRARY, subject="space|nowhere", kind="Video")
    expected = [c for c in full.clips() if c.subject == "space" and c.info.kind == "video"]
    assert len(titles(app)) == len(expected)
    app.get_by_key("library-sort").set_value("Title").run()
    assert [title[:20] for title in titles(app)] == sorted((c.title[:20] for c in expected), key=str.casefold)
    assert app.query_params["sort"] == "Title"


@pytest.mark.parametrize(
    "query",
    [{"length": "9-3"}, {"length": "a-b"}, {"kind": "Nonsense"}, {"page": "-7"}, {"page": "1e9"}, {"sort": "?"},
     {"language": "\x00"}],
)  # fmt: skip
def test_a_url_that_makes_no_sense_shows_every_clip(full, open_page, query):
    app = open_page(pages.LIBRARY, **query)
    assert not app.exception
    assert len(titles(app)) == 38


def test_no_match_says_so_and_can_be_undone(full, open_page):
    app = open_page(pages.LIBRARY, q="nothing says this", subject="space")
    assert "No clip fits" in app.markdown[-1].value
    next(b for b in app.button if b.label == "Show all clips").click().run()
    assert len(titles(app)) == 38
    assert "q" not in app.query_params


def test_thousands_of_clips_come_in_pages(hold, open_page):
    clips = [make_clip(f"{i}.mp4", f"Clip {i:04d}", age=i) for i in range(2000)]
    hold(FakeEngine(clips, people=0))
    app = open_page(pages.LIBRARY, page="3", sort="Title")
    assert len(titles(app)) == 48
    assert titles(app)[0] == "Clip 0096"
    assert "97 to 144 of 2,000" in [c.value for c in app.caption]


def test_a_clip_without_subject_shows_its_tags_and_the_row_stays(hold, open_page):
    own = replace(make_clip("own.mp4", "Own"), subject="", category="", tags=("holiday",), demo=False)
    hold(FakeEngine([own]))
    app = open_page(pages.LIBRARY)
    assert "holiday" in html_of(app)
    assert not app.exception


def edit_script(clip_id: str):
    from avrec.ui.clip_forms import edit_dialog
    from avrec.ui.resources import engine

    edit_dialog(engine().clip(clip_id))


def delete_script(clip_id: str):
    from avrec.ui.clip_forms import delete_dialog
    from avrec.ui.resources import engine

    if clip_id in {clip.clip_id for clip in engine().clips()}:
        delete_dialog(engine().clip(clip_id))


def test_the_menu_of_a_cell_opens_the_dialogs(full, open_page):
    clip = full.clips()[0]
    app = open_page(pages.LIBRARY)
    app.get_by_key(f"menu-{clip.clip_id}").click("Edit title and tags").run()
    assert {"Title", "Tags, separated by commas"} <= {field.label for field in app.text_input}
    app = open_page(pages.LIBRARY)
    app.get_by_key(f"menu-{clip.clip_id}").click("Delete").run()
    assert "removed for good" in " ".join(block.value for block in app.markdown)
    assert full.clip(clip.clip_id), "it asks first"


def test_editing_stores_title_description_and_tags(full):
    clip = full.clips()[0]
    app = AppTest.from_function(edit_script, args=(clip.clip_id,), default_timeout=20).run()
    fields = {field.label: field for field in app.text_input}
    fields["Title"].set_value("New <b>title</b>")
    fields["Tags, separated by commas"].set_value("a, b")
    app.text_area[0].set_value("Words")
    next(b for b in app.button if b.label == "Save").click().run()
    edited = full.clip(clip.clip_id)
    assert (edited.title, edited.description, edited.tags) == ("New <b>title</b>", "Words", ("a", "b"))


@pytest.mark.parametrize(("button", "stays"), [("delete-yes", False), ("delete-no", True)])
def test_deleting_needs_a_second_click(full, button, stays):
    clip = full.clips()[0]
    app = AppTest.from_function(delete_script, args=(clip.clip_id,), default_timeout=20).run()
    app.button(key=button).click().run()
    assert not app.exception
    assert (clip.clip_id in {c.clip_id for c in full.clips()}) is stays


def test_a_deleted_clip_leaves_the_url(full):
    clip = full.clips()[0]
    app = AppTest.from_function(delete_script, args=(clip.clip_id,), default_timeout=20)
    app.query_params["clip"] = clip.clip_id
    app.run().button(key="delete-yes").click().run()
    assert "clip" not in app.query_params
    assert app.session_state["av-workspace"] == {}


def test_new_is_for_own_clips_of_the_last_day():
    own = replace(starter_clips(1)[0], demo=False, added_at=datetime(2026, 2, 28, 13, tzinfo=UTC))
    assert is_new(own, NOW)
    assert not is_new(replace(own, demo=True), NOW)
    assert not is_new(replace(own, added_at=datetime(2026, 2, 28, 11, tzinfo=UTC)), NOW)


def test_an_unsure_language_has_a_question_mark():
    clip = next(c for c in starter_clips() if c.has_speech and c.info.kind == "video")
    assert chips(replace(clip, language_probability=0.4))[0][0] == "speech, en?"
    assert chips(clip)[0] == ("speech, en", "English, probability 0.98")


def test_tags_are_split_at_commas_and_semicolons():
    assert split_tags(" a , b;c,, ") == ["a", "b", "c"]


def test_every_filter_is_cleared(monkeypatch):
    put = {}
    monkeypatch.setattr(library_controls.workspace, "put", lambda **values: put.update(values))
    library_controls.clear()
    assert {"q", "subject", "category", "language", "tag", "speech", "kind", "length", "page"} == set(put)
    assert not any(put.values())
