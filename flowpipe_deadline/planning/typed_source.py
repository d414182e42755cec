"""Finds the source of what was typed in a session, as its functions and classes only have it compiled."""

from __future__ import annotations

import ast
import linecache
import os
import sys
from collections.abc import Iterator
from types import CodeType
from typing import Any

from ..core.locate import NotImportableError, annotations_of, own_codes

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Assign


def find_source(thing: Any, *, futures: int) -> str:
    """The statement, decorators and all, that defines a function or class at the top of what was typed.

    It is looked for in what Python keeps of notebooks and of its own prompt, then in the Script Editors of Maya and
    Blender, the latest first. Found is what compiles to the same code, with these ``futures``.

    Raises:
        NotImportableError: It is nowhere.
    """
    for text in _texts(thing):
        try:
            tree = ast.parse(text)
            # Notebooks compile each statement alone: then no name is known to be that of an imported module.
            texts = [tree, *(ast.Module([statement], []) for statement in tree.body)]
            flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | futures
            codes = [compile(each, "<text>", "exec", flags=flags, dont_inherit=True) for each in texts]
        except (SyntaxError, ValueError):
            continue
        for statement in reversed(list(_definitions(tree.body))):
            decorators = getattr(statement, "decorator_list", ())
            first = min([statement.lineno, *(decorator.lineno for decorator in decorators)])
            end = statement.end_lineno or statement.lineno
            inside = [each for code in codes for each in _nested(code) if first <= each.co_firstlineno <= end]
            if _defines(statement, thing, inside):
                lines = "".join(f"{line}\n" for line in text.split("\n")[first - 1 : end])
                return f"if True:\n{lines}" if statement.col_offset else lines
    raise NotImportableError(
        f"{thing.__qualname__} was typed in this session, and the statement that defines it is not kept anywhere, or it"
        " was changed since; run its definition again, or save it to a file and import it from there"
    )


def _texts(thing: Any) -> Iterator[str]:
    """Everything that may have its source, the likeliest first."""
    seen: set[str] = set()
    for code in own_codes(thing):
        if code.co_filename not in seen:
            seen.add(code.co_filename)
            yield "".join(linecache.getlines(code.co_filename)).replace("\r\n", "\n")
    if any(linecache.getlines(name) for name in seen if not os.path.exists(name)):
        return  # What another text defines by that name is something else.
    entries = [entry for name, entry in list(linecache.cache.items()) if name not in seen and not os.path.exists(name)]
    yield from ("".join(entry[2]) for entry in reversed(entries) if len(entry) == 4)
    yield from _maya_texts()
    yield from _blender_texts()


def _maya_texts() -> Iterator[str]:
    """The tabs of Maya's Script Editor, as ``cmdScrollFieldExecuter`` has them."""
    cmds: Any = sys.modules.get("maya.cmds")
    if cmds is None or not hasattr(cmds, "lsUI"):
        return
    for tab in cmds.lsUI(type="cmdScrollFieldExecuter") or ():
        yield str(cmds.cmdScrollFieldExecuter(tab, query=True, text=True) or "").replace("\r\n", "\n")


def _blender_texts() -> Iterator[str]:
    """The texts of the open Blender file."""
    bpy: Any = sys.modules.get("bpy")
    yield from (text.as_string() for text in getattr(getattr(bpy, "data", None), "texts", ()))


def _definitions(statements: list[ast.stmt]) -> Iterator[Definition]:
    """What the statements define at their top, also under ``if``, ``try`` or ``with``."""
    for statement in statements:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Assign)):
            yield statement
            continue
        for part in ("body", "orelse", "finalbody"):
            yield from _definitions(getattr(statement, part, []))
        for handler in getattr(statement, "handlers", []):
            yield from _definitions(handler.body)


def _nested(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _nested(constant)


def _defines(statement: Definition, thing: Any, inside: list[CodeType]) -> bool:
    """Whether the statement, with this compiled code inside, made the function or class."""
    if isinstance(statement, ast.Assign):  # Of named tuples and enumerations that are made by a call.
        words = {node.id for node in ast.walk(statement.value) if isinstance(node, ast.Name)}
        is_call = isinstance(statement.value, ast.Call) and thing.__name__ not in words
        return isinstance(thing, type) and is_call and [*map(ast.unparse, statement.targets)] == [thing.__name__]
    if isinstance(statement, ast.ClassDef) != isinstance(thing, type) or statement.name != thing.__name__:
        return False
    # Named tuples have functions from a file.
    codes = [code for code in own_codes(thing) if not os.path.exists(code.co_filename)]
    if not all(any(_same(code, other) for other in inside) for code in codes):
        return False
    if isinstance(statement, ast.ClassDef):
        return _has_fields_of(statement, thing, has_functions=bool(codes))
    return bool(codes) and (bool(statement.decorator_list) or not vars(thing))


def _has_fields_of(statement: ast.ClassDef, cls: type, *, has_functions: bool) -> bool:
    """Whether the class has the values of the text, and one without functions, such as an enumeration, its names."""
    members = getattr(cls, "__members__", {})
    texts: dict[str, ast.expr | None] = {}
    for part in statement.body:
        if isinstance(part, ast.FunctionDef) and not _is_held(part, cls):
            return False
        targets = (
            part.targets if isinstance(part, ast.Assign) else [part.target] if isinstance(part, ast.AnnAssign) else ()
        )
        names = [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]
        texts.update((name, getattr(part, "value", None)) for name in names if not name.startswith("__"))
    stored = [node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    session = vars(sys.modules[cls.__module__])
    for name, node in texts.items():
        held = getattr(cls, name, None)
        is_made = has_functions and (name in members or bool(statement.decorator_list))
        if not hasattr(cls, name) or hasattr(held, "__get__") or is_made or stored.count(name) > 1:
            continue  # What it was made of cannot be told.
        value = getattr(held, "value", held)
        if isinstance(node, ast.Constant) and value != node.value:
            return False
        used = node.id if isinstance(node, ast.Name) else None
        if used not in texts and not any(session.get(used or "", value) is each for each in (value, held)):
            return False
    own = {*members, *annotations_of(cls)}
    return has_functions or own <= {*texts} <= {*dir(cls), *own}


def _is_held(function: ast.FunctionDef, cls: type) -> bool:
    """Whether the class still has the function, as far as can be told from its name."""
    held = getattr(vars(cls).get(function.name), "__qualname__", "")
    is_open = function.decorator_list or function.name.startswith("__")
    return bool(is_open) or held == f"{cls.__qualname__}.{function.name}"


def _same(code: CodeType, other: CodeType) -> bool:
    """Whether two pieces of code do the same, wherever they are from."""
    parts = ("co_name", "co_code", "co_names", "co_varnames", "co_freevars", "co_argcount", "co_kwonlyargcount")
    constants, others = code.co_consts, other.co_consts
    return (
        all(getattr(code, part) == getattr(other, part) for part in parts)
        and len(constants) == len(others)
        and all(
            _same(one, two)
            if isinstance(one, CodeType) and isinstance(two, CodeType)
            else type(one) is type(two) and one == two
            for one, two in zip(constants, others)
        )
    )
