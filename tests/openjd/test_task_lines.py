"""What a node prints is no order to the session that reads it: by the official filter, as the session uses it."""

from __future__ import annotations

import contextlib
import io
import os
import threading
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openjd.sessions._action_filter import ActionMessageKind
from openjd_runs import run_openjd
from openjd_tasks import bundle_of, orders_in, run_task

from flowpipe_deadline.evaluator.protocol import TaskRequest
from flowpipe_deadline.openjd.task import _Interpreter

OTHER_MARK = b"[flowpipe:0123456789abcdef0123456789abcdef] "
TOKEN = "f" * 32
MARK = f"[flowpipe:{TOKEN}] ".encode()
SPELLINGS = ("openjd_{}: {}", "OpenJD_{}: {}", " \t openjd_{}: {}", "\u3000openjd_{}:{}", "\x0b\x0copenjd_{} : {}")
VALUES = {
    ActionMessageKind.PROGRESS: "50",
    ActionMessageKind.ENV: "PRINTED=1",
    ActionMessageKind.REDACTED_ENV: "PRINTED=secret",
    ActionMessageKind.UNSET_ENV: "PATH",
    ActionMessageKind.SESSION_RUNTIME_LOGLEVEL: "DEBUG",
}
ORDERS = [spelling.format(kind.value, VALUES.get(kind, "x")) for kind in ActionMessageKind for spelling in SPELLINGS]
WAYS = """
import atexit, os, subprocess, sys, threading
from flowpipe_deadline import progress

ORDERS = {orders!r}
for order in ORDERS:
    print(order)
    print(order, file=sys.stderr)
    os.write(1, order.encode() + b"\\r")
    os.write(2, b"\\xff\\xfe" + order.encode() + b"\\r\\n")
    print("x" * 63_999 + "\\xe9" + order)
    print("x" * 64_000 + order)
    print("x" * 63_998 + order)  # With what is put before it, it begins where the session cuts.
    print("x" * (16_384 - 7) + order)
    os.write(1, {other_mark!r} + order.encode() + b"\\n")
text = "\\n".join(ORDERS) + "\\n"
subprocess.run(["cat"], input=text.encode(), check=True)
thread = threading.Thread(target=print, args=(text,))
thread.start()
thread.join()
atexit.register(os.write, 1, b"openjd_fail: without an end")
atexit.register(print, text)
progress(0.25, "openjd_env: A=B")
os.write(1, b"Progress: 55%\\n")
print("without an end", end="")
"""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A task that prints all orders in all ways, also before the evaluator starts and at the end."""
    folder = tmp_path_factory.mktemp("hostile")
    start = folder / "start"
    start.mkdir()
    (start / "sitecustomize.py").write_text("import sys\nif sys.orig_argv[1] == '-u': print('openjd_env: EARLY')\n")
    code = WAYS.format(orders=ORDERS, other_mark=OTHER_MARK)
    bundle = bundle_of(code, folder)
    return run_task(bundle, folder=folder, PYTHONPATH=str(start))


def test_orders_are_only_what_the_evaluator_says(hostile):
    """Whatever is printed, however, and when; and a line of progress as renderers print it counts."""
    assert hostile.code == 0, hostile.output[-2000:]
    assert hostile.orders == [
        ("status", "Loading do"),
        ("status", "Evaluating do"),
        ("progress", 25.0),
        ("status", "openjd_env: A=B"),
        ("progress", 55.0),
    ]


def test_all_that_is_printed_is_in_the_log(hostile):
    """Behind a mark, where it might be an order; at the start, by a child, in a thread, and at the end."""
    text = hostile.output.decode("utf-8", "replace")

    assert text.count("| openjd_env: PRINTED=1\n") == 6
    assert "| openjd_env: EARLY\n" in text
    assert "without an end\n" in text
    assert text.endswith("| openjd_fail: without an end\n")


def test_the_filter_of_this_test_would_see_them():
    """All of these are orders, or errors, as they stand; without this, the statements above would say nothing."""
    taken = [bool(orders_in(order.encode() + b"\n")) for order in ORDERS if not order.startswith(("O", "\u3000"))]
    too_long = orders_in(b"x" * 64_000 + b"openjd_env: PRINTED=1\n")

    assert sum(taken) >= len(ActionMessageKind)
    assert too_long == [("env", {"name": "PRINTED", "value": "1"})]


def passed_on(output, folder):
    """What the launcher makes of the output of an interpreter whose answers have the token."""
    path = Path(folder) / "output"
    path.write_bytes(output)
    request = TaskRequest(bundle=Path(folder), node="a", token=TOKEN)
    interpreter = _Interpreter(request, Path(folder) / "answers")
    written = io.TextIOWrapper(io.BytesIO())
    with path.open("rb") as file, contextlib.redirect_stdout(written):
        interpreter._read(file.fileno())
    return interpreter, written.buffer.getvalue()


ENDS = st.sampled_from([b"", b"\n", b"\r", b"\r\n", b"\n\n", b"\x00", b"\x0b", b"\x85", b"\xe2\x80\xa8"])
PADDING = st.sampled_from([0, 1, 16_383, 16_384, 16_385, 32_760, 48_000, 63_990, 63_999, 64_000, 65_536]).flatmap(
    lambda size: st.integers(max(0, size - 12), size).map(lambda count: b"x" * count)
)
PIECES = st.one_of(
    st.sampled_from(ORDERS).map(str.encode),
    st.sampled_from([b"openjd_", b"open", b"jd_env: A=B", b"_env: A=B", b" ", b"\t", b"\xff", "\xe9".encode()]),
    st.sampled_from([MARK, MARK[:-3], OTHER_MARK, b"[flowpipe:"]),
    PADDING,
    st.binary(max_size=20),
)


@given(st.lists(st.tuples(PIECES, ENDS), max_size=12))
@settings(deadline=None, max_examples=150)
def test_pieces_of_any_kind_make_no_order(tmp_path_factory, pieces):
    """But progress, which any line may tell; wherever lines are cut, here and by the session."""
    folder = tmp_path_factory.getbasetemp()
    output = b"".join(piece + end for piece, end in pieces)

    _, written = passed_on(output, folder)

    assert [order for order in orders_in(written) if order[0] != "progress"] == []


@given(st.lists(st.tuples(PIECES.filter(lambda piece: b"[flowpipe:" not in piece), ENDS), max_size=6))
@example([(b"x" * 65_530, b"")])
@settings(deadline=None, max_examples=80)
def test_an_answer_is_found_behind_whatever_was_printed(tmp_path_factory, pieces):
    """Also behind a line without an end, of any length; and those after it."""
    folder = tmp_path_factory.getbasetemp()
    output = b"".join(piece + end for piece, end in pieces)
    answer = MARK + b'error {"message": "reason"}\n'

    interpreter, written = passed_on(output + MARK + b"status at work\n" + output + answer + output, folder)

    assert ("status", "at work") in orders_in(written)
    assert interpreter.failure == "reason"


DAMAGED = {
    "no number": b"progress x y\n",
    "no JSON": b"error {\n",
    "no message": b'error {"a": 1}\n',
    "a list": b"error []\n",
    "not ASCII": b"status \xff\n",
    "nothing": b"\n",
}


@pytest.mark.parametrize("damaged", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_answer_does_not_stop_the_reading(damaged, tmp_path):
    """Otherwise the interpreter would wait for ever until somebody reads what it prints."""
    interpreter, _ = passed_on(MARK + damaged + MARK + b"done {}\n", tmp_path)

    assert interpreter.failure == ""


def test_what_comes_behind_the_end_keeps_nobody(tmp_path):
    """Of a process that the node has forked, say, and that keeps the output open."""
    interpreter = _Interpreter(TaskRequest(bundle=tmp_path, node="a", token=TOKEN), tmp_path / "answers")
    source, sink = os.pipe()
    os.write(sink, MARK + b"end\n" + MARK + b"done {}\nmore\n")

    reader = threading.Thread(target=interpreter._read, args=(source,), daemon=True)
    reader.start()
    reader.join(10)

    is_read = not reader.is_alive()
    os.close(sink)
    assert is_read


def test_a_long_warning_is_no_order(tmp_path):
    """It is cut like what a node prints: an error's message may be part of it."""
    text = "x" * (64_000 - len("Warning: ")) + "openjd_env: A=B"
    (tmp_path / "answers").write_bytes(MARK + f"warning {text}\n".encode())

    _, written = passed_on(MARK + b"answers\n", tmp_path)

    assert orders_in(written) == []
    assert b"Warning: xxx" in written


def test_the_official_tool_shows_what_the_task_says(tmp_path):
    """Progress, status and the reason of a failure arrive; the environment stays what it was."""
    code = "print('openjd_env: PRINTED=1\\n openjd_env: x\\nProgress: 25%'); raise ValueError('the \\n reason')"
    bundle = bundle_of(code, tmp_path)

    done = run_openjd(bundle, "--verbose")

    assert done.returncode != 0
    assert "openjd_status: Evaluating do" in done.stdout
    assert "openjd_progress: 25\n" in done.stdout
    assert "openjd_fail: ValueError: the   reason" in done.stdout
    assert "| openjd_env: PRINTED=1" in done.stdout
    assert "Incorrectly formatted" not in done.stdout
