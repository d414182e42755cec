"""Edits of inputs: typed, checked, kept beside the record, and what they make stale."""

from __future__ import annotations

import enum
import json
import multiprocessing
import os
import shutil
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PureWindowsPath
from random import Random

import history_nodes as nodes
import pytest
from flowpipe import Graph, INode, InputPlug, OutputPlug
from full_disk import full_disk
from harness import evaluate_plan, evaluate_task

from flowpipe_deadline import plan_graph, read_bundle, read_results, write_bundle
from flowpipe_deadline.bundle.copy import copy_plan
from flowpipe_deadline.core.frames import FrameList
from flowpipe_deadline.errors import BundleError, RecordError, UsageError
from flowpipe_deadline.results.counts import Finished
from flowpipe_deadline.results.edits import (
    edited_record,
    last_number,
    parse_inputs,
    read_edits,
    withdraw_edits,
    write_edits,
)
from flowpipe_deadline.results.inputs.edits import edited_values, is_outdated
from flowpipe_deadline.results.store import open_store
from flowpipe_deadline.workflows.find import load_workflow

FORK = multiprocessing.get_context("fork")


class Quality(enum.Enum):
    """How well to render."""

    DRAFT = 1
    FINAL = 2


@dataclass
class Options:
    """Something that no text says."""

    samples: int = 1


INPUTS = {
    "samples": 32,
    "ratio": 0.5,
    "name": "beauty",
    "is_draft": True,
    "scene": Path("/show/a.ma"),
    "other": PureWindowsPath("P:/b.ma"),
    "cameras": ["left", "right"],
    "sizes": (1.0, 2.0),
    "layers": {"a", "b"},
    "options": {"depth": 4, "mode": "fast"},
    "quality": Quality.DRAFT,
    "day": date(2026, 11, 30),
    "span": range(1, 11),
    "nothing": None,
    "raw": b"ab",
    "mixed": ["a", 1],
    "weights": {(0, 1): 0.5},
    "large": Options(),
}


class Render(INode):
    """Gives what it was given."""

    def __init__(self, **options):
        super().__init__(**options)
        for name, value in INPUTS.items():
            InputPlug(name, self, value)
        InputPlug("frames", self)
        InputPlug("images", self)
        InputPlug("files", self)
        OutputPlug("seen", self)

    def compute(self, frames, images, files, **others):
        """What there was."""
        return {"seen": [(frame, image, files, others) for frame, image in zip(frames, images)]}


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    """A batched node with inputs of every kind, one of which is fed, and a node that follows it.

    Only copies of it are changed.
    """
    graph = Graph(name="Shot")
    source = nodes.Source(name="source", graph=graph, frames=[1])
    metadata = {"batch": {"size": 2, "over": ["frames", "images"]}}
    render = Render(name="render", graph=graph, metadata=metadata)
    render.inputs["frames"].value, render.inputs["images"].value = [1, 2, 3, 4], ["a", "b", "c", "d"]
    render.inputs["files"]["a"].value = 1
    source.outputs["items"].connect(render.inputs["files"]["b"])
    last = nodes.Last(name="last", graph=graph)
    render.outputs["seen"].connect(last.inputs["items"])
    plan = plan_graph(graph)
    bundle = write_bundle(plan, root=tmp_path_factory.mktemp("evaluated"))
    evaluate_plan(plan, bundle)
    return bundle


@pytest.fixture
def bundle(evaluated, tmp_path):
    """A copy of it."""
    return read_bundle(shutil.copytree(evaluated.folder, tmp_path / evaluated.name))


def edit(bundle, *texts, user="anna"):
    """Changes inputs as the command line does."""
    return write_edits(bundle.folder, parse_inputs(bundle, texts), user=user)


def seen(bundle):
    """What the node got of each frame by now, evaluated anew."""
    for frames in ("1-2", "3-4"):
        evaluate_task(bundle.folder, node="render", frames=FrameList.parse(frames))
    return read_results(bundle, node="render")["Shot.render"].outputs()["seen"]


