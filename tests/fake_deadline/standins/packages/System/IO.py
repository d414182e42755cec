"""Stand-in of ``System.IO``: paths, files and folders (plugin API, section 8)."""

# ruff: noqa: D102 (members carry .NET's names; what they do is in the reference)

from __future__ import annotations

import os
import shutil
import tempfile
from typing import Any, Optional

from _dotnet.arrays import Array
from _dotnet.kinds import BOOL, STRING, convert_all, one_of, static_method
from _more.exceptions import ArgumentNullException, IOException
from _more.refusal import StaticClass

from System.Text import Encoding

__all__ = ["Directory", "File", "IOException", "Path", "StreamReader", "StreamWriter"]


class Path(metaclass=StaticClass):
    """Texts that name files; nothing touches the disk but the two temporary ones."""

    _section = "8"
    _left_out = ("GetFullPath", "GetRandomFileName", "HasExtension", "GetPathRoot", "Join")

    DirectorySeparatorChar = os.sep
    PathSeparator = os.pathsep

    @staticmethod
    def Combine(*parts: str) -> str:
        """The parts joined; a rooted part drops what stands before it."""
        parts = tuple(convert_all("Path.Combine", (STRING,) * len(parts), 0, parts))
        if not parts:
            raise TypeError("No method matches given arguments for Path.Combine: ()")
        if any(part is None for part in parts):
            raise ArgumentNullException("Value cannot be null.")
        return os.path.join(*(part for part in parts if part)) if any(parts) else ""

    @static_method(STRING)
    def GetFileName(path: str) -> Any:
        return None if path is None else os.path.basename(path)

    @static_method(STRING)
    def GetFileNameWithoutExtension(path: str) -> Any:
        return None if path is None else _split_extension(os.path.basename(path))[0]

    @static_method(STRING)
    def GetExtension(path: str) -> Any:
        return None if path is None else _split_extension(path)[1]

    @static_method(STRING)
    def GetDirectoryName(path: str) -> Any:
        """The folder; None for a root, as in .NET."""
        if path is None or os.path.dirname(path) == path:
            return None
        return os.path.dirname(path)

    @static_method(STRING, STRING)
    def ChangeExtension(path: str, extension: Optional[str]) -> Any:
        """The path with another extension, with or without its dot; None removes it."""
        if not path or extension is None:
            return path and _split_extension(path)[0]
        return _split_extension(path)[0] + (extension if extension.startswith(".") else "." + extension)

    @static_method(STRING)
    def IsPathRooted(path: str) -> bool:
        return bool(path) and os.path.isabs(path)

    @static_method()
    def GetTempPath() -> str:
        return os.path.join(tempfile.gettempdir(), "")

    @static_method()
    def GetTempFileName() -> str:
        """The path of a new, empty file."""
        handle, path = tempfile.mkstemp(prefix="tmp", suffix=".tmp")
        os.close(handle)
        return path


def _split_extension(path: str) -> Any:
    """Stem and extension by the last dot of the name, as .NET; a dot at the end is no extension."""
    _, dot, extension = os.path.basename(path).rpartition(".")
    if not dot:
        return path, ""
    return path[: len(path) - len(extension) - 1], dot + extension if extension else ""


class File(metaclass=StaticClass):
    """Whole files. Texts are UTF-8 without mark unless an encoding says otherwise."""

    _section = "8"
    _left_out = (
        "AppendText",
        "Open",
        "OpenRead",
        "OpenText",
        "OpenWrite",
        "ReadAllBytes",
        "WriteAllBytes",
        "WriteAllLines",
    )

    @static_method(STRING)
    def Exists(path: str) -> bool:
        return bool(path) and os.path.isfile(path)

    @static_method(STRING)
    def ReadAllText(path: str) -> str:
        return StreamReader(path).ReadToEnd()

    @static_method(STRING)
    def ReadAllLines(path: str) -> Array:
        return Array(STRING, StreamReader(path).ReadToEnd().splitlines())

    @static_method(STRING, STRING, one_of(Encoding), optional=1)
    def WriteAllText(path: str, text: str, encoding: Optional[Encoding] = None) -> None:
        writer = StreamWriter(path, False, encoding) if encoding else StreamWriter(path)
        writer.Write(text)
        writer.Close()

    @static_method(STRING)
    def CreateText(path: str) -> StreamWriter:
        return StreamWriter(path)

    @static_method(STRING)
    def Delete(path: str) -> None:
        """Remove a file; a missing one is not an error."""
        try:
            os.remove(path)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise IOException(str(error)) from None

    @static_method(STRING, STRING, BOOL, optional=1)
    def Copy(source: str, target: str, overwrite: bool = False) -> None:
        if not overwrite and os.path.exists(target):
            raise IOException("The file '{}' already exists.".format(target))
        try:
            shutil.copyfile(source, target)
        except OSError as error:
            raise IOException(str(error)) from None


