"""Jobs of the Flowpipe plugin as scenarios for the harness (see ``dotnet_driver``)."""

from __future__ import annotations

import sys
from pathlib import Path

import dotnet_nodes
import farm_nodes as nodes
from flowpipe import Graph

from flowpipe_deadline import plan_graph, write_bundle
from flowpipe_deadline.offline.standins.sandbox import read_param

HERE = Path(__file__).parent
PLUGIN = HERE.parents[1] / "plugins" / "Flowpipe"
FAIL_RENDER = "Deadline.Plugins.FailRenderException"
LINES = 20000
TASKS = 10


class Jobs:
    """Makes scenarios of the nodes of one bundle, each with a folder of job data."""

    def __init__(self, folder, graph):
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.bundle = str(write_bundle(plan_graph(graph), root=folder).folder)

    def job(self, node, *tasks, mode="none", config=None, plugin_info=None, changes=None, **more):
        """A scenario: the node's tasks, each with its frames. A None removes an entry.

        ``changes`` are, by the number of a task, what is another from it on: ``config``, ``mappings``, a ``pause``.
        """
        data = self.folder / f"data-{len(list(self.folder.iterdir()))}"
        data.mkdir()
        entries = {**read_param(PLUGIN / "Flowpipe.param"), "Executable_python": sys.executable}
        entries["PythonPath"] = f"{HERE.parents[1]};{HERE};{Path(nodes.__file__).parent}"
        entries.update(config or {})
        info = {"Bundle": self.bundle, "Node": node, "Interpreter": "python", "FrameMode": mode, **(plugin_info or {})}
        return {
            "plugin": str(PLUGIN),
            "data": str(data),
            "config": entries,
            "plugin_info": {name: value for name, value in info.items() if value is not None},
            "tasks": [list(frames) for frames in tasks or [[0]]],
            "changes": changes or {},
            **more,
        }


def usual_graph():
    """Nodes that work, fail, print and hang."""
    graph = Graph(name="Test")
    nodes.Render(name="render", graph=graph, frames=range(1, 6), metadata={"batch_size": 3})
    nodes.Fail(name="fail", graph=graph, message="no scene")
    nodes.Pass(name="pass", graph=graph, value="/farm/show/a")
    dotnet_nodes.Count(name="count", graph=graph, count=LINES)
    dotnet_nodes.Hang(name="hang", graph=graph)
    dotnet_nodes.Forge(name="forge", graph=graph, kinds=["progress", "ready", "warning", "status", "nonsense", "done"])
    dotnet_nodes.Forge(name="forge error", graph=graph, kinds=["error"], texts=["[]"], seconds=1.0)
    dotnet_nodes.Map(name="map", graph=graph, frames=range(TASKS), path="/farm/show/a", metadata={"batch_size": 1})
    dotnet_nodes.Kill(name="kill", graph=graph)
    dotnet_nodes.Leave(name="leave", graph=graph, frames=[1, 2], metadata={"batch_size": 1})
    dotnet_nodes.Surroundings(name="process", graph=graph, frames=[1, 2], metadata={"batch_size": 1})
    return graph
