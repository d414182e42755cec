"""The URL of Deadline's Web Service, user, certificates and time-outs: from environment variables, or by field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from ...core.errors import UsageError, words_of
from ...core.text import flaw_in, is_one_line, one_line

URL_VARIABLE = "FLOWPIPE_DEADLINE_WEBSERVICE"
USER_VARIABLE = f"{URL_VARIABLE}_USER"
PASSWORD_VARIABLE = f"{URL_VARIABLE}_PASSWORD"
CA_VARIABLE = f"{URL_VARIABLE}_CA"
CERTIFICATE_VARIABLE = f"{URL_VARIABLE}_CERTIFICATE"
KEY_VARIABLE = f"{URL_VARIABLE}_KEY"
TIMEOUT_VARIABLE = f"{URL_VARIABLE}_TIMEOUT"
IS_IT_RIGHT = f"see that it runs there, and that {URL_VARIABLE} is right"

_HOST = re.compile(r"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")  # Name, IPv4, IPv6.
_PATH = re.compile(r"[A-Za-z0-9._~/-]*")
_LONGEST_TIMEOUT = 3600.0
_ENCRYPTED_KEY = re.compile(rb"-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: *4, *ENCRYPTED")


@dataclass(frozen=True)
class WebServiceSettings:
    """How the Web Service is reached. ``str`` gives the URL; neither ``str`` nor ``repr`` show the password.

    >>> WebServiceSettings("farm.studio:8081/").url
    'http://farm.studio:8081'

    Raises:
        UsageError: A value is not valid, or contradicts another.
    """

    url: str
    """http or https; a bare ``host:port`` is taken for http, and a slash at the end is dropped."""
    user: str = ""
    """For HTTP Basic authentication; empty for none."""
    password: str = field(default="", repr=False)
    ca: Path | None = None
    """A PEM file with the certificates to trust, instead of those that ``requests`` trusts."""
    certificate: Path | None = None
    """A PEM file with the client's certificate, and its key unless ``key`` names another file."""
    key: Path | None = None
    connect_timeout: float = 10.0
    """Seconds in which a connection must be made."""
    read_timeout: float = 60.0
    """Seconds that the service may be silent."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "url", parse_url(self.url))
        if (self.ca or self.certificate) and self.url.startswith("http:"):
            raise UsageError(f"{self.url} is not encrypted, so its certificates mean nothing; write https://")
        if self.key and not self.certificate:
            raise UsageError(f"there is a key for the Web Service and no certificate; set {CERTIFICATE_VARIABLE}")
        if self.password and not self.user:
            raise UsageError(f"there is a password for the Web Service and no user; set {USER_VARIABLE}")
        if ":" in self.user or not is_one_line(self.user):
            raise UsageError(f"the Web Service's user has a colon or line break: {one_line(self.user, longest=40)!r}")
        flaw = flaw_in(self.password)
        if flaw:
            raise UsageError(f"the Web Service's password, {PASSWORD_VARIABLE}, has {flaw}; set one without it")
        for seconds in (self.connect_timeout, self.read_timeout):
            if not 0 < seconds <= _LONGEST_TIMEOUT:
                raise UsageError(
                    f"a time-out must be above 0, and at most {_LONGEST_TIMEOUT:g} seconds, not {seconds:g}"
                )

    def __str__(self) -> str:
        return self.url


def parse_url(text: str) -> str:
    """The URL with its scheme and without a slash at the end.

    Raises:
        UsageError: It is not an http or https URL, or it holds a user or a password.
    """
    if "@" in text:  # Before anything is parsed, so that no message can repeat a password.
        raise UsageError(
            "the Web Service's URL holds a user or a password, which logs and other programs would show; leave them"
            f" out, and set {USER_VARIABLE} and {PASSWORD_VARIABLE}"
        )
    url = text.strip()
    url = url if "://" in url else f"http://{url}"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    is_host = _HOST.fullmatch(host) and port != 0 and is_one_line(url)  # urlsplit ignores line breaks.
    shown = one_line(text, longest=80)
    if not is_host or parts.scheme not in ("http", "https") or parts.query or parts.fragment:
        raise UsageError(f"'{shown}' is not a Web Service; write http://host:port, or https://host:port for TLS")
    if not _PATH.fullmatch(parts.path):
        raise UsageError(f"'{shown}' is not a Web Service: write unusual characters of its path as %20 and the like")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def parse_environment(environment: Mapping[str, str]) -> WebServiceSettings | None:
    """The settings in the variables ``FLOWPIPE_DEADLINE_WEBSERVICE`` and ``…_*``; None without the first.

    ``…_TIMEOUT`` is the seconds that the service may be silent, or both: ``connect,read``.

    Raises:
        UsageError: A value is not valid, or contradicts another.
    """
    url = environment.get(URL_VARIABLE, "").strip()
    if not url:
        return None
    connect, read = _parse_timeouts(environment.get(TIMEOUT_VARIABLE, ""))
    return WebServiceSettings(
        url,
        user=environment.get(USER_VARIABLE, ""),
        password=environment.get(PASSWORD_VARIABLE, ""),
        ca=_path(environment, CA_VARIABLE),
        certificate=_path(environment, CERTIFICATE_VARIABLE),
        key=_path(environment, KEY_VARIABLE),
        connect_timeout=connect,
        read_timeout=read,
    )


def _path(environment: Mapping[str, str], variable: str) -> Path | None:
    text = environment.get(variable, "").strip()
    return Path(text) if text else None


def _parse_timeouts(text: str) -> tuple[float, float]:
    """The seconds to connect and to read."""
    connect, read = WebServiceSettings.connect_timeout, WebServiceSettings.read_timeout
    try:
        numbers = [float(part) for part in text.split(",")] if text.strip() else [read]
        *others, read = numbers
        (connect,) = others or [connect]
    except ValueError:
        shown = one_line(text, longest=40)
        raise UsageError(f"{TIMEOUT_VARIABLE} is seconds, or two numbers 'connect,read', not '{shown}'") from None
    return connect, read


def read_certificates(settings: WebServiceSettings) -> tuple[str | bool, tuple[str, str] | None]:
    """What the service's certificate is checked against, and the files of the client's certificate and key.

    Raises:
        UsageError: A file cannot be read or is not a PEM file, or the key is missing or has a passphrase.
    """
    if settings.ca:
        _read_pem(settings.ca)
    trusted = str(settings.ca) if settings.ca else True
    if settings.certificate is None:
        return trusted, None
    _read_pem(settings.certificate)
    key = settings.key or settings.certificate
    data = _read_pem(key)
    if _ENCRYPTED_KEY.search(data):  # OpenSSL would ask for the passphrase on the terminal, and wait.
        raise UsageError(f"the key in {key} has a passphrase; 'openssl pkey -in {key.name} -out key.pem' takes it off")
    if b"PRIVATE KEY-----" not in data:
        raise UsageError(f"{key} has no key for the Web Service's certificate; name its file in {KEY_VARIABLE}")
    return trusted, (str(settings.certificate), str(key))


def _read_pem(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"the Web Service's certificate or key {path} cannot be read: {words_of(error)}") from error
    if b"-----BEGIN " not in data:
        advice = f"'openssl pkcs12 -in {path.name} -nodes -out client.pem' makes one of a .pfx"
        raise UsageError(f"{path} is not a PEM file; {advice}")
    return data
