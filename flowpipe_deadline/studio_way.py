"""The way to Deadline as the studio wants it."""

from __future__ import annotations

import os
from typing import Optional

from .studio_file import StudioFile
from .submit import VIA_VARIABLE, Way, choose_way


def studio_way(studio: StudioFile, *, via: Optional[str] = None) -> Way:
    """The way that was asked for, here or by an environment variable, else the studio's, else one that fits.

    Raises:
        UsageError, SubmissionError: As ``choose_way`` does.
    """
    named = {} if studio.via is None else {VIA_VARIABLE: studio.via}
    here = {name: value for name, value in os.environ.items() if value}  # An empty variable says nothing.
    return choose_way(via, environment={**studio.webservice_variables, **named, **here})
