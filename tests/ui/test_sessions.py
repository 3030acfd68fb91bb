"""Real sessions on a real server with light models: hostile addresses, runs cut short, two browsers, a hundred."""

import io
import sys
import threading
import time
from pathlib import Path
from urllib.parse import quote

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from light import LightModels, take_in
from sessions import Session, light_app

from avrec.config import Settings
from avrec.engine import Engine
from avrec.errors import AvrecError
from avrec.ui.resources import UNEXPECTED

PAGES = ("", "upload", "clip", "recommend", "users", "evaluate", "compare", "system")
PARAMS = (
    "user", "weights", "diversity", "k", "algorithm", "seen", "calibration", "quality", "freshness", "long_tail",
    "collapse", "reserved", "clip", "t", "view", "shelf", "pin", "watched", "pair", "off", "modality", "compare",
    "algorithms", "other", "other_clip", "follow", "dataset", "split", "metric", "at", "models", "auto", "against",
    "show", "page", "q", "sort", "tag", "category", "language", "length", "speech", "kind",
)  # fmt: skip
HOSTILE = {
    "nothing": "", "NUL": "\0", "newlines": "a\r\nSet-Cookie: a=b", "huge": "9" * 400, "long": "x" * 100_000,
    "negative": "-1", "nan": "nan", "infinite": "1e999", "path": "../../../../etc/passwd", "absolute": "/etc/passwd",
    "markup": "<img src=http://evil.example onerror=alert(1)>", "sql": "' OR 1=1 --", "format": "{0}{x.__class__}%s%n",
    "commas": "," * 5_000, "json": '{"a":[1]}', "unicode": "\u202e\ud7ff\U0001f600\ufffe", "pseudonym": "u-ffffffff",
    "eight": "1,1,1,1,1,1,1,nan", "minus": "-0,-0,-0,-0,-0,-0,-0,-0", "digits": "\u0663\u0664",
    "separators": "a-b_c~d:e;f|g",
}  # fmt: skip
TITLES = ("Kite over a beach", "Kettle in a kitchen", "Train in a valley", "Cat asleep")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sessions")
    engine = Engine(Settings(data=folder / "data", demo=False), models=LightModels())
    clips = take_in(engine, folder, TITLES)
    for i in range(12):
        engine.record(f"u-{i:03d}", clips[i % 4], "like")
        engine.record(f"u-{i:03d}", clips[(i + 1) % 4], "rating", float(1 + i % 5))
    engine.close()
    with light_app(folder / "data", folder / "log") as (address, _):
        yield address, clips, folder / "data"
    log = (folder / "log").read_text()
    assert "Traceback" not in log, log[:4_000]


@pytest.fixture
def session(server):
    made = Session(server[0])
    yield made
    made.close()


def wrong(session):
    """What a page must never show: exceptions, the neutral line, internals."""
    said = " ".join(session.texts)
    return [*[e for e in session.errors if UNEXPECTED in e or "Error:" in e], *[w for w in ("Traceback",) if w in said]]


def hostile(params, value):
    return "&".join(f"{param}={quote(value, safe='')}" for param in params)


@pytest.mark.parametrize("page", PAGES)
def test_no_address_brings_a_page_down(server, session, page):
    """Every parameter at once holds the same hostile value, beside a real person and clip."""
    _, clips, _ = server
    others = [param for param in PARAMS if param not in ("user", "clip")]
    for name in ("NUL", "newlines", "negative", "nan", "absolute", "markup", "commas", "eight", "separators"):
        session.run(page, f"user=u-001&clip={clips[0]}&{hostile(others, HOSTILE[name])}")
        assert wrong(session) == [], (page, name)
    session.run(page, hostile(("user", "clip", "q", "pin", "algorithms"), HOSTILE["long"]))
    assert wrong(session) == [], (page, "long")
    for query in ("&".join(f"{p}=a&{p}=b" for p in PARAMS), "%00=%ff&&=&=&%zz", "[]=1&user[]=2&user=u-001&user=u-002"):
        session.run(page, query)
        assert wrong(session) == [], (page, query)


STATIC_OUT = (
    "/app/static/../main.py", "/app/static/%2e%2e/main.py", "/app/static/..%2f..%2f..%2fapp.py",
    "/app/static//etc/passwd", "/app/static/fonts/../../../../pyproject.toml",
    "/app/static/", "/component/../app.py",
    "/static/../../etc/passwd",
    "/.streamlit/config.toml", "/app/static/.%00/x",
)  # fmt: skip


def test_the_static_folder_holds_our_assets_alone(server):
    import http.client

    from avrec.config import PACKAGE

    kinds = {path.suffix for path in (PACKAGE / "ui" / "static").resolve().rglob("*") if path.is_file()}
    assert kinds <= {".woff2", ".txt", ".md", ""}, "nothing in it is a page or a script"
    for path in STATIC_OUT:
        connection = http.client.HTTPConnection(server[0].removeprefix("http://"), timeout=20)
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        assert answer.status in (400, 404) or b"<title>Streamlit</title>" in body, path
        assert not any(word in body for word in (b"import streamlit", b"root:", b"[project]", b"[server]")), path


