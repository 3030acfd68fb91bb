"""Clip: the chosen moment plays, uncertain words are marked, every view says which model spoke."""

import csv
import io
from dataclasses import replace

import pytest
from fake_engine import FakeEngine
from fake_library import make_clip, starter_clips
from page_text import html_of

from avrec.export import csv_text
from avrec.schemas import CONTENT_MODALITIES, Annotation, Segment
from avrec.ui import pages, ribbons, subtitles
from avrec.ui.clip_facts import best_labels, cells, facts
from avrec.ui.clip_panels import annotation_rows, coverage, statistics_rows
from avrec.ui.clip_transcript import having, words
from avrec.ui.player import player

VIEWS = ["Transcript", "Annotations", "Sound", "Vectors", "Audience"]


def speaking(engine: FakeEngine):
    return next(c for c in engine.clips() if c.has_speech and c.info.kind == "video")


def of_kind(engine: FakeEngine, kind: str, *, speech: bool):
    return next(c for c in engine.clips() if c.info.kind == kind and c.has_speech == speech)


def line(text: str, start: float = 0.0, end: float = 1.0, **details) -> Annotation:
    return Annotation(start, end, "speech", text, 0.9, "Whisper base", details)


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_opens_for_every_kind_of_clip(full, open_page, view):
    for clip in (speaking(full), of_kind(full, "video", speech=False), of_kind(full, "audio", speech=True)):
        app = open_page(pages.CLIP, clip=clip.clip_id, view=view)
        assert not app.exception
        assert not app.error


def test_a_clip_whose_files_are_gone_is_shown_without_its_player(full, open_page):
    clip = speaking(full)
    full.without_preview.add(clip.clip_id)
    app = open_page(pages.CLIP, clip=clip.clip_id)
    assert not app.exception
    assert "self-check" in app.warning[0].value
    assert "<video" not in html_of(app)


def test_one_clip_alone_has_no_neighbours(hold, open_page):
    engine = hold(FakeEngine(starter_clips(1)))
    app = open_page(pages.CLIP, clip=engine.clips()[0].clip_id)
    assert "There is no other clip yet." in [c.value for c in app.caption]


@pytest.mark.parametrize(
    ("clip", "words"), [(None, "No clip is chosen"), ("0123456789abcdef", "no such clip"), ("<b>", "No clip is chosen")]
)
def test_without_a_clip_the_page_says_where_to_pick_one(full, open_page, clip, words):
    app = open_page(pages.CLIP, **({"clip": clip} if clip else {}))
    assert words in app.markdown[0].value
    assert not app.exception


def test_an_empty_library_leads_to_upload(hold, open_page):
    hold(FakeEngine([]))
    assert "No clips yet" in open_page(pages.CLIP).markdown[0].value


def test_the_player_opens_at_the_moment_of_the_url_and_waits(full, open_page):
    clip = speaking(full)
    html = html_of(open_page(pages.CLIP, clip=clip.clip_id, t="2.5"))
    assert f'src="/api/clips/{clip.clip_id}/proxy#t=2.50"' in html
    assert " autoplay" not in html
    html = html_of(open_page(pages.CLIP, clip=clip.clip_id, t="99999"))
    assert f'src="/api/clips/{clip.clip_id}/proxy"' in html


def test_a_line_plays_its_moment(full, open_page):
    clip = speaking(full)
    app = open_page(pages.CLIP, clip=clip.clip_id)
    second = full.transcript(clip.clip_id)[1]
    app.button(key="line-1").click().run()
    html = html_of(app)
    assert f"#t={second.start:.2f}" in html
    assert " autoplay" in html
    assert float(app.query_params["t"]) == pytest.approx(second.start, abs=0.01)
    app.button(key="line-1").click().run()
    assert 'data-turn="2"' in html_of(app), "the same line plays again"


def test_another_clip_does_not_start_by_itself(full, open_page):
    clip = speaking(full)
    app = open_page(pages.CLIP, clip=clip.clip_id)
    app.button(key="line-0").click().run()
    other = full.similar(clip.clip_id, 7).recommendations[0]
    app.button(key=f"near-{other.clip_id}").click().run()
    assert app.query_params["clip"] == other.clip_id
    assert " autoplay" not in html_of(app)


