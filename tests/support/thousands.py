"""Tests plan and write thousands of small bundles: what comes out the same each time is worked out once."""

from __future__ import annotations

import functools
import os

from jinja2 import BytecodeCache

from flowpipe_deadline.bundle import templates


class _Compiled(BytecodeCache):
    """Templates that this process has compiled, by their text."""

    def __init__(self):
        self._codes = {}

    def load_bytecode(self, bucket):
        """Gives the code of the same text."""
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket):
        """Keeps it."""
        self._codes[bucket.key, bucket.checksum] = bucket.code


def prepare() -> None:
    """Compiles templates once, and waits for no disk: nobody pulls the plug."""
    os.fsync = lambda _: None
    templates.JobFiles.__init__ = _keeping_code(templates.JobFiles.__init__)
    files = templates.JobFiles()
    for name in templates._TEMPLATES:  # For processes that branch off from this one.
        files._environment.get_template(name)


def _keeping_code(initialize):
    compiled = _Compiled()

    @functools.wraps(initialize)
    def initialize_too(self, *arguments, **options):
        initialize(self, *arguments, **options)
        self._environment.bytecode_cache = compiled

    return initialize_too
