"""Uploads over real HTTP: to the disk in chunks, refused in words, let go with widget, session and app."""

import http.client
import os
import socket
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sessions import Session, light_app, send

MIB = 1 << 20


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """An app that takes files of 40 MB and holds 100 MB of uploads; sessions end two seconds after their page."""
    folder = tmp_path_factory.mktemp("uploads")
    limits = {"AVREC_MAX_CLIP_MB": "40", "AVREC_UPLOADS_MB": "100", "STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL": "2"}
    with light_app(folder / "data", folder / "log", **limits) as (address, process):
        yield address, process, folder / "data"
    assert not list((folder / "data" / "uploads").iterdir()), "the app takes its uploads with it"
    assert "Traceback" not in (folder / "log").read_text()


@pytest.fixture
def session(server):
    made = Session(server[0]).run("upload")
    yield made
    made.close()


def pieces(count, seed=b""):
    block = os.urandom(MIB - len(seed))
    for _ in range(count):
        yield seed + block


def waiting(data):
    """Files, whole or arriving, that are not taken in."""
    return [path for path in (data / "uploads").glob("*/*") if path.name != "lock"]


def soon(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


def test_an_upload_is_moved_into_the_originals_and_memory_stays_flat(server, session):
    _, process, data = server
    session.upload("warm.mp4", pieces(2), 2 * MIB)
    session.run()
    assert not session.errors
    me, before = psutil.Process(process.pid), psutil.Process(process.pid).memory_info().rss
    highest = []
    for i in range(5):
        assert session.upload(f"{i}.mp4", pieces(30, bytes([i])), 30 * MIB) == 204
        highest.append(me.memory_info().rss)
        session.run()
        session.forget()  # as the browser forgets a dropped widget
        highest.append(me.memory_info().rss)
    assert max(highest) - before < 40 * MIB, "150 MB came in"
    assert sum(path.stat().st_size == 30 * MIB for path in (data / "originals").iterdir()) == 5
    assert waiting(data) == []


def test_more_than_all_may_hold_is_refused_in_words_and_room_comes_back(server):
    address, _, data = server
    holders = [Session(address).run("upload") for _ in range(3)]
    try:
        for i, holder in enumerate(holders):
            assert holder.upload("part.mp4", pieces(30, bytes([i])), 30 * MIB) == 204
        late = Session(address).run("upload")
        assert late.upload("late.mp4", pieces(30, b"late"), 30 * MIB) == 204
        late.run()
        said = " ".join(late.texts)
        assert "late.mp4:" in said
        assert "100 MB, as much as AVREC_UPLOADS_MB allows; add it again in a moment." in said
        late.forget()
        holders[0].run()
        late.upload("late.mp4", pieces(30, b"late"), 30 * MIB)
        late.run()
        assert "AVREC_UPLOADS_MB" not in " ".join(late.texts)
        late.close()
    finally:
        for holder in holders:
            holder.close()
    assert soon(lambda: waiting(data) == []), "the sessions ended, so their files went"


@pytest.mark.parametrize("size", [60 * MIB, None], ids=["said", "chunked"])
def test_a_file_over_the_limit_is_refused_and_nothing_stays(server, session, size):
    assert session.upload("big.mp4", pieces(60), size) in (413, 400, 0)
    assert soon(lambda: waiting(server[2]) == [])


def test_files_that_wait_for_titles_go_with_their_widget(server):
    """Leaving the page drops the widget: Streamlit forgets it, and the files go."""
    _, _, data = server
    with_titles = Session(server[0]).run("upload").toggle("Give titles and tags first").run()
    for i in range(3):
        with_titles.upload(f"{i}.mp4", pieces(2, bytes([i])), 2 * MIB)
        with_titles.run()
    assert not with_titles.errors
    assert len(waiting(data)) == 3, "they are shown in the table, so they stay"
    for _ in range(2):
        with_titles.forget().run("library")
    assert waiting(data) == []
    with_titles.close()


def test_a_file_that_the_reader_takes_out_is_let_go(server, session):
    address, _, data = server
    session.upload("one.mp4", pieces(1), MIB)
    assert len(waiting(data)) == 1
    state = session._states[session.widgets["Add video or audio"]]
    urls = state.file_uploader_state_value.uploaded_file_info[0].file_urls
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=20)
    headers = {"Cookie": session._cookie, "X-Xsrftoken": session._cookie.partition("=")[2]}
    connection.request("DELETE", urls.delete_url, headers=headers)
    assert connection.getresponse().status == 204
    connection.close()
    assert waiting(data) == []


def test_a_transfer_that_breaks_off_leaves_nothing(server, session):
    address, _, data = server
    urls = session.upload_address("cut.mp4")
    head = (
        f"PUT {urls.upload_url} HTTP/1.1\r\nHost: {urlsplit(address).netloc}\r\nContent-Length: 30000000\r\n"
        f"Cookie: {session._cookie}\r\nX-Xsrftoken: {session._cookie.partition('=')[2]}\r\n"
        'Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\nContent-Disposition: form-data; name="a"; '
        'filename="cut.mp4"\r\n\r\n'
    )
    with socket.create_connection(("127.0.0.1", urlsplit(address).port)) as line:
        line.sendall(head.encode() + bytes(5 * MIB))
        assert soon(lambda: waiting(data)), "it is on its way"
    assert soon(lambda: waiting(data) == [])


def test_strangers_and_forged_requests_are_refused(server, session):
    address, _, data = server
    path = session.upload_address("a.mp4").upload_url
    assert send(address, path, "_streamlit_xsrf=forged", "a.mp4", [b"x"], 1) == 403
    stranger = path.replace(session.id, "00000000-0000-0000-0000-000000000000")
    assert send(address, stranger, session._cookie, "a.mp4", [b"x"], 1) == 400
    assert send(address, path + "/../../x", session._cookie, "a.mp4", [b"x"], 1) in (400, 404)
    assert waiting(data) == []


@pytest.mark.slow
def test_floods_of_uploads_do_not_fill_the_memory(tmp_path):
    """Six files of 180 MB in one session, then twenty sessions at once with one each: 4.7 GB in all."""
    with light_app(tmp_path / "data", tmp_path / "log", AVREC_UPLOADS_MB="4000") as (address, process):
        me, highest, over = psutil.Process(process.pid), [0], threading.Event()
        sessions = [Session(address, timeout=300).run("upload") for _ in range(20)]
        sessions[0].upload("warm.mp4", pieces(2), 2 * MIB)
        sessions[0].run().forget()
        before = me.memory_info().rss

        def watch():
            while not over.wait(0.05):
                highest[0] = max(highest[0], me.memory_info().rss)

        def flood(session, count, seed):
            for i in range(count):
                assert session.upload(f"{i}.mp4", pieces(180, b"%d-%d" % (seed, i)), 180 * MIB) == 204

        watcher = threading.Thread(target=watch)
        watcher.start()
        flood(sessions[0], 6, 100)
        sessions[0].run().forget()
        one = highest[0] - before
        threads = [threading.Thread(target=flood, args=(s, 1, i)) for i, s in enumerate(sessions)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for session in sessions:
            session.run()
            assert not session.errors
            session.close()
        over.set()
        watcher.join()
        kept = [path for path in (tmp_path / "data" / "originals").iterdir() if path.stat().st_size == 180 * MIB]
        print(f"parent memory: six files +{one / MIB:.0f} MiB, twenty at once +{(highest[0] - before) / MIB:.0f} MiB")
        assert len(kept) == 26
        assert one < 30 * MIB
        assert highest[0] - before < 20 * 4 * MIB
