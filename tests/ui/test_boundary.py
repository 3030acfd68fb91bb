"""What stands before every answer: whose name, which page, whose login; types, framing and loading are fixed."""

import json
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sessions import Session, light_app

from avrec.exposure import OPEN_WARNING, Exposure
from avrec.ui.boundary import Boundary, policy

OURS = frozenset({"127.0.0.1", "localhost"})
SECRET = "0123456789abcdef0123456789abcdef"
SHELL = ("/", "/_stcore/health", "/api/health", "/static/a.js")
PATHS = (*SHELL, "/api/clips/a/proxy", "/media/x.png", "/_stcore/metrics")
NOT_OURS = (
    "evil.example",
    "evil.example:8501",
    "127.0.0.1.evil.example",
    "127.0.0.1@evil.example",
    "a b",
    "192.168.0.9",
)


def client(mode="local", logins=()):
    async def answer(_request):
        return PlainTextResponse("inside")

    async def sandboxed(_request):
        return Response("x", headers={"Content-Security-Policy": "sandbox"})

    async def stream(websocket):
        await websocket.accept()
        await websocket.send_text("inside")
        await websocket.close()

    routes = [Route("/own", sandboxed), WebSocketRoute("/_stcore/stream", stream),
              Route("/{path:path}", answer, methods=["GET", "POST"])]  # fmt: skip
    app = Boundary(Starlette(routes=routes), Exposure(mode, OURS, mode != "local", tuple(logins)))
    return TestClient(app, base_url="http://127.0.0.1:8501")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("host", NOT_OURS)
def test_another_name_that_points_here_reads_nothing(path, host):
    answer = client().get(path, headers={"Host": host})
    assert answer.status_code == 400
    assert "inside" not in answer.text


def test_two_host_headers_are_none():
    answer = client().get("/api/health", headers=[("Host", "127.0.0.1:8501"), ("Host", "evil.example")])
    assert answer.status_code == 400


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:9999", "http://localhost:8501", "null"])
def test_pages_of_other_origins_have_no_socket(origin):
    with (
        pytest.raises(WebSocketDisconnect) as caught,
        client().websocket_connect("/_stcore/stream", headers={"Origin": origin}),
    ):
        pass
    assert caught.value.code == 4403


@pytest.mark.parametrize("headers", [{"Origin": "http://127.0.0.1:8501"}, {}])
def test_our_page_has_its_socket(headers):
    with client().websocket_connect("/_stcore/stream", headers=headers | {"Host": "127.0.0.1:8501"}) as socket:
        assert socket.receive_text() == "inside"


def test_pages_of_other_origins_read_no_clip_and_change_nothing():
    ours = client()
    for site in ("cross-site", "same-site"):
        shown = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
        assert ours.get("/api/clips/a/poster", headers=shown).status_code == 403
        framed = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}
        assert ours.get("/api/clips/a/poster", headers=framed).status_code == 403
    linked = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert ours.get("/?user=u-001", headers=linked).status_code == 200, "a link from elsewhere opens the app"
    assert ours.post("/api/x", headers={"Origin": "http://evil.example"}).status_code == 403
    assert ours.get("/api/clips/a/poster", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200


def test_every_answer_says_its_type_who_frames_it_and_what_it_may_load():
    answer = client().get("/")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
    said = answer.headers["content-security-policy"]
    assert "default-src 'self'" in said
    assert "frame-ancestors 'self'" in said
    assert "connect-src 'self' ws://127.0.0.1:8501 wss://127.0.0.1:8501 " in said
    scripts = next(part for part in said.split("; ") if part.startswith("script-src"))
    assert "unsafe-inline" not in scripts
    assert "'unsafe-eval'" not in scripts
    assert client().get("/own").headers["content-security-policy"] == "sandbox", "its own, stricter one stays"
    assert "'sha256-" in policy("a", "<html><script>\n  one\n</script></html>")


def test_the_agent_api_is_not_served():
    assert client().post("/_stcore/agent/mcp").status_code == 404


def cookie(monkeypatch, **user):
    monkeypatch.setattr("streamlit.web.server.starlette.starlette_websocket.get_cookie_secret", lambda: SECRET)
    return {"Cookie": f"_streamlit_user={create_signed_value(SECRET, '_streamlit_user', json.dumps(user)).decode()}"}


def test_behind_a_login_only_the_shell_is_seen(monkeypatch):
    ours = client("login", ["ann@example.org"])
    ann = cookie(monkeypatch, is_logged_in=True, email="ann@example.org")
    eve = cookie(monkeypatch, is_logged_in=True, email="eve@example.org")
    forged = {"Cookie": ann["Cookie"][:-4] + "AAAA"}
    for path in PATHS:
        shell = path in SHELL
        for who in ({}, eve, forged, {"Cookie": "_streamlit_user=x; =;;,"}):
            assert ours.get(path, headers=who).status_code == (200 if shell else 401), (path, who)
        assert ours.get(path, headers=ann).status_code == 200
    assert ours.put("/_stcore/upload_file/a/b").status_code == 401


def test_open_says_so_on_every_page_and_at_start(tmp_path):
    with light_app(tmp_path / "data", tmp_path / "log", address="0.0.0.0", AVREC_OPEN="1") as (address, _):
        for page in ("", "upload", "system"):
            session = Session(address).run(page)
            assert OPEN_WARNING in session.texts
            session.close()
    assert OPEN_WARNING in (tmp_path / "log").read_text()


def test_strangers_see_a_login_and_nothing_else(tmp_path):
    """Real pages behind [auth]; the packages of a login are stood in for, since nobody logs in here."""
    home, packages = tmp_path / "home" / ".streamlit", tmp_path / "packages" / "authlib"
    home.mkdir(parents=True)
    packages.mkdir(parents=True)
    (packages / "__init__.py").write_text("")
    (home / "secrets.toml").write_text(
        f'[auth]\ncookie_secret = "{SECRET}"\nredirect_uri = "http://127.0.0.1/oauth2callback"\n'
        'client_id = "a"\nclient_secret = "b"\nserver_metadata_url = "http://127.0.0.1:9/none"\n'
    )
    given = {"HOME": str(home.parent), "PYTHONPATH": str(packages.parent), "AVREC_LOGINS": '["ann@example.org"]'}
    with light_app(tmp_path / "data", tmp_path / "log", **given) as (address, _):
        session = Session(address).run("upload")
        assert "Log in to see this library." in session.texts
        assert not any('class="av-head' in text or 'class="av-status' in text for text in session.texts)
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"{address}/api/clips/0123456789abcdef/proxy")
        assert caught.value.code == 401
        caught.value.close()
        with urllib.request.urlopen(f"{address}/api/health") as answer:
            assert set(json.load(answer)) == {"status", "version"}
        session.close()
        user = {"is_logged_in": True, "email": "ann@example.org", "origin": address}
        signed = create_signed_value(SECRET, "_streamlit_user", json.dumps(user)).decode()
        ann = Session(address, cookie=f"_streamlit_user={signed}").run("upload")
        assert any('class="av-head' in text for text in ann.texts)
        ann.close()
