"""Web Services for tests: the fake Deadline's own, and ones that answer whatever a test says; all over real HTTP."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import trustme

from flowpipe_deadline.deadline.webservice.client import WebServiceClient
from flowpipe_deadline.deadline.webservice.settings import WebServiceSettings

AT_ONCE = (0.0, 0.0)
BATCH = "Shot-20260102-030405-0a1b2c3d"
JOB_INFO = {"Plugin": "Flowpipe", "BatchName": BATCH, "Frames": "1-10", "ChunkSize": "4", "InitialStatus": "Suspended"}
LOCALHOST = "127.0.0.1"


@dataclass(frozen=True)
class Received:
    """A request that a scripted service was sent."""

    method: str
    path: str
    head: str
    body: bytes


class ScriptedService:
    """Gives one answer after the other, the last again and again; bytes, or what gives them of a request.

    Nothing (``b""``) drops the connection. An answer is the last on its connection.
    """

    def __init__(self, *answers) -> None:
        self.answers = list(answers)
        self.requests = []
        self._socket = socket.create_server((LOCALHOST, 0))
        self.url = f"http://{LOCALHOST}:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._run, daemon=True).start()

    def __enter__(self) -> ScriptedService:
        return self

    def __exit__(self, *_) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection) -> None:
        with connection, connection.makefile("rb") as stream:
            head = b"".join(iter(lambda: stream.readline().replace(b"\r\n", b"\n"), b"\n")).decode()
            if not head:
                return
            lengths = [line.partition(":")[2] for line in head.splitlines() if line.startswith("Content-Length:")]
            body = stream.read(int(lengths[0])) if lengths else b""
            method, path, _ = head.splitlines()[0].split()
            self.requests.append(Received(method, path, head, body))
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            connection.sendall(answer if isinstance(answer, bytes) else answer(self.requests[-1]))


def http(status: int, body="", *headers: str) -> bytes:
    """An answer: words as plain text, anything else as JSON."""
    data = (body if isinstance(body, str) else json.dumps(body)).encode()
    lines = [f"HTTP/1.1 {status} Words", f"Content-Length: {len(data)}", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + data


def interrupts(_request) -> bytes:
    """An answer that does not come: Ctrl+C does."""
    os.kill(os.getpid(), signal.SIGINT)
    return b""


def farm_at(url: str, *, pauses=AT_ONCE, **settings) -> WebServiceClient:
    """A client of that Web Service."""
    return WebServiceClient(WebServiceSettings(url, **settings), user="anna", machine="desk-7", pauses=pauses)


def write_job(folder: Path, *, name="render", **job_info) -> tuple[str, str]:
    """The job info and plugin info files of a suspended job, as a bundle has them."""
    entries = {**JOB_INFO, "Name": name, **job_info}
    files = (folder / f"{name}.job", folder / f"{name}.plugin")
    files[0].write_text("".join(f"{key}={value}\n" for key, value in entries.items()), encoding="utf-8")
    files[1].write_text("Bundle=/shows/shot\nNode=render\n", encoding="utf-8")
    return str(files[0]), str(files[1])


def requests_of(deadline, method="") -> list[str]:
    """The requests that its Web Service had, as ``METHOD path``."""
    return [call.name for call in deadline.log.calls("request") if call.name.startswith(method)]


def job_ids_of(deadline) -> list[str]:
    """The jobs that there are."""
    return [job.job_id for job in deadline.repository.jobs()]


def make_certificates(folder: Path) -> SimpleNamespace:
    """A studio's own authority, and certificates that it signed: the service's, and a client's."""
    authority, untrusted = trustme.CA(), trustme.CA()
    files = SimpleNamespace(
        **{name: folder / f"{name}.pem" for name in ("ca", "service", "elsewhere", "client", "untrusted", "key")}
    )
    authority.cert_pem.write_to_path(str(files.ca))
    authority.issue_cert(LOCALHOST).private_key_and_cert_chain_pem.write_to_path(str(files.service))
    authority.issue_cert("farm.studio").private_key_and_cert_chain_pem.write_to_path(str(files.elsewhere))
    client = authority.issue_cert("anna@studio")
    client.private_key_and_cert_chain_pem.write_to_path(str(files.client))
    client.private_key_pem.write_to_path(str(files.key))
    untrusted.issue_cert("eve@elsewhere").private_key_and_cert_chain_pem.write_to_path(str(files.untrusted))
    return files
