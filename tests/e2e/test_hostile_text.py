"""A library whose every text is hostile, on every page in real Chromium: shown as text, and nothing leaves.

The policy that keeps pages from loading anything from elsewhere is switched off here, so that the pages themselves are
put to the test.
"""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from generate import write_video
from light import LightClassifier, LightMap, LightModels, LightTranscriber
from sessions import light_app

from avrec.config import Settings
from avrec.engine import Engine
from avrec.schemas import PersonSettings, SpokenLine, Transcript

pytestmark = pytest.mark.e2e

MARKUP = '<img src="http://evil.example/a.png" onerror="window.ran=1"><b class="bad">b</b>'
ENTITY = "&lt;img src=http://evil.example/e.png&gt;"
MARKDOWN = "![p](http://evil.example/b.png) [l](javascript:window.ran=1) $\\frac{a}{b}$ :red[r] :material/home: **s**"
LINKS = "http://evil.example/c www.evil.example x@evil.example"
FORMAT = "{0} {x.__class__} %s ${x} {{7*7}} =1+1"
SHORT = f"{MARKUP} {MARKDOWN}"
LONG = (
    f"{MARKUP} {ENTITY} {MARKDOWN} {LINKS} {FORMAT} <script>window.ran=1</script> <a href='http://evil.example'>a</a>"
)
SAID = '<img src="ht'  # has to be on the page as text


class HostileTranscriber(LightTranscriber):
    def transcribe(self, audio, language=None):
        end = len(audio) / 16_000
        return Transcript((SpokenLine(0.0, end, LONG, -0.3, ()),), "en", 0.9, self.card.name)


class HostileMap(LightMap):
    def tags(self, vectors, k=3):
        return [[(SHORT, 0.6)] for _ in vectors]


class HostileModels(LightModels):
    def __init__(self):
        super().__init__()
        self.transcriber, self.picture_map = HostileTranscriber(), HostileMap()
        self.scenes = LightClassifier("scenes", (SHORT, f"2 {SHORT}"))
        self.objects = LightClassifier("objects", (f"3 {SHORT}", f"4 {SHORT}"))


def fill(data, folder):
    """Clips, people, events, a failed job and an own data set, hostile in every text they have; the clips' ids."""
    engine = Engine(Settings(data=data, demo=False), models=HostileModels())
    jobs = []
    for i in range(4):
        path = write_video(folder / f"{i}.mp4", 2.0 + i / 2)
        with path.open("rb") as stream:
            name = f"{i} {MARKUP[:60]} {MARKDOWN}.mp4".replace("/", "\u2215")
            texts = {"title": f"{LONG} {i}"[:300], "description": LONG, "tags": [SHORT[:80], LINKS, FORMAT]}
            jobs.append(engine.add_file(stream, name, **texts).job_id)
    clips = [job.clip_id for job in engine.wait(jobs, timeout=120)]
    with (folder / "0.mp4").open("rb") as stream:
        broken = engine.add_file(_Cut(stream), f"cut {SHORT}.mp4".replace("/", "\u2215"), title=LONG)
    engine.wait([broken.job_id], timeout=60)
    people = [SHORT[:100], "u-001", LINKS, FORMAT]
    for i, user in enumerate(people):
        engine.record(user, clips[i % 4], "like")
        engine.record(user, clips[(i + 1) % 4], "rating", 4.0)
        engine.record(user, clips[i % 4], "comment", text=LONG)
        engine.record(user, "", "search", text=LONG)
    engine.new_person("u-sentence", sentence=LONG)
    engine.set_person_settings("u-001", PersonSettings((SHORT[:80],), (LINKS,), 0.2, LONG))
    engine.keep_interactions(f"{SHORT.replace('/', '')}.csv", b"user_id,item_id,rating\na,b,1\n")
    engine.close()
    return clips


class _Cut:
    """Half of a file: a job that fails."""

    def __init__(self, stream):
        self._left = stream.read()[:2_000]

    def read(self, size):
        taken, self._left = self._left[:size], self._left[size:]
        return taken


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    clips = fill(folder / "data", folder)
    with light_app(folder / "data", folder / "log") as (address, _):
        yield address, clips
    assert "Traceback" not in (folder / "log").read_text()


@pytest.fixture(scope="module")
def page(hostile, browser):
    opened = browser.new_context(viewport={"width": 1440, "height": 2400}, bypass_csp=True).new_page()
    opened.foreign, opened.asked = [], []
    opened.on("request", lambda request: _note(opened.foreign, request.url, hostile[0]))
    opened.on("dialog", lambda dialog: (opened.asked.append(dialog.message), dialog.dismiss()))
    return opened


def _note(foreign, url, address):
    if not url.startswith((address, "data:", "blob:")):
        foreign.append(url)


