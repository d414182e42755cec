"""A disk that is full, for this process."""

from __future__ import annotations

import resource
from contextlib import contextmanager


@contextmanager
def full_disk():
    """No file may grow."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
