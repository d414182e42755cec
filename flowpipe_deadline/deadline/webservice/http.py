"""Requests to the Web Service, what it means when one fails, and which are repeated."""

from __future__ import annotations

import base64
import io
import re
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.exceptions import ConnectTimeout, ProxyError, SSLError
from requests.utils import get_environ_proxies, select_proxy
from urllib3.exceptions import HTTPError, NewConnectionError

from ...core.text import one_line
from ..client import SubmissionError
from .settings import CA_VARIABLE, IS_IT_RIGHT, PASSWORD_VARIABLE, USER_VARIABLE, WebServiceSettings, read_certificates

PAUSES = (0.2, 1.0, 3.0)
"""Seconds before each repeat."""
_LONGEST_IDLE = 2.0  # Seconds; a connection that was idle for longer may be gone without a word, and a job with it.
_BUSY = (502, 503, 504)  # What a proxy says of a service that is away or restarts.
_DENIED = (401, 403, 407)
_NOT_IMPLEMENTED = 501  # The service has no such request (submission, section 6.2).
_LONGEST_QUOTE = 300
_UNTRUSTED = (18, 19, 20, 21)  # OpenSSL's codes for a certificate that no trusted authority has signed.
# With TLS 1.3, a server turns a client's certificate down only after the client has begun to speak.
_REFUSED_CERTIFICATE = re.compile(r"ALERT_(BAD_CERTIFICATE|CERTIFICATE_\w+|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE)")
_TAG = re.compile(r"<(style|script|head)\b.*?</\1>|<[^>]*>", re.DOTALL | re.IGNORECASE)


class WebServiceError(SubmissionError):
    """A request that failed, and what that means."""

    def __init__(
        self, message: str, *, status: int | None = None, may_be_done: bool = False, is_temporary: bool = False
    ) -> None:
        super().__init__(message)
        self.status = status
        """The status code of the answer; None without one."""
        self.may_be_done = may_be_done
        """Whether the service may have done what it was asked for."""
        self.is_temporary = is_temporary
        """Whether the same request may succeed if it is repeated."""

    @property
    def is_denied(self) -> bool:
        """Whether access is denied, so that other requests will fail too."""
        return self.status in _DENIED


