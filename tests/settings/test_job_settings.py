"""Settings by their readable names, and the lines of job info that they become."""

from __future__ import annotations

import json
from datetime import datetime, time, timedelta, timezone
from pathlib import Path, PurePosixPath

import farm_nodes as nodes
import pytest
from flowpipe import Graph
from harness import run_cli
from hypothesis import given, settings
from hypothesis import strategies as st
from random_examples import examples

from flowpipe_deadline import write_bundle
from flowpipe_deadline.bundle.info_format import decode_info, encode_info, format_entries, parse_entries
from flowpipe_deadline.errors import PreflightError, SettingError
from flowpipe_deadline.planning.planner import make_plan
from flowpipe_deadline.settings.job_info_keys import PLANNED_KEYS, planned_reason
from flowpipe_deadline.settings.parse import OWN_SETTINGS, parse_job_settings
from flowpipe_deadline.settings.table import SETTINGS
from flowpipe_deadline.studio.toml import parse_toml

GOLDEN = [
    line.split(" -> ")
    for line in (Path(__file__).parents[1] / "golden" / "settings.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]

# Deadline's own list, as it stands in submission, section 1.2; # is a number.
DOCUMENTED = (Path(__file__).parents[1] / "golden" / "documented_keys.txt").read_text(encoding="utf-8").split()


def lines(settings, **context):
    """The lines that the settings become, if nothing is wrong with any of them."""
    parsed = parse_job_settings(settings, environ=context)
    assert parsed.errors == ()
    return [f"{key}={value}" for key, value in parsed.job_info]


def plan_of(settings, **graph_wide):
    """The plan of one node."""
    graph = Graph(name="Test")
    nodes.Pass(name="a", graph=graph, metadata={"deadline": settings})
    return make_plan(graph, settings=graph_wide)


def setting_errors(settings, **graph_wide):
    """The errors that planning reports."""
    with pytest.raises((SettingError, PreflightError)) as caught:
        plan_of(settings, **graph_wide)
    return [error.reason for error in getattr(caught.value, "errors", [caught.value])]


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.datetimes(),
    st.times(),
    st.timedeltas(),
    st.binary(max_size=3),
    st.sampled_from(
        ["/a\nPlugin=Evil", "a,b", "\u2028", "\x85", "=", "%04d", "[EOL]", "/", "C:\\", " ", "true", "1-5", "{x}"]
    ),
)
VALUES = st.one_of(
    SCALARS,
    st.lists(SCALARS, max_size=3),
    st.tuples(SCALARS),
    st.dictionaries(
        st.one_of(st.text(max_size=5), st.sampled_from([*PLANNED_KEYS, "Priority", "a=b"])), SCALARS, max_size=3
    ),
)


@settings(max_examples=examples(100))
@given(given_settings=st.dictionaries(st.sampled_from([*SETTINGS, *OWN_SETTINGS, "nonsense"]), VALUES, max_size=6))
def test_whatever_is_set_is_one_line_of_its_own_key_or_refused(given_settings):
    """No value makes a second line, a planned key or a traceback."""
    parsed = parse_job_settings(given_settings, environ={})

    assert parse_entries(format_entries(parsed.job_info)) == list(parsed.job_info)
    assert [key for key, _ in parsed.job_info if planned_reason(key)] == []
    encode_info(format_entries(parsed.job_info))
    assert all(str(error) for error in parsed.errors)


@pytest.mark.parametrize(("setting", "expected"), GOLDEN, ids=[setting.split(" = ")[0] for setting, _ in GOLDEN])
def test_each_setting_becomes_its_lines(setting, expected):
    """As TOML on one side, as Deadline reads it on the other."""
    assert lines(parse_toml(setting)) == expected.split(" | ")


def test_no_setting_is_without_an_example():
    """The table and the examples above have the same names."""
    assert [setting.split(" = ")[0] for setting, _ in GOLDEN] == list(SETTINGS)


def test_every_documented_key_has_a_name_or_a_reason():
    """A readable name, or the plan's own and refused; and the table has no undocumented key."""
    own = {setting.key for setting in OWN_SETTINGS.values()} - {""}

    assert {setting.key for setting in SETTINGS.values()} | own | set(PLANNED_KEYS) == {
        *DOCUMENTED,
        "InitialUncompletedTaskIds",
    }


def test_a_job_with_everything_line_by_line(tmp_path):
    """One job with all settings that do not exclude each other, as the file that Deadline is given."""
    exclusive = {
        *("min_render_time_minutes", "task_timeout_seconds", "start_job_timeout_minutes", "deny_list"),
        *("delete_on_complete", "archive_on_complete", "output_directories", "scheduled_days"),
    }
    chosen = [(setting, line) for setting, line in GOLDEN if setting.split(" = ")[0] not in exclusive]
    settings = parse_toml("\n".join(setting for setting, _ in chosen))
    settings.update(environment={"SHOW": "x"}, extra_info={"shot": "sh010"}, job_info={"Region": "eu"})

    bundle = write_bundle(plan_of(settings), root=tmp_path)

    entries = parse_entries(decode_info(bundle.job_files(bundle.jobs[0])[0].read_bytes()))
    assert [f"{key}={value}" for key, value in entries[5:]] == [
        *(line for _, expected in chosen for line in expected.split(" | ")),
        "EnvironmentKeyValue0=SHOW=x",
        "Region=eu",
        f"ExtraInfoKeyValue0=FlowpipeSubmission={bundle.name}",
        "ExtraInfoKeyValue1=FlowpipeNode=a",
        "ExtraInfoKeyValue2=shot=sh010",
    ]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        pytest.param(
            {"scheduled_start": datetime(2026, 2, 1, 8, 0)}, "ScheduledStartDateTime=01/02/2026 08:00", id="day"
        ),
        pytest.param(
            {"scheduled_start": "01/02/2026 08:00"}, "ScheduledStartDateTime=01/02/2026 08:00", id="as written"
        ),
        pytest.param({"scheduled_sunday_stop_time": time(6, 30)}, "ScheduledSundayStopTime=06:30:00", id="time"),
        pytest.param({"job_delay": timedelta(hours=30, seconds=1)}, "JobDelay=01:06:00:01", id="span"),
        pytest.param({"machine_limit_progress": -1}, "MachineLimitProgress=-1.0", id="off"),
        pytest.param({"pre_job_script": PurePosixPath("/a/b.py")}, "PreJobScript=/a/b.py", id="a path"),
        pytest.param({"on_task_timeout": "requeue"}, "OnTaskTimeout=Requeue", id="a word in other capitals"),
        pytest.param({"comment": "  padded  "}, "Comment=padded", id="blanks around"),
    ],
)
def test_values_of_python_are_written_deadlines_way(settings, expected):
    """Dates, times, spans, paths."""
    assert lines(settings) == [expected]


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"priority": "80"}, "priority must be a whole number from 0, not '80'"),
        ({"priority": True}, "priority must be a whole number from 0, not True"),
        ({"priority": 2**31}, "priority must be a whole number from 0"),
        ({"interruptible_percentage": 101}, "from 0 to 100"),
        ({"machine_limit_progress": -0.5}, "a number from 0 to 100, or -1"),
        ({"machine_limit_progress": float("nan")}, "a number from 0 to 100, or -1"),
        ({"sequential": "yes"}, "sequential must be true or false, not 'yes'"),
        ({"sequential": 1}, "sequential must be true or false, not 1"),
        ({"on_job_complete": "delet"}, "did you mean 'Delete'?"),
        ({"on_job_complete": None, "scheduled_type": "Weekly"}, "None, Once, Daily or Custom"),
        ({"allow_list": ["w1", ""]}, "cannot be empty or hold a comma"),
        ({"allow_list": {"w1"}}, "allow_list must be a list of texts"),
        ({"required_assets": ["show/a.exr"]}, "must be a full path, not 'show/a.exr'"),
        ({"pre_job_script": "before.py"}, "must be a full path"),
        ({"scheduled_start": datetime(2026, 1, 1, tzinfo=timezone.utc)}, "neither time zones nor seconds"),
        ({"scheduled_start": datetime(2026, 1, 1, 8, 0, 30)}, "neither time zones nor seconds"),
        ({"scheduled_start": "tomorrow"}, "a day and time such as"),
        ({"scheduled_friday_stop_time": "25:00"}, "a time of day such as"),
        ({"job_delay": "1:24:00:00"}, "dd:hh:mm:ss"),
        ({"job_delay": timedelta(days=100)}, "dd:hh:mm:ss"),
        ({"job_delay": 60}, "dd:hh:mm:ss"),
        (
            {"notification_note": "tab\tand\x00more"},
            "has a tab (U+0009) at character 4, for which Deadline has no escape",
        ),
        ({"notification_note": "\x1b[1m"}, "has an escape character (U+001B) at character 1"),
        ({"comment": "sp\udce4t"}, "has the byte 0xE4, which is not UTF-8, at character 3"),
        ({"environment": {"A\tB": "x"}}, "environment has 'A\\tB', which has a tab (U+0009) at character 2"),
        ({"extra_info_3": 5}, "extra_info_3 must be text, not 5"),
        ({"extra_info": {"a=b": "c"}}, "'a=b', which is not a name"),
        ({"extra_info": {"a": "c\nd"}}, "extra_info.a has a line break"),
        ({"environment": "A=B"}, "environment must be a dict, not 'A=B'; on the command line, write --set"),
        ({"environment": {"TOKEN": "a\tb"}}, "environment.TOKEN has a tab (U+0009) at character 2, for which"),
        ({"import_roots": "/a"}, "import_roots must be true, false, or a list of full paths, not '/a'"),
        ({"import_roots": ["a"]}, "import_roots[0] must be a full path"),
        ({"Priority": 5}, "Deadline's Priority is 'priority' here"),
        ({"whitelist": ["w1"]}, "Deadline's Whitelist is 'allow_list' here"),
        ({"chunk_size": 5}, "set by the plan: metadata['batch_size'] sets it"),
        ({"initial_status": "Suspended"}, "set by the plan: jobs are submitted suspended"),
        ({"nonsense": 5}, "config --list-settings"),
    ],
)
def test_values_that_do_not_fit_are_refused(settings, reason):
    """The message names the setting, and says what it takes."""
    assert any(reason in error for error in setting_errors(settings)), setting_errors(settings)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (
            {"task_timeout_seconds": 5, "task_timeout_minutes": 1},
            "task_timeout_seconds and task_timeout_minutes exclude",
        ),
        ({"allow_list": ["a"], "deny_list": ["b"]}, "allow_list and deny_list exclude each other"),
        ({"task_timeout_minutes": 60, "task_timeout_seconds": 0}, "exclude each other"),
        ({"on_job_complete": "Nothing", "delete_on_complete": True}, "exclude each other"),
        ({"scheduled_type": "Once"}, "scheduled_type Once needs 'scheduled_start'"),
        ({"scheduled_type": "Custom"}, "needs a time of a day"),
        ({"scheduled_start": datetime(2026, 1, 1)}, "no effect without 'scheduled_type'"),
        ({"scheduled_days": 2}, "no effect without 'scheduled_type' Daily"),
        ({"scheduled_monday_start_time": time(1)}, "no effect without 'scheduled_type' Custom"),
        ({"interruptible_percentage": 50}, "no effect without 'interruptible'"),
        ({"failure_detection_task_errors": 3}, "no effect without 'override_task_failure_detection'"),
        ({"email_notification": True}, "no effect without 'override_notification_method'"),
        ({"task_extra_info_name_0": "x"}, "no effect without 'override_task_extra_info_names'"),
        ({"allow_list": ["a"], "job_info": {"Blacklist": "b"}}, "allow_list and deny_list exclude each other"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings, reason):
    """Deadline would silently take one of them."""
    assert [reason in error for error in setting_errors(settings)] == [True]


