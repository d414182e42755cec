"""Which variables of the submitting environment a job takes along."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from .text import is_one_line

_WILDCARDS = frozenset("*?[")
# fmt: off
# What belongs to a machine, a login or a host application: on a worker it would mislead the interpreter, or break it
# (hosts-and-tooling.md, section 4).
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
# What is nobody else's business, by words of the name: DB_PASS, SSHPASS and MYSQL_PWD, but neither PASSENGER nor PATH.
_SECRET_NAME = re.compile(
    r"PASSWORD|PASSWD|PASSPHRASE|PASSCODE|PASSFILE|SECRET|TOKEN|CREDENTIAL|COOKIE|PRIVATE|AUTH(?!ORS?(?![A-Z]))"
    r"|(PASS|PWD|KEY|CREDS?)S?(?![A-Z])|KEY(FILE|STORE|RING|TAB)|(?<![A-Z])PATS?(?![A-Z])"
)
# A URL that says who asks, or a value that says with what.
_SECRET_VALUE = re.compile(r"://([^\s/@]*:\S*|[^\s/@]+)@|\b(password|passwd|pwd|token|secret|api_?key)=", re.IGNORECASE)


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

    A pattern never takes what belongs to a machine or a person, such as PATH, HOME or PYTHONPATH, nor what looks like a
    secret, and passes over values that no line can hold; by its name everything can be had.

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
    if _SECRET_NAME.search(name.upper()) or _SECRET_VALUE.search(value):
        return False
    return not any(fnmatchcase(name.upper(), never) for never in _NEVER_BY_PATTERN)