class HttpClient:
    """A Web Service for one thread at a time; connections are kept between requests.

    Redirects are not followed: a job sent to a place that moved would be asked for instead of made. Proxies, and hosts
    to be reached without one, are those of the environment, as ``requests`` has it.
    """

    def __init__(self, settings: WebServiceSettings, *, pauses: Sequence[float] = PAUSES) -> None:
        """Sends nothing yet; ``pauses`` are the seconds before each repeat.

        Raises:
            UsageError: A certificate cannot be read, is not a PEM file, or its key has a passphrase.
        """
        self.settings = settings
        self.pauses = tuple(pauses)
        self._verify, self._certificate = read_certificates(settings)
        self._session = requests.Session()
        if settings.user:
            # As UTF-8: requests alone fails on what Latin-1 does not have. It takes bytes, too.
            self._session.auth = (settings.user.encode(), settings.password.encode())  # type: ignore[assignment]
        self._last_use = 0.0

    def request(self, method: str, path: str, data: bytes = b"") -> str:
        """The answer to a request that is repeated if the connection fails, or a proxy says that the service is busy.

        With ``data``, which is JSON, only if the service cannot have received it. A time-out is not repeated: the
        service had all that time.

        Raises:
            WebServiceError: There is no answer, or it is an error.
        """
        for pause in self.pauses:
            try:
                return self.send(method, path, data)
            except WebServiceError as error:
                if not error.is_temporary or (error.may_be_done and data):
                    raise
            time.sleep(pause)
        return self.send(method, path, data)

    def send(self, method: str, path: str, data: bytes = b"") -> str:
        """The answer to a request that is sent once; ``data`` is JSON.

        Raises:
            WebServiceError: There is no answer, or it is an error.
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
            raise _request_error(error, was_sent=body.was_read or not data, settings=settings) from error
        finally:
            self._last_use = time.monotonic()
        text = response.content.decode("utf-8-sig", "replace")
        if 200 <= response.status_code < 300:
            return text
        location = response.headers.get("Location", "")
        raise _answer_error(response.status_code, text, location=location, settings=settings)


class _Body(io.BytesIO):
    """What is sent; ``was_read`` says whether sending it has begun.

    That is only so once the connection is there and the head of the request is sent. A service that has not received
    all of a request can do nothing with it.
    """

    was_read = False

    def read(self, size: int | None = -1) -> bytes:
        """The next bytes."""
        self.was_read = True
        return super().read(size)


def quoted(text: str, settings: WebServiceSettings) -> str:
    """What the service said, as a line of readable length without markup and without the password."""
    plain = _TAG.sub(" ", text) if text.lstrip().startswith("<") else text
    line = " ".join(one_line(plain, longest=len(plain) + 1).split())
    if settings.password:
        token = base64.b64encode(f"{settings.user}:{settings.password}".encode()).decode()
        line = line.replace(settings.password, "***").replace(token, "***")
    return one_line(line, longest=_LONGEST_QUOTE)


def _answer_error(status: int, text: str, *, location: str, settings: WebServiceSettings) -> WebServiceError:
    """The error for an answer with that status; ``location`` is where a redirect points."""
    words = quoted(text, settings) or "no word of why"
    advice = {
        401: f"; is the user right? Set {USER_VARIABLE} and {PASSWORD_VARIABLE}",
        404: "; is that the URL of a Deadline Web Service?",
    }.get(status, "")
    if 300 <= status < 400:
        words, advice = f"it has moved to {quoted(location, settings) or 'another place'}", "; use that URL"
    return WebServiceError(
        f"the Web Service at {settings} answered with status {status}: {words}{advice}",
        status=status,
        may_be_done=status >= 500 and status != _NOT_IMPLEMENTED,
        is_temporary=status in _BUSY,
    )


def _request_error(error: Exception, *, was_sent: bool, settings: WebServiceSettings) -> WebServiceError:
    """The error for a request without an answer; ``was_sent`` unless the service cannot have received all of it."""
    causes = list(_causes(error))
    cause = causes[-1]
    words = getattr(cause, "verify_message", "") or getattr(cause, "strerror", "") or str(cause)
    reason = quoted(str(words), settings) or type(cause).__name__
    may_be_done = is_temporary = False
    if isinstance(error, ProxyError):
        advice = "if the service is in-house, name its host in NO_PROXY"
        what = f"cannot be reached: {_proxy(settings)} fails ({reason}); {advice}"
    elif isinstance(error, ConnectTimeout):
        what = f"cannot be reached: no connection within {settings.connect_timeout:g} seconds; {IS_IT_RIGHT}"
    elif any(isinstance(cause, socket.gaierror) for cause in causes):
        what = f"cannot be reached: this machine does not know the host {urlsplit(settings.url).hostname}"
    elif any(isinstance(cause, NewConnectionError) for cause in causes):
        what = f"cannot be reached: {reason}; {IS_IT_RIGHT}"
        is_temporary = any(isinstance(cause, ConnectionRefusedError) for cause in causes)
    elif isinstance(error, SSLError) and not isinstance(cause, ssl.SSLEOFError):
        is_untrusted = getattr(cause, "verify_code", 0) in _UNTRUSTED
        advice = f"; name the certificate to trust in {CA_VARIABLE}" if is_untrusted else ""
        what = f"cannot be reached over TLS: {reason}{advice}"
        may_be_done = was_sent and not _REFUSED_CERTIFICATE.search(str(cause))
    elif any(isinstance(cause, socket.timeout) for cause in causes):
        limits = f"{settings.connect_timeout:g} seconds to connect, {settings.read_timeout:g} to answer"
        what, may_be_done = f"has not answered in time: {limits}", was_sent
    else:
        what, may_be_done, is_temporary = f"broke the connection off: {reason}", was_sent, True
    return WebServiceError(f"the Web Service at {settings} {what}", may_be_done=may_be_done, is_temporary=is_temporary)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, and what it goes back to, from the outside in."""
    current: Any = error
    seen = set()
    while isinstance(current, BaseException) and id(current) not in seen:
        seen.add(id(current))
        yield current
        nested = [getattr(current, "reason", None), *reversed(current.args), current.__cause__, current.__context__]
        current = next((item for item in nested if isinstance(item, BaseException)), None)


def _proxy(settings: WebServiceSettings) -> str:
    """The proxy in between, without its password."""
    proxy = select_proxy(settings.url, get_environ_proxies(settings.url)) or ""
    host = urlsplit(proxy if "://" in proxy else f"//{proxy}").hostname
    return f"the proxy {host}" if host else "the proxy"
