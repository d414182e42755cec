"""The way to Deadline as the studio wants it."""

from __future__ import annotations

import os
from typing import Optional

from ..deadline.client import Farm
from ..submit.submit import VIA_VARIABLE, Way, choose_way, open_farm
from ..submit.transaction import Stop
from .file import StudioFile, load_studio_file


def studio_way(studio: StudioFile, *, via: Optional[str] = None) -> Way:
    """The way that was asked for, here or by an environment variable, else the studio's, else one that fits.

    Raises:
        UsageError, SubmissionError: As ``choose_way`` does.
    """
    return choose_way(via, environment=studio_variables(studio))


def studio_variables(studio: StudioFile) -> dict[str, str]:
    """The environment variables that choose a way, as if the studio's values were set wherever nobody set others."""
    named = {} if studio.via is None else {VIA_VARIABLE: studio.via}
    here = {name: value for name, value in os.environ.items() if value}  # An empty variable says nothing.
    return {**studio.webservice_variables, **named, **here}


def studio_farm(*, via: Optional[str] = None, is_stopping: Optional[Stop] = None) -> Farm:
    """Deadline by that way, for questions and changes; a call is given up once ``is_stopping`` says so.

    Raises:
        StudioFileError, PreflightError: As ``load_studio_file`` does.
        UsageError, SubmissionError: As ``choose_way`` does.
    """
    return open_farm(studio_way(load_studio_file(), via=via), is_stopping=is_stopping)
