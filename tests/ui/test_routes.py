"""The server's own routes: health, media with ranges, nothing for unknown ids."""

import pytest
from fake_engine import FakeEngine
from starlette.applications import Starlette
from starlette.testclient import TestClient

from avrec.errors import StoreError
from avrec.ui.routes import ROUTES, media_url


@pytest.fixture
def client() -> TestClient:
    return TestClient(Starlette(routes=ROUTES))


def test_health_counts(full, client):
    answer = client.get("/api/health")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"
    assert answer.json()["clips"] == 38


def test_health_says_why_it_is_not_well(hold, client):
    class Broken(FakeEngine):
        def status(self):
            raise StoreError("The disk is full")

    hold(Broken([]))
    answer = client.get("/api/health")
    assert answer.status_code == 503
    assert "disk is full" in answer.json()["reason"]


def test_a_proxy_comes_whole_or_in_part_with_its_fixed_type(full, client):
    clip = next(c for c in full.clips() if c.info.kind == "video")
    whole = client.get(media_url(clip.clip_id, "proxy"))
    part = client.get(media_url(clip.clip_id, "proxy"), headers={"Range": "bytes=10-19"})
    assert whole.headers["content-type"] == "video/mp4"
    assert whole.headers["x-content-type-options"] == "nosniff"
    assert part.status_code == 206
    assert part.content == whole.content[10:20]


@pytest.mark.parametrize(
    "path",
    [
        "/api/clips/0123456789abcdef/proxy",
        "/api/clips/..%2F..%2Fetc/proxy",
        "/api/clips/%3Cscript%3E/poster",
        f"/api/clips/{'a' * 100}/proxy",
    ],
)
def test_unknown_ids_are_not_found(full, client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert "script" not in answer.text


def test_unknown_kinds_are_not_found(full, client):
    clip = full.clips()[0]
    assert client.get(f"/api/clips/{clip.clip_id}/original").status_code == 404
    assert client.get(f"/api/clips/{clip.clip_id}/frame/999999").status_code == 404
