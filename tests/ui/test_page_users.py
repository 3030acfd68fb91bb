"""Users: taste, people alike, wishes, event weights; pseudonyms on every page that names somebody."""

import re
from itertools import pairwise

import pytest
from fake_engine import FakeEngine
from fake_library import starter_clips
from page_text import html_of

from avrec.recommend.events import EventWeights
from avrec.schemas import PersonSettings
from avrec.ui import pages, users_charts
from avrec.ui.users_weights import points_of

VIEWS = ("Taste", "Wishes", "Event weights")


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_opens_over_every_library(any_library, open_page, view):
    app = open_page(pages.USERS, view=view)
    assert not app.exception
    assert not app.error
    if not any_library.people():
        assert "Nobody is here yet" in app.markdown[0].value


def test_taste_says_what_the_engine_says(full, open_page):
    app = open_page(pages.USERS, user="u-003")
    html, profile = html_of(app), full.profile("u-003")
    for topic in list(profile.topics)[:8]:
        assert f"<span>{topic}</span>" in html
    assert re.findall(r'<i class="av-m-(\w+)" style="width', html) == list(profile.modalities)
    assert {button.label for button in app.button if button.key and button.key.startswith("near-")} == {
        n.user_id.replace("-", "\\-") for n in profile.neighbours[:6]
    }
    assert all(one.title in html.replace("&#x27;", "'") for one in profile.neighbour_likes)
    frame = app.dataframe[0].value
    assert len(frame) == len(profile.history)


def test_a_neighbour_opens(full, open_page):
    app = open_page(pages.USERS, user="u-003")
    app.button(key="near-0").click().run()
    assert app.query_params["user"] == full.profile("u-003").neighbours[0].user_id


def test_pins_and_bans_are_stored_at_once(full, open_page):
    app = open_page(pages.USERS, user="u-003", view="Wishes")
    topics = [name for name, _ in full.topics()]
    app.multiselect(key="wish-pinned").set_value([topics[0]]).run()
    app.multiselect(key="wish-banned").set_value([topics[1]]).run()
    assert full.person_settings("u-003") == PersonSettings((topics[0],), (topics[1],))
    assert topics[0] not in app.multiselect(key="wish-banned").options
    app.toggle(key="wish-own").set_value(True).run()
    app.slider(key="wish-diversity").set_value(0.5).run()
    assert full.person_settings("u-003").diversity == 0.5
    app.toggle(key="wish-own").set_value(False).run()
    assert full.person_settings("u-003").diversity is None
    assert not app.exception


def test_the_own_diversity_holds_on_recommend_unless_the_address_says_otherwise(full, open_page):
    full.set_person_settings("u-003", PersonSettings(diversity=0.7))
    assert open_page(pages.RECOMMEND, user="u-003").slider(key="diversity-slider").value == 0.7
    assert open_page(pages.RECOMMEND, user="u-004").slider(key="diversity-slider").value == 0.2
    assert open_page(pages.RECOMMEND, user="u-003", diversity="0.1").slider(key="diversity-slider").value == 0.1


def test_a_profile_text_is_saved_and_proposed(full, open_page):
    app = open_page(pages.USERS, user="u-003", view="Wishes")
    next(t for t in app.text_input if t.label == "Words they searched for").set_value("so many rockets")
    next(b for b in app.button if b.label == "Note it").click().run()
    assert [e.text for e in full.history("u-003") if e.event == "search"] == ["so many rockets"]
    next(b for b in app.button if b.label.startswith("Propose")).click().run()
    assert "so many rockets" in html_of(app)
    next(b for b in app.button if b.label == "Take it over").click().run()
    assert app.text_area[0].value == "so many rockets"
    app.text_area[0].set_value("Loves rockets")
    next(b for b in app.button if b.label == "Save the text").click().run()
    assert full.person_settings("u-003").profile == "Loves rockets"
    assert not app.exception


def test_a_weight_counts_at_once_and_is_checked(full, open_page):
    app = open_page(pages.USERS, user="u-003", view="Event weights")
    assert "Nothing changed yet" in html_of(app)
    app.number_input(key="weight-like").set_value(-1.5).run()
    assert full.event_weights() == EventWeights(like=-1.5)
    assert "0.275" in html_of(app), "nDCG now"
    assert "Worse, over 6 people" in html_of(app)
    next(b for b in app.button if b.label == "Compare from here on").click().run()
    assert "Nothing changed yet" in html_of(app)
    next(b for b in app.button if b.label == "Back to the defaults").click().run()
    assert full.event_weights() == EventWeights()
    assert app.number_input(key="weight-like").value == 1.0


