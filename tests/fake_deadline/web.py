"""The Web Service of a fake Deadline: ``with serve(deadline) as service: print(service.url)``.

Faults of calls (``faults.py``) happen by a request's method, path, command or operation: ``POST``, ``/api/jobs``,
``resume``, ``submit``. ``deny`` answers with the status that is its value, or with 500 and its value as words; ``die``
and ``die_after`` drop the connection before and after the request is done, ``late`` answers late, ``hang`` never does,
``garble`` answers what makes no sense.
"""

from __future__ import annotations

import base64
import contextlib
import hmac
import socket
import ssl
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .faults import Fault
from .operations import FakeDeadline
from .settings import SettingsError
from .web_routes import Behaviour, Reply, Request, reply

_GARBAGE = b'{"_id": \xff\xfe<html>'
_LONGEST_STOP = 10.0  # Seconds for requests under way when the service ends.


@dataclass(frozen=True)
class Guard:
    """Who may connect, and the service's certificate."""

    certificate: Path | None = None
    """A PEM file with the service's certificate and key: it speaks TLS."""
    client_ca: Path | None = None
    """A PEM file: clients must show a certificate that one in it has signed."""
    user: str = ""
    """For HTTP Basic authentication; empty for none."""
    password: str = ""

    def context(self) -> ssl.SSLContext | None:
        """What TLS needs."""
        if self.certificate is None:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        if self.client_ca:
            context.load_verify_locations(self.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def admits(self, authorization: str) -> bool:
        """Whether that header is the user's."""
        token = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return not self.user or hmac.compare_digest(authorization.encode(), f"Basic {token}".encode())


class WebService(ThreadingHTTPServer):
    """The service; each connection is a thread's, which opens the fake Deadline for itself."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], folder: Path, guard: Guard, behaviour: Behaviour) -> None:
        self.folder = folder
        self.guard = guard
        self.behaviour = behaviour
        self.stopping = threading.Event()
        self._context = guard.context()
        self._connections: set[socket.socket] = set()
        self._changed = threading.Condition()
        super().__init__(address, _Handler)
        if self._context:
            # The handshake is the connection's thread's, so that a slow client keeps no other one waiting.
            self.socket = self._context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def url(self) -> str:
        """Its address."""
        return f"{'https' if self._context else 'http'}://{self.server_address[0]!s}:{self.server_address[1]}"

    @contextmanager
    def holds(self, connection: socket.socket) -> Iterator[None]:
        """Knows the connection as long as that lasts, to end it with the service."""
        with self._changed:
            self._connections.add(connection)
        if self.stopping.is_set():
            _drop(connection)
        try:
            yield
        finally:
            with self._changed:
                self._connections.discard(connection)
                self._changed.notify_all()

    def stop(self) -> None:
        """Ends it, and every connection."""
        self.stopping.set()
        self.shutdown()
        self.server_close()
        with self._changed:
            for connection in self._connections:
                _drop(connection)
            self._changed.wait_for(lambda: not self._connections, timeout=_LONGEST_STOP)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignores connections that break off and handshakes that fail."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = "OfflineDeadlineWebService"
    wbufsize = -1  # An answer leaves in one piece.
    disable_nagle_algorithm = True
    server: WebService

    def handle(self) -> None:
        """Answers until the client closes the connection."""
        with self.server.holds(self.connection), FakeDeadline(self.server.folder) as self.deadline:
            if isinstance(self.connection, ssl.SSLSocket):
                self.connection.do_handshake()
            super().handle()

    def log_message(self, *_: Any) -> None:
        """Logs nothing: the log of calls has it."""

    def _answer(self) -> None:
        """One request."""
        request = self._read_request()
        self.deadline.log.add("request", f"{request.method} {request.path}", [request.operation, request.body])
        if not self.server.guard.admits(self.headers.get("Authorization", "")):
            self._write(Reply(401, "Authentication failed"), {"WWW-Authenticate": 'Basic realm="Deadline"'})
            return
        names = dict.fromkeys(filter(None, (request.method, request.path, request.command, request.operation)))
        faults = {fault.do: fault for fault in self.deadline.call_faults(*names)}
        if faults.keys() & {"hang", "die"}:
            if "hang" in faults:
                self.server.stopping.wait()
            self._go()
        elif faults.keys() & {"deny", "quiet"}:
            self._write(_denial(faults))
        else:
            self._finish_request(reply(self.deadline, request, self.server.behaviour), faults)

    do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815  (http.server's names)

    def _finish_request(self, answer: Reply, faults: Mapping[str, Fault]) -> None:
        """Answers what was done, or fails to."""
        if "late" in faults:
            self.server.stopping.wait(faults["late"].number(1.0))
        if "die_after" in faults:
            self._go()
        else:
            self._write(Reply(answer.status, _GARBAGE) if "garble" in faults else answer)

    def _read_request(self) -> Request:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("utf-8", "replace")
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        return Request(method=self.command, path=parts.path.rstrip("/"), query=query, body=body)

    def _write(self, answer: Reply, headers: Mapping[str, str] | None = None) -> None:
        data = answer.body.encode("utf-8") if isinstance(answer.body, str) else answer.body
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json" if answer.is_json else "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def _go(self) -> None:
        """Closes the connection without an answer."""
        self.close_connection = True
        _drop(self.connection)


@contextmanager
def serve(
    deadline: FakeDeadline | str | Path,
    *,
    port: int = 0,
    guard: Guard | None = None,
    behaviour: Behaviour | None = None,
) -> Iterator[WebService]:
    """The Web Service of the fake Deadline, or of that in the folder, on this machine alone, as long as that lasts.

    Port 0 takes a free one.

    Raises:
        SettingsError: The folder holds none, the port is taken, or a certificate cannot be read.
    """
    with FakeDeadline(deadline.folder if isinstance(deadline, FakeDeadline) else deadline) as checked:
        folder = checked.folder
    try:
        service = WebService(("127.0.0.1", port), folder, guard or Guard(), behaviour or Behaviour())
    except (OSError, OverflowError) as error:
        raise SettingsError(f"the Web Service cannot be served on port {port}: {error}") from error
    thread = threading.Thread(target=service.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield service
    finally:
        service.stop()
        thread.join()


def _denial(faults: Mapping[str, Fault]) -> Reply:
    """The error that is answered instead; ``quiet`` is one that does not look like it."""
    if "quiet" in faults:
        return Reply(200, f"Error: {faults['quiet'].text('The repository is out of reach')}")
    fault = faults["deny"]
    if isinstance(fault.value, int):
        return Reply(fault.value, "The Web Service has failed")
    return Reply(500, fault.text("The repository is out of reach"))


def _drop(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
