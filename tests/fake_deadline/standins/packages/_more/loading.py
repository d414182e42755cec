"""Loads plugin and pre-load files, and removes all traces of them afterwards."""

from __future__ import annotations

import builtins
import itertools
import os
import sys
import types
import warnings
from typing import Any, Dict, List

from _worker.context import Context
from _worker.errors import RenderPluginException
from Deadline.Plugins import DeadlinePlugin

from _more.inline_flags import ForgivingRe

__all__ = ["LoadedFiles", "plugin_of"]

_numbers = itertools.count(1)


def plugin_of(module: types.ModuleType) -> Any:
    """The plugin object of a plugin module (plugin API, sections 1.1, 1.2).

    Raises:
        RenderPluginException: the module lacks one of the two functions, or gives no plugin.
        NullReferenceException: the plugin did not call the base constructor where Deadline needs it.
    """
    for name in ("GetDeadlinePlugin", "CleanupDeadlinePlugin"):
        if not callable(getattr(module, name, None)):
            raise RenderPluginException(
                "{} defines no function {}".format(os.path.basename(str(module.__file__)), name)
            )
    plugin = module.GetDeadlinePlugin()
    if not isinstance(plugin, DeadlinePlugin):
        raise RenderPluginException("GetDeadlinePlugin returned {!r}, which is no DeadlinePlugin".format(plugin))
    plugin._standin.require_base()
    return plugin


class LoadedFiles:
    """The modules of one sandbox.

    Each file gets a fresh module name, since module state must not be relied on (plugin API, section 3.7). When the
    sandbox is done, ``sys.path``, ``os.environ`` and the modules imported from the plugin folder are put back, as a new
    sandbox process would have them.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._names: List[str] = []
        self._forgotten = False
        self._path = list(sys.path)
        self._environment = dict(os.environ)

    def load(self, file_name: str, *, forgiving: bool = False) -> types.ModuleType:
        """The module of a file in the plugin folder; its ``__file__`` points there (plugin API, section 1.1).

        ``forgiving`` gives the module, and no other, a ``re`` that still accepts what Deadline's Python accepts.

        Raises:
            Exception: whatever reading, compiling or running the file raises.
        """
        path = os.path.join(self._context.job.plugin_directory, file_name)
        with open(path, "rb") as stream:
            source = stream.read()
        module = types.ModuleType("{}_{}".format(os.path.splitext(file_name)[0], next(_numbers)))
        module.__file__ = path
        if forgiving:
            module.__dict__["__builtins__"] = self._builtins()
        with warnings.catch_warnings():
            # Deadline shows no warnings of the compiler: vendor plugins write "\d" in plain strings.
            warnings.simplefilter("ignore")
            code = compile(source, path, "exec", dont_inherit=True)
        sys.modules[module.__name__] = module
        self._names.append(module.__name__)
        exec(code, module.__dict__)
        return module

    def has(self, file_name: str) -> bool:
        """Whether the plugin folder holds the file."""
        return os.path.isfile(os.path.join(self._context.job.plugin_directory, file_name))

    def forget(self) -> None:
        """Put back what loading and running the files changed in this process; once."""
        if self._forgotten:
            return
        self._forgotten = True
        folder = os.path.join(os.path.abspath(self._context.job.plugin_directory), "")
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if name in self._names or (isinstance(file, str) and os.path.abspath(file).startswith(folder)):
                del sys.modules[name]
        sys.path[:] = self._path
        for name in set(os.environ) - set(self._environment):
            del os.environ[name]
        for name, value in self._environment.items():
            if os.environ.get(name) != value:
                os.environ[name] = value

    def _builtins(self) -> Dict[str, Any]:
        """The built-ins with an ``import re`` of their own."""
        forgiving = ForgivingRe(lambda text: self._context.log("WARNING", text))

        def load(name: str, *arguments: Any, **keywords: Any) -> Any:
            return forgiving if name == "re" else builtins.__import__(name, *arguments, **keywords)

        return dict(vars(builtins), __import__=load)
