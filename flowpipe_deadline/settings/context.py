"""What a plan takes from the process that makes it: environment variables, import roots, and interpreters."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from ..core.locate import INSTALLED, SHARED, import_root, leading_path, own_file
from ..core.text import is_one_line
from .secrets import looks_secret

_WILDCARDS = frozenset("*?[")
# fmt: off
# Variables of a machine, a login or a host application: on a worker they would mislead the interpreter, or break it
# (hosts and tooling, section 4).
_NEVER_BY_PATTERN = (
    "PATH", "PATHEXT", "PWD", "OLDPWD", "HOME", "SHELL", "SHLVL", "TERM*", "LANG", "LC_*", "TZ", "_",
    "USER", "USERNAME", "USERDOMAIN*", "USERPROFILE", "LOGNAME", "HOST*", "COMPUTERNAME", "LOGONSERVER", "SESSIONNAME",
    "TEMP", "TMP", "TMPDIR", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "PROGRAMFILES*", "PROGRAMW6432", "PUBLIC",
    "COMMONPROGRAM*", "ALLUSERSPROFILE", "HOMEDRIVE", "HOMEPATH", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC",
    "OS", "PROCESSOR_*", "NUMBER_OF_PROCESSORS", "DRIVERDATA", "PSMODULEPATH", "ONEDRIVE*",
    "PYTHON*", "__PYVENV_LAUNCHER__", "VIRTUAL_ENV*", "CONDA_*", "PYENV_*", "PIP_*", "PYTEST_*",
    "LD_*", "DYLD_*", "LIBPATH", "DISPLAY", "WAYLAND_*", "XAUTHORITY", "XDG_*", "DBUS_*", "GPG_*", "SSH_*",
    "QT_*", "QML*", "GTK_*", "GDK_*", "GIO_*", "GNOME_*", "KDE_*", "DESKTOP_S*", "SESSION_MANAGER", "XMODIFIERS",
    "JAVA_*", "JRE_HOME", "JDK_*", "PERL5LIB", "RUBYLIB", "NODE_PATH", "CLASSPATH", "MANPATH", "INFOPATH",
    "PS1", "PS2", "PROMPT*", "BASH*", "ZDOTDIR", "UID", "EUID", "PPID", "HIST*", "*HISTFILE", "LESS", "LESSOPEN",
    "LESSCLOSE", "WINDOWID", "LS_COLORS", "COLORTERM", "COLORFGBG", "COLUMNS", "LINES", "VTE_*", "TMUX*",
    "STY", "SUDO_*", "WSL*", "INVOCATION_ID", "JOURNAL_STREAM", "SYSTEMD_*", "*EDITOR", "VISUAL",
    "PAGER", "BROWSER", "MAIL*", "EMAIL", "*NETRC", "KUBECONFIG", "KRB5*", "DOCKER_CONFIG", "DOCKER_HOST",
    "DOCKER_CERT_PATH", "AZURE_CONFIG_DIR", "AWS_PROFILE", "AWS_CONFIG_FILE",
    "DEADLINE_PATH", "FLOWPIPE_DEADLINE*",
)
# fmt: on


@dataclass(frozen=True)
class PlanContext:
    """What the planner cannot know by itself."""

    environ: Mapping[str, str] | None = field(default=None, repr=False)
    """The variables that jobs may take along; None if they were not read."""
    import_roots: tuple[str, ...] = ()
    """Folders that the graph's own modules come from, in the order of ``sys.path``."""
    python_path: tuple[str, ...] = ()
    """Folders that child processes import from as well: those of PYTHONPATH."""
    interpreters: Collection[str] | None = None
    """The configured interpreters; None if they are not known."""


def read_plan_context(*, interpreters: Collection[str] | None = None) -> PlanContext:
    """The context of this process. Read it after building the graph, so that the graph's modules are loaded."""
    return PlanContext(
        environ=dict(os.environ),
        import_roots=_import_roots(),
        python_path=_full_paths(filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))),
        interpreters=interpreters,
    )


@dataclass(frozen=True)
class Captured:
    """Variables that a job takes along, and those that it cannot take."""

    values: Mapping[str, str] = field(repr=False)
    missing: tuple[str, ...] = ()
    """Plain names that are not set."""
    unfit: tuple[str, ...] = ()
    """Plain names whose value does not fit into one line."""
    held_back: tuple[str, ...] = ()
    """What a pattern finds, and does not take, as it looks like a secret."""


