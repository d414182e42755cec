"""One recipe for everybody: whichever way a graph is planned or submitted, its jobs are the same."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
import user_code
from harness import run_cli
from user_code import OPTIONS, build

import flowpipe_deadline
from flowpipe_deadline import check_plan, plan_graph, read_bundle, submit_bundle, submit_graph
from flowpipe_deadline.errors import CheckError, PreflightError, SubmissionError, UsageError
from tests.fake_deadline.operations import FakeDeadline
from tests.fake_deadline.workers import running_workers

SUPPORT = Path(user_code.__file__).parent
GRAPH = f"{user_code.__name__}:build"
STUDIO = """
templates = "templates"

[settings]
department = "comp"
environment = { SITE = "berlin" }

[presets.night]
pool = "night"
priority = 40
"""
AS_OPTIONS = ("--set", "comment=from a script", "--preset", "night", "--tolerate", "local-root")


@pytest.fixture
def deadline(tmp_path):
    """A fake Deadline with the studio's pool."""
    with FakeDeadline.create(tmp_path / "deadline", pools=("none", "night")) as made:
        yield made


@pytest.fixture(autouse=True)
def studio(tmp_path, monkeypatch, deadline):
    """A studio with a file, a template of its own and a hook, for this process and those that it starts."""
    path = tmp_path / "studio.toml"
    path.write_text(STUDIO, encoding="utf-8")
    (tmp_path / "templates").mkdir()
    template = Path(flowpipe_deadline.__file__).parent / "bundle" / "jinja" / "job_info.jinja"
    text = template.read_text(encoding="utf-8").replace("Name={{ name }}", "Name={{ name }} (studio)")
    (tmp_path / "templates" / "job_info.jinja").write_text(text, encoding="utf-8")
    hook = tmp_path / "packages" / "studio_hooks-1.0.dist-info"
    hook.mkdir(parents=True)
    (hook / "METADATA").write_text("Metadata-Version: 2.1\nName: studio-hooks\nVersion: 1.0\n")
    (hook / "entry_points.txt").write_text("[flowpipe_deadline.plan_hooks]\nstudio = user_code:adjust\n")
    monkeypatch.syspath_prepend(hook.parent)
    known = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(hook.parent), str(SUPPORT), *known])))
    monkeypatch.setenv("FLOWPIPE_DEADLINE_CONFIG", str(path))
    monkeypatch.setenv("DEADLINE_PATH", str(deadline.bin))
    monkeypatch.chdir(SUPPORT)
    return path


def files_of(folder):
    """The job info and plugin info files of a bundle by name, with node keys for job IDs and one name for all."""
    bundle = read_bundle(folder)
    record = bundle.folder / "submission.json"
    ids = json.loads(record.read_text(encoding="utf-8"))["jobs"] if record.exists() else {}
    files = {}
    for path in sorted((bundle.folder / "jobs").iterdir()):
        text = path.read_text(encoding="utf-8")
        for found, put in [
            (str(bundle.folder), "FOLDER"),
            (bundle.name, "NAME"),
            *((i, key) for key, i in ids.items()),
        ]:
            text = text.replace(found, put)
        files[path.name] = text.replace("InitialStatus=Suspended\n", "")
    return files


def only_bundle(root):
    """The bundle below that root."""
    (folder,) = root.iterdir()
    return folder


