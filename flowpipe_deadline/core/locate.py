"""Finds classes and functions on another machine: by module, or by the file alone."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import os
import sys
import traceback
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any, Callable, Dict, Iterable, Iterator, Mapping, Optional

from .bundle import CODE, AnyPath
from .errors import FlowpipeDeadlineError, error_line, text_of, traceback_of
from .loading import LOADING, LoadingError

INSTALLED = frozenset({"site-packages", "dist-packages"})
"""The names of folders that hold what is installed."""
_STANDARD_LIBRARY = Path(os.__file__).parent
_GENERATED = ("<string>", "<attrs ", "<frozen ")  # What the code of generated methods is said to be from.
SHARED = ("flowpipe", "flowpipe_deadline")
"""The evaluator's own packages, loaded already: a second copy of them would have other classes."""
Source = Dict[str, Optional[str]]
UNTRUSTED, REFUSED = "untrusted", "refused"
"""What the source of a class in a result may have: the file that it named, so that only the module's name counts; or
why nothing is loaded for it."""
_take_typed: ContextVar[Callable[[Any, str], Source] | None] = ContextVar("take_typed", default=None)
# What was planned here with its code, by the file in the bundle: its classes are the ones that this process knows.
_planned_here: dict[str, ModuleType] = {}


class NotImportableError(FlowpipeDeadlineError):
    """A class or function that other processes could not find."""


class LoadError(FlowpipeDeadlineError):
    """A module or script could not be loaded; the message names the error it raised, and the line."""


def describe(thing: Any, *, qualname: str | None = None) -> Source:
    """The source of a class or function for ``resolve``: its ``module``, its ``qualname`` there, and the module's
    ``file``, None for an installed package, of which a worker has its own copy.

    It is looked for under ``qualname``, by default its own name. What is typed in a session has a source within
    ``taking_along`` only.

    Raises:
        NotImportableError: It is defined in a function or an interactive session, or its name means something else.
    """
    name = qualname or thing.__qualname__
    label = f"{thing.__module__}.{name}"
    if "<" in name:
        what = "is a lambda; move it, as a def," if "<lambda>" in name else "is defined inside a function; move it"
        raise NotImportableError(f"{label} {what} to the top of its module")
    module = sys.modules.get(thing.__module__)
    if module is None:
        raise NotImportableError(f"{label} is defined in a module that sys.modules does not list; import it by name")
    if not _stands_for(_walk(module, name), thing):
        aliases = [alias for alias, value in list(vars(module).items()) if _stands_for(value, thing)]
        if not aliases and is_typed(thing):
            raise NotImportableError(f"{label} was typed again after it was used; run what uses it again, too")
        if not aliases:
            raise NotImportableError(f"{label} is not what that name means in its module; give it a name of its own")
        name = aliases[0]
    if is_typed(thing):
        take = _take_typed.get()
        if take is None:
            raise NotImportableError(f"{label} is defined in an interactive session; put it into a file")
        return take(thing, name)
    spec = getattr(module, "__spec__", None)
    module_name = spec.name if thing.__module__ == "__main__" and spec is not None else thing.__module__
    return {"module": module_name, "qualname": name, "file": own_file(getattr(module, "__file__", None))}


@contextmanager
def taking_along(take: Callable[[Any, str], Source]) -> Iterator[None]:
    """Within the block, ``describe`` calls ``take`` for the source of what was typed in a session, with its name."""
    token = _take_typed.set(take)
    try:
        yield
    finally:
        _take_typed.reset(token)


def is_typed(thing: Any) -> bool:
    """Whether a class or function was typed in a session: its module is loaded, and no file has its code."""
    module = sys.modules.get(thing.__module__)
    file = getattr(module, "__file__", None)
    codes = [code.co_filename for code in own_codes(thing) if not code.co_filename.startswith(_GENERATED)]
    has_no_file = bool(codes) and not any(map(os.path.exists, codes))
    if thing.__module__ != "__main__":
        return module is not None and file is None and getattr(module, "__spec__", None) is None and has_no_file
    # Python 3.13 runs its prompt as a module of its own, and a script may have run before the prompt came.
    is_prompt = file is not None and _STANDARD_LIBRARY in Path(os.path.abspath(file)).parents
    return file is None or not os.path.exists(file) or is_prompt or has_no_file


