"""What is said of variables that look like secrets: the names, once for a graph, and never the values."""

from __future__ import annotations

import json
import os

import farm_nodes as nodes
import pytest
from flowpipe import Graph
from harness import run_cli, write_script

from flowpipe_deadline import submit_graph, write_bundle
from flowpipe_deadline.core.warnings import WarningKind
from flowpipe_deadline.errors import CheckError, FlowpipeDeadlineError
from flowpipe_deadline.planning.planner import make_plan
from flowpipe_deadline.preflight.check import raise_errors
from flowpipe_deadline.settings.context import PlanContext
from flowpipe_deadline.settings.secrets import without_secret
from flowpipe_deadline.studio.file import StudioFile
from flowpipe_deadline.studio.options import SubmitOptions
from flowpipe_deadline.studio.submit import resubmit_bundle

VALUE = "hunter2"
ENVIRON = {"SHOW": "sho", "SHOW_TOKEN": VALUE, "SHOW_DB": f"postgres://jane:{VALUE}@db/show"}
SCRIPT = """
from flowpipe import Graph, Node

@Node(outputs=["value"])
def Pass(value=1):
    return {"value": value}

graph = Graph(name="Shot")
for name in ("a", "b"):
    Pass(graph=graph, name=name)
"""


def plan_of_two(settings, *, own=None):
    """A plan of two nodes, the second with settings of its own."""
    graph = Graph(name="Test")
    nodes.Pass(name="a", graph=graph)
    nodes.Pass(name="b", graph=graph, metadata={"deadline": own or {}})
    return make_plan(graph, settings=settings, context=PlanContext(environ=ENVIRON))


def said(plan):
    """The warnings by kind, none of which tells a value."""
    texts = {warning.kind: str(warning) for warning in plan.warnings}
    assert len(texts) == len(plan.warnings)
    assert not any(VALUE in text for text in texts.values())
    return texts


def test_what_a_pattern_holds_back_is_said_once():
    """For all jobs together, with what to do."""
    plan = plan_of_two({"capture_environment": ["SHOW*"]})

    assert said(plan) == {
        WarningKind.HELD_BACK: (
            "capture_environment: patterns take no variables along that look like secrets: SHOW_DB, SHOW_TOKEN; name"
            ' one to take it along all the same: capture_environment = ["SHOW_DB"]'
        )
    }
    assert VALUE not in repr(PlanContext(environ=ENVIRON))


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        pytest.param({"capture_environment": ["SHOW_TOKEN"]}, WarningKind.SECRET_VARIABLE, id="by its name"),
        pytest.param({"environment": {"SHOW_TOKEN": VALUE}}, WarningKind.SECRET_VARIABLE, id="set"),
        pytest.param({"environment": {"SHOW_X": ENVIRON["SHOW_DB"]}}, WarningKind.SECRET_VARIABLE, id="by its value"),
        pytest.param(
            {"capture_environment": ["SHOW_T*"], "environment": {"SHOW_TOKEN": VALUE}},
            WarningKind.SECRET_VARIABLE,
            id="held back, and set",
        ),
        pytest.param(
            {"capture_environment": ["SHOW_T*"], "environment": {"SHOW_TOKEN": None}}, None, id="held back, and removed"
        ),
        pytest.param({"capture_environment": ["SHOW"], "environment": {"OCIO": "/a"}}, None, id="nothing secret"),
    ],
)
def test_what_jobs_have_all_the_same_is_said_once(settings, kind):
    """They are asked for, so they are taken; whoever sees the job sees them."""
    plan = plan_of_two(settings)

    assert list(said(plan)) == [kind][: kind is not None]
    assert all("all who see a job in Deadline can read them: SHOW_" in text for text in said(plan).values())


def test_a_variable_may_be_held_back_for_one_node_and_named_by_another():
    """Both are said."""
    plan = plan_of_two({"capture_environment": ["SHOW_T*"]}, own={"capture_environment": ["SHOW_TOKEN"]})

    assert set(said(plan)) == {WarningKind.HELD_BACK, WarningKind.SECRET_VARIABLE}


def test_many_names_make_no_wall_of_text():
    """Ten of them, and how many more."""
    environ = {f"A{number:02d}_TOKEN": "x" for number in range(30)}
    graph = Graph(name="Test")
    nodes.Pass(graph=graph)

    plan = make_plan(graph, settings={"capture_environment": ["*"]}, context=PlanContext(environ=environ))

    assert "A09_TOKEN and 20 more;" in said(plan)[WarningKind.HELD_BACK]


