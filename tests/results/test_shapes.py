"""What is read from a store has the shape that was written, or is one clear error for every reader."""

from __future__ import annotations

import copy
import json
import re
import subprocess
import sys
import uuid
from collections import OrderedDict, namedtuple
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path, PurePosixPath, PureWindowsPath

import farm_nodes as nodes
import numpy
import pytest
from harness import evaluate_plan, run_cli

from flowpipe_deadline import plan_graph, read_results, write_bundle
from flowpipe_deadline.core.files import NewerFormatError
from flowpipe_deadline.core.frames import FrameList
from flowpipe_deadline.drawing.read import picture_of
from flowpipe_deadline.errors import FlowpipeDeadlineError, PlanError
from flowpipe_deadline.evaluator.path_mapping import PathMapping
from flowpipe_deadline.results.codec import _DECODERS, encode
from flowpipe_deadline.results.counts import Finished
from flowpipe_deadline.results.failures import read_failures, rebuild_error, write_failure
from flowpipe_deadline.results.history import history_lines, read_history
from flowpipe_deadline.results.plain import plain, shown
from flowpipe_deadline.results.shapes import _KINDS, DEEPEST, check_value
from flowpipe_deadline.results.store import DamagedResultError, open_store

Point = namedtuple("Point", "x y")
WRONG = (None, True, 5, -1, 1.5, "", "x", [], [1], {}, {"a": 1}, {"$type": "tuple"}, 10**5000 % 10**4000)


def levels(count, inner=0):
    """So many lists, one in the other."""
    for _ in range(count):
        inner = [inner]
    return inner


ONE_OF_EACH = [
    *(
        1,
        1.5,
        "x",
        None,
        True,
        [1, "a"],
        {"a": 1},
        2**70,
        float("nan"),
        float("-inf"),
        1 + 2j,
        (1,),
        {1},
        frozenset({1}),
    ),
    *({1: 2}, {"$type": 1}, OrderedDict(a=1), range(3), b"x", bytearray(b"x"), date(2026, 1, 1), Decimal("1.5")),
    *(datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=2), "x")), time(1, 2), timedelta(1), timezone.utc),
    *(uuid.UUID(int=1), Path("/a"), PurePosixPath("/a"), PureWindowsPath("C:/a"), nodes.Colour.RED),
    *(nodes.Shot("a", (1,)), nodes.Shot, Point(1, 2), numpy.zeros((2, 0, 3)), numpy.array(5), numpy.float32(1)),
    re.compile("x"),
]


@pytest.mark.parametrize("value", ONE_OF_EACH, ids=lambda value: type(value).__name__)
def test_what_is_written_has_its_shape(value):
    """And stays as it is."""
    encoded = json.loads(json.dumps(encode([value])))
    before = copy.deepcopy(encoded)

    check_value(encoded, dict)

    assert encoded == before


def test_every_kind_has_a_shape():
    """And there is an example of each above."""
    kinds = {encode(value)["$type"] for value in ONE_OF_EACH if "$type" in json.dumps(encode(value))}

    assert _KINDS.keys() == _DECODERS.keys() == kinds


def wrong_values():
    """One of each kind with something wrong in each of its members, or without it."""
    for value in ONE_OF_EACH:
        encoded = encode(value)
        if not isinstance(encoded, dict) or "$type" not in encoded:
            continue
        for member in encoded:
            for wrong in WRONG:
                yield {**encoded, member: wrong}
            yield {key: item for key, item in encoded.items() if key != member}
        for member in encoded.get("class", ()):
            yield from ({**encoded, "class": {**encoded["class"], member: wrong}} for wrong in WRONG)
    yield from ({"$type": kind} for kind in WRONG)
    yield {"$type": "range", "range": [0, 5, 0]}
    yield {"$type": "range", "range": [0, 10**30, 1]}
    yield {"$type": "dict", "items": [[1, 2, 3]]}
    yield {"$type": "set", "items": [[1], {"a": 1}]}
    yield {"$type": "pattern", "text": "(", "flags": 0}
    yield {"$type": "int", "text": "0x" + "f" * 10_000}
    yield {"$type": "ndarray", "text": "AAAA", "summary": "float64 [7]"}
    yield {"$type": "timedelta", "items": [10**10, 0, 0]}
    yield {"$type": "complex", "items": ["a", {}]}
    yield {"$type": "decimal", "text": "x"}
    yield "\ud800"
    yield levels(DEEPEST - 10)
    yield levels(DEEPEST + 10)
    yield levels(2 * DEEPEST)
    yield levels(DEEPEST - 10, {"$type": "tuple", "items": [1]})


