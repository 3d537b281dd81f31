"""A small server of files on this machine that can be told to misbehave, as servers do."""

from __future__ import annotations

import http.server
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import PurePosixPath


@dataclass
class FileServer:
    """What it offers, what it does wrong, and what was asked of it.

    Attributes:
        files: bytes by name.
        ranges: whether it knows ranges.
        breaks: byte counts after which the next answers end early, one for each answer.
        failures: status codes that the next requests get instead of a file.
        hangs: after the next answer that breaks, the connection stays open until this is set.
        pause: seconds between two pieces of 16 kB.
        declared: how long it says that every file is; None for the truth.
        asked: (name, Range header) of every request.
    """

    files: dict[str, bytes]
    address: str = ""
    ranges: bool = True
    breaks: list[int] = field(default_factory=list)
    failures: list[int] = field(default_factory=list)
    hangs: list[threading.Event] = field(default_factory=list)
    pause: float = 0.0
    declared: int | None = None
    redirect: str = ""
    asked: list[tuple[str, str | None]] = field(default_factory=list)


@contextmanager
def serving(files: dict[str, bytes]) -> Iterator[FileServer]:
    facts = FileServer(files)
    handler = type("Handler", (_Handler,), {"facts": facts})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        facts.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield facts
        server.shutdown()
        thread.join()


def closed_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return made.getsockname()[1]


class _Handler(http.server.BaseHTTPRequestHandler):
    facts: FileServer

    def do_GET(self) -> None:
        facts, name = self.facts, PurePosixPath(self.path).name
        wanted = self.headers.get("Range")
        facts.asked.append((name, wanted))
        if facts.redirect:
            self.send_response(302)
            self.send_header("Location", facts.redirect)
            self.end_headers()
            return
        if facts.failures or name not in facts.files:
            self.send_error(facts.failures.pop(0) if facts.failures else 404)
            return
        self._answer(facts.files[name], wanted if facts.ranges else None)

    def _answer(self, data: bytes, wanted: str | None) -> None:
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        if start and start >= len(data):
            self.send_error(416)
            return
        self.send_response(206 if wanted else 200)
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(self.facts.declared or len(data) - start))
        self.end_headers()
        with suppress(ConnectionError):  # who asked has left
            self._send(data[start:])

    def _send(self, data: bytes) -> None:
        end = self.facts.breaks.pop(0) if self.facts.breaks else len(data)
        step = 1 << 14
        for at in range(0, min(end, len(data)), step):
            self.wfile.write(data[at : min(at + step, end)])
            time.sleep(self.facts.pause)
        if end < len(data) and self.facts.hangs:
            self.facts.hangs.pop().wait()

    def log_message(self, *_: object) -> None:
        """Says nothing."""
