"""Hosts, the programs that evaluate nodes, as a text describes one: in *More Interpreters*, and after ``-i NAME=``.

The plugin has the same ``parse_host``, as Deadline's own Python has nothing of this package.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..core.errors import UsageError
from ..core.shipped import shipped_folder
from ..core.text import listing
from .standins.sandbox import read_param

TASK = "<TASK>"
"""In a host's arguments, the path of the task file."""
_EXECUTABLE = "Executable_"
_LIST = "MoreInterpreters"
_LINE = re.compile(r'(?:"[^"\r\n]*"|[^;\r\n"]|")+')
_HOST = re.compile(r'((?:[A-Za-z_]\w*=(?:"[^"]*"|[^\s"]*)\s+)*)(.*)', re.DOTALL)
_VARIABLE = re.compile(r'([A-Za-z_]\w*)=("[^"]*"|[^\s"]*)\s+')


@dataclass(frozen=True)
class Host:
    """How an interpreter is started."""

    variables: tuple[tuple[str, str], ...]
    executable: str
    arguments: str
    """With ``<TASK>`` and ``<BOOT>``; empty for those of its application, else of python."""

    def __str__(self) -> str:
        """The text that ``parse_host`` reads."""
        variables = [f'{name}="{value}"' for name, value in self.variables]
        command = [f'"{self.executable}"', self.arguments] if self.arguments else [self.executable]
        return " ".join([*variables, *command])


def parse_host(text: str) -> Host:
    """The host that the text describes: ``[VARIABLE=VALUE ]...EXECUTABLE[ ARGUMENTS]``, as one types it in a shell.

    A value with blanks stands in double quotes, and so does an executable with blanks that has arguments. A text
    without ``<TASK>`` is a path to its end, whatever blanks are in it, unless that is in quotes.

    >>> parse_host('A=1 /bin/scribus -py "<BOOT>" --task "<TASK>"')
    Host(variables=(('A', '1'),), executable='/bin/scribus', arguments='-py "<BOOT>" --task "<TASK>"')
    >>> parse_host("/Applications/Maya 2025/mayapy").executable
    '/Applications/Maya 2025/mayapy'
    """
    variables, rest = _HOST.fullmatch(text.strip()).groups()  # type: ignore[union-attr]  # It matches any line.
    pairs = tuple((name, value.strip('"')) for name, value in _VARIABLE.findall(variables))
    if rest.startswith('"'):
        executable, _, arguments = rest[1:].partition('"')
    elif TASK in rest:
        executable, arguments = (*rest.split(None, 1), "")[:2]
    else:
        executable, arguments = rest, ""
    return Host(pairs, executable.strip(), arguments.strip())


def split_hosts(text: str) -> list[tuple[str, str]]:
    """Names and texts of a list: ``NAME=TEXT`` each, with line breaks between, or ``;`` outside double quotes.

    >>> split_hosts('maya-2025=/usr/bin/mayapy; krita = "/opt/a;b/krita" --task "<TASK>"')
    [('maya-2025', '/usr/bin/mayapy'), ('krita', '"/opt/a;b/krita" --task "<TASK>"')]
    """
    parts = (line.partition("=") for line in _LINE.findall(text))
    return [(name.strip(), rest.strip()) for name, _, rest in parts if rest.strip()]


def find_host(texts: Iterable[str]) -> Host | None:
    """The first of these hosts that is on this machine, with its full path."""
    for host in map(parse_host, texts):
        if os.path.isfile(host.executable) or host.executable == sys.executable:
            return replace(host, executable=os.path.abspath(host.executable))
    return None


