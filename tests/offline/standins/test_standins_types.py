"""Types at the border to .NET: what passes, and what is refused (hosts and tooling, section 5.3)."""

from __future__ import annotations

import pytest

from flowpipe_deadline.offline.standins.sandbox import TaskError


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("self.LogInfo(None)", id="None is the null string"),
        pytest.param("self.SetProgress(50)", id="an int is a float"),
        pytest.param("self.AddExitCodeToIgnore(True)", id="True is an int"),
        pytest.param("self.AddExitCodeToIgnore(2 ** 31 - 1)", id="the largest int"),
        pytest.param("self.PluginType = PluginType.Simple", id="an enumeration's own member"),
        pytest.param("self.ProcessAffinity = [0, 1]", id="a list is an array"),
        pytest.param("self.anything = object()", id="plain attributes are free"),
        pytest.param("self.GetBooleanPluginInfoEntryWithDefault('K', False)", id="a bool default of a bool entry"),
        pytest.param("self.GetFloatConfigEntryWithDefault('K', 1)", id="an int default of a float entry"),
        pytest.param("RepositoryUtils.CheckPathMapping('/a', True)", id="both forms of an overload"),
        pytest.param("assert int(PluginType.Advanced) == 1", id="int reads an enumeration"),
        pytest.param("assert repr(PluginType.Simple) == '<PluginType.Simple: 0>'", id="how an enumeration shows"),
        pytest.param("assert PluginType.Simple != 0", id="an enumeration is no int"),
    ],
)
def test_accepted(run_advanced, statement):
    """What .NET takes passes."""
    run_advanced(statement)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("self.LogInfo(7)", "LogInfo: argument 1: expected a string, got 7 of type int"),
        ("self.LogInfo(b'x')", "expected a string, got b'x' of type bytes"),
        ("import pathlib; self.LogInfo(pathlib.Path('x'))", "expected a string"),
        ("self.LogInfo()", "got 0 argument(s), it takes a string"),
        ("self.LogInfo('a', 'b')", "got 2 argument(s)"),
        ("self.LogInfo(text='a')", "unexpected keyword argument"),
        ("self.FailRender()", "got 0 argument(s)"),
        ("self.StdoutHandling = 1", "StdoutHandling: expected a bool, got 1"),
        ("self.StdoutHandling = 'true'", "expected a bool, got 'true'"),
        ("self.PluginType = 0", "PluginType: expected PluginType, got 0"),
        ("self.PluginType = None", "expected PluginType, got None"),
        ("del self.StdoutHandling", "cannot delete the .NET property"),
        ("self.AddExitCodeToIgnore('3')", "expected an int (32 bits), got '3'"),
        ("self.AddExitCodeToIgnore(3.0)", "expected an int (32 bits), got 3.0"),
        ("self.AddExitCodeToIgnore(2 ** 31)", "does not fit into 32 bits"),
        ("self.SetProgress('50')", "expected a float, got '50'"),
        ("self.GetBooleanConfigEntryWithDefault('K', 0)", "expected a bool, got 0"),
        ("self.GetIntegerPluginInfoEntryWithDefault('K', '-1')", "expected an int (32 bits), got '-1'"),
        ("self.GetPluginInfoEntryWithDefault('K', 3)", "expected a string, got 3"),
        ("self.SetMonitoredManagedProcessExitCheckingFlag('x', 0)", "expected a bool, got 0"),
        ("self.RunManagedProcess('x')", "expected ManagedProcess, got 'x'"),
        ("RepositoryUtils.CheckPathMapping('/a', 1)", "CheckPathMapping: argument 2: expected a bool, got 1"),
        ("self.ProcessAffinity = 'all'", "expected an array"),
        ("self.AbortRender('x', 1)", "expected AbortLevel, got 1"),
    ],
)
def test_refused(run_advanced, statement, message):
    """What .NET does not convert is a TypeError that says what came."""
    with pytest.raises(TaskError) as failure:
        run_advanced(statement)

    assert failure.value.message.startswith("TypeError : ")
    assert message in failure.value.message


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("self.NoSuchMethod()", "AttributeError : 'Plugin' object has no attribute 'NoSuchMethod'"),
        ("self.NoSuchCallback += print", "AttributeError : 'Plugin' object has no attribute 'NoSuchCallback'"),
        ("vars(self)", "TypeError : vars() argument must have __dict__ attribute"),
        ("RepositoryUtils.NoSuchMethod", "AttributeError : type object 'RepositoryUtils' has no attribute"),
        ("SystemUtils()", "TypeError : cannot instantiate the static class SystemUtils"),
        ("self.GetJob().NoSuchThing = 1", "AttributeError : 'Job' object has no attribute 'NoSuchThing'"),
        ("self.GetJob().JobName = 'x'", "NotImplementedError : setting Job.JobName is not imitated"),
        ("self.GetJob().JobPriority", "NotImplementedError : Job.JobPriority is not imitated"),
        ("self.GetJob() == None", "NullReferenceException : compare with 'is None'"),
        ("self.IsTileJob()", "NotImplementedError : DeadlinePlugin.IsTileJob is not imitated"),
        ("RepositoryUtils.SubmitJob([])", "NotImplementedError : RepositoryUtils.SubmitJob is not imitated"),
        ("from System import DateTime", "NotImplementedError : System.DateTime is not imitated"),
    ],
)
def test_missing_or_left_out(run_advanced, statement, error):
    """What does not exist is an AttributeError; what the stand-ins leave out says so and names the reference."""
    with pytest.raises(TaskError) as failure:
        run_advanced(statement)

    assert failure.value.message.startswith(error)