def test_points_of_the_curve_are_read_by_share():
    rows = [{"Watched": 1.0, "Worth": 1}, {"Watched": 0, "Worth": -1.0}, {"Watched": 0.5, "Worth": 0.5}]
    assert points_of(rows) == ((0.0, -1.0), (0.5, 0.5), (1.0, 1.0))
    assert points_of([*rows, {"Watched": None, "Worth": 1.0}]) is None
    assert points_of([*rows, {"Watched": 0.2}]) is None


@pytest.mark.parametrize("page", [pages.USERS, pages.RECOMMEND])
def test_a_new_person_is_made_from_a_sentence(full, open_page, page):
    app = open_page(page, user="u-003")
    make = next(b for b in app.button if b.label == "Make this person")
    make.click().run()
    assert any("at least one clip" in block.value for block in app.markdown)
    sentence = next(t for t in app.text_input if t.label == "What they say of themself")
    sentence.set_value("Loves rockets")
    app.multiselect[0].set_value([full.clips()[0].clip_id])
    next(b for b in app.button if b.label == "Make this person").click().run()
    assert ("new_person", "p-00000a", "Loves rockets", (full.clips()[0].clip_id,)) in full.calls
    assert app.query_params["user"] == "p-00000a"
    assert not app.exception


EMAIL = "ann@example.com"


@pytest.mark.parametrize("page", [pages.USERS, pages.RECOMMEND, pages.COMPARE, pages.CLIP, pages.LIBRARY, pages.UPLOAD])
def test_no_page_shows_who_somebody_is(hold, open_page, page):
    engine = hold(FakeEngine(starter_clips(12), people=3))
    clips = engine.clips()
    for clip in clips[:4]:
        engine.record(EMAIL, clip.clip_id, "like")
    for view in (
        VIEWS if page == pages.USERS else ("Ledger", "Evidence", "What if") if page == pages.RECOMMEND else ("",)
    ):
        query = {"view": view} if view else {}
        app = open_page(page, user=EMAIL, clip=clips[5].clip_id, compare="People", **query)
        assert not app.exception
        if page in (pages.USERS, pages.RECOMMEND, pages.COMPARE):
            assert EMAIL not in str(app.query_params), "a copied address names nobody"
        written = f"{html_of(app)} {app.main} {[b.value for b in app.markdown]} {[b.value for b in app.caption]}"
        assert EMAIL not in written


def test_the_switch_shows_real_ids_for_the_session_and_addresses_never_do(hold, open_page):
    engine = hold(FakeEngine(starter_clips(12), people=2))
    for clip in engine.clips()[:4]:
        engine.record(EMAIL, clip.clip_id, "like")
    name = engine.pseudonym(EMAIL)
    app = open_page(pages.USERS, user=name)
    assert app.selectbox(key="who").value == EMAIL, "a pseudonym in an address is understood"
    assert name in str(app.selectbox(key="who").options)
    app.toggle(key="real-ids").set_value(True).run()
    assert EMAIL in str(app.selectbox(key="who").options)
    app.selectbox(key="who").set_value("u-001").run()
    app.selectbox(key="who").set_value(EMAIL).run()
    assert app.query_params["user"] == name


def test_labels_of_lines_stand_apart_in_order():
    places = users_charts.spread({"a": 1.0, "b": 1.01, "c": 0.99, "d": 3.0}, 0.2)
    heights = [places[name] for name in ("c", "a", "b", "d")]
    assert all(b - a >= 0.2 - 1e-9 for a, b in pairwise(heights))
    assert users_charts.spread({}, 0.2) == {}


def test_a_handful_of_people_has_no_interval_and_no_nan():
    from avrec.evaluate.live import Estimate
    from avrec.ui.users_weights import _range

    assert "too few people" in _range(Estimate(0.4, float("nan"), float("nan")))
    assert "0.300" in _range(Estimate(0.4, 0.3, 0.5))
