"""The files that Deadline is given."""

from __future__ import annotations

from pathlib import Path

import farm_nodes as nodes
import pytest
from flowpipe import Graph
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_examples import examples

from flowpipe_deadline import plan_graph, write_bundle
from flowpipe_deadline.bundle.info_format import decode_info, encode_info, parse_entries
from flowpipe_deadline.bundle.templates import JobFiles, job_name
from flowpipe_deadline.errors import BundleError, PreflightError

HOSTILE = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            "a\nPlugin=Evil",
            "a\r\nFrames=1-9",
            "\u2028x",
            "\x85y",
            "=",
            "{{ 1 + 1 }}",
            "{% raise %}",
            "'\"",
            "ü€🎬",
            "\udcff",
            " padded ",
            "x" * 10_000,
            "..",
            "CON",
            "",
        ]
    ),
)

FLAWED_NAMES = {
    "two\nlines": "a line break (U+000A)",
    "a\tb": "a tab (U+0009)",
    "a\x1b[1m": "an escape character (U+001B)",
    "sh\udce4": "the byte 0xE4, which is not UTF-8",
}


def files_of(bundle, index=0):
    """The text of a job's two files."""
    return tuple(decode_info(path.read_bytes()) for path in bundle.job_files(bundle.jobs[index]))


def plan_of_one(name="node", graph_name="Test", **settings):
    """The plan of one node."""
    graph = Graph(name=graph_name)
    nodes.Pass(name=name, graph=graph, metadata={"deadline": settings})
    return plan_graph(graph)


def test_files_of_a_small_graph_line_by_line(graph, tmp_path):
    """Everything Deadline is given for a batched node and one that waits for it."""
    render = nodes.Render(
        name="Render", graph=graph, frames=range(1, 11), metadata={"batch_size": 4, "deadline": {"pool": "cpu"}}
    )
    publish = nodes.Pass(name="Publish", graph=graph, metadata={"interpreter": "maya-2025"})
    render.outputs["items"].connect(publish.inputs["value"])

    bundle = write_bundle(plan_graph(graph), root=tmp_path)

    job_info, plugin_info = files_of(bundle, 0)
    assert job_info == (
        "Plugin=Flowpipe\n"
        "Name=Test - Render\n"
        f"BatchName={bundle.name}\n"
        "Frames=1-10\n"
        "ChunkSize=4\n"
        "Pool=cpu\n"
        f"ExtraInfoKeyValue0=FlowpipeSubmission={bundle.name}\n"
        "ExtraInfoKeyValue1=FlowpipeNode=Render\n"
    )
    assert plugin_info == f"Bundle={bundle.folder}\nNode=Render\nInterpreter=python\nFrameMode=frames\n"
    job_info, plugin_info = files_of(bundle, 1)
    assert job_info == (
        "Plugin=Flowpipe\n"
        "Name=Test - Publish\n"
        f"BatchName={bundle.name}\n"
        "Frames=0\n"
        "ChunkSize=1\n"
        "JobDependencies=Render\n"
        f"ExtraInfoKeyValue0=FlowpipeSubmission={bundle.name}\n"
        "ExtraInfoKeyValue1=FlowpipeNode=Publish\n"
    )
    assert plugin_info == f"Bundle={bundle.folder}\nNode=Publish\nInterpreter=maya-2025\nFrameMode=none\n"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=examples(50))
@given(name=HOSTILE, graph_name=HOSTILE)
def test_no_name_can_smuggle_in_a_line(tmp_path, name, graph_name):
    """Whatever a node or a graph is called, the file has the planned keys and no other."""
    plan = plan_of_one(name=name, graph_name=graph_name)

    bundle = write_bundle(plan, root=tmp_path)

    expected = ["Plugin", "Name", "BatchName", "Frames", "ChunkSize", "ExtraInfoKeyValue0", "ExtraInfoKeyValue1"]
    job_info = files_of(bundle)[0]
    assert [key for key, _ in parse_entries(job_info)] == expected
    assert [line.partition("=")[0] for line in job_info.replace("\r", "\n").split("\n")[:-1]] == expected
    assert [key for key, _ in parse_entries(files_of(bundle)[1])] == ["Bundle", "Node", "Interpreter", "FrameMode"]