def test_who_makes_all_warnings_errors_does_not_mean_these():
    """Who names them does."""
    plan = plan_of_two({"capture_environment": ["SHOW*", "SHOW_DB"]})

    assert len(raise_errors(plan.warnings, strict=True)) == 2
    for kind in (WarningKind.HELD_BACK, WarningKind.SECRET_VARIABLE):
        with pytest.raises(CheckError, match="look like secrets"):
            raise_errors(plan.warnings, strict={kind})


def test_new_settings_of_an_old_plan_are_looked_at_too(tmp_path):
    """As it is submitted again."""
    bundle = write_bundle(plan_of_two({}), root=tmp_path)
    options = SubmitOptions(is_dry_run=True, studio=StudioFile())
    lines = []

    settings = {"environment": {"SHOW_TOKEN": VALUE}}
    again = resubmit_bundle(bundle.folder, settings=settings, options=options, on_warning=lines.append)

    assert any("SHOW_TOKEN" in line for line in lines)
    assert WarningKind.SECRET_VARIABLE in {warning.kind for warning in again.warnings}
    assert VALUE not in " ".join(lines)


@pytest.mark.parametrize("verb", ["plan", "run", "submit"])
def test_each_verb_says_it(tmp_path, verb):
    """In one line, on stderr; the plan's JSON has it too."""
    script = write_script(tmp_path, SCRIPT)
    variables = {**os.environ, "SHOW_TOKEN": VALUE, "FLOWPIPE_DEADLINE_TOLERATE": "local-root"}
    more = {"plan": ("-o", "json"), "run": ("--root", tmp_path / "r"), "submit": ("--root", tmp_path, "--dry-run")}

    settings = ("--set", "capture_environment=SHOW_*")
    result = run_cli(verb, script, *settings, *more[verb], env=variables)

    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)["warnings"] if verb == "plan" else result.stderr.splitlines()
    assert len([one for one in told if "SHOW_TOKEN" in str(one)]) == 1
    assert VALUE not in result.stdout + result.stderr


def test_a_nodes_record_has_no_variables(tmp_path):
    """More people may read it than the job's files; the worker has them in its environment."""
    own = {"environment": {"SHOW_TOKEN": VALUE}, "priority": 80}
    bundle = write_bundle(plan_of_two({}, own=own), root=tmp_path)

    records = [path.read_text() for path in (bundle.folder / "nodes").iterdir()]

    assert not any(VALUE in text for text in records)
    assert any('"priority"' in text for text in records)
    assert any(VALUE in path.read_text() for path in (bundle.folder / "jobs").iterdir())


@pytest.mark.parametrize(
    "environment",
    [
        {"SHOW_TOKEN": f"{VALUE}\nmore"},
        {"SHOW_TOKEN": [VALUE]},
        {f"SHOW_TOKEN={VALUE}": 1},
        [f"SHOW_TOKEN={VALUE}"],
        f"SHOW_TOKEN={VALUE}",
    ],
    ids=["two lines", "a list", "an assignment as name", "a list of assignments", "an assignment"],
)
def test_an_error_does_not_tell_the_value(environment):
    """It names the variable."""
    with pytest.raises(FlowpipeDeadlineError) as caught:
        plan_of_two({"environment": environment})

    assert "SHOW_TOKEN" in str(caught.value)
    assert VALUE not in str(caught.value)


def test_a_template_that_changes_a_variable_does_not_tell_the_value(tmp_path):
    """Nor does it tell what it makes of it."""
    template = "{% for key, text in settings %}{{ key }}={{ text }}1\n{% endfor %}"
    (tmp_path / "job_info.jinja").write_text(
        "Plugin={{ plugin }}\nName={{ name }}\nBatchName={{ batch_name }}\nFrames={{ frames }}\n"
        f"ChunkSize={{{{ chunk_size }}}}\n{template}"
    )

    with pytest.raises(FlowpipeDeadlineError) as caught:
        write_bundle(plan_of_two({"environment": {"SHOW_TOKEN": VALUE}}), root=tmp_path, templates=tmp_path)

    assert "'SHOW_TOKEN=***' where 'SHOW_TOKEN=***' is planned" in str(caught.value)


def test_a_graph_that_is_submitted_says_it_before_it_is_written(tmp_path, monkeypatch):
    """By Python too."""
    monkeypatch.setenv("SHOW_TOKEN", VALUE)
    graph = Graph(name="Test")
    nodes.Pass(graph=graph)
    options = SubmitOptions(settings={"capture_environment": ["SHOW_T*"]}, is_dry_run=True, studio=StudioFile())

    result = submit_graph(graph, root=tmp_path, options=options)

    assert WarningKind.HELD_BACK in {warning.kind for warning in result.warnings}


def test_what_is_harmless_is_shown():
    """An error without it is harder to understand."""
    assert (without_secret("SHOW=x"), without_secret("SHOW_TOKEN=x")) == ("SHOW=x", "SHOW_TOKEN=***")
