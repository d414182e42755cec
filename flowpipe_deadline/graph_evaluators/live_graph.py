"""What the evaluators for ``graph.evaluate(mode=None, evaluator=…)`` share."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any, Literal

from flowpipe import Graph, INode, OutputPlug
from flowpipe.evaluator import Evaluator, LinearEvaluator, NodeEventCallback

from ..core.bundle import Bundle, read_node
from ..core.errors import EvaluationError, FlowpipeDeadlineError
from ..core.loading import refuse_while_loading
from ..core.names import unique_keys
from ..planning.graph import label, parents, sorted_nodes
from ..planning.transliteration import spelt_in_ascii
from ..results.failures import read_failures, rebuild_error
from ..results.merge import Batch, merge_results
from ..results.shapes import decode_output
from ..results.store import open_store
from ..results.upstream import patiently

JobState = Literal["waiting", "started", "completed", "failed"]


class LiveGraph:
    """Nodes that get their outputs as their jobs end, as if evaluated here, and the errors of those that failed."""

    def __init__(
        self,
        nodes: Mapping[str, INode],
        *,
        bundle: Bundle,
        on_node_event: NodeEventCallback | None = None,
        wait: float = 0.0,
    ) -> None:
        """``nodes`` are those to evaluate by key, upstream first, including omitted ones.

        ``wait`` is for how many seconds to try again to read results that the file system does not show yet.
        """
        self.errors: list[BaseException] = []
        """What failed nodes raised, in the order in which their failures were noticed."""
        self._bundle = bundle
        self._store = open_store(bundle.folder)
        self._on_node_event = on_node_event
        self._wait = wait
        self._unfinished = dict(nodes)
        self._open = {id(node) for node in nodes.values()}  # Those without their outputs, for now or for good.
        self._started: dict[str, float] = {}

    def follow(self, states: Mapping[str, JobState], *, explain: Callable[[str], str]) -> None:
        """Brings the nodes up to the states of their jobs, by key, upstream first.

        ``explain`` says why a job failed whose tasks left no error.
        """
        for key, node in list(self._unfinished.items()):
            if node.omit:
                self._pass_over(key, node)
                continue
            state = states.get(key, "waiting")
            if state != "waiting" and key not in self._started:
                self._started[key] = time.time()
                self._report(node, "started")
                node.events["evaluation-started"].emit(node)
            if state == "completed":
                self._finish(key, node)
            elif state == "failed":
                self._fail(key, node, self._error(key, node, explain))

    def _pass_over(self, key: str, node: INode) -> None:
        """As flowpipe does with an omitted node: reports it in its turn, and leaves it as it is."""
        if any(id(parent) in self._open for parent in parents(node)):
            return
        self._report(node, "started")
        node.evaluate()
        self._close(key, node)
        self._report(node, "finished")

    def _finish(self, key: str, node: INode) -> None:
        try:
            outputs = _decoded(label(node), self._awaited(key))
        except FlowpipeDeadlineError as error:
            self._fail(key, node, error)
            return
        started = self._started[key]
        node.stats = {"eval_time": time.time() - started, "start_time": started}
        _set_outputs(node, outputs)
        self._close(key, node)
        node.events["evaluation-finished"].emit(node)
        self._report(node, "finished")

    def _fail(self, key: str, node: INode, error: BaseException) -> None:
        self.errors.append(error)
        del self._unfinished[key]
        node.events["evaluation-exception"].emit(node)
        self._report(node, "failed", {"error": error})

    def _close(self, key: str, node: INode) -> None:
        del self._unfinished[key]
        self._open.discard(id(node))

    def _report(
        self, node: INode, event: Literal["started", "finished", "failed"], info: dict[str, Any] | None = None
    ) -> None:
        if self._on_node_event is not None:
            self._on_node_event(node, event, info)

    def _error(self, key: str, node: INode, explain: Callable[[str], str]) -> BaseException:
        """What the node raised, caused by its traceback on the farm; else what is known."""
        done = {str(result.frames) for result in self._store.read(key)}
        for failure in read_failures(self._bundle.folder, key):
            if str(failure.frames) in done:
                continue
            report = EvaluationError(label(node), failure.report)
            error = rebuild_error(failure)
            if error is None:
                return report
            error.__cause__ = report
            return error
        return EvaluationError(label(node), explain(key))

    def _awaited(self, key: str) -> dict[str, Any]:
        """The node's outputs. Network file systems show new files late."""

        def read() -> dict[str, Any]:
            batch = Batch.from_json(read_node(self._bundle.folder, key)["batch"])
            return merge_results(key, batch=batch, results=self._store.read(key))

        return patiently(read, seconds=self._wait)


