"""What a plugin can ask: entries, job, task, files, paths (plugin API, section 3)."""

from __future__ import annotations

import pytest

from flowpipe_deadline.offline.standins.sandbox import TaskError
from tests.fake_deadline.full_sandbox import Unknowns


def answers(host):
    """What the plugin logged, without the Worker's own line."""
    return host.of("INFO")[1:]


def ask(*expressions):
    """A RenderTasks body that logs the value of each expression."""
    return "\n".join(f"self.LogInfo(repr({expression}))" for expression in expressions)


def test_entries(run_advanced, host):
    """Plugin info and configuration values by type; a default stands in for a missing key."""
    run_advanced(
        ask(
            "self.GetPluginInfoEntry('Text')",
            "self.GetPluginInfoEntryWithDefault('None', None)",
            "self.GetBooleanPluginInfoEntry('Flag')",
            "self.GetBooleanPluginInfoEntryWithDefault('None', True)",
            "self.GetIntegerPluginInfoEntry('Number')",
            "self.GetLongPluginInfoEntryWithDefault('None', 2 ** 40)",
            "self.GetFloatPluginInfoEntry('Number')",
            "self.GetFloatPluginInfoEntryWithDefault('None', 3)",
            "self.GetConfigEntry('Text')",
            "self.GetConfigEntryWithDefault('Blank', 'x')",
            "self.GetIntegerConfigEntryWithDefault('None', 5)",
            "self.GetBooleanConfigEntry('Flag')",
            "RepositoryUtils.GetPluginConfig('Test').GetIntegerConfigEntryWithDefault('None', 6)",
        ),
        plugin_info={"Text": "a=b", "Flag": "fALSE", "Number": " -12 "},
        config={"Text": "configured", "Blank": "", "Flag": "True"},
    )

    assert answers(host) == [
        "'a=b'",
        "None",
        "False",
        "True",
        "-12",
        "1099511627776",
        "-12.0",
        "3.0",
        "'configured'",
        "''",
        "5",
        "True",
        "6",
    ]


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (
            "self.GetPluginInfoEntry('Nope')",
            "KeyNotFoundException : GetPluginInfoEntry: plugin info entry 'Nope' is missing",
        ),
        ("self.GetIntegerConfigEntry('Nope')", "plugin configuration entry 'Nope' is missing and has no default"),
        (
            "self.GetIntegerPluginInfoEntry('Text')",
            "FormatException : plugin info entry 'Text' is 'x', which is not an int",
        ),
        (
            "self.GetIntegerPluginInfoEntryWithDefault('Blank', 1)",
            "plugin info entry 'Blank' is '', which is not an int",
        ),
        ("self.GetIntegerPluginInfoEntry('Large')", "is '3000000000', which is not an int (32 bits)"),
        ("self.GetIntegerPluginInfoEntry('Odd')", "is '1_000', which is not an int"),
        ("self.GetBooleanPluginInfoEntry('One')", "is '1', which is not a bool"),
        ("self.GetFloatPluginInfoEntry('Text')", "is 'x', which is not a float"),
        ("RepositoryUtils.GetPluginConfig('Other')", "of another plugin than the running one"),
    ],
)
def test_entries_that_cannot_be_read(run_advanced, statement, message):
    """A missing or unreadable entry fails and names key and value."""
    with pytest.raises(TaskError) as failure:
        run_advanced(
            statement, plugin_info={"Text": "x", "Blank": "", "Large": "3000000000", "Odd": "1_000", "One": "1"}
        )

    assert message in failure.value.message


def test_job(run_advanced, host):
    """The job in its .NET form."""
    run_advanced(
        ask(
            "self.GetJob().JobId",
            "self.GetJob().JobName",
            "self.GetJob().JobBatchName",
            "self.GetJob().JobUserName",
            "self.GetJob().JobPlugin",
            "self.GetJob().JobFrames",
            "list(self.GetJob().JobFramesList)",
            "self.GetJob().JobFramesPerTask",
            "list(self.GetJob().GetJobPluginInfoKeys())",
            "self.GetJob().GetJobPluginInfoKeyValue('Node')",
            "self.GetJob().GetJobEnvironmentKeyValue('SHOW')",
            "self.GetJob().GetJobExtraInfoKeyValue('Key')",
            "self.GetJob().GetJobExtraInfoKeyValueWithDefault('None', 'd')",
            "RepositoryUtils.GetJob('5' * 24, True).JobName",
        ),
        name="Render",
        batch_name="Turntable",
        user_name="ann",
        frames="1-3",
        frames_list=(1, 2, 3),
        frames_per_task=2,
        plugin_info={"Node": "render"},
        environment={"SHOW": "demo"},
        extra_info={"Key": "value"},
    )

    assert answers(host) == [
        "'555555555555555555555555'",
        "'Render'",
        "'Turntable'",
        "'ann'",
        "'Test'",
        "'1-3'",
        "[1, 2, 3]",
        "2",
        "['Node']",
        "'render'",
        "'demo'",
        "'value'",
        "'d'",
        "'Render'",
    ]