class Directory(metaclass=StaticClass):
    """Folders."""

    _section = "8"
    _left_out = ("EnumerateFiles", "GetCurrentDirectory", "GetParent", "Move", "SetCurrentDirectory")

    @static_method(STRING)
    def Exists(path: str) -> bool:
        return bool(path) and os.path.isdir(path)

    @static_method(STRING)
    def CreateDirectory(path: str) -> None:
        """Make a folder and its parents; an existing one is not an error. (.NET gives a DirectoryInfo.)"""
        try:
            os.makedirs(path, exist_ok=True)
        except OSError as error:
            raise IOException(str(error)) from None

    @static_method(STRING)
    def GetFiles(path: str) -> Array:
        return _listed(path, os.path.isfile)

    @static_method(STRING)
    def GetDirectories(path: str) -> Array:
        return _listed(path, os.path.isdir)

    @static_method(STRING, BOOL, optional=1)
    def Delete(path: str, recursive: bool = False) -> None:
        try:
            if recursive:
                shutil.rmtree(path)
            else:
                os.rmdir(path)
        except OSError as error:
            raise IOException(str(error)) from None


def _listed(folder: str, wanted: Any) -> Array:
    try:
        paths = [os.path.join(folder, name) for name in sorted(os.listdir(folder))]
    except OSError as error:
        raise IOException(str(error)) from None
    return Array(STRING, [path for path in paths if wanted(path)])


class StreamWriter:
    """Writes a text file: ``StreamWriter(path[, append[, encoding]])``."""

    def __init__(self, path: str, append: bool = False, encoding: Optional[Encoding] = None) -> None:
        path, append = _checked_path("StreamWriter", (STRING, BOOL), (path, append), encoding)
        try:
            self._stream = open(path, "ab" if append else "wb")  # noqa: SIM115 (Close closes it)
        except OSError as error:
            raise IOException(str(error)) from None
        self._encoding = encoding
        if encoding is not None and self._stream.tell() == 0:
            self._stream.write(encoding._mark)

    def Write(self, value: Any) -> None:
        """Write a string or a number; None writes nothing."""
        text = str(value) if isinstance(value, (int, float)) else STRING(value) or ""
        self._stream.write(text.encode(self._encoding._codec if self._encoding else "utf-8", "replace"))

    def WriteLine(self, value: Any = "") -> None:
        self.Write(value)
        self.Write(os.linesep)

    def Flush(self) -> None:
        self._stream.flush()

    def Close(self) -> None:
        self._stream.close()

    Dispose = Close


class StreamReader:
    """Reads a text file: ``StreamReader(path[, encoding])``; a byte order mark beats the encoding."""

    def __init__(self, path: str, encoding: Optional[Encoding] = None) -> None:
        (path,) = _checked_path("StreamReader", (STRING,), (path,), encoding)
        try:
            with open(path, "rb") as stream:
                data = stream.read()
        except OSError as error:
            raise IOException(str(error)) from None
        self._lines = Encoding._decode(data, encoding)
        self._at = 0

    def ReadLine(self) -> Any:
        """The next line without its end; None after the last."""
        if self._at >= len(self._lines):
            return None
        end = self._lines.find("\n", self._at)
        line = self._lines[self._at :] if end < 0 else self._lines[self._at : end]
        self._at = len(self._lines) if end < 0 else end + 1
        return line[:-1] if line.endswith("\r") else line

    def ReadToEnd(self) -> str:
        text, self._at = self._lines[self._at :], len(self._lines)
        return text

    def Close(self) -> None:
        self._at = len(self._lines)

    Dispose = Close


def _checked_path(name: str, kinds: Any, arguments: Any, encoding: Any) -> Any:
    converted = convert_all(name, kinds, 0, arguments)
    if converted[0] is None:
        raise ArgumentNullException("Value cannot be null. (path)")
    if encoding is not None:
        one_of(Encoding)(encoding)
    return converted
