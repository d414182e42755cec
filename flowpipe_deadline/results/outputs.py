"""Reads the outputs of a bundle: what each node was given and gave, merged over its chunks, and what is missing.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Dict

from ..core.bundle import AnyPath, Bundle, BundleJob, BundleNode, find_nodes, node_labels, read_bundle, read_node
from ..core.files import RecordError
from ..core.frames import FrameList, real_frames
from ..core.locate import code_folders
from ..core.notebook import Shown
from ..core.text import counted
from .codec import compound
from .inputs.edits import Edit, edited_record, place_name
from .merge import Batch, MergeError, MissingResultsError, merge_results, missing_advice, missing_frames
from .plain import plain
from .shapes import decode_output
from .stale import BundleResults, Places, places_text
from .store import ChunkResult, DamagedResultError, open_store


@dataclass(frozen=True)
class NodeInput:
    """What a node is given as one input, or as one of its sub-plugs."""

    name: str
    """As people write it: ``files``, or ``files.a``."""
    encoded: Any
    """The value, if it is not fed; encoded."""
    source: str | None
    """The output that feeds it, as ``node.output``; None if it has a value of its own."""
    edits: tuple[Edit, ...]
    """What was changed of it since it was planned, oldest first."""

    def to_json(self) -> dict[str, Any]:
        """Everything as plain JSON."""
        return {
            "value": None if self.source else plain(self.encoded),
            "source": self.source,
            "edits": [
                {
                    "number": edit.number,
                    "value": plain(edit.value),
                    "was": plain(edit.was),
                    "user": edit.user,
                    "written": edit.written,
                    "withdrawn": bool(edit.withdrawn),
                }
                for edit in self.edits
            ],
        }


@dataclass(frozen=True, repr=False)
class NodeResults(Shown, BundleNode):
    """The results of one node. The fields hold encoded values; the methods give Python values or plain JSON."""

    is_omitted: bool
    is_last: bool
    """Whether no other job waits for it."""
    encoded: Mapping[str, Any] | None
    """The outputs after all chunks, without those that cannot be merged; None if something is missing or damaged."""
    chunks: tuple[tuple[str | None, Mapping[str, Any]], ...]
    """The outputs of each chunk, by its frame list (None for a node that is not batched)."""
    missing: str | None
    """The frames without a result, ``all`` for a node without frames; None if nothing is missing."""
    stale: str | None
    """The frames whose results were made from others than are there now, or with other values of its inputs; ``all``
    for a node without frames, None if there are none."""
    inputs: tuple[NodeInput, ...]
    error: str | None
    """Why the results cannot be read or merged; None if they can."""
    batch: Batch | None = None
    """How it is cut into tasks; None for a node without frames."""

    @property
    def is_there(self) -> bool:
        """Whether it has outputs, and all of them can be read."""
        return self.encoded is not None and self.error is None

    def __repr__(self) -> str:
        return f"<NodeResults of {self.label!r}: {self.state_text}>"

    @property
    def state_text(self) -> str:
        """In a few words, what there is, and what is missing."""
        texts = [
            "omitted" if self.is_omitted else counted(len(self.chunks), "chunk"),
            *([f"missing {self.missing}"] if self.missing is not None else []),
            *([f"stale {self.stale}"] if self.stale is not None else []),
            *([self.error] if self.error is not None else []),
        ]
        return ", ".join(texts)

    def outputs(self) -> dict[str, Any]:
        """The outputs by name, with their Python types; imports their classes.

        Raises:
            MissingResultsError: A task of the node has no result.
            MergeError: The results cannot be read or merged.
            DamagedValueError, LoadError: A value is damaged, or its class cannot be imported here.
        """
        if self.error is not None:
            raise MergeError(self.error)
        if self.encoded is None:
            frames = None if self.missing in (None, "all") else FrameList.parse(str(self.missing))
            raise MissingResultsError(self.key, frames, self.batch)
        return {name: decode_output(value, f"{self.label}.{name}") for name, value in self.encoded.items()}

    def to_json(self) -> dict[str, Any]:
        """Everything as plain JSON."""
        return {
            "key": self.key,
            "node": self.node,
            "graph": self.graph,
            "outputs": self.plain_outputs(),
            "missing": self.missing,
            "stale": self.stale,
            "problem": self.error,
            "chunks": [
                {
                    "frames": frames,
                    "real_frames": self.real_frames(frames),
                    "outputs": {name: plain(value) for name, value in outputs.items()},
                }
                for frames, outputs in self.chunks
            ],
        }

    def plain_inputs(self) -> dict[str, Any]:
        """The inputs as plain JSON: value, what feeds it, and edits."""
        return {one.name: one.to_json() for one in self.inputs}

    @property
    def missing_words(self) -> str:
        """Which results are missing, and what to do about it; empty if none is."""
        if self.missing is None:
            return ""
        if self.batch is None:
            return f"missing its result; {missing_advice('')}"
        return f"missing {self.batch.mode} {self.shown_frames(self.missing)}; {missing_advice(str(self.batch.frames))}"

    def shown_frames(self, frames: str | None) -> str:
        """Some of its frames for people: ``1-10``, or ``0-9 (frames 1001-1091x10)``, or nothing."""
        return "" if frames is None or self.batch is None else self.batch.shown(FrameList.parse(frames))

    def real_frames(self, frames: str | None) -> str | None:
        """The frames that some of Deadline's are about: the same, or those that item numbers stand for, if they do."""
        if frames is None or self.batch is None or (self.batch.item_frames is None and self.batch.mode == "items"):
            return None
        real = real_frames(FrameList.parse(frames), self.batch.item_frames)
        return None if real is None else str(real)

    def plain_outputs(self) -> dict[str, Any] | None:
        """The outputs as plain JSON; None if something is missing."""
        return None if self.encoded is None else {name: plain(value) for name, value in self.encoded.items()}


