"""The connection to Deadline as the studio wants it."""

from __future__ import annotations

import os

from ..deadline.client import DeadlineClient, Stop
from ..deadline.connect import Connection, choose_connection
from ..deadline.via import VIA_VARIABLE
from .file import StudioFile, load_studio_file


def studio_connection(studio: StudioFile, *, via: str | Connection | None = None) -> Connection:
    """The connection that is asked for, here or by an environment variable, else the studio's, else one that works.

    Raises:
        UsageError, SubmissionError: As ``choose_connection``.
    """
    return via if isinstance(via, Connection) else choose_connection(via, environment=studio_variables(studio))


def studio_variables(studio: StudioFile) -> dict[str, str]:
    """The environment variables that choose a connection; where they are not set, the studio's values."""
    named = {} if studio.via is None else {VIA_VARIABLE: studio.via}
    here = {name: value for name, value in os.environ.items() if value}  # An empty variable says nothing.
    return {**studio.webservice_variables, **named, **here}


def studio_client(*, via: str | None = None, is_stopping: Stop | None = None) -> DeadlineClient:
    """What asks Deadline and changes its jobs, by the studio's connection or ``via`` another.

    A call is given up once ``is_stopping`` returns True.

    Raises:
        StudioFileError, PreflightError: As ``load_studio_file``.
        UsageError, SubmissionError: As ``choose_connection``.
    """
    from ..submit.submit import open_client  # noqa: PLC0415 (takes long to import, and many bundles are not submitted)

    return open_client(studio_connection(load_studio_file(), via=via), is_stopping=is_stopping)
