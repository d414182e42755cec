"""Fixtures for tests of the clients: a Deadline with a Web Service."""

from __future__ import annotations

import pytest
from web_services import farm_at, write_job

from tests.fake_deadline.operations import FakeDeadline


@pytest.fixture
def deadline(tmp_path):
    """A fake Deadline without jobs."""
    with FakeDeadline.create(tmp_path / "deadline") as offline:
        yield offline


@pytest.fixture
def client(service):
    """A client of its Web Service."""
    return farm_at(service.url)


@pytest.fixture
def job(tmp_path):
    """The files of a job."""
    return write_job(tmp_path)