class Results(Shown, Dict[str, NodeResults]):
    """The results of nodes by ``graph.node``."""

    def __repr__(self) -> str:
        missing = sum(node.encoded is None for node in self.values())
        return f"<Results of {counted(len(self), 'node')}" + (f", {missing} without outputs>" if missing else ">")


def read_results(bundle: AnyPath, *, node: str | None = None) -> Results:
    """The results by ``graph.node``, upstream first; ``node``, a key, a name or ``graph.node``, limits them.

    If several nodes have the same label, it is followed by their key: ``sub.render (render-2)``.

    Raises:
        RecordError: The folder is not a bundle, or a record in it is damaged.
        UsageError: There is no such node.
        StoreError: The store of the results cannot be read.
    """
    opened = read_bundle(bundle)
    labels = node_labels(opened)
    wanted = labels if node is None else find_nodes(opened, node)
    store = open_store(opened.folder)
    there, intact = (BundleResults(opened.folder, store, skips_damaged=skips) for skips in (False, True))
    nodes = [each for each in opened.nodes if each.key in wanted]
    found = ((labels[each.key], _node_results(opened, each, there, intact)) for each in nodes)
    return Results(found)


def _node_results(bundle: Bundle, node: BundleNode, there: BundleResults, intact: BundleResults) -> NodeResults:
    """What there is of a node; a damaged result hides neither its others nor those of other nodes."""
    key, is_omitted = node.key, not isinstance(node, BundleJob)
    record = read_node(bundle.folder, key)
    batch = Batch.from_json(record["batch"])
    results: tuple[ChunkResult, ...] = ()
    stale: Places = frozenset()
    edits: tuple[Edit, ...] = ()
    encoded, error = None, None
    edited: Mapping[str, Any] = record
    try:
        try:
            results = () if is_omitted else there.read(key)
        except DamagedResultError as reason:
            results, error = intact.read(key), str(reason)
        edits = () if is_omitted else there.edits(key)
        edited = edited_record(record, edits)
        try:
            stale = frozenset() if is_omitted else there.stale(key)
        except DamagedResultError:
            stale = intact.stale(key)
    except RecordError as reason:
        error = str(reason)
    if batch is not None and any(":" in rule for rule in batch.merge.values()):
        # Functions that merge may be known to nobody else.
        found = code_folders((record.get("imports") or {}).get("roots", ()), bundle=bundle.folder)
        sys.path.extend(folder for folder in found if folder not in sys.path)
    missing = None if is_omitted else _missing(batch, results)
    if missing is None and error is None:
        encoded, error = _merged_outputs(key, record, batch, results)
    return NodeResults(
        key=key,
        node=node.node,
        graph=node.graph,
        is_omitted=is_omitted,
        is_last=isinstance(node, BundleJob) and node.is_last,
        encoded=encoded,
        chunks=tuple(
            (None if result.frames is None else str(result.frames), _final_outputs(record, result.outputs))
            for result in sorted(results, key=lambda result: -1 if result.frames is None else result.frames[0])
        ),
        missing=missing,
        stale=places_text(stale),
        inputs=tuple(_inputs(edited, edits)),
        error=error,
        batch=batch,
    )


def _merged_outputs(
    key: str, record: Mapping[str, Any], batch: Batch | None, results: Sequence[ChunkResult]
) -> tuple[dict[str, Any], str | None]:
    """The outputs, without those that chunks have set but that cannot be merged, and why these cannot."""
    merged: dict[str, Any] = {}
    errors = []
    for name in record["outputs"] if results else ():
        try:
            merged.update(merge_results(key, batch=batch, results=results, wanted=(name,)))
        except MergeError as error:
            errors.append(str(error))
    unmerged = {name for result in results for name in result.outputs if name not in merged}
    outputs = {name: value for name, value in _final_outputs(record, merged).items() if name not in unmerged}
    return outputs, "; ".join(errors) or None


def _final_outputs(record: Mapping[str, Any], merged: Mapping[str, Any]) -> dict[str, Any]:
    """Every output of a node after its evaluation, encoded: as it was set, else as it was planned.

    An output with sub-plugs is the dict of these, as flowpipe shows it.
    """
    outputs = {}
    for name, planned in record["outputs"].items():
        result = merged.get(name, {"value": planned.get("value"), "sub_plugs": {}})
        sub_plugs = {key: sub_plug.get("value") for key, sub_plug in planned["sub_plugs"].items()}
        sub_plugs.update(result["sub_plugs"])
        outputs[name] = compound(sub_plugs) if sub_plugs else result["value"]
    return outputs


def _inputs(record: Mapping[str, Any], edits: Sequence[Edit]) -> Iterator[NodeInput]:
    for name, plug in record["inputs"].items():
        for key, part in plug["sub_plugs"].items() or ((None, plug),):
            source = part["source"]
            fed_by = source and f"{source['node']}.{place_name(source['output'], source['sub_plug'])}"
            own = tuple(edit for edit in edits if edit.place == (name, key))
            yield NodeInput(place_name(name, key), part.get("value"), fed_by or None, own)


def _missing(batch: Batch | None, results: tuple[ChunkResult, ...]) -> str | None:
    if batch is None:
        return None if any(result.frames is None for result in results) else "all"
    frames = missing_frames(batch, results)
    return None if frames is None else str(frames)
