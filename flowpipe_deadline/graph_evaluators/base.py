"""What the evaluators for ``graph.evaluate(mode=None, evaluator=…)`` share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Mapping
from typing import Optional

from flowpipe import Graph, INode
from flowpipe.evaluator import Evaluator, LinearEvaluator, NodeEventCallback

from ..core.loading import refuse_while_loading
from ..core.names import unique_keys
from ..planning.graph import sorted_nodes


class GraphEvaluator(Evaluator):
    """Plans a graph, has it run elsewhere, and puts its outputs back into it.

    The plugs are left as flowpipe's own evaluation leaves them, and ``stats`` holds the times seen from here. What a
    node sets on itself stays where it was evaluated. Nodes that do not depend on a failed one are still evaluated and
    get their outputs; then the error is raised, of its own class where that can be imported. Nodes have to be
    importable by other processes, and relative paths in them are relative to the bundle's folder.
    """

    def evaluate(
        self, graph: Graph, skip_clean: bool = False, on_node_event: Optional[NodeEventCallback] = None
    ) -> None:
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
        keyed = zip(unique_keys(str(node.name) for node in nodes), nodes)  # As the planner calls them.
        chosen = {key: node for key, node in keyed if node.is_dirty or not skip_clean}
        if all(node.omit for node in chosen.values()):
            LinearEvaluator()._evaluate_nodes(list(chosen.values()), on_node_event)
            return
        chosen_ids = {id(node) for node in chosen.values()}
        clean = [node for node in nodes if id(node) not in chosen_ids]
        for error in self._run(graph, chosen, clean, on_node_event):
            raise error

    @abstractmethod
    def _run(
        self,
        graph: Graph,
        nodes: Mapping[str, INode],
        skip: Collection[INode],
        on_node_event: Optional[NodeEventCallback],
    ) -> list[BaseException]:
        """Runs the graph to its end without the nodes to ``skip``; returns what the ``nodes``, by key, raised."""
