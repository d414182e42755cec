"""What an interpreter needs to evaluate a node, as one archive that lies beside the plugin.

Its packages come from the environment that runs this, wherever they are installed there. One file, as it is unknown
whether sub-folders of a plugin reach the workers (deadline-plugin-api.md, section 1.1). Pure Python alone, so that one
archive serves every interpreter and system.
"""

from __future__ import annotations

import configparser
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version
from importlib.util import find_spec
from pathlib import Path
from typing import Mapping, Optional

from .errors import FlowpipeDeadlineError
from .farm.files import json_bytes

ARCHIVE = "packages.zip"
VERSIONS = "packages.json"
"""The archive's own list of what is in it."""
FORMAT = 1
LIGHT_MODULES = (
    *(
        "__init__.py",
        "again.py",
        "attempt.py",
        "bundle_folder.py",
        "deadline.py",
        "info_files.py",
        "job_files.py",
        "keys.py",
    ),
    *("submission_record.py", "submitters.py", "summary.py", "transaction.py", "undo.py"),
    *("ways/__init__.py", "ways/answers.py", "ways/commands.py", "ways/errand.py", "ways/inside.py"),
)
"""The modules of this package beside ``farm`` that Deadline's own Python imports: each says so in its first lines."""
_PACKAGE = Path(__file__).parent
_OWN = "flowpipe-deadline"
_NEEDED = {"flowpipe": "flowpipe", "ascii_canvas": "ascii-canvas", "typing_extensions": "typing_extensions"}
"""By module, the distribution that brings it; flowpipe 1.3 imports both others."""
_BINARIES = (*EXTENSION_SUFFIXES, ".so", ".pyd", ".dll", ".dylib")
_EARLIEST = (1980, 1, 1, 0, 0, 0)  # The first time that a zip file can name.
_UNKNOWN = "unknown"


class PackagingError(FlowpipeDeadlineError):
    """A package that the farm needs is not here, or cannot be carried there."""


@dataclass(frozen=True)
class LightPackages:
    """The packages, file by file."""

    versions: Mapping[str, str]
    """By distribution."""
    files: Mapping[str, bytes]
    """By path in the archive."""

    @property
    def own_version(self) -> str:
        """The version of this package."""
        return self.versions[_OWN]

    def archive(self) -> bytes:
        """A zip file; the same for the same contents, whoever makes it, and when.

        Nothing is compressed in it, as compressors differ by version.
        """
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
            for path in sorted(self.files):
                entry = zipfile.ZipInfo(path, date_time=_EARLIEST)
                entry.create_system = 3  # Unix, wherever it is made.
                entry.external_attr = 0o100644 << 16
                archive.writestr(entry, self.files[path])
        return stream.getvalue()


def read_light_packages() -> LightPackages:
    """The packages as they are installed here.

    Raises:
        PackagingError: One is missing, or is not pure Python.
        OSError: A file of theirs cannot be read.
    """
    versions = {_OWN: own_version()}
    files = {f"{_PACKAGE.name}/{name}": (_PACKAGE / name).read_bytes() for name in LIGHT_MODULES}
    files.update(_files_below(_PACKAGE / "farm", as_name=f"{_PACKAGE.name}/farm"))
    for module, distribution in _NEEDED.items():
        files.update(_module_files(module, distribution))
        versions[distribution] = _version(distribution) or _UNKNOWN
    files[VERSIONS] = json_bytes({"format": FORMAT, "versions": versions})
    return LightPackages(versions=versions, files=files)


def _module_files(module: str, distribution: str) -> dict[str, bytes]:
    """The files of a module or package, by path in the archive."""
    spec = find_spec(module)
    origin = None if spec is None or spec.origin is None else Path(spec.origin)
    if origin is None:
        raise PackagingError(f"the farm needs {module}, which is not installed here: pip install {distribution}")
    if origin.suffix != ".py" or not origin.is_file():
        raise PackagingError(f"{module} cannot be carried to the farm: {origin} is not pure Python")
    if origin.name != "__init__.py":
        return {origin.name: origin.read_bytes()}
    return dict(_files_below(origin.parent, as_name=module))


def _files_below(folder: Path, *, as_name: str) -> Iterator[tuple[str, bytes]]:
    """The Python files of a package, by path in the archive."""
    for path in folder.rglob("*"):
        if path.name.endswith(_BINARIES):
            raise PackagingError(f"{as_name} cannot be carried to the farm: {path} is not pure Python")
        if path.suffix == ".py":
            yield f"{as_name}/{path.relative_to(folder).as_posix()}", path.read_bytes()


def own_version() -> str:
    """The version of this package; a checkout that nobody installed says it in its ``setup.cfg``."""
    version = _version(_OWN)
    if version is None:
        setup = configparser.ConfigParser(interpolation=None)
        setup.read(_PACKAGE.parent / "setup.cfg", encoding="utf-8")
        version = setup.get("metadata", "version", fallback=_UNKNOWN)
    return version


def _version(distribution: str) -> Optional[str]:
    try:
        return installed_version(distribution)
    except PackageNotFoundError:
        return None
