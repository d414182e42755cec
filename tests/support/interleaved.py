"""Several workers that take turns at every step on disk, in an order that a seed decides: no luck is needed to meet."""

from __future__ import annotations

import random
import sys
import threading

ON_DISK = frozenset({"open", "os.link", "os.rename", "os.remove"})
_worker = threading.local()


def _watch(event, _arguments):
    if event in ON_DISK:
        step()


def step():
    """Lets others go first; does nothing outside of a worker."""
    turn = getattr(_worker, "turn", None)
    if turn is not None:
        _worker.ended.release()
        turn.acquire()


def interleave(functions, seed):
    """Runs the functions, each in a thread, one step of one of them at a time; raises what one of them raises."""
    choice, errors, waiting = random.Random(seed), [], []
    for function in functions:
        turn, ended = threading.Semaphore(0), threading.Semaphore(0)

        def work(function=function, turn=turn, ended=ended):
            turn.acquire()
            _worker.turn, _worker.ended = turn, ended
            try:
                function()
            except BaseException as error:
                errors.append(error)
            finally:
                _worker.turn = None
                waiting.remove((turn, ended))
                ended.release()

        threading.Thread(target=work, daemon=True).start()
        waiting.append((turn, ended))
    while waiting:
        turn, ended = choice.choice(waiting)
        turn.release()
        assert ended.acquire(timeout=60), "a worker hangs"
    if errors:
        raise errors[0]


sys.addaudithook(_watch)
