"""What is odd about a plan, by kind, and what becomes of it."""

from __future__ import annotations

import errno
import json
import resource
import subprocess
import sys

import farm_nodes as nodes
import pytest
from flowpipe import Graph
from harness import run_cli, write_script

from flowpipe_deadline.core.warnings import ErrorCollector, PlanWarning, WarningKind, warning_lines
from flowpipe_deadline.errors import CheckError, PlanError, PreflightError, UsageError
from flowpipe_deadline.planning.planner import make_plan
from flowpipe_deadline.preflight.check import parse_kinds, raise_errors
from flowpipe_deadline.settings.context import PlanContext


def warning(kind, *, node=None):
    """A warning."""
    return PlanWarning(kind=kind, severity="warning", text="is odd", advice="do otherwise", node=node)


def error(kind, *, node=None):
    """An error."""
    return PlanWarning(kind=kind, severity="error", text="is wrong", advice="do otherwise", node=node)


def planned_warnings(graph, **options):
    """The warnings of the plan, as kind and text."""
    return [(found.kind, str(found)) for found in make_plan(graph, **options).warnings]


def test_every_kind_has_a_word_and_a_sentence_of_its_own():
    """Words for options and programs, sentences for a list of them."""
    assert len({kind.word for kind in WarningKind}) == len(WarningKind)
    assert all(kind.word.replace("-", "").isalpha() and kind.word.islower() for kind in WarningKind)
    assert all(kind.sentence[0].isupper() and kind.sentence.endswith(".") for kind in WarningKind)


def test_an_ordinary_graph_is_not_odd(graph):
    """Warnings that always come are not read."""
    nodes.Render(graph=graph, frames=range(1, 11), metadata={"batch_size": 4, "shot": "a_010"})
    nodes.Holder(graph=graph, value=1).lock = 2

    assert planned_warnings(graph, context=PlanContext(interpreters={"python"})) == []


def test_a_large_value_is_named_with_its_input(graph):
    """How large, how often it is read, and what to do instead."""
    nodes.Render(name="a", graph=graph, frames=range(1, 11), factor="x" * 1_500_000, metadata={"batch_size": 5})

    [(kind, text)] = planned_warnings(graph)

    assert kind is WarningKind.LARGE_VALUE
    assert text == (
        "Test.a: input 'factor' holds 1.5 MB, which each of its 2 tasks reads; write it into a file that all"
        " machines see, and pass on the path"
    )


def test_large_sub_plugs_outputs_and_attributes_are_named(graph):
    """Of values that are only large together, the sum is reported."""
    collect = nodes.Collect(name="collect", graph=graph)
    for index in range(6):
        collect.inputs["images"][str(index)].value = "x" * 900_000
    collect.inputs["images"]["large"].value = b"x" * 900_000
    holder = nodes.Holder(name="holder", graph=graph)
    holder.lock = "x" * 1_000_000
    holder.outputs["value"].value = "x" * 2_000_000

    texts = [text.partition(",")[0] for _, text in planned_warnings(graph)]

    assert texts == [
        "Test.collect: input 'images.large' holds 1.2 MB",
        "Test.collect: it holds 6.6 MB",
        "Test.holder: output 'value' holds 2.0 MB",
        "Test.holder: attribute 'lock' holds 1.0 MB",
    ]


def test_frames_given_as_text_are_a_warning(graph):
    """The node gets text on the farm, where it may expect a list; text that comes from upstream is not known yet."""
    nodes.Render(name="a", graph=graph, frames="1-10", metadata={"batch_size": 5})

    [(kind, text)] = planned_warnings(graph)

    assert kind is WarningKind.TEXT_FRAMES
    assert text == (
        "Test.a: 'frames' is text; every chunk gets the text of its own frames; give a list if the node expects one"
    )


@pytest.mark.parametrize(
    ("frames", "size", "text"),
    [
        pytest.param(range(1, 11), 10, "its 10 frames fit into one task of up to 10", id="as many frames as fit"),
        pytest.param(range(1, 11), 24, "its 10 frames fit into one task of up to 24", id="fewer frames than fit"),
        pytest.param(["a", "b"], 5, "its 2 items fit into one task of up to 5", id="items"),
        pytest.param([7], 1, "its only frame fits into one task of up to 1", id="one frame"),
    ],
)
def test_a_batch_of_one_chunk_is_a_warning(graph, frames, size, text):
    """It is one task, as without a batch."""
    nodes.Render(name="a", graph=graph, frames=frames, metadata={"batch_size": size})

    assert planned_warnings(graph) == [(WarningKind.SINGLE_TASK, f"Test.a: {text}; no batch is needed")]


def test_attributes_that_a_worker_does_not_have_are_a_warning(graph):
    """Of each, by name."""
    nodes.Holder(name="a", graph=graph)

    [(kind, text)] = planned_warnings(graph)

    assert kind is WarningKind.LOST_ATTRIBUTE
    assert text == (
        "Test.a: its attribute 'lock' cannot be kept: on a worker it has the value that the constructor gives it;"
        " make it an input if the node depends on it"
    )