def own_codes(thing: Any) -> list[CodeType]:
    """The code of a function, or of the functions in the body of a class, without those that were generated for it."""
    if not isinstance(thing, type):
        code = getattr(unwrapped(thing), "__code__", None)  # None for one that is not written in Python.
        return [] if code is None else [code]
    parts = [getattr(part, "fget", None) or getattr(part, "__func__", None) or part for part in vars(thing).values()]
    functions = [part for part in map(unwrapped, parts) if isinstance(part, FunctionType)]
    codes = [part.__code__ for part in functions if part.__qualname__.startswith(f"{thing.__qualname__}.")]
    # Python 3.14 evaluates annotations in a function.
    return [code for code in codes if not code.co_filename.startswith(_GENERATED) and code.co_name != "__annotate__"]


def unwrapped(thing: Any) -> Any:
    """What decorators were given, if they say so."""
    return inspect.unwrap(thing, stop=lambda each: isinstance(each, type))


def signature_of(function: Callable[..., Any]) -> inspect.Signature:
    """Its signature, without annotations: Python 3.14 would evaluate them, and a name may be for type checkers only.

    Raises:
        TypeError, ValueError: It has none.
    """
    if sys.version_info >= (3, 14):
        from annotationlib import Format  # noqa: PLC0415  (it came with 3.14)

        return inspect.signature(function, annotation_format=Format.STRING)
    return inspect.signature(function)


def annotations_of(owner: Any) -> Mapping[str, Any]:
    """The annotations of a function, or a class's own; all as texts if Python 3.14 cannot evaluate one of them."""
    if sys.version_info >= (3, 14):
        from annotationlib import Format, get_annotations  # noqa: PLC0415  (it came with 3.14)

        try:
            return getattr(owner, "__annotations__", {})
        except Exception:  # An annotation can be any expression.
            return get_annotations(owner, format=Format.STRING)
    return getattr(owner, "__annotations__", {})


def code_folders(folders: Iterable[str], *, bundle: AnyPath) -> list[str]:
    """Those of the folders that a bundle brings along, with their full paths."""
    return [os.path.abspath(os.path.join(str(bundle), each)) for each in folders if each.startswith(f"{CODE}/")]


def planned_here(file: str, module: ModuleType) -> None:
    """Lets ``resolve`` give what this module has for a file that a bundle brings along, in this process."""
    _planned_here[file] = module


def in_bundle(folder: AnyPath) -> Callable[[Source], Source]:
    """Gives sources whose file is told by its path in the bundle their full path."""

    def change(source: Source) -> Source:
        file = source["file"]
        is_inside = file is not None and file.startswith(f"{CODE}/")
        return {**source, "file": os.path.abspath(os.path.join(str(folder), str(file)))} if is_inside else source

    return change


def out_of_bundle(folder: AnyPath) -> Callable[[Source], Source]:
    """Tells the file of sources by its path in the bundle where it is in there, so that every machine finds it."""
    inside = os.path.join(os.path.realpath(str(folder)), CODE, "")

    @lru_cache(maxsize=256)  # Long lists have the same class again and again.
    def told(file: str | None) -> str | None:
        path = os.path.realpath(file) if file else ""
        return f"{CODE}/{path[len(inside) :].replace(os.sep, '/')}" if path.startswith(inside) else file

    return lambda source: {**source, "file": told(source["file"])}


def resolve(source: Mapping[str, Any]) -> Any:
    """The class or function that ``describe`` gave the source of, its module loaded if need be.

    Raises:
        LoadError: The module is missing or fails, has no such name, or must not be loaded for this source.
        LoadingError: The script plans, runs or submits when it is loaded.
    """
    module, file, qualname = source["module"], source["file"], source["qualname"]
    if REFUSED in source:
        raise LoadError(f"{module}.{qualname} is not loaded: {source[REFUSED]}")
    try:
        found = load_module(module, file=file)
        thing = _walk(found, qualname)
        if thing is None:
            raise LoadError(f"{found.__name__} ({file}) has no {qualname}; was it renamed since?")
        return thing
    except LoadError as error:
        if UNTRUSTED not in source:
            raise
        raise LoadError(
            f"{error} ({source[UNTRUSTED]} is not loaded for it, as no node was planned with that file)"
        ) from error


