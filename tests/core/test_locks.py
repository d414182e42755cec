"""Lock files: one holder at a time, and none that is gone."""

from __future__ import annotations

import contextlib
import functools
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from interleaved import interleave, step
from other_users import acting_as, folder_of, needs_superuser

from flowpipe_deadline.core.files import temporary_name
from flowpipe_deadline.core.locks import _start_by_ps, is_running, locked, start_mark


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


@needs_superuser
@pytest.mark.usefixtures("links")
def test_a_lock_that_nobody_else_may_read_is_judged_as_well():
    """Its maker's umask kept it private, and he died before he shared it."""
    with folder_of(1100, 1200, 0o2775) as folder:
        with acting_as(1101, 1101, 1200, umask=0o077):
            (folder / "lock").write_text("private")

        with acting_as(1102, 1102, 1200):
            with pytest.raises(HeldError), locked(folder / "lock", "mine", is_stale=never, refuse=refuse):
                pass
            with locked(folder / "lock", "mine", is_stale=lambda text: text == "", refuse=refuse):
                assert (folder / "lock").read_text() == "mine"
        assert list(folder.iterdir()) == []


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


@pytest.mark.usefixtures("links")
@pytest.mark.parametrize("seed", range(20))
def test_whoever_holds_the_lock_may_remove_all_that_is_beside_it(tmp_path, seed):
    """As an installation does at its end: some of it may be another one's try at the lock."""
    path = tmp_path / "lock"

    def hold_and_tidy_up():
        with locked(path, "holder", is_stale=never, refuse=lambda _: step()):
            for file in tmp_path.iterdir():
                if file != path:
                    file.unlink(missing_ok=True)

    def try_to_hold(name):
        with contextlib.suppress(HeldError), locked(path, name, is_stale=never, refuse=refuse):
            pass

    interleave([hold_and_tidy_up, *(functools.partial(try_to_hold, name) for name in "ab")], seed)

    assert not path.exists()


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
    assert _start_by_ps(os.getpid()) == _start_by_ps(os.getpid()) != ""
    assert _start_by_ps(2**22 + 1) == ""


def contend(path, seed, *, names=("a", "b", "c"), stale=("dead",)):
    """How many had the lock at once at most, when all of these find a stale one; those that are stale are slow."""
    holders, most, lost = [], [], []

    def work(name):
        is_slow = name in stale
        with locked(path, name, is_stale=stale.__contains__, refuse=lambda _: step()) as is_ours:
            for _ in range(40 if is_slow else 3):
                step()
            if is_slow:
                lost.append(not is_ours())
                return
            assert path.read_text() == name
            holders.append(name)
            most.append(len(holders))
            step()
            assert is_ours()
            holders.remove(name)

    path.write_text("dead")
    interleave([lambda name=name: work(name) for name in names], seed)
    assert len(most) == len(set(names) - set(stale))
    return max(most), lost


@pytest.fixture
def _no_sleep(monkeypatch):
    """Others go on meanwhile."""
    monkeypatch.setattr("flowpipe_deadline.core.locks.time.sleep", lambda _: step())


ROUNDS = int(os.environ.get("LOCK_ROUNDS", "20"))


@pytest.mark.usefixtures("links", "_no_sleep")
@pytest.mark.parametrize("stale", [("dead",), ("dead", "slow")], ids=["a dead holder", "a slow one too"])
def test_whoever_finds_a_stale_lock_removes_nobody_elses(tmp_path, stale):
    """At whatever step the others come between; one that is slow and taken for dead removes nobody's either."""
    for seed in range(ROUNDS):
        names = ("a", "b", "c", *stale[1:])
        most, _lost = contend(tmp_path / f"{seed}.lock", seed, names=names, stale=stale)

        assert (seed, most) == (seed, 1)
        assert list(tmp_path.iterdir()) == [], seed


@pytest.mark.usefixtures("links")
def test_a_lock_that_another_holds_by_now_stays(tmp_path):
    """Who was taken for dead is told so, and leaves it."""
    path = tmp_path / "lock"

    with locked(path, "slow", is_stale=never, refuse=refuse) as is_ours:
        assert is_ours()
        path.write_text("another")
        assert not is_ours()

    assert path.read_text() == "another"


@pytest.mark.usefixtures("links")
def test_a_lock_that_cannot_be_removed_is_in_nobodys_way_of_this_process(tmp_path, monkeypatch):
    """The share was out of reach at its end, and is back."""
    path = tmp_path / "lock"

    with monkeypatch.context() as patched, locked(path, "one", is_stale=never, refuse=refuse):
        for owner, name in ((os, "rename"), (Path, "unlink")):
            patched.setattr(owner, name, lambda *_: (_ for _ in ()).throw(OSError("no share")))

    assert path.read_text() == "one"
    for left in tmp_path.glob(".lock-*"):
        left.unlink()  # Else it takes some seconds until what guards a removal is stale.
    with locked(path, "two", is_stale=never, refuse=refuse):
        assert path.read_text() == "two"
    assert list(tmp_path.iterdir()) == []


def test_whoever_is_slow_to_remove_a_lock_gives_back_the_one_that_has_taken_its_place(tmp_path):
    """Between the look at a dead holder's lock and its removal, another one may have done so and be at work."""
    path = tmp_path / "lock"
    path.write_text("dead")
    looks = []

    def is_stale(text):
        looks.append(text)
        if looks == ["dead", "dead"]:
            path.write_text("another")
        return text == "dead"

    with pytest.raises(HeldError, match="another"), locked(path, "slow", is_stale=is_stale, refuse=refuse):
        pass

    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("lock", "another")]


def test_who_died_while_removing_a_lock_is_in_nobodys_way(tmp_path):
    """What keeps others from it falls after a few seconds, and not before."""
    path, guard = tmp_path / "lock", tmp_path / ".lock-guard.tmp"
    path.write_text("dead")
    guard.touch()
    looks = []

    def is_stale(text):
        looks.append(text)
        if len(looks) == 3:
            raise HeldError(text)
        return True

    def hold():
        named = lambda name, digits="": temporary_name(name, digits and "guard")  # noqa: E731
        with locked(path, "mine", is_stale=is_stale, refuse=refuse, temporary=named):
            return path.read_text()

    with pytest.raises(HeldError, match="dead"):
        hold()
    assert guard.exists()
    os.utime(guard, (0, 0))
    assert hold() == "mine"
    assert list(tmp_path.iterdir()) == []


CONTENDER = """
import os, sys, time
from pathlib import Path
from flowpipe_deadline.core.locks import locked

if sys.argv[3] == "no links":
    def fail(*_): raise OSError("no hard links here")
    os.link = fail
folder = Path(sys.argv[1])
sys.stdin.readline()
with locked(folder / "lock", sys.argv[2], is_stale=lambda text: text == "dead", refuse=lambda _: time.sleep(0.0005)):
    alone = os.open(folder / "alone", os.O_CREAT | os.O_EXCL)
    time.sleep(0.001)
    os.close(alone)
    os.unlink(folder / "alone")
"""


@pytest.mark.parametrize("links", ["links", "no links"])
def test_processes_that_find_a_stale_lock_take_turns(tmp_path, links):
    """Real ones, all at once."""
    for number in range(max(3, ROUNDS // 10)):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "lock").write_text("dead")
        processes = [
            subprocess.Popen([sys.executable, "-c", CONTENDER, folder, str(name), links], stdin=subprocess.PIPE)
            for name in range(6)
        ]
        for process in processes:
            process.stdin.write(b"\n")
            process.stdin.close()
        assert [process.wait(60) for process in processes] == [0] * 6
        assert list(folder.iterdir()) == []
