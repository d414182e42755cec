"""Callbacks as .NET events (plugin API, section 1.2, hosts and tooling, section 5.3)."""

from __future__ import annotations

import pytest

from flowpipe_deadline.offline.standins.sandbox import TaskError


def test_hooks_run_in_order_and_twice_if_hooked_twice(make_sandbox, host):
    """An event calls what was added, as often as it was added."""
    make_sandbox("""
        class Plugin(DeadlinePlugin):
            def __init__(self):
                super().__init__()
                self.InitializeProcessCallback += self.first
                self.InitializeProcessCallback += self.second
                self.InitializeProcessCallback += self.first
            def first(self): self.LogInfo("first")
            def second(self): self.LogInfo("second")
            def Cleanup(self): del self.InitializeProcessCallback
    """).load()

    assert host.of("INFO") == ["first", "second", "first"]


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("self.StartJobCallback += 3", "TypeError : event handlers must be callable"),
        ("self.StartJobCallback -= self.render", "ValueError : unknown event handler"),
        ("self.StartJobCallback = self.render", "TypeError : cannot set event attributes"),
        ("self.StartJobCallback = None", "TypeError : cannot set event attributes"),
        ("self.StartJobCallback = self.EndJobCallback", "TypeError : cannot set event attributes"),
        ("self.StartJobCallback()", "TypeError : 'Event' object is not callable"),
    ],
)
def test_misuse(run_advanced, statement, error):
    """An event can be hooked and unhooked, and nothing else."""
    with pytest.raises(TaskError) as failure:
        run_advanced(statement.replace("self.render", "self.RenderTasks"))

    assert failure.value.message.startswith(error)


def test_wrong_arity_shows_when_fired(make_sandbox):
    """A hook with other arguments is accepted and fails when the event fires."""
    sandbox = make_sandbox("""
        class Plugin(DeadlinePlugin):
            def __init__(self):
                super().__init__()
                self.InitializeProcessCallback += self.initialize
            def initialize(self, too_much): pass
            def Cleanup(self): del self.InitializeProcessCallback
    """)

    with pytest.raises(TaskError, match=r"TypeError : .*missing 1 required positional argument"):
        sandbox.load()


def test_unhooked_reads_as_nothing(run_advanced, host):
    """An unhooked event equals None and counts as false; it can be deleted and hooked again."""
    run_advanced("""
        self.LogInfo(str((self.EndJobCallback == None, bool(self.EndJobCallback))))
        del self.EndJobCallback
        self.EndJobCallback += self.Cleanup
        self.LogInfo(str((self.EndJobCallback != None, bool(self.EndJobCallback))))
        del self.EndJobCallback
        del self.EndJobCallback
        self.LogInfo(str((self.EndJobCallback == None, bool(self.EndJobCallback))))
    """)

    assert host.of("INFO")[-3:] == ["(True, False)", "(True, True)", "(True, False)"]


def test_minus_takes_the_newest_of_equal_hooks(make_sandbox, host):
    """``-=`` removes one hook, the last that was added."""
    make_sandbox("""
        class Plugin(DeadlinePlugin):
            def __init__(self):
                super().__init__()
                for hook in (self.first, self.second, self.first):
                    self.InitializeProcessCallback += hook
                self.InitializeProcessCallback -= self.first
            def first(self): self.LogInfo("first")
            def second(self): self.LogInfo("second")
            def Cleanup(self): del self.InitializeProcessCallback
    """).load()

    assert host.of("INFO") == ["first", "second"]


def test_a_pre_load_script_can_replace_a_callback(load_advanced, task, host):
    """``JobPreLoad.py`` gets the plugin, unhooks what is hooked and hooks a function of its own (1.2)."""
    pre_load = """
        import types

        def __main__(plugin):
            if plugin.RenderTasksCallback is not None:
                del plugin.RenderTasksCallback
            plugin.RenderTasksCallback += types.MethodType(replaced, plugin)

        def replaced(self):
            self.LogInfo("replaced in " + type(self).__name__)
    """
    sandbox = load_advanced("self.LogInfo('original')", files={"JobPreLoad.py": pre_load})

    sandbox.render_task(task(1))

    assert host.of("INFO")[-1] == "replaced in Plugin"