@settings(max_examples=examples(50))
@given(value=HOSTILE)
def test_no_setting_can_smuggle_in_a_line(value):
    """A setting's text arrives as it is, or is refused; it is never cut into two lines."""
    try:
        plan = plan_of_one(comment=value, environment={"A": value}, job_info={"ExtraInfo0": value})
    except PreflightError:
        return

    text = JobFiles().job_info(plan.jobs[0], plan_name="x", batch_name="y", job_dependencies=())

    entries = dict(parse_entries(decode_info(encode_info(text))))
    assert entries["Comment"] == value.strip()
    assert entries["EnvironmentKeyValue0"] == f"A={value.strip()}"
    assert entries["ExtraInfo0"] == value.strip()


def test_text_beyond_ascii_is_marked(tmp_path):
    """ASCII files have no mark, others the one that Deadline tells UTF-8 by."""
    plain = write_bundle(plan_of_one(name="plain"), root=tmp_path)
    special = write_bundle(plan_of_one(name="Größe"), root=tmp_path)

    assert plain.job_files(plain.jobs[0])[0].read_bytes().startswith(b"Plugin=")
    assert special.job_files(special.jobs[0])[0].read_bytes().startswith(b"\xef\xbb\xbfPlugin=")
    assert "Name=Test - Größe\n" in files_of(special)[0]


def test_utf16_files_are_read():
    """Deadline's own submitters write UTF-16 with a mark."""
    assert decode_info("Plugin=X\n".encode("utf-16")) == "Plugin=X\n"


def test_a_long_name_is_shortened_in_the_monitor():
    """10,000 characters are no name for a table."""
    plan = plan_of_one(name="x" * 10_000)

    assert len(job_name(plan.jobs[0], plan_name="Test")) == 200


def template(folder: Path, text: str, name: str = "job_info.jinja") -> Path:
    """A studio's own template."""
    folder.mkdir()
    (folder / name).write_text(text, encoding="utf-8")
    return folder


FULL = """\
Plugin={{ plugin }}
Name={{ name }}
BatchName={{ batch_name }}
Frames={{ frames }}
ChunkSize={{ chunk_size }}
"""


def test_a_studios_template_is_used(tmp_path):
    """It may add keys and say things its own way."""
    folder = template(tmp_path / "templates", FULL + "Department=fx\nComment={{ job.interpreter }}\n")

    bundle = write_bundle(plan_of_one(), root=tmp_path, templates=folder)

    assert dict(parse_entries(files_of(bundle)[0]))["Comment"] == "python"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param(FULL + "Comment={{ nope }}\n", "'nope' is undefined", id="undefined value"),
        pytest.param(FULL + "{% if %}", "job_info.jinja, line 6, '{% if %}', fails", id="syntax error"),
        pytest.param(FULL.replace("Frames={{ frames }}\n", ""), "has no Frames where '0' is planned", id="dropped key"),
        pytest.param(FULL.replace("{{ frames }}", "1-5"), "Frames='1-5' where '0' is planned", id="changed value"),
        pytest.param(FULL + "Plugin=Python\n", "occurs twice", id="repeated key"),
        pytest.param(FULL + "just a line\n", "not Key=Value", id="no entry"),
    ],
)
def test_a_template_that_breaks_the_plan_is_refused(tmp_path, text, reason):
    """What it renders is read back and compared; nothing is left on disk."""
    folder = template(tmp_path / "templates", text)
    root = tmp_path / "root"

    with pytest.raises(BundleError, match=reason):
        write_bundle(plan_of_one(), root=root, templates=folder)

    assert list(root.iterdir()) == []


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("InitialStatus=Active", "InitialStatus, which only the plan may set: jobs are submitted suspended"),
        ("initialstatus=Active", "initialstatus, which only the plan may set: jobs are submitted suspended"),
        ("NetworkRoot=//other/repository", "NetworkRoot, which only the plan may set: the jobs of a graph are counted"),
        ("ResumeOnFailedDependencies=true", "which only the plan may set: a job needs the results"),
        ("IsFrameDependent=true", "which only the plan may set: the graph's connections say"),
        ("JobDependencies=507f1f77bcf86cd799439011", "which only the plan may set: the graph's connections say"),
        ("JobDependency0=507f1f77bcf86cd799439011", "JobDependency0, which only the plan may set"),
    ],
)
def test_a_template_adds_nothing_that_only_the_plan_may_set(tmp_path, line, reason):
    """A key of its own that would change what was planned is named, with the reason."""
    folder = template(tmp_path / "templates", f"{FULL}{line}\n")

    with pytest.raises(BundleError, match=reason):
        write_bundle(plan_of_one(), root=tmp_path, templates=folder)


