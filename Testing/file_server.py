"""A server of one large file on this machine, with the faults that real ones have."""

import http.server
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

NAME = "weights.pth"
_RANGE = re.compile(r"bytes=(\d+)-$")


@dataclass
class FileServer:
    """What is served, how, and what was asked for.

    Attributes
    ----------
    content : bytes
        Of the file ``/weights.pth``.
    tag : str or None
        Its ETag; None sends none.
    ranges : bool
        Whether parts of it can be asked for.
    cut_after : list of int
        After how many bytes of the body the next answers end; full ones come after those.
    stall_after : int or None
        After how many bytes of a body nothing comes any more until `go_on` is set.
    length : int or None
        Which length is announced in place of the true one.
    asked : list of dict
        The headers of each request.
    """

    content: bytes
    tag: str | None = '"first"'
    ranges: bool = True
    cut_after: list[int] = field(default_factory=list)
    stall_after: int | None = None
    length: int | None = None
    asked: list[dict[str, str]] = field(default_factory=list)
    stalled: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)
    address: str = ""

    @property
    def url(self) -> str:
        """Address of the file."""
        return f"{self.address}/{NAME}"

    def ranges_asked(self) -> list[str | None]:
        """Return the Range of each request."""
        return [headers.get("Range") for headers in self.asked]


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    served: FileServer

    def do_GET(self) -> None:
        if self.path.startswith("/elsewhere?to="):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/elsewhere?to="))
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif self.path == f"/{NAME}":
            self.served.asked.append(dict(self.headers))
            self._send_file()
        else:
            self.send_error(int(self.path[1:]) if self.path[1:].isdigit() else 404)

    def _send_file(self) -> None:
        served, begin = self.served, 0
        size = len(served.content)
        asked = _RANGE.match(self.headers.get("Range", ""))
        if asked and served.ranges and self.headers.get("If-Range") == served.tag:
            begin = int(asked[1])
            if begin >= size:
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{size}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {begin}-{size - 1}/{size}")
        else:
            self.send_response(200)
        body = served.content[begin:]
        length = len(body) if served.length is None else served.length
        self.send_header("Content-Length", str(length))
        if served.tag is not None:
            self.send_header("ETag", served.tag)
        self.end_headers()
        self._send_body(body)

    def _send_body(self, body: bytes) -> None:
        served = self.served
        if served.cut_after:
            self.wfile.write(body[: served.cut_after.pop(0)])
            self.close_connection = True
        elif served.stall_after is not None:
            self.wfile.write(body[: served.stall_after])
            self.wfile.flush()
            served.stalled.set()
            served.go_on.wait(60.0)
            self.wfile.write(body[served.stall_after :])
        else:
            self.wfile.write(body)

    def log_message(self, *_told: object) -> None:
        """Say nothing."""


class _Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_told: object) -> None:
        """Clients that leave early are meant to."""


@contextmanager
def serving(content: bytes, **how: object) -> Iterator[FileServer]:
    """Serve a file while entered."""
    served = FileServer(content, **how)  # type: ignore[arg-type]
    handler = type("Handler", (_Handler,), {"served": served})
    server = _Server(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    served.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield served
    finally:
        served.go_on.set()
        server.shutdown()
        server.server_close()
        thread.join()
