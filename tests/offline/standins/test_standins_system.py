"""The parts of .NET's own library that plugins use. Expected values were measured on .NET Core 3.1 with pythonnet."""

from __future__ import annotations

import doctest
import importlib
import sys

import pytest


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("a b  c", ["a", "b", "c"]),
        ("  ", []),
        ('"a b" c', ["a b", "c"]),
        ("-c 'echo hi'", ["-c", "'echo", "hi'"]),
        (r"a\b", [r"a\b"]),
        (r"a\"b", ['a"b']),
        (r'"a\\" b', ["a\\", "b"]),
        (r'"a\\\" b"', ['a\\" b']),
        ('"a""b" c', ['a"b', "c"]),
        ('a "" b', ["a", "", "b"]),
        ('"a', ["a"]),
        ('a"b c"d', ["ab cd"]),
        ("a\nb c", ["a\nb", "c"]),
        ('"""a"""', ['"a"']),
    ],
)
def test_arguments(text, arguments):
    """One string becomes a list by the rules of .NET on Linux."""
    from _worker.arguments import split_dotnet

    assert split_dotnet(text) == arguments


@pytest.mark.parametrize(
    ("pattern", "text", "groups"),
    [
        ("<(?i)STARTFRAME%([0-9]+)>", "x <startframe%4> y", ["<startframe%4>", "4"]),
        ("a(?i)b|c", "C", ["C"]),
        ("a(?i)b|c", "Ab", None),
        ("(a(?i)b)c", "aBC", None),
        ("(a|(?i)b|c)d", "CD", None),
        ("(?i)a(?-i)b", "AB", None),
        ("(?i:ab)c", "ABc", ["ABc"]),
        (r"(?<name>\d+)-(x)", "12-x", ["12-x", "x", "12"]),
        (r"(?'q'a)b\k<q>", "aba", ["aba", "a"]),
        (r"a\Z", "a\n", ["a"]),
        (r"a\z", "a\n", None),
        ("[(?i)]+", "(?i)", ["(?i)"]),
        (r"\(?i\)x", "(i)x", ["(i)x"]),
        ("[^]]", "a", ["a"]),
        ("a{,2}", "a{,2}", ["a{,2}"]),
        (r"\e\cA\u0041\x42", "\x1b\x01AB", ["\x1b\x01AB"]),
        (r"Progress: (\d+)%", "Progress: \u0663%", ["Progress: \u0663%", "\u0663"]),
        ("(a)|b", "b", ["b", ""]),
    ],
)
def test_expressions(pattern, text, groups):
    """A .NET expression means here what it means there; unnamed groups count first."""
    from System.Text.RegularExpressions import Regex

    match = Regex(pattern).Match(text)

    assert ([group.Value for group in match.Groups] if match.Success else None) == groups


@pytest.mark.parametrize("pattern", ["(a", "a)", "a**", "a++", r"\_", r"\i", "(?P<x>a)", "[a"])
def test_expressions_dotnet_refuses(pattern):
    """What .NET does not accept is no expression here, even if Python takes it."""
    from System import ArgumentException
    from System.Text.RegularExpressions import Regex

    with pytest.raises(ArgumentException, match="Invalid pattern"):
        Regex(pattern)


@pytest.mark.parametrize(
    "pattern", [r"\p{Lu}", "[a-z-[aeiou]]", "(?n)(a)", "(?x) a", r"\Ga", "(?<1>a)", "(?<a>x)(?<a>y)"]
)
def test_expressions_left_out(pattern):
    """What Python cannot express is refused, not approximated."""
    from System.Text.RegularExpressions import Regex

    with pytest.raises(NotImplementedError, match="has no equal in Python"):
        Regex(pattern)


def test_regex_members():
    """Static and instance forms, options, names, replacing."""
    from System.Text.RegularExpressions import Regex, RegexOptions

    assert Regex.Match("abc", "b").Index == 1
    assert Regex.IsMatch("abc", "^b") is False
    assert [match.Index for match in Regex("b").Matches("abcb")] == [1, 3]
    assert Regex("B", RegexOptions.IgnoreCase | RegexOptions.Singleline).Match("ab").Success
    assert Regex("(?<n>b)").Match("b").Groups["n"].Value == "b"
    assert Regex("b").Match("b").Groups[7].Value == ""
    assert Regex.Replace("abc", "(b)", "[$1]$$${x}$9$&") == "a[b]$${x}$9bc"
    assert Regex("b").Match("ab b").NextMatch().Index == 3
    with pytest.raises(TypeError, match="is no RegexOptions"):
        Regex("b", 1)
    with pytest.raises(TypeError, match="expected a string"):
        Regex("b").Match(3)