@pytest.fixture
def bundle(graph, tmp_path):
    """A node of four frames with results, whose outputs feed one by frame, and one as a whole."""
    frames = {"batch": {"size": 2, "over": ["frames"]}}
    render = nodes.Render(name="render", graph=graph, frames=range(1, 5), metadata=frames)
    by_frame = {"batch": {"size": 2, "over": ["frames", "images"]}}
    check = nodes.Check(name="check", graph=graph, frames=range(1, 5), metadata=by_frame)
    total = nodes.Pass(name="total", graph=graph)
    render.outputs["items"].connect(check.inputs["images"])
    render.outputs["items"].connect(total.inputs["value"])
    plan = plan_graph(graph)
    bundle = write_bundle(plan, root=tmp_path)
    evaluate_plan(plan, bundle)
    return bundle


def tampered(bundle, change):
    """Changes the record of the first result of the first node; gives its file."""
    path = bundle.folder / "results" / "render" / "1-2.json"
    record = json.loads(path.read_text())
    change(record)
    path.write_text(json.dumps(record))
    return path


def is_refused(read, *, place):
    """Whether it cannot be read; the message names the place."""
    try:
        read()
    except FlowpipeDeadlineError as error:
        if place not in str(error):
            raise
        return True
    return False


def read_by_all(bundle):
    """What every reader in this process makes of the results; none raises anything."""
    found = read_results(bundle)
    assert all(isinstance(line, str) for line in history_lines(found, read_history(bundle)))
    picture_of(bundle, None)
    json.dumps({label: {**one.to_json(), **one.plain_inputs()} for label, one in found.items()}, allow_nan=False)
    return found


def test_a_wrong_value_is_an_error_that_names_its_place(bundle):
    """When it is read, or when it is decoded; who only shows it, shows it."""
    mapping = PathMapping([("/a", "/b"), ("C:", "/c")])
    refused, undecodable, good = 0, 0, 0
    for value in wrong_values():
        path = tampered(bundle, lambda record, value=value: record["outputs"]["items"].update(value=value))
        store = open_store(bundle.folder)
        if is_refused(lambda store=store: store.read("render"), place=str(path)):
            refused += 1
            continue
        mapping.results(store.read("render"))
        for result in store.read("render"):
            json.dumps(plain(result.outputs["items"]["value"]), allow_nan=False)
            shown(result.outputs["items"]["value"])
        undecodable += is_refused(read_results(bundle)["Test.render"].outputs, place="render.items")
        good += 1
    assert refused > 500
    assert undecodable > 10
    assert good > 10


RECORD_MEMBERS = ("node", "frames", "written", "token", "inputs", "taken", "evaluations", "outputs")
WRONG_RECORDS = [
    *({member: wrong} for member in RECORD_MEMBERS for wrong in WRONG),
    *({"edit": wrong} for wrong in WRONG),
    *({"lower_versions": wrong} for wrong in (*WRONG, {"x": 1}, {"1": "2"}, {"0-999999999999": 1})),
    *({"taken": {"a": marks}} for marks in (*WRONG, {"1": "x"}, {"x": "1.a"}, {"1": 5}, {"all": "9" * 5000 + ".a"})),
    *({"frames": frames} for frames in ("0-999999999999", "1-" + "9" * 5000, "2-1x", "1," * 10)),
    *({"evaluations": [one]} for one in (*WRONG, {"written": 10**30}, {"written": 1, "seconds": "x"})),
    *({"evaluations": [{"written": 1, key: wrong}]} for key in ("attempt", "worker", "error") for wrong in ([], 1.5)),
    *({"outputs": {"items": wrong}} for wrong in WRONG),
    *({"outputs": {"items": {"value": 1, "sub_plugs": wrong}}} for wrong in WRONG),
    {"token": "ü"},
]


def test_a_wrong_record_is_one_error_or_none(bundle):
    """In each of its members, by each type of JSON."""
    whole = json.loads(tampered(bundle, dict).read_text())
    refused = 0
    for wrong in WRONG_RECORDS:
        path = tampered(bundle, lambda record, wrong=wrong: [record.clear(), record.update(whole, **wrong)])
        refused += is_refused(lambda: open_store(bundle.folder).read("render"), place=str(path))
        read_by_all(bundle)
    assert refused > len(WRONG_RECORDS) * 0.7


@pytest.mark.parametrize(
    "text",
    ["NaN", "1e999", "[-Infinity, 1.5]", "9" * 5000, "[" * 10_000 + "]" * 10_000, '{"a": 1, "a": {"$type": 5}}', "]"],
    ids=["NaN", "infinite", "in a list", "huge", "deep", "a key twice", "no JSON"],
)
@pytest.mark.parametrize("encoding", ["ascii", "utf-16"])
def test_numbers_that_json_does_not_have_and_what_is_too_deep_are_damaged(bundle, text, encoding):
    """Also where Python's own reader takes them."""
    path = tampered(bundle, lambda record: record["outputs"]["items"].update(value="HERE"))
    path.write_bytes(path.read_text().replace('"HERE"', text).encode(encoding))

    with pytest.raises(DamagedResultError, match=r"1-2\.json is damaged"):
        open_store(bundle.folder).read("render")

    assert "1-2.json is damaged" in read_by_all(bundle)["Test.render"].error


