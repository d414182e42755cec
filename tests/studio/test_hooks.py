"""Plan hooks, found as real entry points of packages on ``sys.path``."""

from __future__ import annotations

import json
import os

import farm_nodes as nodes
import pytest
from flowpipe import Graph
from harness import run_cli, write_script

from flowpipe_deadline import OfflineEvaluator, write_bundle
from flowpipe_deadline.bundle.info_format import decode_info, parse_entries
from flowpipe_deadline.errors import HookError, SettingError
from flowpipe_deadline.planning.planner import make_plan
from flowpipe_deadline.studio.hooks import apply_hooks, find_hooks, with_settings

PRELUDE = """
from dataclasses import replace
from flowpipe_deadline.studio.hooks import with_settings
from flowpipe_deadline.planning.plan import Dependency

def each(plan, change):
    return replace(plan, jobs=tuple(change(job) for job in plan.jobs))

"""


SHOW = """
def adjust(plan):
    return each(plan, lambda job: with_settings(job, {"environment": {"SHOW": "hooked"}}))
"""


def install(folder, hooks, code, *, name="studio-hooks", version="1.0"):
    """A package with plan hooks, as pip leaves it in a folder."""
    module = name.replace("-", "_")
    (folder / f"{module}.py").write_text(PRELUDE + code, encoding="utf-8")
    metadata = folder / f"{module}-{version}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    points = "".join(f"{hook} = {module}:{function}\n" for hook, function in hooks.items())
    (metadata / "entry_points.txt").write_text(f"[flowpipe_deadline.plan_hooks]\n{points}")


@pytest.fixture
def hooked(tmp_path, monkeypatch, request):
    """Installs one hook called ``studio`` for this process."""
    folder = tmp_path / "packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    number = abs(hash(request.node.nodeid))

    def hook(code):
        install(folder, {"studio": "adjust"}, code, name=f"studio-hooks-{number}")

    return hook


def plan_of_two():
    """A plan of two jobs, the second waiting for the first."""
    graph = Graph(name="Test")
    first = nodes.Pass(name="first", graph=graph, metadata={"deadline": {"pool": "own", "environment": {"A": "1"}}})
    last = nodes.Pass(name="last", graph=graph)
    first.outputs["value"].connect(last.inputs["value"])
    nodes.Pass(name="alone", graph=graph)
    return make_plan(graph)


def test_a_hook_says_more_to_deadline(hooked):
    """By readable names, in place of what the job said of them."""
    hooked(
        """
def adjust(plan):
    settings = {"pool": "show", "environment": {"SHOW": "x"}, "extra_info": {"a": "b"}}
    return each(plan, lambda job: with_settings(job, settings))
"""
    )
    plan = plan_of_two()

    first, last, _ = apply_hooks(plan).jobs

    assert dict(first.job_info) == {"Pool": "show", "EnvironmentKeyValue0": "A=1", "EnvironmentKeyValue1": "SHOW=x"}
    assert dict(last.job_info) == {"Pool": "show", "EnvironmentKeyValue0": "SHOW=x"}
    assert first.extra_info == (("a", "b"),)
    assert dict(plan.jobs[0].job_info) == {"Pool": "own", "EnvironmentKeyValue0": "A=1"}


def test_what_a_hook_adds_may_look_like_a_secret(hooked):
    """It is said, unless it has been already."""
    hooked(
        """
def adjust(plan):
    return each(plan, lambda job: with_settings(job, {"environment": {"SITE_TOKEN": "x", "SITE": "berlin"}}))
"""
    )
    before = plan_of_two()

    plan = apply_hooks(before)

    assert [str(warning).partition(";")[0] for warning in plan.warnings[len(before.warnings) :]] == [
        "variables look like secrets, and all who see a job in Deadline can read them: SITE_TOKEN"
    ]
    assert apply_hooks(plan).warnings == plan.warnings


def test_a_hook_may_let_jobs_wait_for_more(hooked, tmp_path):
    """And change their order, upstream first."""
    hooked(
        """
def adjust(plan):
    first, last, alone = plan.jobs
    waiting = replace(first, dependencies=(Dependency(alone.key, "job", "the studio wants it"),))
    return replace(plan, jobs=(alone, waiting, last))
"""
    )

    bundle = write_bundle(apply_hooks(plan_of_two()), root=tmp_path)

    assert [job.key for job in bundle.jobs] == ["alone", "first", "last"]
    entries = dict(parse_entries(decode_info(bundle.job_files(bundle.jobs[1])[0].read_bytes())))
    assert entries["JobDependencies"] == "alone"


