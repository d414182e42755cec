"""Requests to stop: heard by everybody who is at work, and never lost."""

from __future__ import annotations

import signal

import pytest

from flowpipe_deadline.core.interrupts import stop_requests


def test_a_request_waits_for_a_good_moment():
    """It is told once, and nothing is raised."""
    told = []

    with stop_requests(told.append) as is_stopping:
        before = is_stopping()
        signal.raise_signal(signal.SIGINT)
        after = is_stopping()

    assert (before, after, len(told)) == (False, True, 1)


def test_a_second_one_does_not_wait():
    """It is raised as ever."""
    with stop_requests(print):
        signal.raise_signal(signal.SIGINT)

        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_a_request_inside_another_block_is_heard_outside_as_well():
    """The inner one may be through with its work before it looks; afterwards it hears nothing any more."""
    told = []
    with stop_requests(told.append) as is_outer_stopping:
        with stop_requests(told.append) as is_inner_stopping:
            signal.raise_signal(signal.SIGINT)

        assert (is_inner_stopping(), is_outer_stopping(), len(told)) == (True, True, 1)


def test_afterwards_ctrl_c_is_what_it_was():
    """Whoever handled it before does again."""
    before = signal.getsignal(signal.SIGINT)

    with stop_requests(print):
        during = signal.getsignal(signal.SIGINT)

    assert signal.getsignal(signal.SIGINT) is before is not during
