"""Runs the plugin's files under the Python that runs this: ``pythonX.Y plugin_driver.py …``.

The arguments are BUNDLE NODE FRAMES PYTHON ANSWERS [PLUGIN [MORE]].

Deadline brings a Python of its own, 3.7 to 3.10, while the evaluator runs under another; PYTHON is that one. Prints
what the plugin reported, as JSON. ANSWERS says which way to play what is unknown of Deadline, on the kit's strict
stand-ins; ``null`` takes the product's alone. PLUGIN is the plugin's folder, if not that of this checkout.
MORE has the variables of the ``worker`` and the ``job``, whether they are ``job_only``, and the plugin's ``config``;
a null removes a variable or an entry. Standard library only, valid from Python 3.7.
"""

import json
import os
import py_compile
import sys
import tempfile

CHECKOUT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PLUGIN = os.path.join(CHECKOUT, "plugins", "Flowpipe")
sys.path.insert(0, CHECKOUT)

from flowpipe_deadline.offline.standins import sandbox  # noqa: E402 (it is in the checkout)
from tests.fake_deadline import full_sandbox  # noqa: E402 (as above)


def make_sandbox(answers, host, **job):
    """A sandbox of the plugin: the product's without answers, else the kit's."""
    if answers is None:
        return sandbox.Sandbox("Flowpipe", sandbox.SandboxJob(**job), host)
    path_mappings = [tuple(rule) for rule in answers.pop("path_mappings", [])]
    handlers = answers.pop("handlers", "first")
    job["plugin_info"].update(answers.pop("plugin_info", {}))
    job["environment"] = answers.pop("environment", job["environment"])
    job["environment_only"] = answers.pop("environment_only", job["environment_only"])
    record = full_sandbox.SandboxJob(path_mappings=path_mappings, **job)
    unknowns = full_sandbox.Unknowns(**answers)
    return full_sandbox.Sandbox("Flowpipe", record, host, handlers=handlers, unknowns=unknowns)


def update(values, changes):
    """Sets values, and removes those that are to be None."""
    for name, value in changes.items():
        if value is None:
            values.pop(name, None)
        else:
            values[name] = value


def main():
    """Compiles every file of the plugin, and renders one task with it."""
    bundle, node, frames, python, answers = sys.argv[1:6]
    plugin_folder = sys.argv[6] if sys.argv[6:] else PLUGIN
    more = {"worker": {}, "job": {}, "job_only": False, "config": {}, **json.loads((sys.argv[7:] or ["{}"])[0])}
    update(os.environ, more["worker"])
    numbers = tuple(json.loads(frames))
    said = {"python": "{}.{}".format(*sys.version_info), "progress": [], "status": [], "log": [], "error": None}

    class Host(sandbox.Host):
        def log(self, level, text):
            said["log"].append(f"{level}: {text}")

        def progress(self, percent):
            said["progress"].append(percent)

        def status(self, text):
            said["status"].append(text)

    with tempfile.TemporaryDirectory() as folder:
        for name in os.listdir(plugin_folder):
            if name.endswith(".py"):
                source, compiled = os.path.join(plugin_folder, name), os.path.join(folder, name + "c")
                py_compile.compile(source, cfile=compiled, doraise=True)
        config = sandbox.read_param(os.path.join(plugin_folder, "Flowpipe.param"))
        config["Executable_python"] = python
        config["PythonPath"] = os.environ.get("PYTHONPATH", "").replace(os.pathsep, ";")
        update(config, more["config"])
        mode = "frames" if numbers else "none"
        plugin = make_sandbox(
            json.loads(answers),
            Host(),
            plugin_info={"Bundle": bundle, "Node": node, "Interpreter": "python", "FrameMode": mode},
            config=config,
            jobs_data_directory=folder,
            plugin_directory=plugin_folder,
            environment=more["job"],
            environment_only=more["job_only"],
        )
        try:
            plugin.load()
            plugin.start_job()
            frame_text = ",".join(map(str, numbers)) or "0"
            plugin.render_task(full_sandbox.SandboxTask(frames=numbers or (0,), frame_text=frame_text))
        except sandbox.TaskError as error:
            said["error"] = str(error)
        plugin.end_job()
        plugin.unload()
    print(json.dumps(said))


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    if sys.version_info >= (3, 10) and os.environ.get("FLOWPIPE_WARM_PYTHON"):
        import warm_python

        warm_python.install()  # The evaluator branches off, where its Python is this one.
    main()
