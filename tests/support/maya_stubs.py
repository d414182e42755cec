"""What the published stubs of Maya (``types-maya``) say about commands: their flags, and the modes of these.

Valid from Python 3.7; of the six megabytes, only the commands that are asked for are read.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

MODES = {"query": "query", "q": "query", "edit": "edit", "e": "edit"}
PLAIN = {"str": str, "bool": (bool, int), "int": int, "float": (int, float)}
# Where the stubs are wrong, by Autodesk's reference of the commands.
ALSO_QUERIED = {"currentTime"}


def find_stubs():
    """The file of the commands; None if they are not installed."""
    found = [Path(folder) / "maya-stubs" / "cmds.pyi" for folder in sys.path]
    return next((path for path in found if path.is_file()), None)


class Stubs:
    """The commands of Maya."""

    def __init__(self, path):
        self.text = Path(path).read_text(encoding="utf-8")
        self.known = {}

    def signatures(self, command):
        """For each way to call the command, the flags that it must have, and the types of those that it may have."""
        if command not in self.known:
            head = f"def {command}("
            found = self.text.split(f"\n{head}")[1:]
            self.known[command] = [signature(head + rest.partition("\n")[0]) for rest in found]
        return self.known[command]

    def fault(self, command, flags):
        """What is wrong with a call; None if nothing is."""
        known = self.signatures(command)
        if not known:
            return f"maya.cmds has no {command}"
        if any(fits(flags, *one) for one in known):
            return None
        if flags.get("query") and command in ALSO_QUERIED:
            return None
        if flags.get("query"):  # The stubs have each flag that can be queried alone; Maya combines them.
            asked = {name for name in flags if name not in MODES}
            queried = {name for must, _ in known if "query" in must for name in must}
            return None if asked <= queried else f"{command} cannot be asked for {', '.join(sorted(asked - queried))}"
        return f"{command} does not take {flags}"


def signature(line):
    """The flags of one overload."""
    arguments = ast.parse(line).body[0].args
    must, may = set(), {}
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults):
        if default is None:
            must.add(argument.arg)
        else:
            may[argument.arg] = argument.annotation
    return must, may


def fits(flags, must, may):
    """Whether a call is one of that overload."""
    return must <= set(flags) <= must | set(may) and all(
        bool(value) if name in must else is_a(value, may[name]) for name, value in flags.items()
    )


def is_a(value, kind):
    """Whether a value is of the type that the stubs write."""
    if isinstance(kind, ast.BinOp):
        return is_a(value, kind.left) or is_a(value, kind.right)
    name = kind.value.id if isinstance(kind, ast.Subscript) else kind.id
    if name in ("list", "tuple"):
        items = kind.slice.value if type(kind.slice).__name__ == "Index" else kind.slice  # Until Python 3.8.
        if not isinstance(value, {"list": list, "tuple": tuple}[name]):
            return False
        kinds = items.elts if isinstance(items, ast.Tuple) else [items] * len(value)
        return len(kinds) == len(value) and all(map(is_a, value, kinds))
    return name == "Any" or isinstance(value, PLAIN[name])