@pytest.mark.parametrize(
    ("callback", "result", "message"),
    [
        ("RenderExecutable", "__import__('pathlib').Path(sys.executable)", "expected a string"),
        ("RenderExecutable", "b'python'", "expected a string"),
        ("RenderArgument", "['-c', 'pass']", "expected a string"),
        ("StartupDirectory", "3", "expected a string"),
        ("IsSingleFramesOnly", "1", "expected a bool"),
    ],
)
def test_return_values(make_sandbox, task, callback, result, message):
    """A callback that returns another type than its delegate fails when it is called."""
    sandbox = make_sandbox(f"""
        class Plugin(DeadlinePlugin):
            def __init__(self):
                super().__init__()
                self.RenderExecutableCallback += lambda: sys.executable
                self.RenderArgumentCallback += lambda: '-c pass'
                self.{callback}Callback += lambda: {result}
            def Cleanup(self):
                del self.RenderExecutableCallback, self.RenderArgumentCallback, self.{callback}Callback
    """)
    sandbox.load()

    with pytest.raises(TaskError) as failure:
        sandbox.render_task(task(1))

    assert failure.value.message.startswith(f"TypeError : {callback}Callback: wrong return value: {message}")


def test_second_base_class(make_sandbox):
    """A class that derives from a .NET class has no other base."""
    sandbox = make_sandbox("class Plugin(DeadlinePlugin, dict): pass")

    with pytest.raises(TaskError, match="can have no other base"):
        sandbox.load()


def test_arrays_are_no_lists(run_advanced, host):
    """An array counts, indexes and iterates; it has no slices, equals no list and is no JSON."""
    run_advanced(
        """
        frames = self.GetCurrentTask().TaskFrameList
        names = self.GetAuxiliaryFilenames()
        self.LogInfo("{} {} {} {}".format(frames, len(frames), frames[0], frames[-1]))
        self.LogInfo(",".join(names))
        self.LogInfo("{} {} {}".format(list(frames), frames == [1, 3, 5], isinstance(frames, list)))
        import json
        for fault in (lambda: frames[0:1], lambda: frames[3], lambda: frames + [1], lambda: json.dumps(frames)):
            try:
                fault()
            except Exception as error:
                self.LogInfo(type(error).__name__)
        """,
        task_frames=(1, 3, 5),
        auxiliary_files=["a.txt", "b.txt"],
    )

    assert host.of("INFO")[1:] == [
        "System.Int32[] 3 1 5",
        "a.txt,b.txt",
        "[1, 3, 5] False False",
        "TypeError",
        "IndexError",
        "TypeError",
        "TypeError",
    ]


def test_sentences_name_the_reference(run_advanced):
    """A refusal tells where the member is described."""
    with pytest.raises(TaskError, match=r"plugin API, section 2\.2"):
        run_advanced("self.DetachMonitoredManagedProcess('x')")


def test_text_that_dotnet_cannot_hold(run_advanced):
    """It is refused (hosts and tooling, section 5.3)."""
    with pytest.raises(TaskError, match="UnicodeEncodeError"):
        run_advanced("self.LogInfo('a\\udcff')")