def stale(bundle, node="render"):
    """The stale frames of a node."""
    return read_results(bundle)[f"Shot.{node}"].stale


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("render.samples=64", 64),
        ("Shot.render.samples=0x40", 64),
        ("render.ratio=1", 1.0),
        ("render.name=64", "64"),
        ("render.name=", ""),
        ("render.is_draft=False", False),
        ("render.scene=/show/b=c.ma", Path("/show/b=c.ma")),
        (r"render.other=P:\c.ma", PureWindowsPath("P:/c.ma")),
        ("render.cameras=left, top", ["left", "top"]),
        ('render.cameras=["left"]', ["left"]),
        ("render.cameras=('left', '1')", ["left", "1"]),
        ("render.sizes=1, 2, 3", (1.0, 2.0, 3.0)),
        ("render.layers=c", {"c"}),
        ('render.options={"depth": 8}', {"depth": 8}),
        ("render.quality=FINAL", Quality.FINAL),
        ("render.day=2026-12-01", date(2026, 12, 1)),
        ("render.span=1-9x2", range(1, 10, 2)),
        ("render.span=5", range(5, 6)),
        ("render.raw=b'\\x00c'", b"\x00c"),
        ('render.mixed=[2, "b", true]', [2, "b", True]),
        ("render.weights={(0, 1): 0.25}", {(0, 1): 0.25}),
        ("render.nothing=[1, 2]", [1, 2]),
        ("render.nothing=a b", "a b"),
        ("render.images=w,x,y,z", ["w", "x", "y", "z"]),
        ("render.files.a=2", 2),
    ],
)
def test_a_text_is_read_as_what_was_planned(bundle, text, value):
    """The evaluator gives the node that value, of that type."""
    name = text.partition("=")[0].rpartition("render.")[2]

    (found,) = parse_inputs(bundle, [text])["render"].values()
    edit(bundle, text)

    assert (type(found), found) == (type(value), value)
    for number, (_, image, files, others) in enumerate(seen(bundle)):
        got = {**others, "images": image, "files.a": files["a"]}[name]
        wanted = value[number] if name == "images" else value
        assert (type(got), got) == (type(wanted), wanted)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("render.samples", "write NODE.INPUT=VALUE"),
        ("render=5", "'render' is a node; name one of its inputs too"),
        ("rendr.samples=64", "no node 'rendr'; did you mean 'render'?"),
        ("render.sample=64", "render has no input 'sample'; did you mean 'samples'?"),
        ("render.samples=64.5", "render.samples must be a whole number: '64.5' is not one"),
        ("render.samples=many", "render.samples must be a whole number: 'many' is not one"),
        ("render.samples=True", "'True' is not one"),
        ("render.is_draft=1", "render.is_draft must be true or false: '1' is not one"),
        ("render.options=5", "render.options must be a dict: '5' is not one"),
        ("render.options=deep", "render.options must be a dict: 'deep' is not one"),
        ("render.cameras=5", "render.cameras must be a list: '5' is not one"),
        ("render.sizes=1, wide", "render.sizes must be a tuple: '1, wide' is not one"),
        ("render.quality=BEST", "render.quality must be a member of test_edits.Quality: 'BEST' is not one"),
        ("render.options={'depth': ...}", "render.options must be a dict"),
        ("render.span=1,5,6", "'1,5,6' is not one"),
        ("render.raw=ab", "'ab' is not one"),
        ("render.raw='ab'", "is not one"),
        ("render.large=5", "a text cannot say that"),
        ("render.files=5", "consists of sub-plugs; change one of them: render.files.a, render.files.b"),
        ("render.files.b=5", "render.files.b is fed by source.items; change an input of that node"),
        ("last.items=5", "last.items is fed by render.seen"),
        ("render.frames=1-8", "render.frames is what the tasks were cut from"),
        ("render.images=a,b", "render.images has 4 items, as frames has; the new value has 2"),
    ],
)
def test_what_does_not_fit_is_refused(bundle, text, words):
    """With what would, and nothing is written."""
    with pytest.raises(UsageError) as error:
        parse_inputs(bundle, [text])

    assert words in str(error.value)
    assert not (bundle.folder / "edits").exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rendr": {"samples": 1}}, "no node 'rendr'; did you mean 'render'?"),
        ({"render": {"samples": 1.5}}, "render.samples must be a whole number, not a number"),
        ({"render": {"samples": None}}, "render.samples must be a whole number, not nothing"),
        ({"render": {"nothing": object()}}, "render.nothing: the new value cannot be kept: an object cannot be kept"),
        ({"render": {"samples": 64, "cameras": [object()]}}, "cannot be kept"),
        ({"render": {"quality": nodes}}, "cannot be kept"),
        ({"source": {"frames": [2]}, "render": {"no": 1}}, "render has no input 'no'"),
    ],
)
def test_values_from_python_are_checked_too(bundle, changes, words):
    """All or none are written."""
    with pytest.raises(UsageError) as error:
        write_edits(bundle.folder, changes, user="anna")

    assert words in str(error.value)
    assert not (bundle.folder / "edits").exists()