def load_module(name: str, *, file: str | None) -> ModuleType:
    """The module of that name if it comes from ``file``, else the file itself, loaded as a script would be.

    The file decides, because a script called ``test.py`` is not the standard library's ``test``. If the file does not
    exist (it was submitted from another machine), the name decides.

    Raises:
        LoadError: It is missing or fails.
        LoadingError: It plans, runs or submits when it is loaded.
    """
    known = _known_module(name, file)
    if known is not None:
        return known
    if file is None or not os.path.exists(file) or name.partition(".")[0] in SHARED:
        return _import_by_name(name, file)
    root = import_root(name, file)
    if root is not None:
        if root not in sys.path or not _comes_from(root, name):
            sys.path.insert(0, root)  # It stays there, for what the module imports later.
        importlib.invalidate_caches()
        if _finds(name, file):
            return _import_by_name(name, file)
    return load_file(file)


def load_file(file: str) -> ModuleType:
    """The module that a Python file makes, whatever its name; loaded once per process.

    Its folder comes first on ``sys.path``, as when Python runs a script.

    Raises:
        LoadError: It is missing, is not Python, raises, or exits.
        LoadingError: It plans, runs or submits when it is loaded.
    """
    path = os.path.realpath(file)
    if os.path.dirname(path) not in leading_path():
        sys.path.insert(0, os.path.dirname(path))
    importlib.invalidate_caches()
    stem = Path(path).stem
    # Its own name where that leads to it, so that child processes find what it defines as well.
    name = stem if stem.isidentifier() and _finds(stem, path) else _script_name(path)
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise LoadError(f"{file} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # Before it runs: dataclasses and pickle look their module up.
    try:
        with _as_script(path):
            spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _stands_for(found: Any, thing: Any) -> bool:
    """Whether a name leads to the thing: to itself, or to the node that ``@Node`` made of a function."""
    if found is thing or isinstance(thing, type) or isinstance(found, (type, FunctionType)):
        return found is thing
    return getattr(found, "func", None) is thing


def own_file(file: str | None) -> str | None:
    """The absolute path of a module that is the user's own, not installed."""
    if file is None:
        return None
    path = os.path.abspath(file)
    return None if _is_of_python(os.path.dirname(path)) else path


@lru_cache(maxsize=None)  # Asked for every module that is loaded, and few folders hold them.
def _is_of_python(folder: str) -> bool:
    """Whether it belongs to the standard library, or holds what is installed."""
    path = Path(folder)
    return not INSTALLED.isdisjoint(path.parts) or _STANDARD_LIBRARY in (path, *path.parents)


def _walk(module: ModuleType, qualname: str) -> Any:
    """The attribute at a dotted name, or None; what stands within others stands within classes."""
    thing: Any = module
    for part in qualname.split("."):
        thing = getattr(thing, part, None) if thing is module or isinstance(thing, type) else None
    return thing


def _known_module(name: str, file: str | None) -> ModuleType | None:
    """The module of this process that was loaded from the file: under its name, or as the running script."""
    posix = (file or "").replace("\\", "/")
    for path, module in list(_planned_here.items()) if f"{CODE}/" in posix else ():
        if posix == path or posix.endswith(f"/{path}"):
            return module
    modules = (sys.modules.get(candidate) for candidate in (name, "__main__"))
    return next((module for module in modules if _same_file(getattr(module, "__file__", None), file)), None)


def _import_by_name(name: str, file: str | None) -> ModuleType:
    try:
        with _as_script(file or name):
            return importlib.import_module(name)
    except LoadError as error:
        if isinstance(error.__cause__, ModuleNotFoundError) and f"{name}.".startswith(f"{error.__cause__.name}."):
            where = f" and {file} does not exist here" if file else "; is its folder on the PYTHONPATH?"
            raise LoadError(f"module '{name}' is not importable on this machine{where}") from error.__cause__
        raise


def import_root(name: str, file: str) -> str | None:
    """The folder that must be on ``sys.path`` so that ``name`` means ``file``; None if none could."""
    folder, base = os.path.split(file)
    root = folder if base == "__init__.py" else os.path.splitext(file)[0]
    for part in reversed(name.split(".")):
        root, last = os.path.split(root)
        if last != part:
            return None
    return root


def find_spec(name: str) -> ModuleSpec | None:
    """What importing the name would load here; None if that cannot be told."""
    try:
        return importlib.util.find_spec(name)
    except (ImportError, ValueError, AttributeError):
        return None


def _finds(name: str, file: str) -> bool:
    spec = find_spec(name)
    return spec is not None and _same_file(spec.origin, file)


def beginnings(name: str) -> list[str]:
    """The folders of ``sys.path`` in which importing ``name`` would begin: one, or several for a namespace."""
    spec = find_spec(name.partition(".")[0])
    if spec is None:
        return []
    own = [spec.origin] if spec.origin and spec.has_location else []  # Python's own parts come from no folder.
    return [os.path.dirname(place) for place in spec.submodule_search_locations or own]


def _comes_from(root: str, name: str) -> bool:
    """Whether importing ``name`` would begin in that folder, not in one before it on ``sys.path``."""
    return any(_same_file(folder, root) for folder in beginnings(name))


def leading_path() -> list[str]:
    """The folders of ``sys.path`` before Python's own library; those behind it are a last resort."""
    own = str(_STANDARD_LIBRARY)
    return sys.path[: sys.path.index(own)] if own in sys.path else sys.path


@contextmanager
def _as_script(file: str) -> Iterator[None]:
    """Runs module-level code without our arguments; it must start no work and not exit."""
    arguments, outer = sys.argv, os.environ.get(LOADING)
    sys.argv, os.environ[LOADING] = [file], file
    try:
        yield
    except (KeyboardInterrupt, LoadingError):
        raise
    except BaseException as error:
        raise LoadError(f"{file} could not be loaded: {_last_words(error, file)}") from error
    finally:
        sys.argv = arguments
        os.environ.pop(LOADING, None)  # The script may have emptied its environment.
        if outer is not None:
            os.environ[LOADING] = outer


def _last_words(error: BaseException, file: str) -> str:
    """The error in one line, with the line of the file that caused it."""
    if issubclass(type(error), SystemExit):  # An error may refuse to give even its class.
        text = f"it calls exit({text_of(error)}) when it is loaded; put that under  if __name__ == '__main__':"
    else:
        text = error_line(error)
    if issubclass(type(error), ModuleNotFoundError):
        text += "; put its folder on the PYTHONPATH, also that of the workers"
    lines = [step.lineno for step in traceback.extract_tb(traceback_of(error)) if _same_file(step.filename, file)]
    return f"{text} (line {lines[-1]})" if lines else text


def own_line(error: BaseException) -> str:
    """The line of the user's own code that an error comes from, as ``file:line``; empty if there is none.

    Of what that calls, such as flowpipe, no line says what to mend.
    """
    steps = traceback.extract_tb(traceback_of(error))
    own = [step for step in steps if _is_own(step.filename)]
    return f"{own[-1].filename}:{own[-1].lineno}" if own else ""


def _is_own(file: str) -> bool:
    path = own_file(file)
    return path is not None and os.path.exists(path) and Path(__file__).parents[1] not in Path(path).parents


def _same_file(one: str | None, other: str | None) -> bool:
    """Whether both are known, and the same."""
    return one is not None and other is not None and os.path.realpath(one) == os.path.realpath(other)


def _script_name(path: str) -> str:
    """A module name for a file that no other module has, the same in every process."""
    stem = "".join(character if f"_{character}".isidentifier() else "_" for character in Path(path).stem)
    return f"_flowpipe_deadline_{stem}_{hashlib.sha256(os.fsencode(path)).hexdigest()[:8]}"
