"""The URL of a Redis store: ``redis://host:port/db?prefix=flowpipe&expire=30``, or ``rediss://`` for TLS."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from ..store import StoreError

USER_VARIABLE = "FLOWPIPE_DEADLINE_REDIS_USER"
PASSWORD_VARIABLE = "FLOWPIPE_DEADLINE_REDIS_PASSWORD"  # noqa: S105 (where it is found, not what it is)

_DEFAULT_PORT = 6379
_DEFAULTS = {"prefix": "flowpipe", "expire": "30"}
_MOST_DAYS = 36500
_HOST = re.compile(r"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")  # Name, IPv4, IPv6.
_PREFIX = re.compile(r"[A-Za-z0-9_.:-]{1,80}")
_NUMBER = re.compile(r"[0-9]{1,9}")


class StoreUrlError(StoreError):
    """A text that is not the URL of a store."""

    exit_code = 2


@dataclass(frozen=True)
class RedisAddress:
    """Where a server is, and how a store uses it. As text, it is the URL of the server."""

    host: str
    port: int
    database: int
    is_encrypted: bool
    prefix: str
    """What all keys begin with."""
    days: int
    """How long a submission is kept after its last result."""

    @classmethod
    def parse(cls, url: str) -> RedisAddress:
        """The address in the URL; port, database and options have defaults.

        >>> RedisAddress.parse("redis://cache.studio/2?expire=7")
        RedisAddress(host='cache.studio', port=6379, database=2, is_encrypted=False, prefix='flowpipe', days=7)

        Raises:
            StoreUrlError: It is not such a URL, or it holds a user or a password.
        """
        if "@" in url:  # Before anything is parsed, so that no message can repeat a password.
            raise StoreUrlError(
                "the store's URL holds a user or a password, which everyone who sees the bundle could read; leave them"
                f" out, and set {PASSWORD_VARIABLE} (and {USER_VARIABLE}) here and on the workers"
            )
        server = url.partition("?")[0]
        try:
            parts = urlsplit(url)
            host, port, database = parts.hostname or "", parts.port or _DEFAULT_PORT, parts.path.strip("/") or "0"
        except ValueError as error:
            raise StoreUrlError(f"'{server}' is not a store: {error}") from error
        is_server = parts.scheme in ("redis", "rediss") and _HOST.fullmatch(host) and not parts.fragment
        if not is_server or not _NUMBER.fullmatch(database):
            raise StoreUrlError(f"'{server}' is not a store; write 'files' or redis://host:port/db (rediss:// for TLS)")
        options = _parse_options(parts.query, server=server)
        return cls(
            host=host,
            port=port,
            database=int(database),
            is_encrypted=parts.scheme == "rediss",
            prefix=options["prefix"],
            days=int(options["expire"]),
        )

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'rediss' if self.is_encrypted else 'redis'}://{host}:{self.port}/{self.database}"


def _parse_options(query: str, *, server: str) -> dict[str, str]:
    options = {**_DEFAULTS, **dict(parse_qsl(query, keep_blank_values=True))}
    unknown = sorted(options.keys() - _DEFAULTS)
    if unknown:
        raise StoreUrlError(f"the store {server} has no option '{unknown[0]}'; it has prefix and expire")
    if not _PREFIX.fullmatch(options["prefix"]):
        raise StoreUrlError(f"the store {server}: its prefix must be 1 to 80 letters, digits, or any of _ . : -")
    if not _NUMBER.fullmatch(options["expire"]) or not 1 <= int(options["expire"]) <= _MOST_DAYS:
        raise StoreUrlError(f"the store {server}: expire must be a whole number of days from 1 to {_MOST_DAYS}")
    return options