def test_an_object_that_no_text_says_can_come_from_python(bundle):
    """And reaches the node."""
    write_edits(bundle.folder, {"render": {"large": Options(8)}}, user="anna")

    assert {others["large"].samples for _, _, _, others in seen(bundle)} == {8}


def test_a_whole_number_is_a_number(bundle):
    """Also where Python gives it."""
    (made,) = write_edits(bundle.folder, {"render": {"ratio": 2}}, user="anna")

    assert (type(made.value), made.value) == (float, 2.0)


def test_a_member_of_an_enum_that_is_not_to_be_had_here_is_told_apart(bundle):
    """The text may be right; its class is on another machine."""
    path = bundle.folder / "nodes" / "render.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    record["inputs"]["quality"]["value"]["class"] = {"module": "farm_only", "qualname": "Quality", "file": None}
    path.write_text(json.dumps(record), encoding="utf-8")

    with pytest.raises(UsageError, match=r"'FINAL' cannot be read here, as .*farm_only"):
        parse_inputs(bundle, ["render.quality=FINAL"])


def test_an_input_of_an_omitted_node_is_not_changed(tmp_path):
    """Nobody would see it."""
    graph = Graph(name="Shot")
    nodes.Source(name="source", graph=graph, frames=[1]).omit = True
    nodes.Last(name="last", graph=graph)
    bundle = write_bundle(plan_graph(graph), root=tmp_path)

    with pytest.raises(UsageError, match=r"source.frames is of a node that is omitted, and so is never evaluated"):
        edit(bundle, "source.frames=[2]")


def test_another_frame_list_of_a_chunk_input_is_checked(tmp_path):
    """A text that names frames may be another, of as many frames."""
    graph = Graph(name="Shot")
    metadata = {"batch": {"size": 2, "over": ["frames", "images"]}}
    render = Render(name="render", graph=graph, metadata=metadata)
    render.inputs["frames"].value, render.inputs["images"].value = [1, 2, 3, 4], "1-4"
    bundle = write_bundle(plan_graph(graph), root=tmp_path)

    with pytest.raises(UsageError, match=r"render.images is cut into the chunks of its node: .*not a frame list"):
        edit(bundle, "render.images=first")
    (made,) = edit(bundle, "render.images=11-17x2")

    assert (made.was, made.value) == ("1-4", "11-17x2")


def test_nodes_of_one_name_are_told_by_key_or_label(tmp_path):
    """A name that several have is refused, unless it is the key of one."""
    graph = Graph(name="Shot")
    last = nodes.Last(name="last", graph=graph)
    for name in ("a", "b"):
        source = nodes.Source(name="the source", graph=Graph(name=name), frames=[1])
        source.outputs["items"].connect(last.inputs["items"][name])
    bundle = write_bundle(plan_graph(graph), root=tmp_path)

    assert set(parse_inputs(bundle, ["the_source.frames=[2]"])) == {"the_source"}
    assert set(parse_inputs(bundle, ["b.the source.frames=[2]"])) == {"the_source-2"}
    with pytest.raises(UsageError, match=r"several nodes are called the source; name one by its key: the_source \(a"):
        parse_inputs(bundle, ["the source.frames=[2]"])


def test_who_when_and_what_it_was_are_kept(bundle):
    """Beside the record of the node, which stays as it was."""
    record = (bundle.folder / "nodes" / "render.json").read_bytes()
    before = time.time_ns()

    edit(bundle, "render.samples=64")
    edit(bundle, "render.samples=128", "render.files.a=2", user="bert")

    first, second, third = read_edits(bundle.folder, "render")
    assert (first.number, first.input, first.sub_plug, first.value, first.was) == (1, "samples", None, 64, 32)
    assert (second.number, second.value, second.was, second.user) == (2, 128, 64, "bert")
    assert (third.name, third.value, third.was) == ("files.a", 2, 1)
    assert before <= first.written <= second.written <= time.time_ns()
    assert (bundle.folder / "nodes" / "render.json").read_bytes() == record


