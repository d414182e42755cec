"""Random graphs for ``redo``, a model of what depends on what in them, and their bundles.

The model knows the graph alone: an atom is a frame of a node, the atoms of a task change together, and an atom changes
what is made from it.
"""

from __future__ import annotations

import itertools
import os

import redo_nodes as nodes
from harness import evaluate_task

from flowpipe_deadline import plan_graph, write_bundle
from flowpipe_deadline.redo.missing import tolerant_results
from flowpipe_deadline.redo.selection import select
from flowpipe_deadline.results.failures import write_failure
from flowpipe_deadline.results.store import chunk_name
from tests.test_random_graphs import outputs_of, reference_outputs

SEEDS = int(os.environ.get("REDO_SEEDS", "1"))
ITEMS = ([1, 2, 3, 4, 5, 6], [10, 11, 12, 13], [4, 2, 9], ["a", "b", "c", "d", "e"], [1, 3, 5, 7])


def add_nodes(rng, graph, prefix="n"):
    """Up to eight nodes, batched over the same items in chunks of any size, over others, or not at all."""
    items, made = rng.choice(ITEMS), []
    for index in range(rng.randint(2, 8)):
        own = {"same": items, "others": rng.choice(ITEMS), "none": None}[rng.choice(["same", "same", "others", "none"])]
        metadata = {}
        if own:
            over = ["frames", "items"] if rng.random() < 0.7 else ["frames"]
            metadata = {"batch": {"size": rng.randint(1, 4), "over": over, "merge": {"total": "sum"}}}
        node = nodes.Work(name=f"{prefix}{index}", graph=graph, title=f"{prefix}{index}", frames=own, metadata=metadata)
        _connect(rng, node, made)
        made.append(node)


def _connect(rng, node, made):
    frames = node.inputs["frames"].value
    if "items" in over(node):
        node.inputs["items"].value = list(range(len(frames)))
        fitting = [other for other in made if other.inputs["frames"].value == frames]
        if fitting:
            made = [*made, *[rng.choice(fitting)] * len(made)]  # One source for two inputs is as likely as any other.
            made[-1].outputs["items"].connect(node.inputs["items"])
    if made and rng.random() < 0.3:
        rng.choice(made).outputs[rng.choice(["items", "total", "table"])].connect(node.inputs["value"])
    for key in rng.sample(["x", "y"], rng.randint(0, 2)) if made and rng.random() < 0.3 else ():
        rng.choice(made).outputs["items"].connect(node.inputs["others"][key])


def over(node):
    """The inputs that are cut."""
    return node.metadata.get("batch", {}).get("over", ())


class Model:
    """The atoms of a graph, and which of them change which; a task is the tuple of its atoms."""

    def __init__(self, graph):
        self.tasks = {node.name: self._cut(node) for node in graph.all_nodes}
        self._next = {atom: set(task) for tasks in self.tasks.values() for task in tasks for atom in task}
        for node in graph.all_nodes:
            for plug in node.inputs.values():
                for end in (plug, *plug.sub_plugs.values()):
                    for source in end.connections:
                        self._feed(source.node, node, is_cut=plug.name in over(node))

    def _cut(self, node):
        size = node.metadata["batch"]["size"] if over(node) else 1
        places = range(len(node.inputs["frames"].value) if over(node) else 1)
        atoms = [(node.name, place) for place in places]
        return [tuple(atoms[first : first + size]) for first in range(0, len(atoms), size)]

    def _feed(self, source, node, *, is_cut):
        theirs, mine = self.atoms(source.name), self.atoms(node.name)
        for upstream, own in zip(theirs, mine) if is_cut and over(source) else itertools.product(theirs, mine):
            self._next[upstream].add(own)

    def atoms(self, name):
        """The atoms of one node."""
        return list(itertools.chain(*self.tasks[name]))

    def changed_by(self, atoms):
        """The tasks that change with these atoms."""
        reached, waiting = set(), list(atoms)
        while waiting:
            atom = waiting.pop()
            if atom not in reached:
                reached.add(atom)
                waiting += self._next[atom]
        return {task for task in itertools.chain(*self.tasks.values()) if task[0] in reached}


