"""Which variables of the submitting environment a job takes along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from .text import is_one_line

_WILDCARDS = frozenset("*?[")
# fmt: off
# What belongs to a machine, a login or a host application: on a worker it would mislead the interpreter, or break it
# (hosts-and-tooling.md, section 4). The last line holds what is nobody else's business.
_NEVER_BY_PATTERN = (
    "PATH", "PATHEXT", "PWD", "OLDPWD", "HOME", "SHELL", "SHLVL", "TERM*", "LANG", "LC_*", "TZ", "_",
    "USER", "USERNAME", "USERDOMAIN*", "USERPROFILE", "LOGNAME", "HOST*", "COMPUTERNAME", "LOGONSERVER", "SESSIONNAME",
    "TEMP", "TMP", "TMPDIR", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "PROGRAMFILES*", "PROGRAMW6432", "PUBLIC",
    "COMMONPROGRAM*", "ALLUSERSPROFILE", "HOMEDRIVE", "HOMEPATH", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC",
    "OS", "PROCESSOR_*", "NUMBER_OF_PROCESSORS", "DRIVERDATA", "PSMODULEPATH", "ONEDRIVE*",
    "PYTHON*", "__PYVENV_LAUNCHER__", "VIRTUAL_ENV*", "CONDA_*", "PYENV_*", "PIP_*", "PYTEST_*",
    "LD_*", "DYLD_*", "LIBPATH", "DISPLAY", "WAYLAND_*", "XAUTHORITY", "XDG_*", "DBUS_*", "GPG_*", "SSH_*",
    "DEADLINE_PATH", "FLOWPIPE_DEADLINE*",
    "*PASSWORD*", "*PASSWD*", "*SECRET*", "*TOKEN*", "*CREDENTIAL*", "*API_KEY*", "*APIKEY*", "*ACCESS_KEY*",
)
# fmt: on


@dataclass(frozen=True)
class Captured:
    """What was found."""

    values: Mapping[str, str]
    missing: tuple[str, ...]
    """Plain names that are not set."""
    unfit: tuple[str, ...]
    """Plain names whose value no line of a job can hold."""


def capture(wanted: Sequence[str], environ: Mapping[str, str]) -> Captured:
    """The variables that are asked for by name or by pattern, as a shell has them; a pattern's come by name.

    A pattern never takes what belongs to a machine or a person, such as PATH, HOME or PYTHONPATH, and passes over
    values that no line can hold; by its name everything can be had.

    >>> dict(capture(["SHOW", "REZ_*", "NOPE"], {"REZ_B": "2", "REZ_A": "1", "SHOW": "x", "PATH": "/bin"}).values)
    {'SHOW': 'x', 'REZ_A': '1', 'REZ_B': '2'}
    """
    values: dict[str, str] = {}
    missing, unfit = [], []
    for name in wanted:
        if is_pattern(name):
            values.update(
                {found: environ[found] for found in sorted(environ) if _is_taken(found, name, environ[found])}
            )
        elif name not in environ:
            missing.append(name)
        elif not is_one_line(environ[name]):
            unfit.append(name)
        else:
            values[name] = environ[name]
    return Captured(values=values, missing=tuple(missing), unfit=tuple(unfit))


def is_pattern(name: str) -> bool:
    """Whether it stands for more than one name."""
    return not _WILDCARDS.isdisjoint(name)


def _is_taken(name: str, pattern: str, value: str) -> bool:
    if not fnmatchcase(name, pattern) or "=" in name or not is_one_line(name + value):
        return False
    return not any(fnmatchcase(name.upper(), never) for never in _NEVER_BY_PATTERN)
