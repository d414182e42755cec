"""Which store a submission has: files, unless a record in its bundle names the URL of a Redis server.

The record is apart from the manifest, which is long and of no use to an evaluator.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..core.bundle import FILES, FORMAT, STORE
from ..core.files import read_record
from .store import FileStore, Store, StoreError

if TYPE_CHECKING:
    from .redis_store import RedisStore


def open_store(bundle: Path) -> Store:
    """The store with the results of the bundle; bundles that do not say which keep them in files.

    Raises:
        RecordError: The record is damaged.
        StoreError: It names no store, or this Python lacks the package for it.
    """
    path = bundle / STORE
    if not path.exists():
        return FileStore(bundle)
    record = read_record(path, version=FORMAT, keys=("store", "submission"))
    return _redis_store(str(record["store"]), submission=str(record["submission"]))


def check_store(store: str, *, submission: str) -> None:
    """Makes sure that results of the submission can be kept in this store.

    Raises:
        StoreError: It is no store, holds a password, cannot be reached, or does not take writes.
    """
    if store != FILES:
        _redis_store(store, submission=submission).check()


def _redis_store(url: str, *, submission: str) -> RedisStore:
    from .redis_url import RedisAddress  # noqa: PLC0415 (as below, and every task starts an interpreter)

    address = RedisAddress.parse(url)
    try:
        from .redis_store import RedisStore  # noqa: PLC0415 (only who has such a store needs its package)
    except ImportError as error:
        raise StoreError(
            f"the store {address} needs the Python package 'redis' ({error}): install flowpipe-deadline[redis], or, for"
            " the interpreters of the farm, put the package into a folder of the plugin's Python Path"
        ) from error
    return RedisStore(address, submission=submission)