def test_the_transcript_is_searched_and_unsure_words_are_marked(full, open_page):
    clip = speaking(full)
    app = open_page(pages.CLIP, clip=clip.clip_id)
    assert '<span class="av-unsure" title="probability 0.40">spoken</span>' in html_of(app)
    app.text_input(key="find").set_value("words 1").run()
    assert html_of(app).count('class="av-said"') == 1
    app.text_input(key="find").set_value("never said").run()
    assert any("not said" in m.value for m in app.markdown)


def test_silence_is_said_plainly(full, open_page):
    clip = next(c for c in full.clips() if not c.info.has_sound)
    app = open_page(pages.CLIP, clip=clip.clip_id)
    assert any(m.value.startswith("It has no sound.") for m in app.markdown)
    app = open_page(pages.CLIP, clip=clip.clip_id, view="Sound")
    assert any("renormalised" in m.value for m in app.markdown)


def test_long_transcripts_come_in_pages(full, open_page, monkeypatch):
    clip = speaking(full)
    monkeypatch.setattr(full, "transcript", lambda _: [line(f"line {i}", i, i + 1) for i in range(100)])
    app = open_page(pages.CLIP, clip=clip.clip_id)
    assert html_of(app).count('class="av-said"') == 40
    app.get_by_key("lines-page").set_value(3).run()
    assert html_of(app).count('class="av-said"') == 20


def test_annotations_name_probability_and_model(full, open_page):
    clip = speaking(full)
    app = open_page(pages.CLIP, clip=clip.clip_id, view="Annotations")
    table = app.dataframe[0].value
    assert len(table) == len(full.annotations(clip.clip_id))
    assert list(table) == ["from", "to", "kind", "label", "probability", "model"]
    app.get_by_key("kinds").set_value(["scene"]).run()
    assert set(app.dataframe[0].value["kind"]) == {"scene"}


def test_audience_names_people_and_leads_to_recommend(full, open_page):
    clip = speaking(full)
    app = open_page(pages.CLIP, clip=clip.clip_id, view="Audience")
    members = full.audience(clip.clip_id)
    assert {m.user_id.replace("-", "\\-") for m in members} <= {link.label for link in app.get("page_link")}


# ---- the parts -----------------------------------------------------------------------------------------------


def test_subtitles_are_well_formed():
    lines = [line("Hello\nworld", 0.0, 1.25), line("a --> b <i>x</i>", 3661.5, 3662.0)]
    assert subtitles.srt(lines) == (
        "1\n00:00:00,000 --> 00:00:01,250\nHello world\n\n"
        "2\n01:01:01,500 --> 01:01:02,000\na → b <\u2060i>x<\u2060/i>\n"
    ), "players run tags, and SubRip knows no escape"
    text = subtitles.vtt(lines)
    assert text.startswith("WEBVTT\n\n00:00:00.000 --> 00:00:01.250\nHello world\n")
    assert text.count("-->") == 2
    assert subtitles.srt([]) == ""


def test_words_without_times_are_the_line_itself():
    assert words(line("<b>plain</b>")) == "&lt;b&gt;plain&lt;/b&gt;"
    unsure = words(line("x", words=[{"text": " <i>", "probability": 0.49}, {"text": " ok", "probability": 0.5}]))
    assert unsure == '<span class="av-unsure" title="probability 0.49">&lt;i&gt;</span> ok'


def test_search_in_lines_needs_all_words():
    lines = [line("One two"), line("Two three")]
    assert having(lines, "TWO one") == [lines[0]]
    assert having(lines, " ") == lines


def test_ribbons_show_each_kind_once_with_the_surest_label():
    found = [
        Annotation(0, 4, "scene", "harbour", 0.3, "m"), Annotation(0, 4, "scene", "beach", 0.8, "m"),
        Annotation(0, 4, "audio", "level", 0.5, "m", {"value": -20.0}), Annotation(0, 4, "audio", "centroid", 0.9, "m"),
        Annotation(1, 3, "speech", "<b>hi</b>", 0.9, "m"),
    ]  # fmt: skip
    segments = (Segment(0, 4), Segment(4, 8))
    rows = ribbons.lanes(segments, found, pictures=True)
    assert [name for name, *_ in rows] == ["Shots", "Speech", "Scene", "Sound"]
    assert [a.label for a in rows[2][2]] == ["beach"]
    figure = ribbons.ribbons(rows, segments, 8.0, "dark", 2.0, "abc")
    assert [trace.customdata[0] for trace in figure.data] == [0, 1, 0, 0]
    assert len(figure.layout.images) == 2
    assert figure.layout.images[1].source == "/api/clips/abc/frame/1"
    assert figure.layout.shapes[0].x0 == 2.0
    assert "&lt;b&gt;" in figure.data[1].hovertemplate[0]
    assert figure.data[3].text[0] == " −20 dBFS"
    assert next(name for name, *_ in ribbons.lanes(segments, found, pictures=False)) == "Parts"


