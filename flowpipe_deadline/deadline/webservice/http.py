"""What it means when a question to the Web Service fails: whether it was heard, and whether to ask again."""

from __future__ import annotations

import base64
import io
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Optional
from urllib.parse import urlsplit

import requests
from requests.exceptions import ConnectTimeout, ProxyError, SSLError
from requests.utils import get_environ_proxies, select_proxy
from urllib3.exceptions import HTTPError, NewConnectionError

from ...core.text import one_line
from ..client import SubmissionError
from .settings import CA_VARIABLE, PASSWORD_VARIABLE, USER_VARIABLE, WebServiceSettings, read_certificates

_BUSY = (502, 503, 504)  # What a proxy says of a service that is away or restarts.
_NO_ENTRY = (401, 403, 407)
_NOT_IMPLEMENTED = 501  # The service has no such request (submission, section 6.2).
_LONGEST_WORDS = 300
_UNTRUSTED = (18, 19, 20, 21)  # OpenSSL's codes for a certificate that nobody who is trusted has signed.
# With TLS 1.3, a server turns a client's certificate down only after the client has begun to speak.
_REFUSED_CERTIFICATE = re.compile(r"ALERT_(BAD_CERTIFICATE|CERTIFICATE_\w+|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE)")
_TAG = re.compile(r"<(style|script|head)\b.*?</\1>|<[^>]*>", re.DOTALL | re.IGNORECASE)


class WebServiceError(SubmissionError):
    """A question that failed, and what that tells."""

    def __init__(
        self, message: str, *, status: Optional[int] = None, was_heard: bool = False, is_passing: bool = False
    ) -> None:
        super().__init__(message)
        self.status = status
        """The status code of the answer; None without one."""
        self.was_heard = was_heard
        """Whether the service may have done what it was asked for."""
        self.is_passing = is_passing
        """Whether it may answer if it is asked again."""

    @property
    def is_no_entry(self) -> bool:
        """Whether the one who asks is not let in, so that nothing else will be answered either."""
        return self.status in _NO_ENTRY


def said(text: str, settings: WebServiceSettings) -> str:
    """What the service said, as one line without markup, password, or more than a reader takes in."""
    plain = _TAG.sub(" ", text) if text.lstrip().startswith("<") else text
    line = " ".join(one_line(plain, longest=len(plain) + 1).split())
    if settings.password:
        token = base64.b64encode(f"{settings.user}:{settings.password}".encode()).decode()
        line = line.replace(settings.password, "***").replace(token, "***")
    return one_line(line, longest=_LONGEST_WORDS)


def refusal(status: int, text: str, *, location: str, settings: WebServiceSettings) -> WebServiceError:
    """What an answer means that is an error; ``location`` is where a redirect points."""
    words = said(text, settings) or "no word of why"
    advice = {
        401: f"; is the user right? Set {USER_VARIABLE} and {PASSWORD_VARIABLE}",
        404: "; is that the URL of a Deadline Web Service?",
    }.get(status, "")
    if 300 <= status < 400:
        words, advice = f"it has moved to {said(location, settings) or 'another place'}", "; use that URL"
    return WebServiceError(
        f"the Web Service at {settings} answered with status {status}: {words}{advice}",
        status=status,
        was_heard=status >= 500 and status != _NOT_IMPLEMENTED,
        is_passing=status in _BUSY,
    )


def failure(error: Exception, *, was_sent: bool, settings: WebServiceSettings) -> WebServiceError:
    """What it means that there is no answer; ``was_sent`` unless the service cannot have had the whole question."""
    causes = list(_causes(error))
    reason = _reason(causes[-1], settings)
    was_heard = is_passing = False
    if isinstance(error, ProxyError):
        advice = "if the service is in-house, name its host in NO_PROXY"
        what = f"cannot be reached: {_proxy(settings)} fails ({reason}); {advice}"
    elif isinstance(error, ConnectTimeout):
        what = f"cannot be reached: no connection within {settings.connect_timeout:g} seconds"
    elif any(isinstance(cause, socket.gaierror) for cause in causes):
        what = f"cannot be reached: the name {urlsplit(settings.url).hostname} is not known"
    elif any(isinstance(cause, NewConnectionError) for cause in causes):
        what = f"cannot be reached: {reason}"
        is_passing = any(isinstance(cause, ConnectionRefusedError) for cause in causes)
    elif isinstance(error, SSLError) and not isinstance(causes[-1], ssl.SSLEOFError):
        is_untrusted = getattr(causes[-1], "verify_code", 0) in _UNTRUSTED
        advice = f"; name the certificate to trust in {CA_VARIABLE}" if is_untrusted else ""
        what = f"cannot be reached over TLS: {reason}{advice}"
        was_heard = was_sent and not _REFUSED_CERTIFICATE.search(str(causes[-1]))
    elif any(isinstance(cause, socket.timeout) for cause in causes):
        limits = f"{settings.connect_timeout:g} seconds to connect, {settings.read_timeout:g} to answer"
        what, was_heard = f"has not answered in time: {limits}", was_sent
    else:
        what, was_heard, is_passing = f"broke the connection off: {reason}", was_sent, True
    return WebServiceError(f"the Web Service at {settings} {what}", was_heard=was_heard, is_passing=is_passing)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, and what it goes back to, from the outside in."""
    current: Any = error
    seen = set()
    while isinstance(current, BaseException) and id(current) not in seen:
        seen.add(id(current))
        yield current
        nested = [getattr(current, "reason", None), *reversed(current.args), current.__cause__, current.__context__]
        current = next((item for item in nested if isinstance(item, BaseException)), None)


def _reason(cause: BaseException, settings: WebServiceSettings) -> str:
    """What it says itself."""
    words = getattr(cause, "verify_message", "") or getattr(cause, "strerror", "") or str(cause)
    return said(str(words), settings) or type(cause).__name__


def _proxy(settings: WebServiceSettings) -> str:
    """The proxy that stands between, without its password."""
    proxy = select_proxy(settings.url, get_environ_proxies(settings.url)) or ""
    host = urlsplit(proxy if "://" in proxy else f"//{proxy}").hostname
    return f"the proxy {host}" if host else "the proxy"


PAUSES = (0.2, 1.0, 3.0)
"""Seconds before each repeat."""

# A connection that idled longer may be gone without a word; a job must not be lost to that.
_LONGEST_IDLE = 2.0


class HttpClient:
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