EFFECTS = """() => ({
    ran: window.ran,
    images: [...document.images].map(i => i.src).filter(s => s.includes('evil')),
    links: [...document.querySelectorAll('a')].map(a => String(a.href.baseVal ?? a.href))
        .filter(s => s.includes('evil') || s.startsWith('javascript')),
    bold: document.querySelectorAll('b.bad').length,
    formulas: document.querySelectorAll('.katex').length,
    scripts: [...document.scripts].filter(s => s.text.includes('window.ran')).length,
    handlers: document.querySelectorAll('[onerror]').length,
    icons: [...document.querySelectorAll('[data-testid=stIconMaterial]')].filter(i => i.textContent === 'home').length,
})"""
NONE = {"images": [], "links": [], "bold": 0, "formulas": 0, "scripts": 0, "handlers": 0, "icons": 0}


def look(page, address):
    """Open an address: the page's text, and what markup in it brought about."""
    page.goto(address, wait_until="domcontentloaded")
    page.wait_for_selector("[data-testid=stApp][data-test-connection-state=CONNECTED]", timeout=60_000)
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", timeout=60_000)
    page.wait_for_timeout(150)
    return page.locator("body").inner_text(), found(page)


def found(page):
    """What markup brought about on the page as it is now."""
    text = page.locator("body").inner_text()
    seen = {name: value for name, value in page.evaluate(EFFECTS).items() if value is not None}
    faults = {name: value for name, value in seen.items() if value != NONE.get(name)}
    faults |= {word: True for word in ("Something went wrong", "Traceback") if word in text}
    faults |= {name: list(seen) for name in ("foreign", "asked") if (seen := getattr(page, name))}
    page.foreign.clear()
    return faults


VIEWS = [
    "?", "upload?show=Needs+you", "clip?clip={0}", "clip?clip={0}&view=Annotations", "clip?clip={0}&view=Audience",
    "recommend?user=u-001&clip={2}", "recommend?user=u-001&clip={2}&view=What+if", "users?user=u-001",
    "compare?user=u-001", "compare?compare=Clips&clip={0}&other_clip={1}", "evaluate?", "system?",
]  # fmt: skip
MORE_VIEWS = [
    "upload?", "clip?clip={0}&view=Sound", "clip?clip={0}&view=Vectors",
    "recommend?user=u-001&clip={2}&view=Evidence", "users?user=u-001&view=Wishes", "users?user=u-sentence",
    "compare?compare=People&user=u-001",
]  # fmt: skip
SILENT = ("system?", "evaluate?")  # show no text of clips or people


def test_every_view_shows_markup_as_text(page, hostile):
    address, clips = hostile
    wrong = {}
    for view in VIEWS:
        text, faults = look(page, f"{address}/{view.format(*clips)}")
        if view not in SILENT and SAID not in text:
            faults["not shown as text"] = True
        if faults:
            wrong[view] = faults
    assert wrong == {}


OPENS = (
    "[data-testid=stPopover] button", "[data-testid=stSelectbox] input", "[data-testid=stMultiSelect] input",
    "[data-testid=stExpander] summary", "[data-testid=stMenuButton] button",
)  # fmt: skip
HOVERS = ("[data-testid=stTooltipHoverTarget]", "[data-testid=stTooltipIcon]", ".js-plotly-plot .points path")
MOST = 12


@pytest.mark.slow
def test_nothing_that_opens_or_hovers_runs_markup(page, hostile):
    """Popovers, lists to choose from, tooltips and charts, with real ids shown."""
    address, clips = hostile
    wrong = {}
    look(page, f"{address}/users?user=u-001")
    page.get_by_text("Real ids").click()
    for view in (*VIEWS, *MORE_VIEWS):
        _, faults = look(page, f"{address}/{view.format(*clips)}")
        wrong |= {(view, "shown"): faults} if faults else {}
        for selector in (*OPENS, *HOVERS):
            for one in page.locator(selector).all()[:MOST]:
                if not one.is_visible():
                    continue
                act = one.hover if selector in HOVERS else one.click
                act(force=True, timeout=2_000)
                page.wait_for_timeout(120)
                faults = found(page)
                wrong |= {(view, selector): faults} if faults else {}
                page.keyboard.press("Escape")
    assert wrong == {}


def test_tables_offer_no_unguarded_csv(page, hostile):
    """Streamlit's own download of a table guards nothing against formulas; the buttons beside the tables do."""
    address, clips = hostile
    look(page, f"{address}/clip?clip={clips[0]}&view=Annotations")
    page.locator("[data-testid=stDataFrame]").first.hover()
    offered = page.locator("[data-testid=stElementToolbarButton]")
    assert offered.count() > 0
    assert page.get_by_label("Download as CSV").count() > 0
    assert not any(one.is_visible() for one in page.get_by_label("Download as CSV").all())