def test_nodes_of_one_name_are_one_warning():
    """Sub-graphs of one name: only the keys distinguish their jobs."""
    main = Graph(name="main")
    last = nodes.Collect(name="last", graph=main)
    for index in range(5):
        node = nodes.Pass(name="render", graph=Graph(name="shot"))
        node.outputs["value"].connect(last.inputs["images"][str(index)])

    [(kind, text)] = planned_warnings(main)

    assert kind is WarningKind.SAME_NAME
    assert text == (
        "shot.render: 5 nodes have this name, and their jobs (render, render-2, render-3 and 2 more) look alike in"
        " the Monitor; give their graphs names of their own"
    )


def test_what_many_nodes_share_is_one_line():
    """In the order in which it was found."""
    warnings = [warning(WarningKind.METADATA, node=f"g.n{index}") for index in range(5)]
    warnings.insert(1, error(WarningKind.LOCAL_ROOT))

    assert warning_lines(warnings) == [
        "g.n0, g.n1, g.n2 and 2 more: is odd; do otherwise",
        "is wrong; do otherwise",
    ]


def test_warnings_are_printed_for_programs_and_people(tmp_path):
    """As records in JSON, as lines on stderr."""
    script = write_script(
        tmp_path,
        "from flowpipe import Graph, Node\n"
        "graph = Graph(name='g')\n"
        "@Node(outputs=['x'])\n"
        "def Make(frames=None): return {'x': 1}\n"
        "Make(graph=graph, frames=[1, 2], metadata={'batch_size': 2})\n",
    )

    result = run_cli("plan", script, "-o", "json")
    text = run_cli("plan", script).stderr

    assert json.loads(result.stdout)["warnings"] == [
        {
            "kind": "single-task",
            "severity": "warning",
            "node": "g.Make",
            "text": "its 2 frames fit into one task of up to 2",
            "advice": "no batch is needed",
        }
    ]
    assert text == "Warning: g.Make: its 2 frames fit into one task of up to 2; no batch is needed\n"


def test_warnings_are_handed_on_and_errors_raised():
    """One error is raised as it is."""
    odd, wrong = warning(WarningKind.METADATA), error(WarningKind.TASK_LIMIT, node="g.a")

    assert raise_errors([odd]) == (odd,)
    with pytest.raises(CheckError, match=r"g\.a: is wrong; do otherwise") as caught:
        raise_errors([odd, wrong])
    assert caught.value.warning == wrong
    assert caught.value.exit_code == 2


def test_several_errors_are_raised_together():
    """After the errors of planning."""
    collected = ErrorCollector([PlanError("g.a", "cannot be planned")])

    with pytest.raises(PreflightError) as caught:
        raise_errors([error(WarningKind.LOCAL_ROOT), error(WarningKind.TASK_LIMIT, node="g.a")], errors=collected)

    assert caught.value.lines == ["g.a: cannot be planned", "is wrong; do otherwise", "g.a: is wrong; do otherwise"]


def test_a_lone_error_of_planning_is_raised_as_it_is():
    """Warnings do not hide it."""
    with pytest.raises(PlanError, match="cannot be planned"):
        raise_errors([warning(WarningKind.METADATA)], errors=ErrorCollector([PlanError("g.a", "cannot be planned")]))


@pytest.mark.parametrize("value", ["P:\\x", "p:/x", "\\\\server\\x", "//server/x", "/x", "/x:/y"])
def test_a_variable_that_may_be_a_path_is_a_warning(graph, value):
    """Workers of another system would get the submitter's path; what it holds can be said."""
    nodes.Pass(name="a", graph=graph, metadata={"deadline": {"environment": {"SHOW": value, "SITE": value, "N": 1}}})

    [(kind, text)] = planned_warnings(graph)

    assert kind is WarningKind.ENVIRONMENT_KIND
    assert text == (
        "Test.a: variables that begin like paths, but may be text, reach workers unmapped: SHOW, SITE; say what they"
        ' hold: environment_kinds = { SHOW = "path" }, or "paths" or "text"'
    )
    assert planned_warnings(graph, settings={"environment_kinds": {"S*": "text"}}) == []


def test_captured_variables_are_looked_at_too(graph):
    """Those with well-known names hold what their names say."""
    nodes.Pass(name="a", graph=graph, metadata={"deadline": {"capture_environment": ["REZ_*", "OCIO", "SHOW"]}})
    environ = {"REZ_MAYA_ROOT": "/a", "REZ_MAYA_BASE": "/a", "REZ_USED_REQUEST": "a-1", "OCIO": "/b", "SHOW": "/c"}

    [(_, text)] = planned_warnings(graph, context=PlanContext(environ=environ))

    assert "unmapped: SHOW;" in text


