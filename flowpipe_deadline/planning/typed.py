"""The code of a graph that was typed in a session: as one file that a worker can import."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import symtable
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from flowpipe.node import FunctionNode

from ..core.bundle import CODE
from ..core.locate import NotImportableError, Source, is_typed, planned_here, unwrapped
from ..results.codec import TYPE, UnsupportedValueError, encode, find_sources, map_sources
from .plan import Plan
from .typed_source import find_source

# What stands for the module and its file, until all of its text is known.
_SOURCE: Mapping[str, str] = {"module": "<flowpipe-deadline: typed module>", "file": "<flowpipe-deadline: typed file>"}
_OF_MODULES = frozenset({*vars(ModuleType("")), "__file__", "__cached__", "__builtins__", "__annotations__"})
_DECODE = "_flowpipe_deadline_decode"
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_CHANGEABLE = (list, dict, set, bytearray)
_COMPREHENSIONS = frozenset({"listcomp", "setcomp", "dictcomp", "genexpr", "lambda"})


@dataclass(frozen=True)
class _Part:
    """A statement, and the names that it needs while it runs, and later."""

    text: str
    eager: tuple[str, ...] = ()
    lazy: tuple[str, ...] = ()
    is_import: bool = False


class TypedCode:
    """Collects what the nodes and values of one graph need of what was typed, and of what that uses in turn.

    Modules and what can be imported from them are imported again; functions and classes that were typed are taken along
    with their source; all other values as the store of results keeps them.
    """

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}
        self._parts: dict[str, _Part] = {}
        self._has_future = False

    def take(self, thing: Any, name: str) -> Source:
        """The source of a class or function, for ``describe``; ``with_typed_code`` says what it finally is.

        Raises:
            NotImportableError: Its source, or a value that it uses, cannot be taken along.
        """
        top = name.partition(".")[0]
        self._add(top, _namespace(thing)[top])
        return {**_SOURCE, "qualname": name}

    def file(self) -> tuple[str, bytes] | None:
        """The file in the bundle, and what is in it; None if nothing was typed. The same code gives the same file."""
        if not self._parts:
            return None
        parts = [self._parts[name] for name in self._in_order()]
        imports = "".join(sorted(part.text for part in parts if part.is_import))
        future = "from __future__ import annotations\n" if self._has_future else ""
        if any(f" = {_DECODE}(" in part.text for part in parts):
            imports += f"from flowpipe_deadline.results.codec import decode as {_DECODE}\n"
        head = f'"""Typed in a session, and taken along from there."""\n\n{future}{imports}'
        data = "\n".join([head, *(part.text for part in parts if not part.is_import)]).encode()
        return f"{CODE}/typed_{hashlib.sha256(data).hexdigest()[:12]}.py", data

    def module(self, file: str) -> ModuleType:
        """What the file stands for in this session."""
        module = ModuleType(_module_name(file))
        vars(module).update(self._values)
        return module

    def _add(self, name: str, value: Any) -> None:
        if name in self._values:
            if self._values[name] is not value:
                raise NotImportableError(f"two different things are called '{name}'; rename one of them")
            return
        self._values[name] = value
        try:
            self._parts[name] = self._part(name, value)
        except BaseException:
            del self._values[name]
            raise

    def _part(self, name: str, value: Any) -> _Part:
        if isinstance(value, ModuleType):
            return _Part(_import(name, value), is_import=True)
        definition = _definition(value)
        if definition is not None and is_typed(definition):
            return self._typed_part(name, value, definition)
        has_place = isinstance(value, (type, FunctionType, BuiltinFunctionType, FunctionNode))
        place = _place(value, name) if has_place else None
        same = [each for each, known in self._values.items() if each != name and known is value]
        if same and isinstance(value, _CHANGEABLE):
            return _Part(f"{name} = {same[0]}\n", eager=(same[0],))
        try:
            if place is None:
                return _value_part(name, encode(value))
        except UnsupportedValueError as error:
            place = _place(value, name)
            if place is None:
                raise NotImportableError(
                    f"its code uses '{name}', of type {type(value).__qualname__}, which cannot go to the farm: {error};"
                    " give it to the node as an input, or make it inside of the function"
                ) from error
        return _Part(place, is_import=True)

    def _typed_part(self, name: str, value: Any, definition: Any) -> _Part:
        own, namespace = definition.__qualname__, _namespace(definition)
        if "<" in own:
            what = "is a lambda" if own == "<lambda>" else f"is defined inside the function {own.partition('.')[0]}"
            advice = "" if own == "<lambda>" else "; a decorator keeps what it is given by functools.wraps"
            raise NotImportableError(f"'{name}' {what}; define it by a statement of its own, outside others{advice}")
        if name != own and namespace.get(own) is value:
            self._add(own, value)
            return _Part(f"{name} = {own}\n", eager=(own,))
        has_future = namespace.get("annotations") is annotations  # What its import leaves, also here.
        is_lazy = has_future or sys.version_info >= (3, 14)  # A worker's Python may evaluate annotations at once.
        self._has_future = self._has_future or is_lazy
        text = find_source(definition, futures=annotations.compiler_flag if has_future else 0)
        is_as_defined = value is definition or isinstance(value, FunctionNode) or "@" in text.split("def ")[0]
        if name != own or not is_as_defined:
            raise NotImportableError(f"'{name}' was made of {own} later; decorate its definition, and use that name")
        if isinstance(value, FunctionType) and len(getattr(value, "registry", ())) > 1:  # functools.singledispatch
            raise NotImportableError(f"'{name}' got more functions after its definition; put it into a file")
        if isinstance(value, FunctionType) and not _has_defaults_of(text, definition, namespace):
            raise NotImportableError(f"a default of '{name}' was changed since; run its definition again")
        eager, lazy = _names(text)
        if is_lazy:  # Annotations are not evaluated.
            lazy |= eager
            eager = _names(_without_annotations(text))[0]
        used = [
            each for each in sorted({*eager, *lazy}) if each != name and each in namespace and each not in _OF_MODULES
        ]
        for each in used:
            self._add(each, namespace[each])
        for submodule in _submodules(ast.parse(text), namespace):
            self._parts.setdefault(submodule, _Part(f"import {submodule}\n", is_import=True))
        return _Part(text, eager=tuple(filter(eager.__contains__, used)), lazy=tuple(filter(lazy.__contains__, used)))

    def _in_order(self) -> list[str]:
        """The names, each after those that its statement needs, and what these may use in turn."""
        ordered: list[str] = []
        begun: set[str] = set()

        def place(name: str) -> None:
            if name in begun:
                return
            begun.add(name)
            for needed in self._parts[name].eager:
                for each in (needed, *self._reachable(needed)):
                    is_begun = each in begun and each not in ordered
                    if is_begun and (each == needed or self._parts[each].text.startswith(f"{each} = ")):
                        raise NotImportableError(
                            f"'{name}' and '{each}' cannot be defined without each other; put both into a file"
                        )
                    place(each)
            ordered.append(name)

        for name in sorted(self._parts):
            place(name)
        return ordered

    def _reachable(self, name: str) -> list[str]:
        found = [name]
        for each in found:
            part = self._parts[each]
            found += [other for other in (*part.eager, *part.lazy) if other not in found]
        return found


def with_typed_code(plan: Plan, typed: TypedCode) -> Plan:
    """The plan with the file of what was typed, to which the sources in its records point."""
    found = typed.file()
    if found is None:
        return plan
    file, data = found
    final = {"module": _module_name(file), "file": file}
    planned_here(file, typed.module(file))

    def change(source: Any) -> Any:
        return {**source, **final} if source["file"] == _SOURCE["file"] else source

    return plan.with_records(lambda record: map_sources(record, change, own=("class", "function")), code={file: data})


def _module_name(file: str) -> str:
    return file[len(CODE) + 1 : -len(".py")]


def _value_part(name: str, encoded: Any) -> _Part:
    sources = [source for source in find_sources(encoded) if source["file"] == _SOURCE["file"]]
    classes = [source["qualname"].partition(".")[0] for source in sources]
    text = ascii(encoded)
    if f"'{TYPE}'" not in text:
        return _Part(f"{name} = {text}\n")
    for key, variable in (("module", "__name__"), ("file", "__file__")):
        text = text.replace(ascii(_SOURCE[key]), variable)
    return _Part(f"{name} = {_DECODE}({text})\n", eager=tuple(dict.fromkeys(classes)))


def _namespace(thing: Any) -> dict[str, Any]:
    """The session that a function or class was typed in."""
    return thing.__globals__ if isinstance(thing, FunctionType) else vars(sys.modules[thing.__module__])


def _definition(value: Any) -> Any:
    """The function or class behind a value: what a node or a decorator was made of; None if there is none."""
    innermost = unwrapped(value.func if isinstance(value, FunctionNode) else value)
    return innermost if isinstance(innermost, (type, FunctionType)) else None


def _has_defaults_of(text: str, function: FunctionType, namespace: Mapping[str, Any]) -> bool:
    """Whether the text would give the function its defaults again, where that can be told without running it."""
    definition: Any = next(node for node in ast.walk(ast.parse(text)) if isinstance(node, _FUNCTIONS))
    pairs = list(zip(definition.args.defaults, function.__defaults__ or ()))
    named = zip(definition.args.kwonlyargs, definition.args.kw_defaults)
    pairs += [(node, (function.__kwdefaults__ or {}).get(argument.arg)) for argument, node in named if node is not None]
    for node, default in pairs:
        if isinstance(node, ast.Name) and namespace.get(node.id, default) is not default:
            return False
        with contextlib.suppress(ValueError):
            if ast.literal_eval(node) != default:
                return False
    return True


def _import(name: str, module: ModuleType) -> str:
    """The statement that binds a module to the name.

    Raises:
        NotImportableError: It is a session, or was made by hand.
    """
    if sys.modules.get(module.__name__) is not module or getattr(module, "__spec__", None) is None:
        raise NotImportableError(f"its code uses the module '{name}', which cannot be imported; put it into a file")
    return f"import {module.__name__}\n" if module.__name__ == name else f"import {module.__name__} as {name}\n"


def _place(value: Any, name: str) -> str | None:
    """The statement that imports a value under the name; None if no module has it.

    It is looked for where it says that it is from, then, under the same name, in everything that is loaded.
    """
    origins = (value, getattr(value, "func", None), type(value))
    modules = [str(getattr(origin, "__module__", None)) for origin in origins]
    names = [getattr(origin, key, None) for origin in origins[:2] for key in ("__qualname__", "__name__", "_name")]
    places = [(module, str(own)) for module in modules for own in (*filter(None, names), name)]
    loaded = sorted(sys.modules, key=lambda module: (module.count("."), module))
    for module_name, qualname in (*places, *((module, name) for module in loaded)):
        found: Any = sys.modules.get(module_name)
        if module_name == "__main__" or getattr(found, "__spec__", None) is None:
            continue
        for step in qualname.split("."):
            found = getattr(found, "__dict__", {}).get(step)
        if found is value:
            top, _, rest = qualname.partition(".")
            return f"from {module_name} import {top} as {name}\n" + (f"{name} = {name}.{rest}\n" if rest else "")
    return None


def _names(text: str) -> tuple[set[str], set[str]]:
    """The global names that a statement uses while it runs, and those that its functions use when they are called."""
    eager: set[str] = set()
    lazy: set[str] = set()

    def visit(table: symtable.SymbolTable, *, is_inside: bool) -> None:
        is_inside = is_inside or (table.get_type() == "function" and table.get_name() not in _COMPREHENSIONS)
        for symbol in table.get_symbols():
            is_outer = symbol.is_global() or table.get_type() in ("module", "class")
            if symbol.is_referenced() and is_outer:
                (lazy if is_inside else eager).add(symbol.get_name())
        for child in table.get_children():
            visit(child, is_inside=is_inside)

    visit(symtable.symtable(text, "<text>", "exec"), is_inside=False)
    return eager, lazy


def _without_annotations(text: str) -> str:
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, (ast.arg, ast.AnnAssign)):
            node.annotation = ast.Constant(None)
        elif isinstance(node, _FUNCTIONS):
            node.returns = None
    return ast.unparse(tree)


def _submodules(tree: ast.AST, namespace: Mapping[str, Any]) -> Iterator[str]:
    """The modules that a statement reaches through packages, as in ``xml.dom.minidom``."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute):
            continue
        top, _, rest = ast.unparse(node).partition(".")
        module = namespace.get(top)
        for step in rest.split("."):
            inner = getattr(module, step, None)
            if not isinstance(module, ModuleType) or not isinstance(inner, ModuleType):
                break
            if inner.__name__ == f"{module.__name__}.{step}" and sys.modules.get(inner.__name__) is inner:
                yield inner.__name__
            module = inner