def checked_host(name: str, text: str, *, may_be_missing: bool = False) -> str:
    """The text with the full path of its executable, which is looked for on PATH if it has no folder.

    Raises:
        UsageError: It is wrongly written, or its executable is not on this machine.
    """
    what, host = f"the interpreter {name}", parse_host(text)
    if not text.strip():
        raise UsageError(f"{what} has no executable: write -i {name}=PATH")
    if "'" in text.partition(TASK)[0] and not _full_path(host.executable):
        raise UsageError(f"{what}: write double quotes for single ones in {text}")
    if text.count('"') % 2:
        raise UsageError(f"{what}: a double quote is not closed in {text}")
    if split_hosts(f"={text}") != [("", text.strip())]:
        raise UsageError(f"{what}: {text!r} is not one line, or has a ; outside double quotes")
    path = _full_path(host.executable)
    is_command = bool(host.arguments) or (not path and _full_path(host.executable.partition(" ")[0]))
    if is_command and TASK not in host.arguments:
        raise UsageError(f'{what}: its arguments need {TASK}, which stands for the task file, as in --task "{TASK}"')
    if ";" in host.executable or not (path or may_be_missing):
        raise UsageError(f"{what}: there is no file {host.executable}")
    return str(replace(host, executable=path or host.executable))


def configured_hosts(config: Mapping[str, str]) -> dict[str, list[str]]:
    """The texts of all hosts in the plugin's configuration, by name; the first that is on a machine is used there."""
    hosts: dict[str, list[str]] = {}
    for setting, paths in config.items():
        if setting.startswith(_EXECUTABLE):
            hosts[setting[len(_EXECUTABLE) :]] = [path.strip() for path in re.split("[;\r\n]+", paths) if path.strip()]
    for name, text in split_hosts(config.get(_LIST, "")):
        hosts.setdefault(name, hosts.pop(_key(name), [])).append(text)
    return {name: texts for name, texts in hosts.items() if texts}


def names_here(hosts: Mapping[str, str]) -> frozenset[str]:
    """The names of these hosts, and of those of the default configuration that are on this machine.

    Raises:
        UsageError: One is wrongly written.
    """
    config = default_config(shipped_folder("plugins") / "Flowpipe", hosts)
    found = [name for name, texts in configured_hosts(config).items() if find_host(texts)]
    return frozenset([*found, *(name.replace("_", "-") for name in found)])


def needed_hosts(config: Mapping[str, str], needed: Mapping[str, Sequence[str]]) -> dict[str, Host]:
    """The hosts on this machine of these interpreters, each with the nodes that need it.

    Raises:
        UsageError: Some are not configured, or not on this machine; the message names all.
    """
    hosts, missing, configured = {}, [], configured_hosts(config)
    for name, nodes in needed.items():
        texts = configured.get(name) or (configured.get(_key(name), []) if _EXECUTABLE + _key(name) in config else [])
        host = find_host(texts)
        if host is not None:
            hosts[name] = host
        else:
            places = listing([parse_host(text).executable for text in texts])
            why = f"is not on this machine (looked for {places})" if texts else "is not configured"
            missing.append(f"the interpreter {name} of {listing(nodes)} {why}: -i {name}=PATH")
    if missing:
        raise UsageError("\n".join(missing))
    return hosts


def default_config(plugin: Path, hosts: Mapping[str, str]) -> dict[str, str]:
    """The default configuration of the plugin in that folder, with this Python and these hosts.

    Raises:
        UsageError: One is wrongly written.
    """
    return add_hosts(read_param(str(plugin / "Flowpipe.param")), {"python": sys.executable, **hosts})


def add_hosts(config: Mapping[str, str], hosts: Mapping[str, str]) -> dict[str, str]:
    """The plugin's configuration with these hosts, by name, before its own of that name.

    Raises:
        UsageError: One is wrongly written.
    """
    given = [f"{name}={checked_host(name, text, may_be_missing=True)}" for name, text in hosts.items()]
    hidden = {_EXECUTABLE + _key(name): "" for name in hosts}
    return {**config, **hidden, _LIST: ";".join([*given, config.get(_LIST, "")])}


def _full_path(program: str) -> str | None:
    path = program if os.path.isfile(program) or os.path.dirname(program) else shutil.which(program)
    return os.path.abspath(path) if path and os.path.isfile(path) else None


def _key(name: str) -> str:
    """The name as the plugin's settings have it: maya_2025 for maya-2025."""
    return re.sub("[^A-Za-z0-9]", "_", name)
