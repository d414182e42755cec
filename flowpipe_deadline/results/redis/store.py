"""The store that keeps results in a Redis server: a hash per node, a field per chunk.

The keys are ``<prefix>:<submission>:<node>``, with ``:.other-chunks`` behind it for the names of those that were not
planned; the set ``<prefix>:<submission>`` names the nodes that have results. All keys of a submission expire together,
counted from its last result.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Callable, Collection, Iterable, Iterator, TypeVar, cast

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from ..store import (
    OTHER_CHUNKS,
    ChunkResult,
    DamagedResultError,
    Store,
    StoreError,
    chunk_name,
    is_chunk_name,
    result_record,
)
from .url import PASSWORD_VARIABLE, USER_VARIABLE, RedisAddress

_SECONDS_A_DAY = 24 * 60 * 60

_Answer = TypeVar("_Answer")

# What an error means, and what to do. The first that fits counts: a refused password is a kind of lost connection.
_ADVICE: tuple[tuple[type[Exception], str, str], ...] = (
    (
        redis.AuthenticationError,
        "refuses user or password",
        f"set {PASSWORD_VARIABLE}, and {USER_VARIABLE} if it is not the default user, where this ran",
    ),
    (redis.exceptions.NoPermissionError, "gives its user no right to do this", "extend the user's rights"),
    (
        redis.OutOfMemoryError,
        "is out of memory",
        "raise its maxmemory, or delete submissions that are no longer needed",
    ),
    (redis.ReadOnlyError, "is a read-only replica", "plan with the primary server as the store"),
    (redis.ConnectionError, "cannot be reached", "see that it runs, and to host, port and network"),
    (redis.TimeoutError, "does not answer in time", "see to the network and the server's load"),
    (Exception, "cannot do what it is asked", "see to the server"),
)
_LOST = (redis.ConnectionError, redis.TimeoutError)


@dataclass(frozen=True)
class RedisLimits:
    """How long a server is waited for, and how much it takes."""

    connect_seconds: float = 5.0
    answer_seconds: float = 30.0
    """For sending one result as well: 512 MB on a gigabit line take five."""
    pauses: tuple[float, ...] = (0.25, 1.0)
    """Seconds before each new attempt after a lost connection."""
    largest: int = 512 * 1024 * 1024
    """What Redis takes as one value by default."""


class RedisStore(Store):
    """A store in a Redis server, for one submission.

    Every call opens its own connection: a node may take hours between reading and writing, and many networks silently
    drop a connection that is idle for so long.
    """

    def __init__(self, address: RedisAddress, *, submission: str, limits: RedisLimits = RedisLimits()) -> None:
        self._address = address
        self._limits = limits
        self._base = f"{address.prefix}:{submission}"

    def check(self, failure: str = "nothing can be stored") -> None:
        """Makes sure that the server can be reached and takes writes.

        Raises:
            StoreError: It cannot, or does not; the message says what to do.
        """
        # No node has this key.
        self._ask(lambda client: client.set(f"{self._base}:?", b"", ex=1), failure=failure)

    def check_writable(self, node: str) -> None:
        """Writes a key that expires at once."""
        self.check(f"{node}: nothing can be stored, so it was not called")

    def write(self, node: str, result: ChunkResult, *, is_planned: bool = False) -> None:
        """Keeps the result as one field of the node's hash, and renews the expiry of the whole submission."""
        record = json.dumps(result_record(node, result), allow_nan=False, separators=(",", ":")).encode("ascii")
        if len(record) > self._limits.largest:
            raise StoreError(
                f"{node}: its result has {len(record) >> 20} MB, and Redis takes {self._limits.largest >> 20} MB at"
                " most; let the node write a file and pass on its path, or plan with the store 'files'"
            )

        def keep(client: redis.Redis) -> None:
            siblings = cast(Any, client.smembers(self._base))
            # One transaction, sent at once: the server does all of it or nothing.
            with client.pipeline(transaction=True) as transaction:
                transaction.hset(self._key(node), chunk_name(result.frames), cast(Any, record))
                if not is_planned:
                    transaction.sadd(self._other_key(node), chunk_name(result.frames))
                transaction.sadd(self._base, node)
                nodes = {node, *map(_text, siblings)}
                for key in (self._base, *map(self._key, nodes), *map(self._other_key, nodes)):
                    transaction.expire(key, self._address.days * _SECONDS_A_DAY)
                transaction.execute()

        self._ask(keep, failure=f"{node}: its result cannot be written")

    def delete_all(self) -> None:
        """Deletes all keys of the submission, at once."""

        def delete(client: redis.Redis) -> None:
            nodes = list(map(_text, cast(Any, client.smembers(self._base))))
            parts = (self._key, self._other_key, self._aside_key)
            client.delete(self._base, *(part(node) for node in nodes for part in parts))

        self._ask(delete, failure="the results of the submission cannot be deleted")

    def chunk_names(self, node: str) -> frozenset[str]:
        """The fields of the node's hash."""
        fields = self._ask(
            lambda client: client.hkeys(self._key(node)), failure=f"{node}: its results cannot be listed"
        )
        return frozenset(filter(is_chunk_name, map(_text, cast(Any, fields))))

    def _other_chunks(self, node: str) -> Collection[str]:
        names = self._ask(
            lambda client: client.smembers(self._other_key(node)), failure=f"{node}: its results cannot be listed"
        )
        return list(map(_text, cast(Any, names)))

    def _load(self, node: str, names: Iterable[str]) -> Iterator[tuple[str, str, bytes | DamagedResultError]]:
        """Record by record: all at once would fill the server's memory for every task that reads."""

        def fetch(client: redis.Redis) -> list[Any]:
            return [(name, client.hget(self._key(node), name)) for name in wanted]

        wanted = list(names)
        for name, record in self._ask(fetch, failure=f"{node}: its results cannot be read") if wanted else ():
            if record is not None:
                yield name, f"{self._address} {self._key(node)} {name}", record

    def _set_aside(self, node: str, name: str) -> str:
        aside = self._aside_key(node)

        def move(client: redis.Redis) -> None:
            record = client.hget(self._key(node), name) or b""
            with client.pipeline(transaction=True) as transaction:
                transaction.hset(aside, name, cast(Any, record))
                transaction.expire(aside, self._address.days * _SECONDS_A_DAY)
                transaction.hdel(self._key(node), name)
                transaction.execute()

        self._ask(move, failure=f"{node}: a damaged result cannot be moved")
        return f"{aside} {name}"

    def _key(self, node: str) -> str:
        return f"{self._base}:{node}"

    def _other_key(self, node: str) -> str:
        return f"{self._key(node)}:{OTHER_CHUNKS}"

    def _aside_key(self, node: str) -> str:
        return f"{self._key(node)}:damaged"

    def _ask(self, question: Callable[[redis.Redis], _Answer], *, failure: str) -> _Answer:
        """The server's answer. After a lost connection it asks again: writing a result twice does no harm."""
        pauses = iter(self._limits.pauses)
        while True:
            try:
                with closing(self._client()) as client:
                    return question(client)
            except (redis.RedisError, OSError) as error:
                kind, what, remedy = next(advice for advice in _ADVICE if isinstance(error, advice[0]))
                pause = next(pauses, None) if kind in _LOST else None
                if pause is None:
                    raise StoreError(
                        f"{failure}: the store {self._address} {what} ({error}); {remedy}, and then try again, or"
                        " requeue the task"
                    ) from error
            time.sleep(pause)

    def _client(self) -> redis.Redis:
        return redis.Redis(
            host=self._address.host,
            port=self._address.port,
            db=self._address.database,
            username=os.environ.get(USER_VARIABLE) or None,
            password=os.environ.get(PASSWORD_VARIABLE) or None,
            ssl=self._address.is_encrypted,
            ssl_check_hostname=True,
            socket_connect_timeout=self._limits.connect_seconds,
            socket_timeout=self._limits.answer_seconds,
            retry=Retry(NoBackoff(), 0),  # The client's own retries differ by version.
            protocol=2,  # Servers before Redis 6 have no other.
        )


def _text(field: bytes) -> str:
    return field.decode("ascii", "backslashreplace")