@pytest.mark.slow
@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_no_single_parameter_brings_a_page_down(server, session, page):
    """Each hostile value in each parameter, alone and with all others."""
    alone = {name: HOSTILE[name] for name in ("NUL", "nan", "unicode", "eight", "separators")}
    for name, value in HOSTILE.items():
        if len(value) < 5_000:
            session.run(page, hostile(PARAMS, value))
            assert wrong(session) == [], (page, name)
    for name, value in alone.items():
        for param in PARAMS if page in ("recommend", "compare", "users", "clip", "evaluate") else ():
            session.run(page, f"user=u-001&clip={server[1][1]}&{hostile([param], value)}")
            assert wrong(session) == [], (page, param, name)


def test_runs_that_are_cut_short_leave_a_page_that_works(server):
    """Reload, stop and turn the page in the middle, quicker than any of them ends."""
    _, clips, _ = server
    session = Session(server[0])
    for i in range(24):
        page = PAGES[i % len(PAGES)]
        session.run(page, f"user=u-{i % 12:03d}&clip={clips[i % 4]}", wait=False)
        if i % 3 == 0:
            time.sleep(0.02)
            session.stop()
    for _ in range(3):  # what ends first may be an earlier run
        session.run("recommend", "user=u-001")
    assert wrong(session) == []
    assert any("av-card" in text for text in session.texts)
    session.close()
    left = Session(server[0]).run("recommend", "user=u-002", wait=False)
    left.close()  # gone in the middle of a run


def test_a_clip_that_goes_while_pages_show_it(server, tmp_path):
    """Somebody else deletes it again and again, in the middle of runs: pages say so or show the rest."""
    address, clips, _ = server
    data = Settings(data=Path(server[2]), demo=False)
    engine, over, faults = Engine(data, models=LightModels()), threading.Event(), []
    victim = take_in(engine, tmp_path, ["Short lived"])[0]

    def look(number):
        session = Session(address)
        while not over.is_set():
            for page in ("clip", "recommend", "compare", "", "users"):
                session.run(page, f"clip={victim}&user=u-{number:03d}&other_clip={clips[0]}")
                faults.extend((page, fault) for fault in wrong(session))
        session.close()

    readers = [threading.Thread(target=look, args=(i,)) for i in range(3)]
    for reader in readers:
        reader.start()
    for _ in range(2):
        time.sleep(0.8)
        engine.delete_clip(victim)
        time.sleep(0.4)
        take_in(engine, tmp_path, ["Short lived"])
    over.set()
    for reader in readers:
        reader.join()
    engine.delete_clip(victim)
    engine.close()
    assert faults == []


def test_the_same_button_in_two_browsers(server, tmp_path):
    """Twenty threads delete one clip, retry and remove one job: one does it, the others hear a sentence or nothing."""
    engine = Engine(Settings(data=tmp_path / "data", demo=False), models=LightModels())
    victim, other = take_in(engine, tmp_path, ["Short lived", "Stays"])
    job = engine.add_file(io.BytesIO(b""), "broken.mp4").job_id
    engine.wait([job], timeout=60)
    assert engine.job(job).state == "failed"
    for act in (lambda: engine.delete_clip(victim), lambda: engine.retry_job(job), lambda: engine.cancel_job(job),
                lambda: engine.remove_job(job)):  # fmt: skip
        odd = []

        def press(act=act, odd=odd):
            try:
                act()
            except AvrecError:
                pass
            except Exception as error:
                odd.append(error)

        threads = [threading.Thread(target=press) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert odd == []
    assert [clip.clip_id for clip in engine.clips()] == [other]
    assert not [one for one in engine.jobs() if one.job_id == job]
    assert sorted(path.name for path in engine.settings.clips_dir.iterdir()) == [other]
    engine.close()


@pytest.mark.slow
def test_a_hundred_sessions_at_once_see_their_own_person_and_clip(server):
    """Each opens six pages for its own person and clip: the right ones are on it, and none fails."""
    address, clips, _ = server
    faults, waits, start = [], [], threading.Barrier(100)

    def use(number):
        try:
            session = Session(address, timeout=300)
            start.wait(120)
            user, clip = f"u-{number % 12:03d}", number % 4
            for page in ("", "recommend", "clip", "users", "compare", "system"):
                began = time.monotonic()
                session.run(page, f"user={user}&clip={clips[clip]}")
                waits.append(time.monotonic() - began)
                faults.extend((page, fault) for fault in wrong(session))
                said = " ".join(session.texts)
                if page == "clip" and (TITLES[clip] not in said or "There is no such clip" in said):
                    faults.append((page, "another clip"))
                if page == "recommend" and f"For {user}," not in said and f"For {user}" not in said:
                    faults.append((page, "another person"))
            session.close()
        except Exception as error:
            faults.append((number, repr(error)))

    threads = [threading.Thread(target=use, args=(i,)) for i in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    waits.sort()
    print(f"600 pages of 100 sessions: median {waits[300]:.1f} s, slowest {waits[-1]:.1f} s")
    assert faults == []
    with_one = Session(address)
    began = time.monotonic()
    with_one.run("recommend", "user=u-001")
    assert time.monotonic() - began < 3, "and the app is quick again"
    with_one.close()
