"""A browser's side of a session without a browser: websocket, runs of pages, uploads over HTTP."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

REPOSITORY = Path(__file__).resolve().parents[1]


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def light_app(data, log, address="127.0.0.1", **environment):
    """The app with light models on a data directory of its own: yields (address, process)."""
    port = free_port()
    given = os.environ | {"AVREC_DATA": str(data), "AVREC_DEMO": "0", "HF_HUB_OFFLINE": "1"} | environment
    command = [sys.executable, str(REPOSITORY / "tests" / "serve_light.py"), str(port), address]
    with Path(log).open("w") as out:
        process = subprocess.Popen(command, env=given, stdout=out, stderr=subprocess.STDOUT)
        url = f"http://127.0.0.1:{port}"
        try:
            for _ in range(240):
                if process.poll() is not None:
                    break
                try:
                    urllib.request.urlopen(f"{url}/api/health", timeout=2).close()
                    break
                except OSError:
                    time.sleep(0.25)
            else:
                raise AssertionError(f"the app did not start: {Path(log).read_text()[-2000:]}")
            assert process.poll() is None, Path(log).read_text()[-2000:]
            yield url, process
        finally:
            process.terminate()
            process.wait(timeout=40)


class Session:
    """One open page of the app.

    Attributes:
        id: The session's id.
        errors: Exceptions and error boxes of the last run, as text.
        texts: Markdown, HTML and captions of the last run.
        widgets: Label -> id of uploaders, toggles and buttons met so far.
    """

    def __init__(self, address, timeout=60.0, cookie=""):
        from websockets.sync.client import connect

        self._address, self._timeout = address, timeout
        self._cookie = _xsrf(address)
        token = self._cookie.partition("=")[2]
        host, cookies = urlsplit(address).netloc, f"{self._cookie}; {cookie}" if cookie else self._cookie
        self._line = connect(
            f"ws://{host}/_stcore/stream", origin=address, max_size=None, open_timeout=timeout,
            subprotocols=["streamlit", token], additional_headers={"Cookie": cookies},
        )  # fmt: skip
        self._socket = self._line.__enter__()
        self.id, self.errors, self.texts, self.widgets = "", [], [], {}
        self._states, self._page, self._query = {}, "", ""

    def run(self, page=None, query="", wait=True):
        """Open a page (its last part of the address, "" for the first), or run the one that is open again."""
        from streamlit.proto.BackMsg_pb2 import BackMsg

        message = BackMsg()
        if page is not None:
            self._page, self._query = page, query
        message.rerun_script.page_name, message.rerun_script.query_string = self._page, self._query
        for widget in self._states.values():
            message.rerun_script.widget_states.widgets.add().CopyFrom(widget)
        self._socket.send(message.SerializeToString())
        return self.finished() if wait else self

    def finished(self):
        """Read what comes until the run has ended; the last run that was asked for counts."""
        self.errors, self.texts = [], []
        for message in self._messages():
            kind = message.WhichOneof("type")
            if kind == "new_session":
                self.id = message.new_session.initialize.session_id
                self.errors, self.texts = [], []
            elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
                self._element(message.delta.new_element)
            elif kind == "script_finished" and message.script_finished == 0:
                return self
        raise AssertionError("the connection ended")

    def toggle(self, label):
        """Switch a toggle on for the runs that follow."""
        from streamlit.proto.WidgetStates_pb2 import WidgetState

        widget = self.widgets[label]
        self._states[widget] = WidgetState(id=widget, bool_value=True)
        return self

    def press(self, label):
        """Press a button; the page runs."""
        from streamlit.proto.WidgetStates_pb2 import WidgetState

        widget = self.widgets[label]
        self._states[widget] = WidgetState(id=widget, trigger_value=True)
        self.run()
        self._states.pop(widget, None)
        return self

    def forget(self):
        """Forget what widgets held, as a browser does when they are gone."""
        self._states.clear()
        return self

    def stop(self):
        """Press "stop"."""
        from streamlit.proto.BackMsg_pb2 import BackMsg

        self._socket.send(BackMsg(stop_script=True).SerializeToString())

    def upload_address(self, name):
        """Where to send a file."""
        from streamlit.proto.BackMsg_pb2 import BackMsg

        message = BackMsg()
        message.file_urls_request.request_id = "1"
        message.file_urls_request.file_names.append(name)
        message.file_urls_request.session_id = self.id
        self._socket.send(message.SerializeToString())
        for answer in self._messages():
            if answer.WhichOneof("type") == "file_urls_response":
                return answer.file_urls_response.file_urls[0]
        raise AssertionError("the connection ended")

    def upload(self, name, pieces, size=None, label="Add video or audio"):
        """Send a file, piece by piece, and put it into an uploader; returns the HTTP status.

        Args:
            size: Bytes in all pieces, sent as Content-Length; chunked transfer where it is None.
        """
        from streamlit.proto.WidgetStates_pb2 import WidgetState

        urls = self.upload_address(name)
        status = send(self._address, urls.upload_url, self._cookie, name, pieces, size)
        if status == 204:
            widget = self.widgets[label]
            state = self._states.setdefault(widget, WidgetState(id=widget))
            info = state.file_uploader_state_value.uploaded_file_info.add()
            info.file_id, info.name, info.size = urls.file_id, name, size or 0
            info.file_urls.CopyFrom(urls)
        return status

    def close(self):
        self._line.__exit__(None, None, None)

    def _messages(self):
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        end = time.monotonic() + self._timeout
        while True:
            data = self._socket.recv(timeout=max(end - time.monotonic(), 0.01))
            message = ForwardMsg()
            message.ParseFromString(data)
            yield message

    def _element(self, element):
        kind = element.WhichOneof("type")
        if kind == "exception":
            self.errors.append(f"{element.exception.type}: {element.exception.message}")
        elif kind == "alert":
            if element.alert.format == 1:
                self.errors.append(element.alert.body)
            self.texts.append(element.alert.body)
        elif kind in ("markdown", "html"):
            self.texts.append(getattr(element, kind).body)
        elif kind in ("file_uploader", "checkbox", "button"):
            self.widgets[getattr(element, kind).label] = getattr(element, kind).id


def send(address, path, cookie, name, pieces, size=None):
    """PUT one file as `st.file_uploader` does; the status, or 0 where the server hung up."""
    import http.client

    boundary = "b0undary"
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n'
        "Content-Type: video/mp4\r\n\r\n"
    ).encode()
    tail = f"\r\n--{boundary}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}", "Cookie": cookie,
               "X-Xsrftoken": cookie.partition("=")[2], "Origin": address}  # fmt: skip
    if size is not None:
        headers["Content-Length"] = str(len(head) + size + len(tail))
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=120)

    def body():
        yield head
        yield from pieces
        yield tail

    try:
        connection.request("PUT", path, body(), headers, encode_chunked=size is None)
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def _xsrf(address):
    with urllib.request.urlopen(f"{address}/_stcore/health", timeout=30) as answer:
        return answer.headers["Set-Cookie"].partition(";")[0]
