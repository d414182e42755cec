"""Requests to stop: heard by everybody who is at work, and never lost."""

from __future__ import annotations

import contextlib
import signal
import threading

import pytest

from flowpipe_deadline.core.interrupts import stop_requests, terminable


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


def test_outside_the_main_thread_nobody_is_asked():
    """Python lets only the main thread receive signals; a submission from another one works without."""
    answers = []

    def work():
        with stop_requests(print) as is_stopping, terminable():
            answers.append(is_stopping())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert answers == [False]


@contextlib.contextmanager
def handled(number, handler):
    """In the block, the signal is handled so."""
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no such signal")
def test_the_end_of_a_terminal_that_is_ignored_stays_so():
    """As ``nohup`` has it."""
    with handled(signal.SIGHUP, signal.SIG_IGN), stop_requests(print) as is_stopping:
        signal.raise_signal(signal.SIGHUP)

        assert not is_stopping()


def test_a_request_to_terminate_ends_the_block_as_ctrl_c_does():
    """Whatever it has begun is undone as then."""
    with handled(signal.SIGTERM, print), pytest.raises(KeyboardInterrupt), terminable():
        signal.raise_signal(signal.SIGTERM)
