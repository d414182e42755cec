"""Opens the store of a bundle: files, unless a record in it names the URL of a Redis server.

The record is not in the manifest, as that is long and the evaluator does not need it.
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
    """The store with the results of the bundle; without a record, they are in files.

    Raises:
        RecordError: The record is damaged.
        StoreError: It does not name a store, or this Python lacks the package for it.
    """
    path = bundle / STORE
    if not path.exists():
        return FileStore(bundle)
    record = read_record(path, version=FORMAT, keys=("store", "submission"))
    return _redis_store(str(record["store"]), submission=str(record["submission"]))


def check_store(store: str, *, submission: str) -> None:
    """Makes sure that results of the submission can be kept in this store.

    Raises:
        StoreError: It is not a store, holds a password, cannot be reached, or does not take writes.
    """
    if store != FILES:
        _redis_store(store, submission=submission).check()


def _redis_store(url: str, *, submission: str) -> RedisStore:
    from .redis_url import RedisAddress  # noqa: PLC0415 (only for bundles in Redis)

    address = RedisAddress.parse(url)
    try:
        from .redis_store import RedisStore  # noqa: PLC0415 (its package is optional)
    except ImportError as error:
        raise StoreError(
            f"the store {address} needs the Python package 'redis' ({error}): install flowpipe-deadline[redis], or, for"
            " the interpreters of the farm, put the package into a folder of the plugin's Python Path"
        ) from error
    return RedisStore(address, submission=submission)