def test_hooks_run_in_the_order_of_their_names(tmp_path, monkeypatch):
    """Whatever packages they come from, and without those that are disabled."""
    monkeypatch.syspath_prepend(tmp_path)
    code = """
def first(plan):
    return each(plan, lambda job: replace(job, notes=(*job.notes, "first")))
def second(plan):
    return each(plan, lambda job: replace(job, notes=(*job.notes, "second")))
"""
    install(tmp_path, {"b-second": "second", "c-off": "first"}, code, name="order-one")
    install(tmp_path, {"a-first": "first"}, code, name="order-two")

    plan = apply_hooks(plan_of_two(), disabled=("c-off",))

    assert [hook.name for hook in find_hooks()] == ["a-first", "b-second", "c-off"]
    assert plan.jobs[0].notes[1:] == ("first", "second")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param("1 / 0", "raised ZeroDivisionError: division by zero", id="raises"),
        pytest.param("raise SystemExit(3)", "raised SystemExit: 3", id="exits"),
        pytest.param("pass", "returned None; it has to return the plan", id="forgets to return"),
        pytest.param("return plan.jobs", "it has to return the plan", id="returns something else"),
        pytest.param("return replace(plan, jobs=list(plan.jobs))", "its jobs is not a tuple", id="a list"),
        pytest.param("return replace(plan, jobs=(1,))", "1 is not a job", id="no jobs"),
        pytest.param("return replace(plan, jobs=plan.jobs[1:])", "first missing", id="drops a job"),
        pytest.param(
            "return replace(plan, jobs=(*plan.jobs, plan.jobs[0]))", "not those that were planned", id="twice"
        ),
        pytest.param(
            "return replace(plan, jobs=plan.jobs[::-1])", "waits for first, which is not a job that", id="order"
        ),
        pytest.param("return replace(plan, name='x')", "its name or its omitted nodes", id="another name"),
        pytest.param("return replace(plan, code={'code/x.py': b''})", "the code that travels", id="other code"),
        pytest.param(
            "return each(plan, lambda job: replace(job, interpreter='maya'))", "its interpreter was", id="fixed"
        ),
        pytest.param("return each(plan, lambda job: replace(job, chunk_size=9))", "its chunk_size was", id="chunks"),
        pytest.param(
            "return each(plan, lambda job: replace(job, record={}))", "a node record was changed", id="record"
        ),
        pytest.param(
            "plan.jobs[0].record['inputs'].clear(); return plan", "a node record was changed", id="record in place"
        ),
        pytest.param(
            "return each(plan, lambda job: replace(job, dependencies=()))", "not wait any more for first", id="no wait"
        ),
        pytest.param(
            "return each(plan, lambda job: replace(job, dependencies=(Dependency('x', 'job', ''),)))",
            "it waits for x, which is not a job",
            id="a stranger",
        ),
        pytest.param(
            "return each(plan, lambda job: replace(job, dependencies=tuple(replace(item, kind='frame') for item in"
            " job.dependencies)))",
            "by 'frame', which was not planned so",
            id="frame by frame",
        ),
        pytest.param(
            "return each(plan, lambda job: replace(job, job_info=(('Frames', '1-9'),)))", "set by the plan", id="a key"
        ),
        pytest.param(
            "return each(plan, lambda job: replace(job, job_info=(('Priority', 'high'),)))",
            "whole number",
            id="a value",
        ),
        pytest.param(
            "return each(plan, lambda job: replace(job, job_info=(('Pool', 'a'), ('pool', 'b'))))",
            "another",
            id="again",
        ),
        pytest.param(
            "return each(plan, lambda job: replace(job, job_info=(('Comment', 'a\\nFrames=1'),)))",
            "one line",
            id="lines",
        ),
        pytest.param(
            "return each(plan, lambda job: replace(job, job_info={'Pool': 'a'}))", "not a tuple of", id="a dict"
        ),
        pytest.param(
            "return each(plan, lambda job: replace(job, extra_info=(('a=b', 'c'),)))", "not a name", id="extra info"
        ),
        pytest.param("return replace(plan, warnings=('careful',))", "'careful' is not a warning", id="a warning"),
        pytest.param(
            "return each(plan, lambda job: with_settings(job, {'prioritty': 1}))", "Did you mean", id="settings"
        ),
    ],
)
def test_what_a_hook_does_wrong_is_one_clear_error(hooked, body, reason):
    """It names the hook, and the plan is not used."""
    hooked(f"def adjust(plan):\n    {body}\n")

    with pytest.raises(HookError) as caught:
        apply_hooks(plan_of_two())

    assert reason in str(caught.value)
    assert "the plan hook 'studio' (studio_hooks_" in str(caught.value)