@pytest.mark.skipif(sys.platform == "win32", reason="the expected values are those of Linux")
def test_path():
    """Joining and taking apart; a rooted part wins."""
    from System.IO import Path

    assert Path.Combine("/a", "b", "c.d") == "/a/b/c.d"
    assert Path.Combine("/a", "/b") == "/b"
    assert Path.Combine("a", "") == "a"
    assert Path.GetFileNameWithoutExtension("/a/b.c.d") == "b.c"
    assert Path.GetExtension("/a/.x") == ".x"
    assert Path.GetExtension("a.") == ""
    assert Path.GetDirectoryName("/a/b/") == "/a/b"
    assert Path.GetDirectoryName("/") is None
    assert Path.ChangeExtension("a.b", "c") == "a.c"
    assert Path.ChangeExtension("a.b", None) == "a"
    assert Path.GetFileName(None) is None
    with pytest.raises(TypeError, match=r"No method matches given arguments for Path\.Combine: argument 2"):
        Path.Combine("a", 3)
    with pytest.raises(Exception, match="Value cannot be null"):
        Path.Combine("a", None)
    with pytest.raises(AttributeError):
        Path.NoSuchMethod  # noqa: B018 (looking it up is the test)


def test_files(tmp_path):
    """Encodings are written with their mark; a missing file is an IOException with a message."""
    from System.IO import File, IOException, StreamReader, StreamWriter
    from System.Text import Encoding

    path = str(tmp_path / "x.txt")
    writer = StreamWriter(path, False, Encoding.Unicode)
    writer.WriteLine("h\u00e9")
    writer.Write("3")
    writer.Close()

    data = (tmp_path / "x.txt").read_bytes()
    assert data[:2] == b"\xff\xfe"
    reader = StreamReader(path)
    assert [reader.ReadLine(), reader.ReadLine(), reader.ReadLine()] == ["h\u00e9", "3", None]
    with pytest.raises(IOException) as failure:
        File.ReadAllText(str(tmp_path / "missing"))
    assert "missing" in failure.value.Message


def test_collections():
    """Typed lists and dictionaries; a missing key is no KeyError."""
    from System.Collections.Generic import Dictionary, KeyNotFoundException, List
    from System.Collections.Specialized import StringCollection

    names = List[str]()
    names.Add("a")
    table = Dictionary[str, int]()
    table["a"] = True
    texts = StringCollection()

    assert list(names) == ["a"]
    assert names.Count == len(names) == 1
    assert [(pair.Key, pair.Value) for pair in table] == [("a", 1)]
    assert texts.Add("x") == 0
    assert list(texts) == ["x"]
    with pytest.raises(TypeError):
        names.Add(3)
    with pytest.raises(TypeError):
        names.AddRange(["b"])
    with pytest.raises(TypeError):
        table[1] = 1
    with pytest.raises(KeyNotFoundException) as failure:
        table["b"]
    assert not isinstance(failure.value, KeyError)
    with pytest.raises(Exception, match="Index was out of range"):
        names[-1]


@pytest.mark.parametrize("module", ["_worker.arguments", "_more.inline_flags", "_more.mapping"])
def test_examples_in_docstrings(module):
    """The examples in the docstrings run."""
    result = doctest.testmod(importlib.import_module(module))

    assert result.attempted > 0
    assert result.failed == 0


def test_star_imports():
    """A star import brings .NET's names and no machinery; ``Exception`` shadows Python's, as in Deadline."""
    scope = {}

    for module in (
        "System",
        "System.IO",
        "System.Text",
        "Deadline.Plugins",
        "Deadline.Scripting",
        "FranticX.Processes",
    ):
        exec(f"from {module} import *", scope)

    assert scope["Exception"] is not Exception
    assert "annotations" not in scope
    assert not [name for name in scope if name[0].islower()]
    assert {"Path", "Encoding", "DeadlinePlugin", "PluginType", "RepositoryUtils", "ManagedProcess"} <= set(scope)