def test_what_is_switched_off_by_name_may_have_its_details():
    """So one node can switch off what is set for all."""
    plan = plan_of({"interruptible": False}, interruptible=True, interruptible_percentage=50)

    assert dict(plan.jobs[0].job_info) == {"Interruptible": "false", "InterruptiblePercentage": "50"}


def test_all_errors_of_a_node_are_reported_at_once(graph):
    """Interpreter, batch and settings."""
    metadata = {
        "interpreter": "my maya",
        "batch": {"size": 0, "ovr": [], "merge": {"items": "conct"}},
        "deadline": {"prioritty": 1, "sequential": 3, "environment": {"A=B": 1}, "job_info": {"Plugin": "X"}},
    }
    nodes.Render(name="a", graph=graph, frames=[1, 2], metadata=metadata)

    with pytest.raises(PreflightError) as caught:
        make_plan(graph)

    rules = "concat, union, same, first, last, sum, min, max, all, any, chunks, or name a module:function"
    assert [str(error) for error in caught.value.errors] == [
        "Test.a: 'my maya' is not an interpreter; use a name such as 'maya' or 'maya-2025'",
        "Test.a: unknown batch setting 'ovr'. Did you mean 'over'?",
        "Test.a: batch size must be a whole number from 1, not 0",
        f"Test.a: output 'items': there is no merge rule 'conct'; choose {rules}",
        "Test.a: unknown setting 'prioritty'. Did you mean 'priority'?",
        "Test.a: sequential must be true or false, not 3",
        "Test.a: environment has 'A=B', which is not a name: it is empty, or has a =",
        "Test.a: the job info key 'Plugin' is set by the plan: all jobs are rendered by the Flowpipe plugin",
    ]