def test_tint_grows_with_probability_and_stays_readable():
    assert ribbons._tint("#102030", 0.0) == "rgba(16,32,48,0.16)"
    assert ribbons._tint("#102030", 2.0) == "rgba(16,32,48,0.48)"


def test_many_shots_show_at_most_sixteen_pictures():
    segments = tuple(Segment(i, i + 1) for i in range(100))
    rows = ribbons.lanes(segments, [], pictures=True)
    assert len(ribbons.ribbons(rows, segments, 100.0, "light", None, "abc").layout.images) <= ribbons.PICTURES


def test_labels_are_the_surest_of_each_name_and_escaped():
    found = [Annotation(0, 1, "object", "<i>cup</i>", p, "m") for p in (0.2, 0.9)]
    found += [Annotation(0, 1, "tag", f"t{i}", 0.5, "map") for i in range(20)] + [line("said")]
    best = best_labels(found)
    assert best[0].score == 0.9
    assert len(best) == 8
    made = facts(starter_clips(1)[0], ("A <b>cup</b>.", "composed"), found)
    assert "&lt;i&gt;cup&lt;/i&gt;" in made
    assert "A &lt;b&gt;cup&lt;/b&gt;. <span" in made
    assert "Composed from scene and objects." in made
    assert "By BLIP base." in facts(starter_clips(1)[0], ("A cup.", "BLIP base"), [])


def test_the_strip_says_what_is_missing_and_what_is_damaged():
    clip = replace(make_clip("a.mp3", "A"), status="partial")
    clip = replace(clip, info=replace(clip.info, notes=("It ends after 2 of 8 s.",), width=None, height=None))
    strip = {cell.label: cell for cell in cells(clip, (Segment(0, 8),), [], 3)}
    assert strip["Partial"].remark == "It ends after 2 of 8 s."
    assert strip["Modalities"].value == "3 of 6"
    assert strip["Modalities"].remark == "no picture, no speech, no caption"
    assert strip["Events"].value == "3"
    assert strip["Length"].remark == "sound only"


def test_coverage_names_the_model_or_the_absence():
    clip = starter_clips(1)[0]
    models = {"image": "CLIP <x>"}
    assert "CLIP &lt;x&gt;" in coverage("visual", clip, models)
    assert "TF-IDF" in coverage("words", clip, models)
    without = replace(clip, modalities=tuple(m for m in CONTENT_MODALITIES if m != "audio"))
    assert "no sound; the weights of the others are renormalised" in coverage("audio", without, models)


def test_statistics_stand_in_one_row_a_segment():
    found = [Annotation(0, 3, "audio", "level", 0.7, "m", {"value": -28.93, "unit": "dBFS"}),
             Annotation(0, 3, "audio", "flatness", 0.1, "m", {"value": 0.0454, "unit": ""})]  # fmt: skip
    assert statistics_rows(found) == [{"moment": "0:00–0:03", "level, dBFS": -28.9, "flatness": 0.045}]
    assert annotation_rows(found)[0]["label"] == "level −28.9 dBFS"
    assert annotation_rows(found)[1]["label"] == "flatness 0.045"


def test_tables_never_hold_formulas():
    text = csv_text([{"label": "=1+1", "score": -0.5}, {"label": "plain, text", "score": 1}])
    assert list(csv.DictReader(io.StringIO(text))) == [
        {"label": "'=1+1", "score": "-0.5"}, {"label": "plain, text", "score": "1"},
    ]  # fmt: skip
    assert csv_text([]) == ""


def test_the_player_of_a_sound_is_no_video():
    clip = make_clip("a.mp3", 'A "quoted" <title>')
    made = player(clip, 1.0, 2.5, play=True)
    assert made.startswith("<audio")
    assert "#t=1.00,2.50" in made
    assert "&quot;quoted&quot; &lt;title&gt;" in made
