"""What goes wrong is one sentence on stderr: no path of this machine, no module, no traceback; exit status 1."""

import gc
import json
import logging
import os
import re
import sys
import urllib.error
import urllib.request
import warnings

import pytest
from generate import write_video
from sessions import Session, light_app

from avrec.__main__ import main
from avrec.errors import StoreError
from avrec.ui import resources

INTERNAL = re.compile(r"Traceback|Errno|sqlite|sqlalchemy|pydantic|avrec\.[a-z]|\.py\b|0x[0-9a-f]{6}|Error\b", re.I)


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run a command on a data directory below `tmp_path`: (exit status, stdout, stderr)."""
    monkeypatch.setenv("AVREC_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("AVREC_WEIGHTS", str(tmp_path / "no-weights"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["avrec", *map(str, arguments)])
        code = 0
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # a command's process ends; here it lives on
            try:
                main()
            except SystemExit as ended:
                code = ended.code
            gc.collect()
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def assert_plain(said, tmp_path):
    assert said.strip()
    assert str(tmp_path.parent) not in said
    assert not re.search(r"(?<![\w<])/(?:\w[\w.-]*/)+", said), said
    assert not INTERNAL.search(said.replace("AVREC_DATA", "").replace("python -m avrec", "")), said


def below_a_file(tmp_path):
    (tmp_path / "data").write_text("a file where the folder should be")


def no_database(tmp_path):
    (tmp_path / "data" / "avrec.sqlite").mkdir(parents=True)


def garbage(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "avrec.sqlite").write_bytes(b"this is no database " * 500)


def cut_off(tmp_path):
    from avrec.config import Settings
    from avrec.store.database import Database

    Database(Settings(data=tmp_path / "data")).close()
    path = tmp_path / "data" / "avrec.sqlite"
    path.write_bytes(path.read_bytes()[:5_000] + os.urandom(40_000))


@pytest.mark.parametrize("broken", [below_a_file, no_database, garbage, cut_off])
@pytest.mark.parametrize(
    "command", [("clips",), ("recommend", "u-001"), ("serve", "--port", "8599")], ids=lambda c: c[0]
)
def test_a_data_directory_that_cannot_be_used(run, tmp_path, broken, command):
    broken(tmp_path)
    code, out, err = run(*command)
    assert (code, out) == (1, "")
    assert_plain(err, tmp_path)
    assert len(err.strip().splitlines()) == 1


def test_files_that_cannot_be_taken_in(run, tmp_path):
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "odd\n\u202e\U0001f600.mp4").write_bytes(b"<html>")
    (tmp_path / "dangling.mp4").symlink_to(tmp_path / "nowhere")
    given = [tmp_path / "none.mp4", tmp_path / "pipe.mp4", "/dev/zero", tmp_path / "dangling.mp4",
             tmp_path / "odd\n\u202e\U0001f600.mp4", "/proc/self/mem"]  # fmt: skip
    code, out, err = run("ingest", *given, "--json")
    rows = json.loads(out)
    assert code == 1
    assert [row["status"] for row in rows] == ["failed"] * len(given)
    for row in rows:
        assert_plain(row["reason"], tmp_path)
    assert "Traceback" not in err


@pytest.mark.slow
def test_a_clip_without_weights_ends_failed_and_says_what_to_do(run, tmp_path):
    code, out, err = run("ingest", write_video(tmp_path / "a.mp4", 2.0), "--json")
    (row,) = json.loads(out)
    assert (code, row["status"]) == (1, "failed")
    assert "weights fetch" in row["reason"]
    assert_plain(row["reason"], tmp_path)
    assert "Traceback" not in err


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A data directory for all of these, since making one takes a second."""
    return tmp_path_factory.mktemp("shared")


COMMANDS = [
    ("import", "{folder}"), ("import", "{folder}/none.csv"), ("search", "--image", "{folder}/none.png"),
    ("search", "--image", "{folder}"), ("search", "--image", "{folder}/text.png"), ("clip", ".."),
    ("clip", "x\0y"), ("recommend", "\0"), ("record", "u", "../x", "like"), ("record", "u" * 500, "-", "search"),
    ("evaluate", "--dataset", "{folder}/none.csv"), ("evaluate", "--dataset", "{folder}"),
    ("evaluate", "--dataset", "{folder}/text.png"), ("evaluate", "--export", "{folder}/x.exe"),
    ("evaluate", "--dataset", "/dev/zero"), ("serve", "--address", "256.1.1.1", "--open"),
    ("serve", "--address", "not an address", "--open"), ("serve", "--address", "192.0.2.1", "--open"),
    ("weights", "fetch", "no-such-weight"),
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: " ".join(c)[:40].replace("\0", "0"))
def test_bad_arguments(run, tmp_path, shared, monkeypatch, command):
    monkeypatch.setenv("AVREC_DATA", str(shared))
    (tmp_path / "text.png").write_text("no picture, no table\n1,2,3\n")
    code, out, err = run(*(part.replace("{folder}", str(tmp_path)) for part in command))
    assert (code, out) == (1, "")
    assert_plain(err, tmp_path)
    assert len(err.strip().splitlines()) == 1


def test_what_nobody_foresaw_is_one_line_too(run, monkeypatch):
    monkeypatch.setattr("avrec.engine.Engine.clips", lambda self: 1 / 0)
    code, out, err = run("clips")
    assert (code, out) == (1, "")
    assert err == "Something went wrong. Run the command again with AVREC_LOG=debug to see where.\n"


def test_a_database_that_breaks_while_the_app_runs(tmp_path):
    """Every page, the status and health say so in a sentence; the log has no traceback either."""
    with light_app(tmp_path / "data", tmp_path / "log") as (address, _):
        session = Session(address).run("upload")
        assert session.errors == []
        for path in (tmp_path / "data").glob("avrec.sqlite*"):
            with path.open("r+b") as file:
                file.write((b"no database any more " * 40_000)[: path.stat().st_size])
        for page in ("", "upload", "recommend", "clip", "users", "compare", "evaluate", "system"):
            session.run(page)
            assert session.errors, page
            for said in session.errors:
                assert_plain(said.replace("\\", ""), tmp_path)
            assert any("The library cannot be opened" in text for text in session.texts)
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"{address}/api/health")
        assert caught.value.code == 503
        assert_plain(json.load(caught.value)["reason"], tmp_path)
        caught.value.close()
        session.close()
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_what_no_page_caught_is_told_and_logged_in_a_line(caplog, monkeypatch):
    """Fragments and callbacks run outside of a page's guard."""
    told = []
    monkeypatch.setattr(resources.st, "error", lambda text, **_: told.append(text))
    assert resources.tell(StoreError("The disk is full"))
    assert resources.tell(ZeroDivisionError("division by zero"))
    assert told == [resources.plain_error(StoreError("The disk is full")), resources.UNEXPECTED]
    logger = logging.getLogger("tests.one_line")
    logger.addFilter(resources.OneLine())
    for error in (StoreError("The disk is full"), ZeroDivisionError("division by zero")):
        try:
            raise error
        except Exception:
            logger.exception("Uncaught app execution")
    first, second = caplog.records
    assert (first.getMessage(), first.exc_info) == (str(StoreError("The disk is full")), None)
    assert second.exc_info
