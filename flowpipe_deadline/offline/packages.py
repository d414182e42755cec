"""What an interpreter needs to evaluate a node, as one archive that lies beside the plugin.

Its packages come from the environment that runs this, wherever they are installed there. One file, as it is unknown
whether sub-folders of a plugin reach the workers (plugin API, section 1.1). Pure Python alone, so that one
archive serves every interpreter and system.
"""

from __future__ import annotations

import ast
import configparser
import functools
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version
from importlib.util import find_spec
from pathlib import Path

from ..core.errors import FlowpipeDeadlineError
from ..core.files import json_bytes
from ..core.shipped import shipped_folder

ARCHIVE = "packages.zip"
VERSIONS = "packages.json"
"""The archive's own list of what is in it."""
FORMAT = 1
_PACKAGE = Path(__file__).parents[1]
_OWN = "flowpipe-deadline"
_NEEDED = {"flowpipe": "flowpipe", "ascii_canvas": "ascii-canvas", "typing_extensions": "typing_extensions"}
"""By module, the distribution that brings it; flowpipe 1.3 imports both others."""
_BINARIES = (*EXTENSION_SUFFIXES, ".so", ".pyd", ".dll", ".dylib")
_EARLIEST = (1980, 1, 1, 0, 0, 0)  # The first time that a zip file can name.
_UNKNOWN = "unknown"
_BLOCKS = (ast.stmt, ast.excepthandler, ast.match_case)
"""What holds statements, besides modules; expressions hold none."""


class PackagingError(FlowpipeDeadlineError):
    """A package that the farm needs is not here, or cannot be carried there."""


@dataclass(frozen=True)
class LightPackages:
    """The packages, file by file."""

    versions: Mapping[str, str]
    """By distribution."""
    files: Mapping[str, bytes]
    """By path in the archive."""

    def archive(self) -> bytes:
        """All of them as one zip file."""
        return zip_file(self.files)


def zip_file(files: Mapping[str, bytes]) -> bytes:
    """A zip file of these files by path; the same for the same contents, whoever makes it, and when.

    Nothing is compressed in it, as compressors differ by version.
    """
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(files):
            entry = zipfile.ZipInfo(path, date_time=_EARLIEST)
            entry.create_system = 3  # Unix, wherever it is made.
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, files[path])
    return stream.getvalue()


def read_light_packages() -> LightPackages:
    """The packages as they are installed here.

    Raises:
        PackagingError: One is missing, or is not pure Python.
        OSError: A file of theirs cannot be read.
    """
    return _read_packages(light_modules())


def read_worker_packages() -> LightPackages:
    """Those that a node's interpreter needs, without what is for Deadline's own Python; raises as the others do."""
    return _read_packages(worker_modules())


def _read_packages(modules: Iterable[str]) -> LightPackages:
    versions = {_OWN: own_version()}
    files = {f"{_PACKAGE.name}/{name}": (_PACKAGE / name).read_bytes() for name in modules}
    for module, distribution in _NEEDED.items():
        files.update(_module_files(module, distribution))
        versions[distribution] = version_of(distribution) or _UNKNOWN
    files[VERSIONS] = json_bytes({"format": FORMAT, "versions": versions})
    return LightPackages(versions=versions, files=files)


def light_modules() -> frozenset[str]:
    """The files of this package that go to the farm, by path below it."""
    return worker_modules() | deadline_modules()


@functools.cache
def worker_modules() -> frozenset[str]:
    """The files that a node's interpreter loads: the evaluator, its old name, and all that these import.

    And what starts it where Open Job Description does, the nodes of our own workflows, and what scripts with nodes and
    workflows import to annotate parameters.
    """
    patterns = (
        "evaluator/*.py",
        "openjd/task.py",
        "workflows/*_nodes.py",
        "workflows/check_frames.py",
        "workflows/parameters.py",
    )
    found = (path.relative_to(_PACKAGE) for pattern in patterns for path in _PACKAGE.glob(pattern))
    return _reachable([Path("farm.py"), *found])


@functools.cache
def deadline_modules() -> frozenset[str]:
    """The files that Deadline's own Python loads: what our scripts in there ask for, and all that these import."""
    scripts = shipped_folder("submission/Flowpipe/Main").glob("*.py")
    # By its case, which not all file systems know: the others are for hosts.
    texts = (path.read_text(encoding="utf-8") for path in scripts if path.name.startswith("Flowpipe"))
    asked = {name for text in texts for name in re.findall(rf'"{_PACKAGE.name}\.([a-z_.]+)"', text)}
    return _reachable([_source(name.split(".")) for name in asked])


def _reachable(waiting: list[Path]) -> frozenset[str]:
    found: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += [*_imported(path), *(folder / "__init__.py" for folder in path.parents)]
    return frozenset(path.as_posix() for path in found)


def _source(names: Sequence[str]) -> Path:
    path = Path(*names)
    return path / "__init__.py" if (_PACKAGE / path).is_dir() else path.with_suffix(".py")


@functools.cache
def _imported(path: Path) -> frozenset[Path]:
    """What a module of ours imports of this package, anywhere in it but for type checkers."""
    found = set()
    for node in _statements(ast.parse((_PACKAGE / path).read_bytes())):
        if not isinstance(node, ast.ImportFrom):
            continue
        names = (node.module or "").split(".") if node.module else []
        if node.level:
            names = [*path.parts[: -node.level], *names]
        elif names[:1] == [_PACKAGE.name]:
            del names[0]
        else:
            continue
        modules = (alias.name for alias in node.names if (_PACKAGE / Path(*names, f"{alias.name}.py")).is_file())
        found |= {_source(names), *(_source([*names, module]) for module in modules)}
    return frozenset(found)


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        is_for_types = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test)
        if isinstance(child, _BLOCKS) and not is_for_types:
            yield child
            yield from _statements(child)


def _module_files(module: str, distribution: str) -> Iterator[tuple[str, bytes]]:
    """The files of a module or package, by path in the archive."""
    spec = find_spec(module)
    origin = None if spec is None or spec.origin is None else Path(spec.origin)
    if origin is None:
        raise PackagingError(f"the farm needs {module}, which is not installed here: pip install {distribution}")
    if origin.suffix != ".py" or not origin.is_file():
        raise PackagingError(f"{module} cannot be carried to the farm: {origin} is not pure Python")
    is_package = origin.name == "__init__.py"
    for path in origin.parent.rglob("*") if is_package else [origin]:
        if path.name.endswith(_BINARIES):
            raise PackagingError(f"{module} cannot be carried to the farm: {path} is not pure Python")
        if path.suffix == ".py":
            name = path.relative_to(origin.parent).as_posix()
            yield f"{module}/{name}" if is_package else name, path.read_bytes()


def own_version() -> str:
    """The version of this package; a checkout that nobody installed says it in its ``setup.cfg``."""
    version = version_of(_OWN)
    if version is None:
        setup = configparser.ConfigParser(interpolation=None)
        setup.read(_PACKAGE.parent / "setup.cfg", encoding="utf-8")
        version = setup.get("metadata", "version", fallback=_UNKNOWN)
    return version


def version_of(distribution: str) -> str | None:
    """The version that is installed here; None if there is none."""
    try:
        return installed_version(distribution)
    except PackageNotFoundError:
        return None