def submit(*arguments):
    """What ``flowpipe-deadline submit`` leaves."""
    result = run_cli("submit", GRAPH, *AS_OPTIONS, *arguments, "-o", "json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_every_way_gives_the_same_jobs(tmp_path, deadline):
    """The studio's settings, template and hook, the preset and the caller's settings; line by line."""
    evaluated = build()
    steps = user_code.submit_step_by_step(tmp_path / "steps")
    at_once = user_code.submit_at_once(tmp_path / "at-once")
    again = user_code.submit_again(at_once.bundle)
    submitted = submit("--root", tmp_path / "cli")
    planned = submit("--root", tmp_path / "dry", "--dry-run")
    with running_workers(deadline, scan_seconds=0.05):
        user_code.evaluate(evaluated, root=tmp_path / "evaluated")

    files = files_of(steps.bundle)

    assert files["001-Render.job"].splitlines() == [
        "Plugin=Flowpipe",
        "Name=Shot - Render (studio)",
        "BatchName=NAME",
        "Frames=1-8",
        "ChunkSize=4",
        "Comment=from a script",
        "Department=comp",
        "Pool=night",
        "Priority=30",
        "EnvironmentKeyValue0=SITE=berlin",
        "EnvironmentKeyValue1=SHOW=hooked",
        "ExtraInfoKeyValue0=FlowpipeSubmission=NAME",
        "ExtraInfoKeyValue1=FlowpipeNode=Render",
    ]
    assert files_of(at_once.bundle) == files
    assert files_of(again.bundle) == files
    assert files_of(submitted["bundle"]) == files
    assert files_of(planned["bundle"]) == files_of(user_code.write_step_by_step(tmp_path / "written"))
    assert files_of(only_bundle(tmp_path / "evaluated")) == files
    assert list(at_once.job_ids) == list(submitted["jobs"]) == ["Render", "Publish"]
    assert evaluated.nodes[1].outputs["count"].value == 8


def test_plan_shows_what_plan_graph_gives():
    """The command line and Python, in the words for other programs."""
    result = run_cli("plan", GRAPH, *AS_OPTIONS[:4], "-o", "json")

    assert json.loads(result.stdout) == user_code.plan().to_json()


def test_a_graph_is_submitted_by_one_process(tmp_path, deadline):
    """Also from Python: the check against the repository needs no process of its own."""
    said = []

    result = submit_graph(
        build(), root=tmp_path / "root", options=OPTIONS, on_message=said.append, on_warning=said.append
    )

    assert len(deadline.log.calls("process")) == 1
    assert said[1] == f"Bundle: {result.bundle.folder}"
    assert said[0] == str(result.warnings[0])
    assert [warning.kind.word for warning in result.warnings] == ["local-root"]
    assert user_code.look_at(result.bundle) == {"Render": "Queued", "Publish": "Pending"}


def test_everything_that_is_wrong_is_raised_at_once_and_nothing_is_written(tmp_path, deadline):
    """The graph, the root and the repository."""
    graph = build()
    graph.nodes[0].metadata["deadline"] = {"prioritty": 1}
    (tmp_path / "file").touch()

    with pytest.raises(PreflightError) as caught:
        submit_graph(graph, root=tmp_path / "file" / "root", options=replace(OPTIONS, tolerate=[]))

    assert [type(error).__name__ for error in caught.value.errors] == ["SettingError", "CheckError", "CheckError"]
    assert deadline.jobs() == []


@pytest.mark.parametrize("call", [submit_graph, check_plan])
def test_the_studio_and_the_environment_say_what_is_an_error(call, tmp_path, studio, monkeypatch):
    """Unless the caller says so; a root on this machine is an error where something is submitted."""
    graph = build(last=3)
    options = replace(OPTIONS, tolerate=None)

    def check(options):
        what = plan_graph(graph) if call is check_plan else graph
        return call(what, root=tmp_path / "root", options=replace(options, is_dry_run=True))

    check(options)
    monkeypatch.setenv("FLOWPIPE_DEADLINE_STRICT", "single-task")
    with pytest.raises(CheckError, match="Render: "):
        check(options)
    check(replace(options, strict=()))
    monkeypatch.delenv("FLOWPIPE_DEADLINE_STRICT")
    studio.write_text("strict = true\n" + STUDIO, encoding="utf-8")
    with pytest.raises(CheckError, match="Render: "):
        check(options)
    check(replace(options, tolerate=["single-task"]))
    check(replace(options, strict=False))


def test_the_root_is_the_environments_then_the_studios(tmp_path, studio, monkeypatch):
    """As on the command line; without any, that is an error."""
    options = replace(OPTIONS, is_dry_run=True)
    with pytest.raises(UsageError, match="where do the workers see the bundle"):
        submit_graph(build(), options=options)

    studio.write_text(f"root = '{tmp_path / 'studios'}'\n" + STUDIO, encoding="utf-8")
    assert submit_graph(build(), options=options).bundle.folder.parent == tmp_path / "studios"

    monkeypatch.setenv("FLOWPIPE_DEADLINE_ROOT", str(tmp_path / "mine"))
    assert submit_graph(build(), options=options).bundle.folder.parent == tmp_path / "mine"


def test_a_written_bundle_is_checked_before_it_is_submitted(tmp_path, deadline):
    """Its root as it is; and it is submitted once."""
    bundle = user_code.write_step_by_step(tmp_path / "root")

    with pytest.raises(CheckError, match="is on this machine"):
        submit_bundle(bundle)
    submit_bundle(bundle, options=OPTIONS)
    with pytest.raises(SubmissionError, match="is submitted already"):
        submit_bundle(bundle, options=OPTIONS)

    assert len(deadline.jobs()) == 2


def test_options_are_checked_where_they_are_made():
    """A word that means nothing is known before anything is planned."""
    with pytest.raises(UsageError, match="did you mean 'local-root'"):
        replace(OPTIONS, tolerate=["local-rot"])
    with pytest.raises(UsageError, match="did you mean 'large-value'"):
        replace(OPTIONS, strict=["large-valu"])


def test_a_run_on_this_machine_gives_the_outputs(tmp_path):
    """The script of the README."""
    assert user_code.run_here(tmp_path / "root") == {"count": 8}


def test_hooks_find_their_helper_where_it_was_before():
    """``flowpipe_deadline.hooks`` is in the code of studios."""
    from flowpipe_deadline.hooks import with_settings

    assert with_settings is flowpipe_deadline.with_settings