def test_a_template_may_call_jobs_what_it_likes(tmp_path):
    """The name is for people."""
    folder = template(tmp_path / "templates", FULL.replace("{{ name }}", "own"))

    bundle = write_bundle(plan_of_one(), root=tmp_path, templates=folder)

    assert "Name=own\n" in files_of(bundle)[0]


def test_a_template_folder_that_does_not_exist_is_refused(tmp_path):
    """Falling back to ours in silence would be worse."""
    with pytest.raises(BundleError, match="does not exist"):
        write_bundle(plan_of_one(), root=tmp_path, templates=tmp_path / "nope")


@pytest.mark.parametrize("name", ["jobinfo.jinja", "job_info.jinja/misplaced"])
def test_a_template_folder_without_a_template_is_refused(tmp_path, name):
    """Its file has another name, or is a folder."""
    (tmp_path / "own" / name).parent.mkdir(parents=True)
    (tmp_path / "own" / name).write_text(FULL)

    with pytest.raises(BundleError, match=r"own has neither job_info.jinja nor plugin_info.jinja"):
        write_bundle(plan_of_one(), root=tmp_path, templates=tmp_path / "own")


def test_a_template_in_another_encoding_is_named(tmp_path):
    """Not a file of Python's, where the error is raised."""
    folder = template(tmp_path / "own", FULL)
    (folder / "job_info.jinja").write_bytes(b"Comment=\xe4\n")

    with pytest.raises(BundleError, match=r"own.job_info.jinja fails: UnicodeDecodeError"):
        write_bundle(plan_of_one(), root=tmp_path, templates=folder)


def test_a_bundle_path_that_no_line_can_hold_is_refused(tmp_path):
    """What it has is named, and where."""
    for name, flaw in FLAWED_NAMES.items():
        with pytest.raises(BundleError) as caught:
            write_bundle(plan_of_one(), root=tmp_path / name)

        assert f"does not fit into a job, as it has {flaw}" in str(caught.value)


EMPTY_VALUES = {
    "{{ name if job.item_frames }}": "fails: jinja2.exceptions.UndefinedError: the inline if-expression on line 6",
    "{{ 'a' ~ (name if job.item_frames) }}": "no else section was defined",
    "{% set own = name if job.item_frames %}{{ own | upper }}": "no else section was defined",
    "{{ job.item_frames }}": "gives no valid file: it would write None; put it into a condition, or give it a default",
    "{{ {}.get('pool') }}": "it would write None",
    "{{ [1, 2] }}": "it would write [1, 2]; write what it has, with  | join",
    "{{ name.upper }}": "it would write <built-in method upper",
    "{% include 'shared.jinja' %}": "fails: jinja2.exceptions.TemplateNotFound: shared.jinja",
}


@pytest.mark.parametrize("expression", EMPTY_VALUES)
def test_a_value_that_is_not_there_is_refused_with_its_line(tmp_path, expression):
    """Nothing is written as an empty text, as None, or as Python shows it; the line tells the expression."""
    folder = template(tmp_path / "templates", f"{FULL}Comment={expression}\n")

    with pytest.raises(BundleError) as caught:
        write_bundle(plan_of_one(), root=tmp_path, templates=folder)

    line = f"Comment={expression}"
    assert f"the template {folder / 'job_info.jinja'}, line 6, {line!r}, " in str(caught.value)
    assert EMPTY_VALUES[expression] in str(caught.value)


def test_a_template_smuggles_in_no_line_either(tmp_path):
    """The names of nodes are what artists type, and a template has them as they are."""
    folder = template(tmp_path / "templates", f"{FULL}Comment={{{{ job.node }}}}\n")
    graph = Graph(name="shot")
    nodes.Pass(name="a\nPriority=100", graph=graph)

    with pytest.raises(BundleError, match=r"line 6, .* would not stay within its line: it has a line break"):
        write_bundle(plan_graph(graph), root=tmp_path, templates=folder)


def test_a_value_with_a_default_may_be_missing(tmp_path):
    """Where a template says what to write instead."""
    lines = [
        "Comment={{ (name if job.item_frames) | default('all') }}",
        "Pool={{ name if job.item_frames else 'cpu' }}",
    ]
    folder = template(tmp_path / "templates", FULL + "\n".join(lines))

    bundle = write_bundle(plan_of_one(), root=tmp_path, templates=folder)

    assert "Comment=all\nPool=cpu\n" in files_of(bundle)[0] + "\n"
