"""Stand-in of ``System.IO``: paths, files and folders (plugin API, section 8)."""

# ruff: noqa: D102 (members carry .NET's names; what they do is in the reference)

from __future__ import annotations

import os
import re
import shutil
import tempfile
from typing import Any, Optional

from _dotnet.arrays import Array
from _dotnet.exceptions import ArgumentException
from _dotnet.kinds import BOOL, STRING, convert_all, one_of, static_method
from _more.exceptions import (
    ArgumentNullException,
    DirectoryNotFoundException,
    FileNotFoundException,
    IOException,
    ObjectDisposedException,
    of_file,
)
from _more.refusal import StaticClass

from System.Text import Encoding, text_of

__all__ = [
    "Directory",
    "DirectoryNotFoundException",
    "File",
    "FileNotFoundException",
    "IOException",
    "Path",
    "StreamReader",
    "StreamWriter",
]

_LINE_END = re.compile("\r\n?|\n")


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
        lines = _LINE_END.split(StreamReader(path).ReadToEnd())
        return Array(STRING, lines if lines[-1] else lines[:-1])

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
        """Remove a file; a missing one is not an error, a missing folder is."""
        _checked(path)
        try:
            os.remove(path)
        except OSError as error:
            failure = of_file(path, error)
            if not isinstance(failure, FileNotFoundException):
                raise failure from None

    @static_method(STRING, STRING, BOOL, optional=1)
    def Copy(source: str, target: str, overwrite: bool = False) -> None:
        if not overwrite and os.path.exists(target):
            raise IOException("The file '{}' already exists.".format(target))
        try:
            shutil.copyfile(source, target)
        except OSError as error:
            raise of_file(source if error.filename == source else target, error) from None


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
        _checked(path)
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
        _checked(path)
        try:
            if recursive:
                shutil.rmtree(path)
            else:
                os.rmdir(path)
        except FileNotFoundError:
            raise DirectoryNotFoundException("There is no folder '{}'.".format(path)) from None
        except OSError as error:
            raise IOException(str(error)) from None


def _checked(path: Any) -> str:
    """A path that is neither None nor empty."""
    if not path:
        raise (ArgumentNullException if path is None else ArgumentException)("A path is missing. (path)")
    return str(path)


def _listed(folder: str, wanted: Any) -> Array:
    _checked(folder)
    try:
        paths = [os.path.join(folder, name) for name in sorted(os.listdir(folder))]
    except FileNotFoundError:
        raise DirectoryNotFoundException("There is no folder '{}'.".format(folder)) from None
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
            raise of_file(path, error) from None
        self._encoding = encoding
        if encoding is not None and self._stream.tell() == 0:
            self._stream.write(encoding._mark)

    def Write(self, value: Any) -> None:
        """Write a string or an int; None writes nothing, and an int that can be a character is one: 65 is ``A``."""
        is_character = isinstance(value, int) and 0 <= value < 1 << 16
        self._write(chr(value) if is_character else text_of(value))

    def WriteLine(self, value: Any = "") -> None:
        self._write(text_of(value) + os.linesep)

    def _write(self, text: str) -> None:
        data = text.encode(self._encoding._codec if self._encoding else "utf-8", "replace")
        try:
            self._stream.write(data)
        except ValueError:
            raise ObjectDisposedException("Cannot write to a closed TextWriter.") from None

    def Flush(self) -> None:
        self._write("")
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
            raise of_file(path, error) from None
        self._text: Optional[str] = Encoding._decode(data, encoding)

    def ReadLine(self) -> Any:
        """The next line without its end; None after the last."""
        text = self.ReadToEnd()
        line, *rest = _LINE_END.split(text, maxsplit=1)
        self._text = "".join(rest)
        return line if text else None

    def ReadToEnd(self) -> str:
        if self._text is None:
            raise ObjectDisposedException("Cannot read from a closed TextReader.")
        text, self._text = self._text, ""
        return text

    def Close(self) -> None:
        self._text = None

    Dispose = Close


def _checked_path(name: str, kinds: Any, arguments: Any, encoding: Any) -> Any:
    converted = convert_all(name, kinds, 0, arguments)
    _checked(converted[0])
    if encoding is not None:
        one_of(Encoding)(encoding)
    return converted
