"""The Flowpipe plugin in a sandbox of this process, task after task, as a worker runs it."""

from __future__ import annotations

import os
from pathlib import Path

from flowpipe_deadline.core.frames import FrameList
from flowpipe_deadline.offline.setup import plugin_config
from flowpipe_deadline.offline.standins.sandbox import Host, Sandbox, SandboxJob, SandboxTask
from flowpipe_deadline.offline.workers import python_path
from flowpipe_deadline.results.codec import decode
from flowpipe_deadline.results.store import open_store

PLUGIN = Path(__file__).parents[2] / "plugins" / "Flowpipe"


class RecordingHost(Host):
    """What the plugin reported, and when; ``is_canceled`` cancels the task."""

    def __init__(self):
        self.lines = []
        self.shown = []
        self.messages = []
        self.started = []
        self.is_canceled = lambda: False

    def log(self, level, text):
        """One line."""
        self.lines.append((level, text[:1000]))

    def progress(self, percent):
        """The task's progress."""
        self.shown.append(percent)

    def status(self, text):
        """The task's status message."""
        self.messages.append(text)

    def canceled(self):
        """Whether the task is cancelled."""
        return self.is_canceled()

    def process_started(self, pid):
        """A process that was started."""
        self.started.append(pid)

    def of(self, level):
        """The lines of a level."""
        return [text for found, text in self.lines if found == level]


class LoadedPlugin:
    """The plugin with a job of one node; ``config`` changes its configuration."""

    def __init__(self, bundle, folder, *, key="act", interpreter="python", interpreters=(), job_id="", **config):
        self.bundle = bundle
        self.host = RecordingHost()
        folder.mkdir(exist_ok=True)
        job = SandboxJob(
            plugin_directory=str(PLUGIN),
            jobs_data_directory=str(folder),
            plugin_info={"Bundle": str(bundle.folder), "Node": key, "Interpreter": interpreter, "FrameMode": "frames"},
            config={
                **plugin_config(PLUGIN, interpreters=dict(interpreters)),
                "PythonPath": python_path().replace(os.pathsep, ";"),
                **config,
            },
            job_id=job_id,
        )
        self.sandbox = Sandbox("Flowpipe", job, self.host)
        self.sandbox.load()
        self.sandbox.start_job()

    def render(self, *frames):
        """Renders a task for each of the frames; what the node saw in the last one."""
        for frame in frames:
            self.sandbox.render_task(SandboxTask(frames=(frame,), frame_text=str(frame)))
        store = open_store(self.bundle.folder)
        (result,) = store.read("act", (FrameList((frames[-1],)),))
        return tuple(decode(result.outputs["seen"]["value"])[0])

    def end(self):
        """Ends the job, as Deadline does after its last task and after a failed one."""
        self.sandbox.end_job()
        self.sandbox.unload()


def is_alive(process):
    """Whether a process is there that is not just waiting to be reaped."""
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