def capture(wanted: Sequence[str], environ: Mapping[str, str]) -> Captured:
    """The variables that are asked for by name or by shell pattern; those of a pattern sorted by name.

    A pattern never takes variables of a machine or a person, such as PATH, HOME or PYTHONPATH, nor what looks like a
    secret, nor values of several lines. A name takes any variable.

    >>> dict(capture(["SHOW", "REZ_*", "NOPE"], {"REZ_B": "2", "REZ_A": "1", "SHOW": "x", "PATH": "/bin"}).values)
    {'SHOW': 'x', 'REZ_A': '1', 'REZ_B': '2'}
    """
    values: dict[str, str] = {}
    missing, unfit, held_back = [], [], list[str]()
    for name in wanted:
        if not _WILDCARDS.isdisjoint(name):
            found = [one for one in sorted(environ) if _is_found(one, name, environ[one])]
            secrets = [one for one in found if looks_secret(one, environ[one])]
            held_back += secrets
            values.update({one: environ[one] for one in found if one not in secrets})
        elif name not in environ:
            missing.append(name)
        elif not is_one_line(environ[name]):
            unfit.append(name)
        else:
            values[name] = environ[name]
    kept = tuple(name for name in dict.fromkeys(held_back) if name not in values)
    return Captured(values=values, missing=tuple(missing), unfit=tuple(unfit), held_back=kept)


def _is_found(name: str, pattern: str, value: str) -> bool:
    if not fnmatchcase(name, pattern) or "=" in name or not is_one_line(name + value):
        return False
    return not any(fnmatchcase(name.upper(), never) for never in _NEVER_BY_PATTERN)


def _import_roots() -> tuple[str, ...]:
    """The folders of ``sys.path`` with modules of the graph's own, neither installed nor of the standard library.

    Folders that a script or PYTHONPATH has put before the standard library count even if nothing was imported from
    them yet: a node may do so when it is evaluated.
    """
    found = set(filter(None, map(_module_root, list(sys.modules.values()))))
    launcher = _launcher_folder()
    found |= {
        folder
        for folder in filter(None, leading_path())
        if not _is_installed(folder) and os.path.realpath(folder) != launcher
    }
    known = {os.path.normcase(os.path.abspath(folder)) for folder in found}
    return tuple(folder for folder in _full_paths(sys.path) if os.path.normcase(folder) in known)


def _module_root(module: object) -> str | None:
    """Where a module of the graph's own was imported from; for a script that is run, its folder."""
    file, name = getattr(module, "__file__", None), getattr(module, "__name__", None)
    if not isinstance(file, str) or not isinstance(name, str) or name.partition(".")[0] in SHARED:
        return None
    if name == "__main__":
        if _is_launcher(file):
            return None
        name = getattr(getattr(module, "__spec__", None), "name", name)
    return _own_root(name, file if os.path.isabs(file) else os.path.abspath(file))


@cache  # Asked for every module that is loaded, at every plan.
def _own_root(name: str, file: str) -> str | None:
    path = own_file(file)
    return None if path is None else import_root(name, path) or os.path.dirname(path)


def _launcher_folder() -> str | None:
    """What Python put on ``sys.path`` for a console script: its folder; on Windows, the launcher itself."""
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    return os.path.dirname(os.path.realpath(file)) if isinstance(file, str) and _is_launcher(file) else None


def _is_launcher(file: str) -> bool:
    """Whether an installer made the file for an entry point, as opposed to a script."""
    folder, name = os.path.split(file)
    return folder.lower().endswith(".exe") or not name.lower().endswith((".py", ".pyw", ".pyc"))


def _is_installed(folder: str) -> bool:
    """Whether the folder belongs to this Python, its environment or its application."""
    path = Path(os.path.abspath(folder))
    prefixes = {Path(sys.prefix), Path(sys.base_prefix)}
    return not INSTALLED.isdisjoint(path.parts) or not prefixes.isdisjoint((path, *path.parents))


def _full_paths(folders: Iterable[str]) -> tuple[str, ...]:
    """Each folder once, as an absolute path; an empty one is the current folder."""
    return tuple(dict.fromkeys(os.path.abspath(folder) for folder in folders if isinstance(folder, str)))
