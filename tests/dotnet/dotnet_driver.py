"""Plays the Flowpipe plugin, unchanged, on real .NET: ``python dotnet_driver.py FOLDER MODE < scenarios``.

FOLDER holds the compiled ``Deadline.Shim.dll``. In the mode ``stock``, pythonnet refuses ``del self.XCallback``; in the
mode ``deadline`` it unhooks, as Deadline's build presumably does (hosts and tooling, section 5.3). Standard input is a
list of scenarios as JSON; the last line printed is the list of what came of each. Valid from Python 3.7.
"""

import gc
import importlib.util
import json
import os
import sys
import threading
import time
import types

LIBRARIES = (
    "Deadline.Shim",
    "System.Collections",
    "System.Collections.Specialized",
    "System.Diagnostics.Process",
    "System.Text.RegularExpressions",
)
RUNTIME = {
    "runtimeOptions": {
        "tfm": "netcoreapp3.1",
        "framework": {"name": "Microsoft.NETCore.App", "version": "3.1.0"},
        "configProperties": {"System.Globalization.Invariant": True},
    }
}


def load_dotnet(folder):
    """Starts .NET in this process, with the shim's namespaces importable."""
    os.environ["DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"] = "1"
    import clr_loader
    import pythonnet

    root = os.path.join(importlib.util.find_spec("dotnetcore2").submodule_search_locations[0], "bin")
    runtime = os.path.join(folder, "rt.json")
    pythonnet.set_runtime(clr_loader.get_coreclr(runtime_config=runtime, dotnet_root=root))
    pythonnet.load()
    import clr

    sys.path.append(folder)
    for name in LIBRARIES:
        clr.AddReference(name)


def allow_del():
    """Puts Python classes between the plugin and the shim, for which ``del`` of an event unhooks it."""
    import Deadline.Plugins
    import FranticX.Processes
    from Shim import Audit

    def unhook(self, name):
        if not Audit.Unhook(self, name):
            object.__delattr__(self, name)

    class Handler(FranticX.Processes.ManagedProcess.RegexHandlerCallback):
        __delattr__ = unhook

    def add_handler(self, pattern):
        return self.KeepHandler(Handler(pattern))

    handlers = property(lambda self: list(self._handlers))

    def bridged(base):
        def __init__(self):  # noqa: N807 (it becomes the method of a class)
            base.__init__(self)
            self._handlers = []

        def add(self, pattern):
            self._handlers.append(Handler(pattern))
            return base.KeepHandler(self, self._handlers[-1])

        members = {"__init__": __init__, "__delattr__": unhook, "AddStdoutHandlerCallback": add}
        return type(base.__name__, (base,), dict(members, StdoutHandlers=handlers))

    for name, shim, replaced in (
        ("FranticX.Processes", FranticX.Processes, "ManagedProcess"),
        ("Deadline.Plugins", Deadline.Plugins, "DeadlinePlugin"),
    ):
        module = types.ModuleType(name)
        module.__getattr__ = lambda key, shim=shim: getattr(shim, key)
        setattr(module, replaced, bridged(getattr(shim, replaced)))
        sys.modules[name] = module


def play(scenario):
    """Loads the plugin and runs its phases, as a Worker does (plugin API, section 1.4); what it reported."""
    from Deadline.Scripting import RepositoryUtils
    from Shim import Worker
    from System import Action, Array, Int32

    worker = Worker()
    for name, value in scenario.get("worker", {}).items():
        setattr(worker, name, value)
    worker.PluginDirectory, worker.DataDirectory = scenario["plugin"], scenario["data"]
    for mine, theirs in (
        (worker.PluginInfo, "plugin_info"),
        (worker.Config, "config"),
        (worker.JobEnvironment, "environment"),
    ):
        for key, value in scenario.get(theirs, {}).items():
            mine[key] = value
    RepositoryUtils.Play("none", "", "")
    failures = []
    loaded = []  # The plugin's module and object, if it is loaded.

    def phase(name, function):
        failure = worker.Run(Action(function))
        if failure is not None:
            failures.append([name, *failure])
            for _, plugin in loaded:
                plugin.StopAll()
        return failure is None

    def load():
        path = os.path.join(scenario["plugin"], "Flowpipe.py")
        module = types.ModuleType("Flowpipe")
        module.__file__ = path
        with open(path, "rb") as file:
            exec(compile(file.read(), path, "exec"), module.__dict__)
        loaded.append((module, module.GetDeadlinePlugin()))
        loaded[0][1].Attach(worker)

    def unload():
        module, plugin = loaded[0]
        if hasattr(module, "FlowpipePlugin"):
            phase("EndJob", lambda: plugin.Fire("EndJob"))
        phase("Cleanup", lambda: module.CleanupDeadlinePlugin(plugin))
        plugin.StopAll()
        loaded.clear()

    for number, frames in enumerate(scenario["tasks"]):
        change = scenario.get("changes", {}).get(str(number), {})
        time.sleep(change.get("pause", 0))
        RepositoryUtils.Play(*change.get("mappings", ("none", "", "")))
        for key, value in change.get("config", {}).items():
            worker.Config[key] = value
        worker.TaskFrames = Array[Int32](frames)
        worker.TaskId = str(number)
        worker.Canceled = False
        works = bool(loaded) or (
            phase("Load", load)
            and phase("InitializeProcess", lambda: loaded[0][1].Fire("InitializeProcess"))
            and phase("StartJob", lambda: loaded[0][1].Fire("StartJob"))
        )
        works = works and phase(f"Task {number}", lambda: loaded[0][1].Fire("RenderTasks"))
        if not works and loaded:
            unload()  # Deadline loads it anew after an error.
    if loaded:
        unload()
    return {
        "failures": failures,
        "log": list(worker.LogLines),
        "progress": list(worker.Percents),
        "status": list(worker.Statuses),
    }


def play_together(scenarios):
    """What came of scenarios that are played at the same time, as by several render threads."""
    answers = [None] * len(scenarios)

    def run(number, scenario):
        answers[number] = play(scenario)

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(scenarios)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def alive():
    """The kinds of those .NET objects that nothing has released; each runtime waits for the other's collector."""
    from Python.Runtime import Finalizer
    from Shim import Audit

    for _ in range(3):
        gc.collect()
        Audit.Alive()
        Finalizer.Instance.Collect()
    return list(Audit.Alive())


def main(folder, mode):
    """Plays all scenarios of standard input, one after the other."""
    load_dotnet(folder)
    if mode == "deadline":
        allow_del()
    from Shim import Audit

    said = []
    for scenario in json.load(sys.stdin):
        if "cases" in scenario:
            sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
            import cases

            said.append(cases.play_all(cases.PRODUCT, cases.KIT))
            continue
        Audit.Forget()
        answers = play_together(scenario.get("together", [scenario]))
        for answer in answers:
            answer["hooked"] = list(Audit.Hooked())
            answer["alive"] = alive()
        said.append(answers if "together" in scenario else answers[0])
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