def test_a_kind_of_a_newer_version_is_no_damage(bundle):
    """So nobody sets it aside."""
    path = tampered(bundle, lambda record: record["outputs"]["items"].update(value=[{"$type": "mesh", "text": ""}]))

    with pytest.raises(NewerFormatError, match="output 'items': a value of the kind 'mesh'"):
        open_store(bundle.folder).read("render")

    assert path.exists()


def test_a_damaged_result_is_set_aside_and_made_again(bundle):
    """By whoever makes it again, and by nobody else."""
    path = tampered(bundle, lambda record: record["outputs"]["items"].update(value={"$type": "tuple", "items": 5}))

    done = Finished(bundle, open_store(bundle.folder))

    assert not path.exists()
    assert {job.key: sorted(map(str, done.chunks(job))) for job in bundle.jobs} == {
        "render": ["3-4"],
        "check": ["3-4"],
        "total": [],
    }


def evaluate(bundle, *arguments):
    """A task in the evaluator's process, in the folder of the bundle, as the plugin starts it."""
    command = [sys.executable, "-m", "flowpipe_deadline.evaluator", "--bundle", bundle.folder, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=bundle.folder)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"$type": "tuple", "items": 5}, "1-2.json is damaged"),
        ({"$type": "set", "items": [[1]]}, "render.items: a damaged value of kind 'set'"),
        (levels(DEEPEST + 10), "1-2.json is damaged"),
    ],
)
def test_a_task_fails_by_a_message_and_not_by_a_traceback(bundle, value, reason):
    """With the place in it."""
    tampered(bundle, lambda record: record["outputs"]["items"].update(value=[value, value]))

    ran = [evaluate(bundle, "--node", "check", "--frames", "1-2"), evaluate(bundle, "--node", "total")]

    assert [each.returncode for each in ran] == [2, 2]
    assert all(reason in each.stdout and "Traceback" not in each.stdout + each.stderr for each in ran)


def test_a_value_that_could_not_be_read_again_is_refused(graph):
    """One that is a level deeper than any reader goes."""
    check_value(encode(levels(DEEPEST)), dict)
    nodes.Pass(name="deep", graph=graph, value=levels(DEEPEST + 1))

    with pytest.raises(PlanError, match=r"Test\.deep: input 'value' .* nested more than 300 levels"):
        plan_graph(graph)


def test_damage_hides_no_other_result(bundle):
    """Neither those of other chunks nor what was made from it."""
    tampered(bundle, lambda record: record.update(outputs=[]))

    found = read_results(bundle)

    render = found["Test.render"]
    assert (render.missing, [frames for frames, _ in render.chunks]) == ("1-2", ["3-4"])
    assert "1-2.json is damaged" in render.error
    assert found["Test.total"].is_there
    assert found["Test.check"].is_there


@pytest.mark.parametrize("output", [["-o", "json"], ["--history"], ["--chunks"]])
def test_the_command_tells_of_damage_and_goes_on(bundle, output):
    """All else is shown."""
    tampered(bundle, lambda record: record["outputs"]["items"].update(value={"$type": "tuple"}))

    shown_results = run_cli("results", bundle.folder, *output)

    assert shown_results.returncode == 1
    assert "1-2.json is damaged" in shown_results.stdout
    assert "1:1" in shown_results.stdout
    assert "Traceback" not in shown_results.stderr


RAISED = {"class": None, "arguments": encode(("x",)), "attributes": {}}
WRONG_FAILURES = [
    *({member: wrong} for member in ("frames", "report", "raised", "written", "evaluations") for wrong in WRONG),
    *({"reason": wrong} for wrong in ([], 5, {"a": 1})),
    *({"raised": {**RAISED, member: wrong}} for member in RAISED for wrong in (5, [], {"$type": 1}, levels(400))),
    {"raised": {**RAISED, "arguments": {"$type": "tuple", "items": [{"$type": "enum"}]}}},
    {"raised": {**RAISED, "class": {"module": 1, "qualname": "x", "file": None}}},
    {"raised": {**RAISED, "more": 1}},
]


def test_a_damaged_failure_is_no_failure_for_any_reader(bundle):
    """Deadline reports it in any case."""
    write_failure(bundle.folder, "render", FrameList([1, 2]), error=ValueError("x"), report="ValueError: x")
    path = bundle.folder / "errors" / "render" / "1-2.json"
    whole = json.loads(path.read_text())
    left = []
    for wrong in WRONG_FAILURES:
        path.write_text(json.dumps({**whole, **wrong}))
        failures = read_failures(bundle.folder, "render")
        left += [wrong] if failures else []
        for failure in failures:
            rebuild_error(failure)
        read_by_all(bundle)
    assert len(left) < len(WRONG_FAILURES) / 4, left