def test_what_has_the_value_already_is_not_changed(bundle):
    """Nothing is written, and nothing is stale."""
    assert edit(bundle, "render.samples=32") == ()
    edit(bundle, "render.samples=64")
    assert edit(bundle, "render.samples=64") == ()
    assert last_number(read_edits(bundle.folder, "render")) == 1


def test_results_made_before_an_edit_are_stale(bundle):
    """Of that node; once it is evaluated again, what was made from it is."""
    edit(bundle, "render.samples=64")

    assert (stale(bundle), stale(bundle, "last"), stale(bundle, "source")) == ("1-4", None, None)
    evaluate_task(bundle.folder, node="render", frames=FrameList.parse("1-2"))
    assert (stale(bundle), stale(bundle, "last")) == ("3-4", "all")
    evaluate_task(bundle.folder, node="render", frames=FrameList.parse("3-4"))
    assert (stale(bundle), stale(bundle, "last")) == (None, "all")


def test_an_edit_while_a_task_is_evaluated_makes_its_result_stale(tmp_path):
    """It had the value of before, and says so."""
    graph = Graph(name="Shot")
    nodes.Source(name="source", graph=graph, frames=[1])
    bundle = write_bundle(plan_graph(graph), root=tmp_path)
    nodes.MEANWHILE.append(lambda: edit(bundle, "source.frames=[2]"))

    evaluate_task(bundle.folder, node="source")

    assert stale(bundle, "source") == "all"
    evaluate_task(bundle.folder, node="source")
    assert stale(bundle, "source") is None
    assert [frame for frame, _ in read_results(bundle)["Shot.source"].outputs()["items"]] == [2]


def test_a_slow_task_of_before_does_not_replace_one_of_after_the_edit(tmp_path):
    """Both end; the later edit counts, whichever was written last."""
    graph = Graph(name="Shot")
    nodes.Source(name="source", graph=graph, frames=[1])
    bundle = write_bundle(plan_graph(graph), root=tmp_path)

    def other():
        edit(bundle, "source.frames=[2]")
        evaluate_task(bundle.folder, node="source")

    nodes.MEANWHILE.append(other)

    evaluate_task(bundle.folder, node="source")

    assert stale(bundle, "source") is None
    assert [frame for frame, _ in read_results(bundle)["Shot.source"].outputs()["items"]] == [2]


def test_an_evaluator_that_knows_no_edits_makes_stale_results(bundle):
    """An earlier one writes no number."""
    edit(bundle, "render.samples=64")
    seen(bundle)
    path = bundle.folder / "results" / "render" / "1-2.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    del record["edit"], record["evaluations"]
    path.write_text(json.dumps(record), encoding="utf-8")

    assert stale(bundle) == "1-2"


def test_back_to_what_was_planned_makes_the_first_results_right_again(bundle):
    """And those that were made with the edit stale."""
    edit(bundle, "render.samples=64")
    evaluate_task(bundle.folder, node="render", frames=FrameList.parse("1-2"))

    edit(bundle, "render.samples=32")

    assert stale(bundle) == "1-2"


def test_a_withdrawn_edit_is_as_if_it_had_not_been(bundle):
    """But what was made with it is stale, and its number is not used again."""
    edits = edit(bundle, "render.samples=64")
    evaluate_task(bundle.folder, node="render", frames=FrameList.parse("1-2"))

    withdraw_edits(bundle.folder, edits)

    assert stale(bundle) == "1-2"
    assert edited_record({"inputs": {"samples": {"value": 32}}}, read_edits(bundle.folder, "render")) == {
        "inputs": {"samples": {"value": 32}}
    }
    assert {others["samples"] for _, _, _, others in seen(bundle)} == {32}
    assert stale(bundle) is None
    (other,) = edit(bundle, "render.samples=64")
    assert (other.number, other.was, stale(bundle)) == (3, 32, "1-4")


