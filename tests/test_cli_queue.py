"""The queue on the command line."""

import json

import pytest
from typer.testing import CliRunner

from avrec.__main__ import app
from avrec.config import Settings
from avrec.engine import Engine
from avrec.errors import InvalidInputError


@pytest.fixture
def call(tmp_path, monkeypatch):
    (tmp_path / "in").mkdir()
    for name, value in {"DATA": tmp_path / "data", "DEMO": 0, "ROOTS": json.dumps([str(tmp_path / "in")])}.items():
        monkeypatch.setenv(f"AVREC_{name}", str(value))
    return lambda *arguments: CliRunner().invoke(app, [*map(str, arguments)])


def test_pausing_and_counts(call):
    assert call("queue", "pause").exit_code == 0
    told = json.loads(call("queue", "status", "--json").stdout)
    assert told == {"paused": True, "seconds_left": None}
    assert call("queue", "resume").exit_code == 0
    assert not json.loads(call("queue", "status", "--json").stdout)["paused"]


def test_folders_are_watched_below_the_roots_only(call, tmp_path):
    assert call("queue", "watch", tmp_path / "in", "--preset", "fast").exit_code == 0
    (row,) = json.loads(call("queue", "watched", "--json").stdout)
    assert (row["path"], row["preset"], row["note"]) == (str(tmp_path / "in"), "fast", "")
    assert isinstance(call("queue", "watch", tmp_path).exception, InvalidInputError)
    assert call("queue", "unwatch", tmp_path / "in").exit_code == 0
    engine = Engine(Settings())
    assert engine.watched_folders() == []
    engine.close()
