"""Lock files: one holder at a time, and none that is gone."""

from __future__ import annotations

import os
import sys
import threading
import time

import pytest

from flowpipe_deadline.core.locks import _ps_start, is_running, locked, start_mark


class HeldError(Exception):
    """Somebody else has the lock."""


def refuse(text):
    """Does not wait."""
    raise HeldError(text)


def never(_text):
    """The holder is at work."""
    return False


@pytest.fixture(params=[True, False], ids=["hard links", "no hard links"])
def links(request, monkeypatch):
    """A file system with or without hard links."""
    if not request.param:

        def fail(*_arguments):
            raise OSError("no hard links here")

        monkeypatch.setattr(os, "link", fail)


@pytest.mark.usefixtures("links")
def test_a_lock_names_its_holder_and_is_gone_afterwards(tmp_path):
    """Nothing else is left beside it."""
    path = tmp_path / "lock"

    with locked(path, "one", is_stale=never, refuse=refuse):
        assert path.read_text() == "one"
        with pytest.raises(HeldError, match="one"), locked(path, "two", is_stale=never, refuse=refuse):
            pass
        assert [file.name for file in tmp_path.iterdir()] == ["lock"]

    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("links")
def test_a_stale_lock_is_taken_over(tmp_path):
    """Its text says that it is one."""
    path = tmp_path / "lock"
    path.write_text("dead")

    with locked(path, "mine", is_stale=lambda text: text == "dead", refuse=refuse):
        assert path.read_text() == "mine"


@pytest.mark.usefixtures("links")
def test_many_take_turns(tmp_path):
    """Of several at once, one has it at any moment."""
    holders, most = [], []

    def work(name):
        for number in range(10):
            with locked(tmp_path / "lock", f"{name} {number}", is_stale=never, refuse=lambda _: time.sleep(0.001)):
                holders.append(name)
                most.append(len(holders))
                holders.remove(name)

    threads = [threading.Thread(target=work, args=[name]) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(most), set(most)) == (40, {1})


def test_a_folder_that_cannot_be_written_is_an_error_of_the_system(tmp_path):
    """The caller says what it means."""
    with pytest.raises(OSError, match="lock"), locked(tmp_path / "no" / "lock", "x", is_stale=never, refuse=refuse):
        pass


def test_a_process_is_known_by_its_start():
    """Another one may have got its number."""
    mark = start_mark(os.getpid())

    assert is_running(os.getpid(), started=mark)
    assert not is_running(os.getpid(), started=f"{mark}0")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no ps")
def test_ps_tells_the_start_where_there_is_no_proc():
    """The same each time, whatever the language and time zone of who asks."""
    assert _ps_start(os.getpid()) == _ps_start(os.getpid()) != ""
    assert _ps_start(2**22 + 1) == ""