def _decoded(node: str, outputs: Mapping[str, Any]) -> dict[str, Any]:
    """The merged outputs of a node as Python values; classes of enumerations and dataclasses are imported.

    Raises:
        DamagedValueError, LoadError: A value is damaged, or a class cannot be imported here.
    """
    return {
        name: {
            "value": decode_output(output["value"], f"{node}.{name}"),
            "sub_plugs": {
                key: decode_output(value, f"{node}.{name}.{key}") for key, value in output["sub_plugs"].items()
            },
        }
        for name, output in outputs.items()
    }


def _set_outputs(node: INode, outputs: Mapping[str, Any]) -> None:
    """Leaves the node's plugs as its own evaluation would: outputs set and passed on, inputs clean.

    Outputs that the node never set are not in ``outputs``, and stay as they are.
    """
    for name, output in outputs.items():
        if name not in node.outputs:  # It was made where the node was evaluated.
            OutputPlug(name, node)
        plug = node.outputs[name]
        for key, value in output["sub_plugs"].items():
            plug[key].value = value
        plug.value = output["value"]  # After its sub-plugs, as each of them sets it.
    for input_plug in node.all_inputs().values():
        input_plug.is_dirty = False


class GraphEvaluator(Evaluator):
    """Plans a graph, has it run elsewhere, and puts its outputs back into it.

    The plugs are left as flowpipe's own evaluation leaves them, and ``stats`` holds the times seen from here. What a
    node sets on itself stays where it was evaluated. Nodes that do not depend on a failed one are still evaluated and
    get their outputs; then the error is raised, of its own class where that can be imported. Nodes have to be
    importable by other processes, and relative paths in them are relative to the bundle's folder.
    """

    def evaluate(self, graph: Graph, skip_clean: bool = False, on_node_event: NodeEventCallback | None = None) -> None:
        """Evaluates the graph and all connected graphs; with ``skip_clean``, clean nodes are left as they are.

        ``on_node_event`` is called when a node's first task starts, and when its outputs are back or it has failed.

        Raises:
            FlowpipeDeadlineError: The graph cannot be planned or run; the message says why.
            EvaluationError: A node failed with an error that is not known here, or without saying why.
            KeyboardInterrupt: Ctrl+C. Nothing goes on, and what was complete is in the graph.
            BaseException: What a node raised.
        """
        refuse_while_loading("evaluate a graph")
        nodes = sorted_nodes(graph)
        keyed = zip(unique_keys(spelt_in_ascii(str(node.name)) for node in nodes), nodes)  # As the planner calls them.
        chosen = {key: node for key, node in keyed if node.is_dirty or not skip_clean}
        if all(node.omit for node in chosen.values()):
            LinearEvaluator()._evaluate_nodes(list(chosen.values()), on_node_event)
            return
        chosen_ids = {id(node) for node in chosen.values()}
        clean = [node for node in nodes if id(node) not in chosen_ids]
        for error in self._run(graph, clean, partial(LiveGraph, chosen, on_node_event=on_node_event)).errors:
            raise error

    @abstractmethod
    def _run(self, graph: Graph, skip: Collection[INode], live_graph: Callable[..., LiveGraph]) -> LiveGraph:
        """Runs the graph without the nodes to ``skip``; returns what ``live_graph`` makes of its bundle, at the end."""
