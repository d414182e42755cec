"""Questions to the Web Service over HTTP, and which of them are repeated."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Sequence
from typing import Optional

import requests
from urllib3.exceptions import HTTPError

from .webservice_errors import WebServiceError, failure, refusal
from .webservice_settings import WebServiceSettings, read_certificates

PAUSES = (0.2, 1.0, 3.0)
"""Seconds before each repeat."""

# A connection that idled longer may be gone without a word; a job must not be lost to that.
_LONGEST_IDLE = 2.0


class WebServiceClient:
    """A Web Service, asked by one thread at a time; connections are kept between the questions.

    Redirects are not followed: a job sent to a place that moved would be asked for instead of made. Proxies, and hosts
    to be reached without one, are those of the environment, as ``requests`` has it.
    """

    def __init__(self, settings: WebServiceSettings, *, pauses: Sequence[float] = PAUSES) -> None:
        """Asks nothing yet; ``pauses`` are the seconds before each repeat.

        Raises:
            UsageError: A certificate cannot be read, is no PEM file, or its key has a passphrase.
        """
        self.settings = settings
        self.pauses = tuple(pauses)
        self._verify, self._certificate = read_certificates(settings)
        self._session = requests.Session()
        if settings.user:
            # As UTF-8, where requests alone would fail on what Latin-1 has not.
            self._session.auth = (settings.user.encode(), settings.password.encode())
        self._last_use = 0.0

    def get(self, path: str) -> str:
        """What the service says; asked again if the connection is refused or breaks off, or a proxy says it is busy.

        A time-out is not repeated: the service had all that time.

        Raises:
            WebServiceError: It cannot be asked, or answers with an error.
        """
        return self._repeat(lambda: self.send("GET", path), even_if_heard=True)

    def post(self, path: str, data: bytes) -> str:
        """What the service says to the JSON; sent again only if no connection came about.

        Raises:
            WebServiceError: It cannot be asked, or answers with an error.
        """
        return self._repeat(lambda: self.send("POST", path, data), even_if_heard=False)

    def send(self, method: str, path: str, data: bytes = b"") -> str:
        """What the service says; asked once.

        Raises:
            WebServiceError: It cannot be asked, or answers with an error.
        """
        if time.monotonic() - self._last_use > _LONGEST_IDLE:
            self._session.close()
        settings, body = self.settings, _Body(data)
        try:
            response = self._session.request(
                method,
                settings.url + path,
                data=body if data else None,
                headers={"Content-Type": "application/json"} if data else None,
                timeout=(settings.connect_timeout, settings.read_timeout),
                verify=self._verify,
                cert=self._certificate,
                allow_redirects=False,
            )
        except (OSError, HTTPError, UnicodeError) as error:
            raise failure(error, was_sent=body.was_read or not data, settings=settings) from error
        finally:
            self._last_use = time.monotonic()
        text = response.content.decode("utf-8-sig", "replace")
        if 200 <= response.status_code < 300:
            return text
        location = response.headers.get("Location", "")
        raise refusal(response.status_code, text, location=location, settings=settings)

    def _repeat(self, ask: Callable[[], str], *, even_if_heard: bool) -> str:
        for pause in self.pauses:
            try:
                return ask()
            except WebServiceError as error:
                if not error.is_passing or (error.was_heard and not even_if_heard):
                    raise
            time.sleep(pause)
        return ask()


class _Body(io.BytesIO):
    """What is sent, which tells whether it was taken up.

    It is not, until the connection is there and the head of the request is sent. A service that has not had the whole
    of it can do nothing with it.
    """

    was_read = False

    def read(self, size: Optional[int] = -1) -> bytes:
        """The next bytes."""
        self.was_read = True
        return super().read(size)
