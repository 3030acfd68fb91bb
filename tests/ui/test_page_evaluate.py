"""Evaluate: a run by the button, its findings in words, everything in the URL, and libraries with too little."""

import pytest
from fake_engine import FakeEngine
from fake_library import starter_clips
from page_text import html_of

from avrec.recommend.registry import ENTRIES
from avrec.schemas import AlgorithmEntry, Interaction
from avrec.ui import pages

MODELS = "hybrid,content,item-knn"


def ran(engine, open_page, **query):
    """The page with a finished run."""
    app = open_page(pages.EVALUATE, models=MODELS, **query)
    app.button(key="ev-run").click().run()
    engine.finish(engine.evaluation_jobs()[0])
    return app.run()


def test_every_library_gives_one_sentence_and_one_action(any_library, open_page):
    app = open_page(pages.EVALUATE)
    assert not app.exception
    assert not app.error
    words = " ".join(block.value for block in app.markdown)
    if not any_library.clips():
        assert "No clips yet" in words
        assert app.button(key="ev-run").disabled
    else:
        assert "have not been run" in words


def test_a_library_that_nobody_has_liked(hold, open_page):
    hold(FakeEngine(starter_clips(3), people=0))
    app = open_page(pages.EVALUATE)
    assert "Nobody has liked anything yet" in " ".join(block.value for block in app.markdown)
    assert app.button(key="ev-run").disabled


@pytest.mark.parametrize(("clips", "people"), [(1, 6), (38, 1)])
def test_one_clip_and_one_person(hold, open_page, clips, people):
    engine = hold(FakeEngine(starter_clips(clips), people=people))
    app = ran(engine, open_page)
    assert not app.exception
    if clips == 1:
        assert "record likes or import events" in html_of(app)
    else:
        assert "not distinguishable" in html_of(app)
        assert "too few people" in html_of(app)
        assert "± 0.000" not in html_of(app), "no interval is not an interval of nothing"
    assert "nan" not in html_of(app).replace("tab-nan", "")


def test_the_button_runs_and_the_page_shows_progress_then_findings(full, open_page):
    app = open_page(pages.EVALUATE, models=MODELS)
    app.button(key="ev-run").click().run()
    assert ("evaluate", "demo", False) in full.calls
    assert app.button(key="ev-run").disabled
    assert app.button(key="ev-cancel")
    full.finish(full.evaluation_jobs()[0])
    app.run()
    html = html_of(app)
    for title in ("Leaderboard", "Modality ablation", "Cold start", "Calibration", "Popularity bias",
                  "Do reasons hold?", "Served worst"):  # fmt: skip
        assert title in html
    assert "av-strip" in html
    assert "simulated" in html
    found = next(iter(full.found.values()))
    gain = found.compared("hybrid", "popularity", "ndcg")
    said = "Hybrid is not distinguishable from Popularity" if not gain.distinguishable else "beats"
    assert said in html
    assert len(app.get("download_button")) == 9
    assert not app.exception


def test_cancel_is_one_click_and_is_said(full, open_page):
    app = open_page(pages.EVALUATE, models=MODELS)
    app.button(key="ev-run").click().run()
    app.button(key="ev-cancel").click().run()
    app.run()
    assert full.evaluation_jobs()[0].state == "cancelled"
    assert "Cancelled." in html_of(app)
    assert not app.button(key="ev-run").disabled


def test_a_failed_run_says_why(full, open_page):
    app = open_page(pages.EVALUATE, models=MODELS)
    app.button(key="ev-run").click().run()
    job = full.evaluation_jobs()[0]
    full.put_job(job_id=job.job_id, kind="evaluate", key=job.key, state="failed", reason="<b>It</b> broke.")
    app.run()
    assert "&lt;b&gt;It&lt;/b&gt; broke." in html_of(app)


def test_metric_and_length_stand_in_the_url(full, open_page):
    app = ran(full, open_page, metric="recall", at="5", split="leave-one-out")
    assert app.selectbox(key="ev-metric").value == "recall"
    app.selectbox(key="ev-metric").select("map").run()
    assert app.query_params["metric"] == "map"
    assert not app.exception
    app.selectbox(key="ev-at").select(20).run()
    assert "have not been run" in " ".join(block.value for block in app.markdown), "another length is another run"


@pytest.mark.parametrize("query", [{"metric": "<b>"}, {"at": "nan"}, {"split": "x"}, {"dataset": "/etc/passwd"},
                                   {"models": "a,b,,"}, {"against": "tea"}])  # fmt: skip
def test_hostile_parameters_fall_back(full, open_page, query):
    app = open_page(pages.EVALUATE, **query)
    assert not app.exception
    assert not app.error
    assert "passwd" not in str(app.main)


def test_served_worst_opens_in_recommend(full, open_page):
    app = ran(full, open_page)
    found = next(iter(full.found.values()))
    links = [link for link in app.get("page_link") if "recommend" in link.proto.page.lower()]
    assert len(links) >= len(found.worst) > 0


def test_hostile_ids_are_text(hold, open_page):
    engine = hold(FakeEngine())
    clips = engine.clips()
    name = "<script>alert(1)</script>"
    engine._events += [Interaction(name, c.clip_id, "like", None, engine._events[0].at) for c in clips[:6]]
    app = ran(engine, open_page)
    assert not app.exception
    assert "<script>alert" not in html_of(app)


@pytest.mark.parametrize("models", ["hybrid", "hybrid,baseline,mf"])
def test_rating_metrics_where_there_are_some_and_where_not(hold, open_page, models):
    engine = hold(FakeEngine())
    known = [*engine.algorithm_entries(), *(AlgorithmEntry(n, n, "ratings", True) for n in ("baseline", "mf"))]
    engine.algorithm_entries = lambda: known
    at = engine._events[0].at
    people = {e.user_id for e in engine._events}
    engine._events += [
        Interaction(user, clip.clip_id, "rating", float(1 + i % 5), at)
        for user in people
        for i, clip in enumerate(engine.clips()[:8])
    ]
    app = open_page(pages.EVALUATE, models=models, metric="rmse")
    app.button(key="ev-run").click().run()
    engine.finish(engine.evaluation_jobs()[0])
    app.run()
    assert not app.exception
    said = " ".join(block.value for block in app.markdown)
    assert ("None of these models has it" in said) == (models == "hybrid")


def test_a_new_event_makes_the_result_stale(full, open_page):
    app = ran(full, open_page)
    assert "Leaderboard" in html_of(app)
    full.record("u-001", full.clips()[0].clip_id, "like")
    app.run()
    assert any("have not been run" in block.value for block in app.markdown)
    assert any("what was found before" in block.value for block in app.markdown)
    assert "Leaderboard" in html_of(app)
    other = open_page(pages.EVALUATE, split="temporal")
    assert "Leaderboard" not in html_of(other), "another split is another question"


def test_many_models_stand_in_the_address(full, open_page):
    known = [entry.name for entry in full.algorithm_entries() if entry.name in ENTRIES]
    app = open_page(pages.EVALUATE, models="," * 300 + "user-knn,content")
    chosen = set(app.multiselect(key="ev-chosen").value)
    assert {"user-knn", "content"} <= chosen
    assert "hybrid" in known
    assert "hybrid" not in chosen, "not the usual ones, but those that were asked for"


def test_a_run_that_is_before_ours_is_shown_and_can_be_cancelled(full, open_page):
    other = full.evaluate("ml-100k", wait=False)
    app = open_page(pages.EVALUATE)
    assert app.button(key=f"ev-cancel-{other.job_id}")