class Case:
    """A graph whose bundle is evaluated, with the names that its tasks have in the bundle and in the model."""

    def __init__(self, graph, root):
        self.graph, self.model = graph, Model(graph)
        self.bundle = write_bundle(plan_graph(graph), root=root)
        self.keys = {job.node: job.key for job in self.bundle.jobs}
        self.frames = {node.name: node.inputs["frames"].value for node in graph.all_nodes}
        self.chunks = {
            task: chunk for job in self.bundle.jobs for task, chunk in zip(self.model.tasks[job.node], job.chunks)
        }
        self.evaluate(self.chunks)
        self.good = reference_outputs(graph)

    def evaluate(self, tasks):
        """Evaluates these tasks in this process, upstream first."""
        for job in self.bundle.jobs:
            for task in self.model.tasks[job.node]:
                if task in tasks:
                    evaluate_task(self.bundle.folder, node=job.key, frames=self.chunks[task])

    def spoil(self, atoms):
        """Makes the results wrong of these atoms, and of all that is made from them."""
        values = {(name, place): self.frames[name] and self.frames[name][place] for name, place in atoms}
        nodes.BAD.update((name, value) for (name, _), value in values.items())
        self.evaluate(self.model.changed_by(atoms))
        nodes.BAD.clear()
        assert outputs_of(self.bundle) != self.good

    def selected(self, results, **asked):
        """What is selected, as tasks of the model."""
        return self.tasks_of(select(self.bundle, results=results, **{"failed": {}, **asked}).tasks)

    def tasks_of(self, selection):
        """The tasks of the model with these chunks."""
        chosen = {(key, chunk) for key, chunks in selection.items() for chunk in chunks}
        return {task for task, chunk in self.chunks.items() if (self.keys[task[0][0]], chunk) in chosen}

    def some_frames(self, rng):
        """A node and some of its frames as a person names them, with their atoms; all of a node without frames."""
        job = rng.choice(self.bundle.jobs)
        atoms = self.model.atoms(job.node)
        if not job.is_batched:
            return atoms, {"node": job.key}
        atoms = rng.sample(atoms, rng.randint(1, len(atoms)))
        items = [self.frames[job.node][place] for _, place in atoms]
        named = [place for _, place in atoms] if isinstance(items[0], str) else items
        return atoms, {"node": job.key, "frames": ",".join(map(str, named))}

    def names_of(self, tasks):
        """Key and frame list of each of these tasks; None for one without frames."""
        return [(self.keys[task[0][0]], self.chunks[task] and str(self.chunks[task])) for task in tasks]

    def some_failed(self, rng):
        """Tasks of any nodes, as failed ones, with their atoms."""
        tasks = rng.sample(list(self.chunks), rng.randint(1, min(3, len(self.chunks))))
        failed = {}
        for task in tasks:
            failed.setdefault(self.keys[task[0][0]], set()).add(self.chunks[task] and str(self.chunks[task]))
        return [atom for task in tasks for atom in task], {"which": "failed", "failed": failed}

    def fail(self, task):
        """Leaves a failure in place of the task's result."""
        key, chunk = self.keys[task[0][0]], self.chunks[task]
        (self.bundle.folder / "results" / key / f"{chunk_name(chunk)}.json").unlink()
        write_failure(self.bundle.folder, key, chunk, error=ValueError("bad"), report="ValueError: bad")

    def tokens(self):
        """What tells the result of each task from all others."""
        results = tolerant_results(self.bundle)
        found = {(key, result.frames): result.token for key in self.keys.values() for result in results.read(key)}
        return {
            task: found[self.keys[task[0][0]], chunk]
            for task, chunk in self.chunks.items()
            if (self.keys[task[0][0]], chunk) in found
        }
