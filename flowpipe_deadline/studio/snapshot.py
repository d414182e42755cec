"""Takes a graph's own code along, as it is now: an edit while jobs wait then changes nothing."""

from __future__ import annotations

import ast
import hashlib
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..core.bundle import CODE
from ..core.errors import PlanError, words_of
from ..core.locate import SHARED, find_spec, import_root, own_file, planned_here
from ..planning.plan import Plan
from ..results.codec import find_sources, map_sources


def with_snapshot(plan: Plan) -> Plan:
    """The plan with the files of the graph's own modules, and records that point to these.

    Taken are the files of nodes, of the classes of their values and of functions that merge, what these import, and
    what is loaded from the same folders; a package as a whole, a module that is not Python source never. The live
    folders stay known to the jobs, behind the taken ones.

    Raises:
        PlanError: A file cannot be read.
    """
    snapshot = _Snapshot(plan.name)
    for record in (*(job.record for job in plan.jobs), *(node.record for node in plan.omitted)):
        for source in find_sources(record, own=("class", "function")):
            snapshot.take_source(source)
        for rule in (record["batch"] or {}).get("merge", {}).values():
            snapshot.take_module(rule.partition(":")[0] if ":" in rule else "")
    for data in plan.code.values():
        snapshot.take_imports(data, package=())
    snapshot.take_rest()
    taken = snapshot.files()
    for module in list(sys.modules.values()):
        path = own_file(getattr(module, "__file__", None))
        if path in taken:
            planned_here(taken[path], module)
    live = snapshot.folders()

    def change(source: Any) -> Any:
        return {**source, "file": taken.get(source["file"], source["file"])}

    def change_record(record: Any) -> Any:
        changed = map_sources(record, change, own=("class", "function"))
        if "batch" in record and live:
            known = record.get("imports") or {"roots": [], "python_path": []}
            inherited = [folder for root, folder in live.items() if root in known["python_path"]]
            changed["imports"] = {
                "roots": [*live.values(), *known["roots"]],
                "python_path": [*inherited, *known["python_path"]],
            }
        return changed

    code = {taken[path]: data for files in snapshot.roots.values() for path, data in files.items()}
    return plan.with_records(change_record, code=code)


class _Snapshot:
    """Collects the files, by the folder that has to be on ``sys.path`` for them."""

    def __init__(self, plan_name: str) -> None:
        self.roots: dict[str, dict[str, bytes]] = {}
        self._plan_name = plan_name
        self._asked: set[str] = set()
        self._packages: set[str] = set()
        self._new: list[tuple[str, str]] = []

    def files(self) -> dict[str, str]:
        """By file: its path in the bundle."""
        folders = self.folders()
        return {
            path: f"{folders[root]}/{_relative(path, root)}" for root, files in self.roots.items() for path in files
        }

    def folders(self) -> dict[str, str]:
        """By folder, in the order of ``sys.path``: its path in the bundle, the same for the same files."""
        places = {os.path.abspath(folder): place for place, folder in reversed(list(enumerate(sys.path)))}
        ordered = sorted(self.roots, key=lambda root: places.get(root, len(places)))
        return {root: f"{CODE}/{self._digest(root)}" for root in ordered}

    def _digest(self, root: str) -> str:
        digest = hashlib.sha256()
        for path, data in sorted(self.roots[root].items()):
            digest.update(f"{_relative(path, root)}\n{len(data)}\n".encode() + data)
        return digest.hexdigest()[:12]

    def take_source(self, source: Any) -> None:
        """Takes the file of a class or function."""
        module, file = source["module"], source["file"]
        if file is not None and os.path.isabs(file) and os.path.isfile(file) and module.partition(".")[0] not in SHARED:
            self._take(import_root(module, file) or os.path.dirname(file), file)

    def take_module(self, name: str) -> None:
        """Takes the module that importing the name would load here, or the first package on the way to it."""
        top, _, rest = name.partition(".")
        if not top or name in self._asked or top in SHARED:
            return
        self._asked.add(name)
        spec = find_spec(top)
        if spec is None:
            return
        if spec.origin is not None and spec.has_location:
            folder = os.path.dirname(spec.origin)
            self._take(os.path.dirname(folder) if spec.submodule_search_locations else folder, spec.origin)
            return
        for folder in spec.submodule_search_locations or ():
            self._take_below(folder, rest.split("."))

    def take_rest(self) -> None:
        """Takes what belongs to the files taken so far, and what is loaded from their folders."""
        self._take_what_belongs_to_them()
        for name, module in list(sys.modules.items()):
            file = own_file(getattr(module, "__file__", None))
            root = None if file is None or name.partition(".")[0] in SHARED else import_root(name, file)
            if root in self.roots and file is not None:
                self._take(root, file)
        self._take_what_belongs_to_them()

    def take_imports(self, data: bytes, *, package: Sequence[str]) -> None:
        """Takes all that a source imports, anywhere in it; ``package`` is what relative imports in it begin with."""
        try:
            tree = ast.parse(data)
        except (SyntaxError, ValueError):
            return
        for name in _imported(tree, package):
            self.take_module(name)

    def _take_below(self, folder: str, steps: Sequence[str]) -> None:
        """Takes a module of a package without an ``__init__.py``."""
        root = folder
        for step in steps:
            for file in (os.path.join(folder, step, "__init__.py"), os.path.join(folder, f"{step}.py")):
                if os.path.isfile(file):
                    self._take(os.path.dirname(root), file)
                    return
            folder = os.path.join(folder, step)

    def _take(self, root: str, file: str) -> None:
        """Takes a file; the rest of its package, and what it imports, are looked for later."""
        path, root = own_file(file), os.path.abspath(root)
        if path is None or not path.endswith((".py", ".pyw")) or path in self.roots.get(root, {}):
            return
        try:
            self.roots.setdefault(root, {})[path] = Path(path).read_bytes()
        except OSError as error:
            raise PlanError(self._plan_name, f"its code cannot be taken along: {path}: {words_of(error)}") from error
        self._new.append((root, path))

    def _take_what_belongs_to_them(self) -> None:
        """Takes the rest of the packages of all files that were taken, and what they import."""
        for root, path in self._new:  # It grows meanwhile.
            package = _relative(path, root).split("/")[:-1]
            self.take_imports(self.roots[root][path], package=package)
            folders = [os.path.join(root, *package[:depth]) for depth in range(1, len(package) + 1)]
            regular = next((folder for folder in folders if os.path.isfile(os.path.join(folder, "__init__.py"))), None)
            if regular is not None and regular not in self._packages:
                self._packages.add(regular)
                for other in sorted(filter(Path.is_file, Path(regular).rglob("*.py"))):
                    self._take(root, str(other))
        self._new.clear()


def _imported(tree: ast.AST, package: Sequence[str]) -> Iterator[str]:
    """The full names of all modules that a source imports, and of what it imports from these."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else ()
            module = ".".join([*base, *filter(None, [node.module])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def _relative(path: str, root: str) -> str:
    return os.path.relpath(path, root).replace(os.sep, "/")