def test_errors_in_graph_wide_settings_are_reported_once(graph):
    """Not for each of its nodes."""
    for name in ("a", "b", "c"):
        nodes.Pass(name=name, graph=graph)

    with pytest.raises(SettingError) as caught:
        make_plan(graph, settings={"prioritty": 1})

    assert str(caught.value) == ("Test: the graph-wide settings: unknown setting 'prioritty'. Did you mean 'priority'?")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param({"Priority": 80}, ["Priority=80"], id="a number"),
        pytest.param({"Priority": "80"}, ["Priority=80"], id="Deadline's text"),
        pytest.param({"priority": 80}, ["Priority=80"], id="other capitals"),
        pytest.param({"Sequential": 1, "Protected": "False"}, ["Sequential=true", "Protected=false"], id="booleans"),
        pytest.param({"LimitGroups": "a, b"}, ["LimitGroups=a,b"], id="a list as text"),
        pytest.param({"LimitGroups": ["a", "b"]}, ["LimitGroups=a,b"], id="a list"),
        pytest.param({"Allowlist": ["w1"]}, ["Allowlist=w1"], id="a newer name"),
        pytest.param({"Pool": "", "Priority": ""}, ["Pool=", "Priority="], id="blank"),
        pytest.param({"ExtraInfo3": 5}, ["ExtraInfo3=5"], id="a fixed slot"),
        pytest.param({"OutputDirectory0": "/a"}, ["OutputDirectory0=/a"], id="of a series"),
        pytest.param({"MachineLimitProgress": "50.5"}, ["MachineLimitProgress=50.5"], id="a part as text"),
        pytest.param({"Region": "eu", "ProxyRoot": 3}, ["Region=eu", "ProxyRoot=3"], id="undocumented"),
        pytest.param(
            {"ScheduledType": "none", "JobDelay": "00:00:01:00"},
            ["ScheduledType=None", "JobDelay=00:00:01:00"],
            id="words",
        ),
    ],
)
def test_raw_keys_are_checked_by_the_same_table(raw, expected):
    """They are written as Deadline writes them."""
    assert lines({"job_info": raw}) == expected


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"job_info": {"Priority": "high"}}, "Priority must be a whole number from 0, not 'high'"),
        ({"job_info": {"MachineLimitProgress": "half"}}, "must be a number from 0 to 100, or -1, not 'half'"),
        ({"job_info": {"OnJobComplete": "Explode"}}, "OnJobComplete must be Nothing, Delete or Archive"),
        ({"job_info": {"Whitelist": "a", "Allowlist": "a"}}, "set by another setting, 'allow_list'"),
        ({"job_info": {"Priority": 5, "priority": 5}}, "set by another setting, 'priority'"),
        (
            {"output_directories": ["/a"], "job_info": {"OutputDirectory1": "/b"}},
            "another setting, 'output_directories'",
        ),
        ({"job_info": {"OutputDirectory1": "/b"}}, "numbered from 0 without gaps"),
        ({"job_info": {"EnvironmentKeyValue0": "A=B"}}, "use the setting 'environment'"),
        ({"job_info": {"ExtraInfoKeyValue0": "A=B"}}, "use the setting 'extra_info'"),
        *(
            ({"job_info": {key.replace("#", "0"): "1"}}, f"'{key.replace('#', '0')}' is set by the plan: {reason}")
            for key, reason in PLANNED_KEYS.items()
        ),
        ({"job_info": {"chunksize": 5}}, "set by the plan"),
        ({"job_info": {"Region": {"a": 1}}}, "Region must be text, not"),
        ({"job_info": {3: 1}}, "3 is not a job info key"),
        ({"job_info": [("A", 1)]}, "job_info must be a dict"),
    ],
)
def test_raw_keys_cannot_say_what_the_plan_says(settings, reason):
    """Nor what another setting sets, nor nonsense."""
    assert any(reason in error for error in setting_errors(settings)), setting_errors(settings)