@pytest.mark.parametrize("missing", ["", None])
def test_missing_keys_of_the_job(run_advanced, host, missing):
    """Whether a missing key reads as "" or None is unknown; both can be played."""
    run_advanced(
        ask("self.GetJob().GetJobExtraInfoKeyValue('None')", "self.GetProcessEnvironmentVariable('None')"),
        unknowns=Unknowns(missing_value=missing),
    )

    assert answers(host) == [repr(missing)] * 2


def test_task(run_advanced, host):
    """The task in its .NET form: two kinds of number, frames as array and text."""
    run_advanced(
        ask(
            "self.GetCurrentTaskId()",
            "self.GetCurrentTask().TaskId",
            "self.GetCurrentTask().TaskID",
            "list(self.GetCurrentTask().TaskFrameList)",
            "self.GetCurrentTask().TaskFrameString",
            "self.GetCurrentTask().TaskStatus",
            "self.GetCurrentTask().TaskSlaveName",
            "self.GetSlaveName()",
            "self.GetThreadNumber()",
        ),
        task_frames=(4, 6),
        worker_name="bench",
        thread_number=2,
    )

    assert answers(host) == ["'0'", "'0'", "0", "[4, 6]", "'4,6'", "'Rendering'", "'bench'", "'bench'", "2"]


@pytest.mark.parametrize(("bounds", "expected"), [("ends", ["9", "3"]), ("extremes", ["1", "9"])])
def test_start_and_end_frame(run_advanced, host, bounds, expected):
    """What Deadline says of an unsorted task is unknown; both can be played."""
    run_advanced(
        ask("self.GetStartFrame()", "self.GetEndFrame()"), task_frames=(9, 1, 3), unknowns=Unknowns(frame_bounds=bounds)
    )

    assert answers(host) == expected


def test_no_task_yet(load_advanced):
    """Before a task renders, asking for its frames fails."""
    with pytest.raises(TaskError, match="no task is running"):
        load_advanced("pass", files={"JobPreLoad.py": "def __main__(plugin):\n    plugin.GetStartFrame()\n"})


def test_files(run_advanced, host, tmp_path):
    """Auxiliary files are names in the job's data folder; the first is the data file."""
    run_advanced(
        ask("list(self.GetAuxiliaryFilenames())", "self.GetDataFilename()", "self.GetJobsDataDirectory()"),
        auxiliary_files=["scene.ma", "x.txt"],
    )
    run_advanced(ask("self.GetDataFilename()"))

    data = str(tmp_path / "jobsData")
    assert host.of("INFO")[1:4] == ["['scene.ma', 'x.txt']", repr(data + "/scene.ma"), repr(data)]
    assert host.of("INFO")[-1] == "None"


@pytest.mark.parametrize(
    ("text", "mapped"),
    [
        ("P:/shots/a.ma", "/mnt/p/shots/a.ma"),
        ("P:/shots/old/a.ma", "/archive/a.ma"),
        ('-x "P:/a" -y P:/b', '-x "/mnt/p/a" -y /mnt/p/b'),
        ("/net/a/x;/net/a", "P:/x;P:"),
        ("/net/ab/x", "/net/ab/x"),
        ("/mnt/net/a/x", "/mnt/net/a/x"),
        ("http:/a", "http:/a"),
        ("", ""),
    ],
)
def test_path_mapping(run_advanced, host, text, mapped):
    """The longest source wins, text is mapped once, and only where a path begins and ends."""
    run_advanced(
        ask(f"RepositoryUtils.CheckPathMapping({text!r})", f"RepositoryUtils.PathMappingRequired({text!r})"),
        path_mappings=[("P:/", "/mnt/p/"), ("P:/shots/old/", "/archive/"), ("/net/a", "P:")],
    )

    assert answers(host) == [repr(mapped), repr(mapped != text)]


def test_path_mapping_pairs(run_advanced, host):
    """The pairs can be indexed."""
    run_advanced(
        ask("[(pair[0], pair[1]) for pair in RepositoryUtils.GetPathMappings()]"), path_mappings=[("P:/", "/mnt/p/")]
    )

    assert answers(host) == ["[('P:/', '/mnt/p/')]"]


def test_utilities(run_advanced, host, tmp_path):
    """The small helpers vendor plugins use."""
    (tmp_path / "there").write_text("", encoding="utf-8")
    run_advanced(
        ask(
            f"FileUtils.SearchFileList('/nowhere; {tmp_path}/there;/bin/sh') == {str(tmp_path / 'there')!r}",
            "FileUtils.SearchFileList('/nowhere;')",
            "FileUtils.FileExists('/bin/sh')",
            "StringUtils.ToZeroPaddedString(7, 4, False)",
            "StringUtils.ParseBoolean('TRUE')",
            "StringUtils.ParseBooleanWithDefault('maybe', False)",
            "SystemUtils.IsRunningOnLinux() + SystemUtils.IsRunningOnMac() + SystemUtils.IsRunningOnWindows()",
        )
    )

    assert answers(host) == ["True", "''", "True", "'0007'", "True", "False", "1"]