@pytest.mark.parametrize(
    ("length", "severity", "text"),
    [
        pytest.param(32_766, None, "", id="all systems take it"),
        pytest.param(32_767, "warning", "X has 32767 characters, and Windows takes 32766", id="Windows does not"),
        pytest.param(131_071, "warning", "X has 131071 characters, and Windows takes 32766", id="Linux still does"),
        pytest.param(131_072, "error", "X has 131072 bytes, and Linux takes 131071", id="no system does"),
    ],
)
def test_a_large_variable_is_compared_with_what_systems_take(graph, length, severity, text):
    """With its name and the sign between; it is an error where no usual worker could start the interpreter."""
    nodes.Pass(name="a", graph=graph, metadata={"deadline": {"environment": {"X": "y" * (length - 2)}}})

    found = make_plan(graph).warnings

    assert [(item.kind, item.severity) for item in found] == [(WarningKind.LARGE_ENVIRONMENT, severity)][: bool(text)]
    assert [text in str(item) and "write it into a file" in str(item) for item in found] == [True][: bool(text)]


@pytest.mark.parametrize(
    ("count", "severity", "system"),
    [(100, None, ""), (120, "warning", "macOS takes 1048576"), (220, "error", "Linux takes 2097152")],
)
def test_many_variables_are_compared_together(graph, count, severity, system):
    """Each with the NUL at its end and a pointer."""
    environment = {f"V{index:03}": "é" * 4995 for index in range(count)}
    nodes.Pass(name="a", graph=graph)

    found = make_plan(graph, settings={"environment": environment}).warnings

    assert [item.severity for item in found] == [severity][: bool(system)]
    assert all(f"its variables have {count * 10004} bytes together, and {system}" in str(item) for item in found)


@pytest.mark.skipif(sys.platform != "linux", reason="these are limits of Linux")
@pytest.mark.parametrize(
    ("environment", "starts"),
    [
        pytest.param({"X": "y" * 131_069}, True, id="the largest variable"),
        pytest.param({"X": "y" * 131_070}, False, id="a larger one"),
        pytest.param({f"V{index:03}": "y" * 100_000 for index in range(22)}, False, id="too many together"),
    ],
)
def test_linux_takes_what_the_limits_say(environment, starts):
    """A process with that environment starts, or is refused with E2BIG."""
    soft, hard = resource.getrlimit(resource.RLIMIT_STACK)
    resource.setrlimit(resource.RLIMIT_STACK, (8 * 2**20, hard))
    try:
        subprocess.run([sys.executable, "-c", ""], env=environment, check=True)
        error = None
    except OSError as raised:
        error = raised.errno
    finally:
        resource.setrlimit(resource.RLIMIT_STACK, (soft, hard))

    assert error == (None if starts else errno.E2BIG)


@pytest.mark.parametrize(
    ("strict", "tolerated", "raised"),
    [
        pytest.param(False, (), {WarningKind.TASK_LIMIT}, id="errors only"),
        pytest.param(
            True, (), {WarningKind.TASK_LIMIT, WarningKind.METADATA, WarningKind.LARGE_VALUE}, id="all warnings too"
        ),
        pytest.param(
            {WarningKind.METADATA}, (), {WarningKind.TASK_LIMIT, WarningKind.METADATA}, id="warnings of one kind"
        ),
        pytest.param(False, {WarningKind.TASK_LIMIT}, set(), id="an error that is tolerated"),
        pytest.param(
            True, {WarningKind.METADATA}, {WarningKind.TASK_LIMIT, WarningKind.LARGE_VALUE}, id="all but one kind"
        ),
    ],
)
def test_a_studio_says_what_is_an_error(strict, tolerated, raised):
    """What is not raised is a warning."""
    warnings = [warning(WarningKind.METADATA), error(WarningKind.TASK_LIMIT), warning(WarningKind.LARGE_VALUE)]
    collected = ErrorCollector([PlanError("g", "one"), PlanError("g", "two")])

    with pytest.raises(PreflightError) as caught:
        raise_errors(warnings, strict=strict, tolerated=tolerated, errors=collected)

    assert {found.warning.kind for found in caught.value.errors[2:]} == raised


def test_what_is_tolerated_is_a_warning():
    """It says so itself."""
    assert raise_errors([error(WarningKind.LOCAL_ROOT)], tolerated={WarningKind.LOCAL_ROOT})[0].severity == "warning"


def test_kinds_are_chosen_by_their_words():
    """A misspelt one is answered with the nearest."""
    assert parse_kinds(["task-limit", "local-root"]) == {WarningKind.TASK_LIMIT, WarningKind.LOCAL_ROOT}
    with pytest.raises(UsageError, match="did you mean 'task-limit'"):
        parse_kinds(["tasklimit"])
    with pytest.raises(UsageError, match="there are large-value, "):
        parse_kinds(["x"])