def test_a_raw_key_that_is_almost_a_documented_one_is_a_warning():
    """Deadline has undocumented keys, so it is written."""
    plan = plan_of({"job_info": {"Prioritty": 5}})

    assert dict(plan.jobs[0].job_info) == {"Prioritty": "5"}
    assert [str(warning) for warning in plan.warnings] == [
        "Test.a: the job info key 'Prioritty' is not documented; is it 'Priority'?"
    ]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        pytest.param(
            {"output_directories": ["/a", "/b"], "output_filenames": ["x.####.exr", "y.exr"]},
            ["OutputDirectory0=/a", "OutputDirectory1=/b", "OutputFilename0=x.####.exr", "OutputFilename1=y.exr"],
            id="pairs",
        ),
        pytest.param({"output_directories": ["/a"]}, ["OutputDirectory0=/a"], id="only folders"),
        pytest.param({"output_filenames": []}, [], id="nothing"),
    ],
)
def test_output_is_written_in_pairs(settings, expected):
    """*View Output* needs a folder and a name with the same number."""
    assert lines(settings) == expected


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"output_filenames": ["x.exr"]}, "'x.exr', not a full path; set 'output_directories' as well"),
        ({"output_filenames": ["/a/"]}, "'/a/', not a full path"),
        ({"output_filenames": ["x"], "output_directories": ["/a", "/b"]}, "has 1 for 2 of output_directories"),
        ({"output_filenames": ["/b/x"], "output_directories": ["/a"]}, "give bare names"),
        ({"output_filenames": ["/a/x.%04d.exr"]}, "write '/a/x.####.exr' for '/a/x.%04d.exr'"),
        ({"output_directories": ["a"]}, "output_directories[0] must be a full path, not 'a'"),
        ({"output_filenames": "x"}, "output_filenames must be a list, each text, not 'x'"),
    ],
)
def test_output_that_the_monitor_could_not_show_is_refused(settings, reason):
    """The message says what to write instead."""
    assert [reason in error for error in setting_errors(settings)] == [True]


