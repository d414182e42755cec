"""Which variables of a job hold paths: those that are declared, and those that are known by their names.

The plugin maps them for its worker, before the interpreter starts: host applications read them first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from .job_info_keys import ENVIRONMENT_KEY

KINDS = ("path", "paths", "text")
"""One path, a list of paths, and anything else, which stays as it is."""
# As PYTHONPATH, HOUDINI_PATH and OFX_PLUGIN_PATH do; but REZ_CONFIG_FILE may be a list too. Where a name leaves that
# open, it counts as a list, which may be of one path.
_SUFFIXES = ("PATH", "PATHS", "_BASE", "_DIR", "_DIRS", "_FILE", "_FOLDER", "_HOME", "_LOCATION", "_ROOT")
_LISTS = (*(f"*{suffix}" for suffix in _SUFFIXES), "PXR_PLUGINPATH_NAME")
_SINGLE = ("OCIO", "HOME", "TEMP", "TMP", "TMPDIR")
_KNOWN = {**dict.fromkeys(_LISTS, "paths"), **dict.fromkeys(_SINGLE, "path")}


def variables_of(job_info: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The variables that a job sets.

    >>> variables_of([("Pool", "cpu"), ("EnvironmentKeyValue0", "SHOW=a=b")])
    {'SHOW': 'a=b'}
    """
    pairs = [text.partition("=") for key, text in job_info if key.startswith(ENVIRONMENT_KEY)]
    return {name: value for name, _, value in pairs}


def kind_of(variable: str, declared: Mapping[str, str]) -> str | None:
    """What the variable holds, one of KINDS; None if that is not known.

    A declared name counts before a declared pattern, of these the last, and both before what is known. Case does not
    count, as on Windows.

    >>> kind_of("NUKE_PATH", {}), kind_of("NUKE_PATH", {"NUKE_*": "text"}), kind_of("SHOW", {})
    ('paths', 'text', None)
    """
    upper = {name.upper(): kind for name, kind in declared.items()}
    if variable.upper() in upper:
        return upper[variable.upper()]
    rules = (*reversed(list(upper.items())), *_KNOWN.items())
    return next((kind for pattern, kind in rules if fnmatchcase(variable.upper(), pattern)), None)


def variables_of_kind(kind: str, job_info: Iterable[tuple[str, str]], declared: Mapping[str, str]) -> tuple[str, ...]:
    """The names of the variables that hold this, but for those with a comma, which is between names in a job."""
    names = (name for name in variables_of(job_info) if "," not in name)
    return tuple(name for name in names if kind_of(name, declared) == kind)
