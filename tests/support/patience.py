"""Waiting for what other processes and threads do."""

from __future__ import annotations

import time


def wait_until(holds, seconds=60.0, *, meanwhile=lambda: time.sleep(0.01)):
    """Returns once it holds, and fails if it does not in that time; ``meanwhile`` is called in between."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come true"
        meanwhile()