def test_a_job_that_vanishes_while_others_wait_is_a_warning(graph):
    """Whether an archived job ever releases them is unknown; a deleted one hardly does."""
    first = nodes.Pass(name="first", graph=graph, metadata={"deadline": {"on_job_complete": "Archive"}})
    last = nodes.Pass(name="last", graph=graph, metadata={"deadline": {"on_job_complete": "Delete"}})
    first.outputs["value"].connect(last.inputs["value"])

    (warning,) = make_plan(graph).warnings

    assert str(warning) == (
        "Test.first: it is archived once complete, and Test.last may then wait for it for ever;"
        " set that for the last jobs of a graph only"
    )


@pytest.mark.parametrize("where", ["first", "second"])
def test_jobs_with_scripts_of_their_own_are_not_waited_for_frame_by_frame(graph, where):
    """What frame dependency makes of the scripts' tasks is unknown; whole jobs are safe either way."""
    made = {}
    for name in ("first", "second"):
        settings = {"pre_job_script": "/studio/before.py"} if name == where else {}
        metadata = {"batch": {"size": 2, "over": ["frames", "images"]}, "deadline": settings}
        made[name] = nodes.Check(name=name, graph=graph, frames=[1, 2, 3], images=[1, 2, 3], metadata=metadata)
    made["first"].outputs["images"].connect(made["second"].inputs["images"])

    job = make_plan(graph).jobs[1]

    assert not job.is_frame_dependent
    assert job.dependencies[0].reason == "feeds images, not frame by frame as there is a job script"


def test_all_settings_are_listed_for_people_and_programs():
    """Name, Deadline's key, what it takes, the default, and what it means."""
    text = run_cli("config", "--list-settings")
    rows = {row["name"]: row for row in json.loads(run_cli("config", "--list-settings", "-o", "json").stdout)}

    assert text.returncode == 0, text.stderr
    assert [name for name in rows if name not in text.stdout] == []
    assert list(rows) == [*SETTINGS, *OWN_SETTINGS]
    assert rows["concurrent_tasks"] == {
        "section": "General",
        "name": "concurrent_tasks",
        "key": "ConcurrentTasks",
        "takes": "a whole number from 1 to 16",
        "default": "1",
        "about": "Tasks that a worker does at once",
        "evidence": "D2",
    }


@pytest.mark.parametrize("value", [10**400, 10**5000, [10**5000]], ids=["400 digits", "5000 digits", "a list of one"])
@pytest.mark.parametrize(
    "name", ["machine_limit_progress", "priority", "comment", "on_job_complete", "limits", "sequential"]
)
def test_a_number_beyond_all_measure_is_an_error_like_others(name, value):
    """Python itself cannot write out one of thousands of digits."""
    parsed = parse_job_settings({name: value, "machine_limit": 1, "job_info": {"Region": value}}, environ={})

    assert {error.setting for error in parsed.errors} >= {name}
