"""The way to Deadline as the studio wants it."""

from __future__ import annotations

import os
from typing import Optional, Union

from ..deadline.client import DeadlineClient
from ..submit.submit import VIA_VARIABLE, Connection, choose_connection, open_client
from ..submit.transaction import Stop
from .file import StudioFile, load_studio_file


def studio_connection(studio: StudioFile, *, via: Union[str, Connection, None] = None) -> Connection:
    """The connection that is asked for, here or by an environment variable, else the studio's, else one that fits.

    Raises:
        UsageError, SubmissionError: As ``choose_connection`` does.
    """
    return via if isinstance(via, Connection) else choose_connection(via, environment=studio_variables(studio))


def studio_variables(studio: StudioFile) -> dict[str, str]:
    """The environment variables that choose a way, as if the studio's values were set wherever nobody set others."""
    named = {} if studio.via is None else {VIA_VARIABLE: studio.via}
    here = {name: value for name, value in os.environ.items() if value}  # An empty variable says nothing.
    return {**studio.webservice_variables, **named, **here}


def studio_client(*, via: Optional[str] = None, is_stopping: Optional[Stop] = None) -> DeadlineClient:
    """Deadline by that way, for questions and changes; a call is given up once ``is_stopping`` says so.

    Raises:
        StudioFileError, PreflightError: As ``load_studio_file`` does.
        UsageError, SubmissionError: As ``choose_connection`` does.
    """
    return open_client(studio_connection(load_studio_file(), via=via), is_stopping=is_stopping)
