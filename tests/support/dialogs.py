"""What tests of the dialog need without Qt: workflows, a studio, and workers in processes of their own."""

from __future__ import annotations

import contextlib
import importlib
import json
import subprocess
import sys
import threading

from patience import wait_until
from warm_python import warmed

from flowpipe_deadline.dialog import WORKER

NODES = """
import os, signal, sys, time
from typing import Annotated, Literal
from flowpipe import Graph, Node
from flowpipe_deadline import Camera, Folder, Frames, InputFile, Parameter, RenderLayers

@Node(outputs=["images"])
def Render(frames):
    return {"images": [f"{frame}.exr" for frame in frames]}

@Node(outputs=["count"])
def Publish(images):
    return {"count": len(images)}
"""
SHOT = (
    NODES
    + '''
def shot(frames: Frames, camera: Camera = "persp", chunk_size: Annotated[int, Parameter(min_value=1)] = 5) -> Graph:
    """Renders a shot, and publishes it.

    Args:
        frames: What is rendered.
    """
    graph = Graph(name="Shot")
    render = Render(graph=graph, frames=frames, metadata={"batch_size": chunk_size})
    publish = Publish(graph=graph)
    render.outputs["images"].connect(publish.inputs["images"])
    return graph
'''
)
LAST_LINES = """\
    graph = Graph(name='{}')
    Publish(graph=graph, images=[])
    return graph
"""
OPTIONS = {"settings": {}, "presets": [], "keep_suspended": False, "is_dry_run": False}


def has_qt():
    """Whether the dialog could open here."""
    with contextlib.suppress(ImportError):
        return importlib.import_module("PySide6.QtWidgets") is not None
    return False


def nasty(body, head="def nasty() -> Graph:"):
    """A workflow that does that, and would then build a graph of one job."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return f"{NODES}\n{head}\n{lines}{LAST_LINES.format('Nasty')}"


def worker_command(*, is_warm):
    """With what a worker is started: a fresh one, or one that branches off."""
    return warmed([sys.executable, *WORKER]) if is_warm else [sys.executable, *WORKER]


class WorkerRun:
    """A worker at work on a request: a process that branches off from a warm one, or a fresh one."""

    def __init__(self, *, is_warm=True, **request):
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(worker_command(is_warm=is_warm), stdin=pipe, stdout=pipe, stderr=pipe)
        self.said, self.end, self.printed = [], None, b""
        self._threads = [threading.Thread(target=self._read), threading.Thread(target=self._read_errors)]
        for thread in self._threads:
            thread.start()
        if request:
            self.write(**request)

    def write(self, **line):
        """A line for it."""
        self.process.stdin.write(json.dumps(line).encode() + b"\n")
        self.process.stdin.flush()

    def finish(self, timeout=60):
        """Its last answer."""
        wait_until(lambda: self.end is not None or self.process.poll() is not None, seconds=timeout)
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        self.process.wait(timeout)
        for thread in self._threads:
            thread.join()
        return self.end

    def _read(self):
        with self.process.stdout as lines:
            for line in lines:
                answer = json.loads(line)
                if "say" in answer:
                    self.said.append(answer["say"])
                else:
                    self.end = answer

    def _read_errors(self):
        with self.process.stderr as stream:
            self.printed = stream.read()


def ask(**request):
    """The answer of a worker."""
    return WorkerRun(**request).finish()


def write_studio(folder, monkeypatch, **texts):
    """A studio file with a folder of workflows, whose texts these are, and one of shared presets."""
    (folder / "workflows").mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / "workflows" / f"{name}.py").write_text(text, encoding="utf-8")
    studio = folder / "studio.toml"
    studio.write_text('workflows = ["workflows"]\npresets_folder = "shared"\n[presets.night]\npriority = 20\n')
    monkeypatch.setenv("FLOWPIPE_DEADLINE_CONFIG", str(studio))
    return studio