def test_withdrawing_leaves_the_edits_of_others(bundle):
    """Made before and after it."""
    edit(bundle, "render.ratio=1")
    mine = edit(bundle, "render.samples=64")
    edit(bundle, "render.samples=128", user="bert")

    withdraw_edits(bundle.folder, mine)
    withdraw_edits(bundle.folder, mine)

    assert {(others["samples"], others["ratio"]) for _, _, _, others in seen(bundle)} == {(128, 1.0)}
    assert [one.withdrawn for one in read_edits(bundle.folder, "render")] == [0, 4, 0]


def test_edited_chunks_are_not_finished(bundle):
    """So a run evaluates exactly these again."""
    edit(bundle, "render.samples=64")
    evaluate_task(bundle.folder, node="render", frames=FrameList.parse("3-4"))
    finished = Finished(bundle, open_store(bundle.folder))

    done = {job.key: finished.chunks(job) for job in bundle.jobs}

    assert done == {"source": {None}, "render": {"3-4"}, "last": set()}


def test_two_wranglers_at_once(bundle):
    """No edit is lost, and each says what it was before it."""

    def work(user):
        for number in range(8):
            write_edits(bundle.folder, {"render": {"name": f"{user} {number}"}}, user=user)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, ("anna", "bert")))

    edits = read_edits(bundle.folder, "render")
    assert [one.number for one in edits] == list(range(1, 17))
    assert [one.was for one in edits] == ["beauty", *(one.value for one in edits[:-1])]


def test_a_killed_writer_leaves_all_or_nothing(bundle):
    """What it wrote is whole, and its lock keeps nobody away for long."""

    def write_on():
        for number in range(10**6):
            write_edits(bundle.folder, {"render": {"samples": number}, "source": {"frames": [number]}}, user="anna")

    folder = bundle.folder / "edits"
    for _ in range(5):
        writer = FORK.Process(target=write_on)
        writer.start()
        time.sleep(0.15)
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
        for node in ("render", "source"):
            numbers = [one.number for one in read_edits(bundle.folder, node)]
            assert numbers == list(range(1, len(numbers) + 1))
        if (folder / ".lock").exists():
            os.utime(folder / ".lock", (0, 0))  # A minute later.

    assert edit(bundle, "render.samples=12345678", "source.frames=[12345678]")


def test_a_copy_of_the_plan_has_the_edits(bundle):
    """As ``submit --again`` makes one."""
    edit(bundle, "render.samples=64")

    copy = copy_plan(bundle)

    evaluate_task(copy.folder, node="source")
    assert {others["samples"] for _, _, _, others in seen(copy)} == {64}
    assert stale(copy) is None


def test_a_full_disk_changes_nothing(bundle):
    """One clear error; of two nodes, none is edited."""
    edit(bundle, "render.samples=64")
    changes = {"source": {"frames": [2]}, "render": {"samples": 128}}

    with full_disk(), pytest.raises(BundleError, match=r"inputs cannot be changed, as .* File too large"):
        write_edits(bundle.folder, changes, user="anna")

    assert [one.value for one in read_edits(bundle.folder, "render")] == [64]
    assert read_edits(bundle.folder, "source") == ()
    assert {path.name for path in (bundle.folder / "edits").iterdir()} == {"render.json"}


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(5, "Input/output error")])
def test_an_interruption_between_two_nodes_changes_nothing(bundle, monkeypatch, error):
    """Neither the one that was written nor the other is edited."""
    edit(bundle, "render.samples=64")
    replace, renamed = os.replace, []

    def interrupted(source, target):
        renamed.append(target)
        if len(renamed) == 2:
            raise error
        replace(source, target)

    for changes in (
        {"render": {"samples": 128}, "source": {"frames": [2]}},
        {"source": {"frames": [2]}, "render": {"samples": 128}},
    ):
        renamed.clear()
        monkeypatch.setattr(os, "replace", interrupted)
        with pytest.raises((KeyboardInterrupt, BundleError)):
            write_edits(bundle.folder, changes, user="anna")
        monkeypatch.undo()

        assert [one.value for one in read_edits(bundle.folder, "render")] == [64]
        assert read_edits(bundle.folder, "source") == ()
        assert {path.name for path in (bundle.folder / "edits").iterdir()} == {"render.json"}