def test_a_hook_that_cannot_be_loaded_is_one_clear_error(hooked):
    """Its module raises, or has no such function."""
    hooked("raise RuntimeError('no licence')\n")

    with pytest.raises(HookError, match="cannot be loaded: RuntimeError: no licence"):
        apply_hooks(plan_of_two())


def test_settings_of_a_job_are_checked():
    """As those of a node are."""
    job = plan_of_two().jobs[0]

    with pytest.raises(SettingError, match=r"Test\.first: priority must be a whole number from 0, not 'high'"):
        with_settings(job, {"priority": "high"})


@pytest.mark.parametrize(
    ("held", "said", "job_info"),
    [
        pytest.param(
            {"output_directories": ["/a", "/b"]},
            {"output_directories": ["/c"]},
            {"OutputDirectory0": "/c"},
            id="shorter",
        ),
        pytest.param({"deny_list": ["a"]}, {"allow_list": ["b"]}, {"Whitelist": "b"}, id="one list for the other"),
        pytest.param(
            {"task_timeout_minutes": 60}, {"task_timeout_seconds": 0}, {"TaskTimeoutSeconds": "0"}, id="other units"
        ),
        pytest.param(
            {"pool": "a", "priority": 5}, {"job_info": {"pool": "b"}}, {"Priority": "5", "Pool": "b"}, id="raw"
        ),
        pytest.param({"pool": "a", "priority": 5}, {"pool": None}, {"Priority": "5"}, id="None takes away"),
    ],
)
def test_settings_of_a_job_take_the_place_of_what_it_had(graph, held, said, job_info):
    """All of it: no number of an old list stays, and nothing that cannot stand beside them."""
    nodes.Pass(name="a", graph=graph, metadata={"deadline": held})

    job = with_settings(make_plan(graph).jobs[0], said)

    assert dict(job.job_info) == job_info


def test_a_hook_that_is_disabled_and_not_there_is_worth_a_warning(hooked):
    """With the one that may be meant; no error, as not every machine has every package."""
    hooked("def adjust(plan):\n    return plan\n")

    warnings = apply_hooks(plan_of_two(), disabled=("studioo", "studio")).warnings

    assert [(warning.kind.word, warning.severity) for warning in warnings] == [("unknown-hook", "warning")]
    assert str(warnings[0]) == (
        "there is no plan hook 'studioo' here, which the studio file disables; did you mean 'studio'?"
    )


def test_evaluators_go_through_the_hooks(hooked, graph, tmp_path):
    """What is tried out here is what is submitted."""
    hooked(SHOW)
    node = nodes.Environment(graph=graph, variable="SHOW")

    graph.evaluate(mode=None, evaluator=OfflineEvaluator(workers=1, root=tmp_path))

    assert node.outputs["value"].value == "hooked"


SCRIPT = """
import os
from flowpipe import Graph, Node

@Node(outputs=["show"])
def Show():
    return {"show": os.environ.get("SHOW")}

graph = Graph(name="Shot")
Show(graph=graph)
"""


@pytest.fixture
def environment(tmp_path):
    """Variables of a process for which a hook is installed."""
    folder = tmp_path / "packages"
    folder.mkdir()
    install(folder, {"studio": "adjust"}, SHOW)
    known = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(folder), *known]))}


def test_the_verbs_go_through_the_hooks(tmp_path, environment):
    """What ``run`` does is what ``submit`` writes."""
    script = write_script(tmp_path, SCRIPT)

    run = run_cli("run", script, "--root", tmp_path / "run", env=environment)
    submit = run_cli("submit", script, "--root", tmp_path / "farm", "--dry-run", "-o", "json", env=environment)

    assert run.stdout == 'Shot.Show\n  show = "hooked"\n', run.stderr
    (job_file,) = (tmp_path / "farm").glob("*/jobs/*.job")
    assert json.loads(submit.stdout)["bundle"] == str(job_file.parent.parent)
    assert "EnvironmentKeyValue0=SHOW=hooked\n" in job_file.read_text()


def test_a_studio_file_switches_hooks_off(tmp_path, environment):
    """``config`` shows them, and which are off."""
    script = write_script(tmp_path, SCRIPT)
    config = tmp_path / "studio.toml"
    config.write_text('[hooks]\ndisabled = ["studio"]\n')
    environment["FLOWPIPE_DEADLINE_CONFIG"] = str(config)
    environment.pop("SHOW", None)

    run = run_cli("run", script, "--root", tmp_path / "run", env=environment)
    shown = run_cli("config", "-o", "json", env=environment)

    assert run.stdout == "Shot.Show\n  show = null\n", run.stderr
    assert {
        "name": "studio",
        "function": "studio_hooks:adjust",
        "package": "studio-hooks",
        "disabled": True,
    } in json.loads(shown.stdout)["hooks"]