EDIT = {"number": 1, "input": "samples", "sub_plug": None, "value": 64, "was": 32, "user": "anna", "written": 5}


def edits_text(**changes):
    """A file with one edit, in which these members are otherwise."""
    return json.dumps({"format": 1, "edits": [{**EDIT, **changes}]})


@pytest.mark.parametrize(
    "damage",
    [
        *("{", "[]", '{"format": 1}', '{"format": 1, "edits": 5}', '{"format": 1, "edits": [{"number": 1}]}'),
        *(edits_text(**{name: ["x"]}) for name in (*EDIT, "withdrawn") if name not in ("value", "was")),
        *(edits_text(**{name: {"$type": kind}}) for name in ("value", "was") for kind in ("int", "new")),
        edits_text(was=float("nan")),
        edits_text(input="no-such"),
        edits_text(sub_plug="no-such"),
    ],
)
def test_damaged_edits_are_told_and_never_ignored(bundle, damage):
    """A task does not go on with what was planned, and its results cannot be taken for right."""
    edit(bundle, "render.samples=64")
    path = bundle.folder / "edits" / "render.json"
    path.write_text(damage, encoding="utf-8")

    with pytest.raises(RecordError, match=r"edits.render\.json"):
        evaluate_task(bundle.folder, node="render", frames=FrameList.parse("1-2"))

    assert "render.json" in read_results(bundle)["Shot.render"].error


def test_edits_that_cannot_be_read_are_told(bundle):
    """A task does not go on without them."""
    (bundle.folder / "edits" / "render.json").mkdir(parents=True)

    with pytest.raises(RecordError, match=r"edits.render\.json cannot be read: "):
        evaluate_task(bundle.folder, node="render", frames=FrameList.parse("1-2"))


def test_results_of_edits_that_are_gone_are_stale(bundle):
    """As when somebody deleted the file."""
    edit(bundle, "render.samples=64")
    seen(bundle)
    (bundle.folder / "edits" / "render.json").unlink()

    assert stale(bundle) == "1-4"


def test_classes_that_a_bundle_brings_along_are_found_by_everybody(tmp_path):
    """The value names them by their place in the bundle."""
    script = tmp_path / "own.py"
    script.write_text(
        "import enum\nfrom flowpipe import Graph, Node\n"
        "class Kind(enum.Enum):\n    A = 1\n    B = 2\n"
        '@Node(outputs=["name"])\ndef Tell(kind):\n    return {"name": kind.name}\n'
        'def build():\n    graph = Graph(name="Shot")\n    Tell(name="tell", graph=graph, kind=Kind.A)\n'
        "    return graph\n",
        encoding="utf-8",
    )
    graph = load_workflow(f"{script}:build").build({})
    bundle = write_bundle(plan_graph(graph, snapshot_code=True), root=tmp_path / "root")
    script.unlink()

    edit(bundle, "tell.kind=B")

    (one,) = read_edits(bundle.folder, "tell")
    assert one.value["class"]["file"].startswith("code/")
    moved = bundle.folder.rename(tmp_path / "moved")
    evaluate_task(moved, node="tell")
    assert read_results(read_bundle(moved))["Shot.tell"].outputs() == {"name": "B"}


def test_a_result_is_stale_exactly_if_it_was_made_with_other_values(bundle):
    """Whatever is edited, withdrawn and evaluated, by whomever, in whatever order."""
    random = Random(7)
    written, made = [], []

    def values():
        known = edited_values(read_edits(bundle.folder, "render"))
        return known.get(("samples", None), 32), known.get(("ratio", None), 0.5)

    for _ in range(120):
        act = random.choice(("edit", "edit", "withdraw", "evaluate"))
        if act == "edit":
            changes = {"samples": random.choice((32, 64)), "ratio": random.choice((0.5, 1.0))}
            name = random.choice(sorted(changes))
            written += write_edits(bundle.folder, {"render": {name: changes[name]}}, user="anna")
        elif act == "withdraw" and written:
            withdraw_edits(bundle.folder, [written.pop(random.randrange(len(written)))])
        else:
            made.append((last_number(read_edits(bundle.folder, "render")), values()))
        edits, now = read_edits(bundle.folder, "render"), values()
        assert [is_outdated(edits, number) for number, _ in made] == [then != now for _, then in made]
