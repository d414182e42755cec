"""What crosses the border to .NET, and what is refused: one table for real .NET and for both stand-ins of it.

A case is Python, and what its last line gives: a value as text, or the kind of an error. Two answers are .NET's and
that of the stand-ins, which may be stricter, never more lenient. Measured with pythonnet 3.2.1; 3.0.1 and 3.0.5 give
the same (hosts and tooling, section 5.3).

In a case, ``plugin`` and ``process`` are new objects in a task of the frames 1, 3 and 5, and ``folder`` is empty.
``python cases.py product`` (or ``kit``) plays the table on the stand-ins of the product (of the tests), and
``dotnet_driver`` on .NET. Valid from Python 3.7.
"""

import ast
import enum
import importlib
import json
import os
import pathlib
import sys
import tempfile


class Name(str):
    """A class of strings."""


class Word(str, enum.Enum):
    """Strings with names."""

    one = "x"


class Number(enum.IntEnum):
    """Numbers with names."""

    one = 1


# Name of a group: the lines before each of its cases, and these. Groups of the product use only what its plugin uses.
PRODUCT = {
    "a string": (
        "",
        {
            "plugin.LogInfo(None)": "None",
            "plugin.LogInfo('x')": "None",
            "plugin.LogInfo(7)": "TypeError",
            "plugin.LogInfo(True)": "TypeError",
            "plugin.LogInfo(b'x')": "TypeError",
            "plugin.LogInfo(pathlib.Path('x'))": "TypeError",
            "plugin.LogInfo(Name('x'))": "TypeError",
            "plugin.LogInfo(Word.one)": "TypeError",
            "plugin.LogInfo(['x'])": "TypeError",
            "plugin.GetPluginInfoEntryWithDefault('none', 3)": "TypeError",
            "plugin.GetPluginInfoEntryWithDefault('none', None)": "None",
            "plugin.GetJob().GetJobEnvironmentKeyValue(3)": "TypeError",
            "plugin.SetProcessEnvironmentVariable('a', 'b')\nplugin.GetProcessEnvironmentVariable('a')": "'b'",
            "process.AddStdoutHandlerCallback(Name('x'))": "TypeError",
        },
    ),
    "a float": (
        "",
        {
            "plugin.SetProgress(50)": "None",
            "plugin.SetProgress(50.0)": "None",
            "plugin.SetProgress(True)": "None",
            "plugin.SetProgress('50')": "TypeError",
            "plugin.SetProgress(None)": "TypeError",
            "plugin.SetProgress(Number.one)": "None",
            "plugin.SetProgress(2**70)": "None",
            "plugin.SetProgress(10**400)": "TypeError",
            "plugin.SetProgress(1j)": "TypeError",
        },
    ),
    "an int": (
        "",
        {
            "plugin.GetIntegerConfigEntryWithDefault('none', 3)": "3",
            "plugin.GetIntegerConfigEntryWithDefault('none', True)": "1",
            "plugin.GetIntegerConfigEntryWithDefault('none', Number.one)": "1",
            "plugin.GetIntegerConfigEntryWithDefault('none', None)": "TypeError",
            "plugin.GetIntegerConfigEntryWithDefault('none', 3.0)": "TypeError",
            "plugin.GetIntegerConfigEntryWithDefault('none', '3')": "TypeError",
            "plugin.GetIntegerConfigEntryWithDefault('none', 2**31 - 1)": "2147483647",
            "plugin.GetIntegerConfigEntryWithDefault('none', 2**31)": "TypeError",
        },
    ),
    "a bool": (
        "",
        {
            "process.StdoutHandling = True": "passes",
            "process.StdoutHandling = 1": "TypeError",
            "process.StdoutHandling = 'true'": "TypeError",
            "process.StdoutHandling = None": "TypeError",
            "process.StdoutHandling = []": "TypeError",
            "plugin.SetMonitoredManagedProcessExitCheckingFlag('x', 0)": "TypeError",
            "from Deadline.Scripting import RepositoryUtils\nRepositoryUtils.CheckPathMapping('/a', True)": "'/a'",
            "from Deadline.Scripting import RepositoryUtils\nRepositoryUtils.CheckPathMapping('/a', 1)": "TypeError",
        },
    ),
    "an enumeration": (
        "from Deadline.Plugins import PluginType\n",
        {
            "plugin.PluginType = PluginType.Simple": "passes",
            "plugin.PluginType = 0": "TypeError",
            "plugin.PluginType = None": "TypeError",
            "plugin.PluginType = 'Simple'": "TypeError",
            "int(PluginType.Advanced)": "1",
            "str(PluginType.Simple)": "'Simple'",
            "PluginType.Simple == 0": "False",
            "PluginType.Simple == PluginType.Simple": "True",
            "isinstance(PluginType.Simple, int)": "False",
            "PluginType.Other": "AttributeError",
            "PluginType.Simple < PluginType.Advanced": ("True", "TypeError"),
            "{PluginType.Simple: 1}[PluginType.Simple]": "1",
            "bool(PluginType.Simple)": "True",
            "PluginType['Simple']": "TypeError",
            "list(PluginType)": "TypeError",
            "PluginType.Simple.name": "AttributeError",
            "PluginType.Simple.value": "AttributeError",
        },
    ),
    "a method": (
        "",
        {
            "plugin.LogInfo()": "TypeError",
            "plugin.LogInfo('a', 'b')": "TypeError",
            "plugin.LogInfo(Text='a')": "TypeError",
            "plugin.NoSuchMethod()": "AttributeError",
            "plugin.FailRender()": "TypeError",
            "plugin.FailRender('x')": "FailRenderException",
            "plugin.StartMonitoredManagedProcess('x', 'y')": "TypeError",
            "plugin.WaitForMonitoredManagedProcessToExit('x', 1.5)": "TypeError",
            "from Deadline.Scripting import RepositoryUtils\nRepositoryUtils.NoSuchMethod": "AttributeError",
            (
                "from Deadline.Plugins import FailRenderException\n"
                "try:\n"
                "    plugin.FailRender('x')\n"
                "except FailRenderException as error:\n"
                "    text = error.Message\n"
                "text"
            ): "'x'",
        },
    ),
    "an event": (
        "",
        {
            "plugin.NoSuchCallback += print": "AttributeError",
            "plugin.StartJobCallback = print": "TypeError",
            "plugin.StartJobCallback = None": "TypeError",
            "plugin.StartJobCallback += 3": "TypeError",
            "plugin.StartJobCallback += None": "TypeError",
            "plugin.StartJobCallback -= print": "ValueError",
            (
                "plugin.StartJobCallback += print\nplugin.StartJobCallback -= print\nplugin.StartJobCallback -= print"
            ): "ValueError",
            "plugin.StartJobCallback()": "TypeError",
            "process.AddStdoutHandlerCallback('a').HandleCallback = print": "TypeError",
        },
    ),
    "an object": (
        "",
        {
            "del plugin.StdoutHandling": "TypeError",
            "del plugin.nothing": "AttributeError",
            "plugin.own = 1\nplugin.own": "1",
            "plugin.own = 1\ndel plugin.own\nplugin.own": "AttributeError",
            "vars(plugin)": "TypeError",
            "plugin.__dict__": "AttributeError",
            "plugin.StdoutHandlers = []": ("TypeError", "AttributeError"),
            "list(plugin.StdoutHandlers)": "[]",
            "process.AddStdoutHandlerCallback('a')\nlen(list(process.StdoutHandlers))": "1",
            "process.GetRegexMatch(0)": "InvalidOperationException",
            "plugin == None": "False",
            "plugin == plugin": "True",
            "plugin.GetJob().NoSuchThing": "AttributeError",
        },
    ),
    "a class": (
        "",
        {
            "class A(DeadlinePlugin, dict): pass": "TypeError",
            "class A(dict, DeadlinePlugin): pass": "TypeError",
            (
                "class A(ManagedProcess):\n    def __init__(self): pass\nA().AddStdoutHandlerCallback('a')"
            ): "NullReferenceException",
            (
                "class A(ManagedProcess):\n"
                "    def __init__(self, one):\n"
                "        super().__init__()\n"
                "        self.one = one\n"
                "A(1).one"
            ): "1",
        },
    ),
    "an array": (
        "frames = plugin.GetCurrentTask().TaskFrameList\n",
        {
            "str(frames)": "'System.Int32[]'",
            "len(frames)": "3",
            "frames.Length": "3",
            "frames[0]": "1",
            "frames[-1]": "5",
            "frames[3]": "IndexError",
            "frames[0:1]": "TypeError",
            "frames['0']": "TypeError",
            "frames[1.0]": "TypeError",
            "frames[True]": "3",
            "frames[0] = 7\nframes[0]": "7",
            "frames[0] = 'a'": "TypeError",
            "frames[0] = None": "TypeError",
            "frames == [1, 3, 5]": "False",
            "frames == frames": "True",
            "list(frames)": "[1, 3, 5]",
            "sorted(frames)": "[1, 3, 5]",
            "isinstance(frames, list)": "False",
            "frames + [1]": "TypeError",
            "frames * 2": "TypeError",
            "3 in frames": "True",
            "'3' in frames": "False",
            "bool(frames)": "True",
            "frames.append(1)": ("IndexError", "AttributeError"),
            "frames.index(3)": ("1", "AttributeError"),
            "__import__('json').dumps(frames)": "TypeError",
            "type(frames[0]).__name__": "'int'",
        },
    ),
}
KIT = {
    "List": (
        ("from System.Collections.Generic import List\nnames = List[str]()\nnames.Add('a')\nnames.Add('b')\n"),
        {
            "names.Add(3)": "TypeError",
            "names.Add(Name('a'))": "TypeError",
            "names.Add(None)\nnames[2]": "None",
            "'a' in names": "True",
            "None in names": "False",
            "3 in names": "TypeError",
            "Name('a') in names": "TypeError",
            "names.Contains('b')": "True",
            "names.Contains(3)": "TypeError",
            "names.Remove('a')\nlist(names)": "['b']",
            "names.Remove('x')": "False",
            "names.Remove(3)": "TypeError",
            "names.AddRange(['c'])": "TypeError",
            "names.AddRange(names)\nlen(names)": "4",
            "names[0]": "'a'",
            "names[-1]": "ArgumentOutOfRangeException",
            "names[2]": "ArgumentOutOfRangeException",
            "names[0:1]": "TypeError",
            "names['a']": "TypeError",
            "names[0] = 3": "TypeError",
            "names.Count": "2",
            "','.join(names)": "'a,b'",
            "names == ['a', 'b']": "False",
            "names.append('c')": ("IndexError", "AttributeError"),
            "names.Clear()\nbool(names)": "False",
            "for name in names: names.Add('c')": "InvalidOperationException",
            "for name in names: names.Remove('a')": "InvalidOperationException",
            "List()": "TypeError",
            "List[3]": "TypeError",
            "List[str](['a'])": "TypeError",
        },
    ),
    "Dictionary": (
        ("from System.Collections.Generic import Dictionary\nvalues = Dictionary[str, int]()\nvalues['a'] = 1\n"),
        {
            "values['a']": "1",
            "values['b']": "KeyNotFoundException",
            "values[None]": "ArgumentNullException",
            "values[3]": "TypeError",
            "values[Name('a')]": "TypeError",
            "values[None] = 1": "ArgumentNullException",
            "values[3] = 1": "TypeError",
            "values['a'] = '1'": "TypeError",
            "values['a'] = True\nvalues['a']": "1",
            "values['a'] = 1.5": "TypeError",
            "values['a'] = None": "TypeError",
            "'a' in values": "True",
            "'b' in values": "False",
            "None in values": "ArgumentNullException",
            "3 in values": "TypeError",
            "Name('a') in values": "TypeError",
            "values.ContainsKey('a')": "True",
            "values.ContainsKey(None)": "ArgumentNullException",
            "values.ContainsKey(3)": "TypeError",
            "values.Add('a', 2)": "ArgumentException",
            "values.Add(None, 2)": "ArgumentNullException",
            "values.Remove('a')": "True",
            "values.Remove('x')": "False",
            "values.Remove(None)": "ArgumentNullException",
            "values.Remove(3)": "TypeError",
            "values.Keys[0]": "TypeError",
            "values.Values[0]": "TypeError",
            "list(values.Keys)": "['a']",
            "list(values.Values)": "[1]",
            "values.Keys.Count": "1",
            "'a' in values.Keys": "True",
            "[(pair.Key, pair.Value) for pair in values]": "[('a', 1)]",
            "key, value = list(values)[0]": "TypeError",
            "for pair in values: values['b'] = 2": "InvalidOperationException",
            "for pair in values: values['a'] = 2": "InvalidOperationException",
            "for pair in values: values.Remove('a')": "passes",
            "for key in values.Keys: values['c'] = 2": "InvalidOperationException",
            "values.get('a')": ("TypeError", "AttributeError"),
            "values.items()": ("TypeError", "AttributeError"),
            "values == {'a': 1}": "False",
            "Dictionary()": "TypeError",
            "Dictionary[str]()": "TypeError",
        },
    ),
    "StringCollection": (
        ("from System.Collections.Specialized import StringCollection\ntexts = StringCollection()\ntexts.Add('a')\n"),
        {
            "texts.Add(3)": "TypeError",
            "texts.Add(None)": "1",
            "'a' in texts": "TypeError",
            "texts.Contains('a')": "True",
            "texts.Contains(3)": "TypeError",
            "texts[0]": "'a'",
            "texts[-1]": "ArgumentOutOfRangeException",
            "texts[1]": "ArgumentOutOfRangeException",
            "texts[0:1]": "TypeError",
            "texts['0']": "TypeError",
            "texts.Count": "1",
            "list(texts)": "['a']",
            "for text in texts: texts.Add('b')": "InvalidOperationException",
            "texts.Remove('x')": "None",
        },
    ),
    "StreamWriter": (
        (
            "from System.IO import File, StreamReader, StreamWriter\n"
            "from System.Text import Encoding\n"
            "writer = StreamWriter(folder + '/x')\n"
        ),
        {
            "writer.Write('x')\nwriter.Close()\nFile.ReadAllText(folder + '/x')": "'x'",
            "writer.Write(None)\nwriter.Close()\nFile.ReadAllText(folder + '/x')": "''",
            "writer.Write(65)\nwriter.Close()\nFile.ReadAllText(folder + '/x')": "'A'",
            "writer.Write(True)\nwriter.Close()\nFile.ReadAllText(folder + '/x')": "'\\x01'",
            "writer.Write(-1)\nwriter.Close()\nFile.ReadAllText(folder + '/x')": "'-1'",
            "writer.Write(70000)\nwriter.Close()\nFile.ReadAllText(folder + '/x')": "'70000'",
            "writer.Write(Number.one)\nwriter.Close()\nFile.ReadAllText(folder + '/x')": "'\\x01'",
            "writer.Write(10**30)\nwriter.Close()\nFile.ReadAllText(folder + '/x')": ("'1E+30'", "TypeError"),
            "writer.Write(1.5)\nwriter.Close()\nFile.ReadAllText(folder + '/x')": ("'1.5'", "TypeError"),
            ("writer.Write(123456789012345.0)\nwriter.Close()\nFile.ReadAllText(folder + '/x')"): (
                "'1.2345679E+14'",
                "TypeError",
            ),
            "writer.Write(b'x')\nwriter.Close()\nFile.ReadAllText(folder + '/x')": ("'x'", "TypeError"),
            "writer.Write(['x'])\nwriter.Close()\nFile.ReadAllText(folder + '/x')": ("'x'", "TypeError"),
            "writer.Write(pathlib.Path('x'))\nwriter.Close()\nFile.ReadAllText(folder + '/x')": ("'x'", "TypeError"),
            "writer.Write(Name('x'))\nwriter.Close()\nFile.ReadAllText(folder + '/x')": ("'x'", "TypeError"),
            "writer.Write('{0}', 'x')\nwriter.Close()\nFile.ReadAllText(folder + '/x')": ("'x'", "TypeError"),
            "writer.WriteLine()\nwriter.Close()\nFile.ReadAllText(folder + '/x')": "'\\n'",
            "writer.WriteLine('x')\nwriter.Close()\nFile.ReadAllText(folder + '/x')": "'x\\n'",
            "writer.WriteLine(65)\nwriter.Close()\nFile.ReadAllText(folder + '/x')": "'65\\n'",
            "writer.WriteLine(True)\nwriter.Close()\nFile.ReadAllText(folder + '/x')": "'1\\n'",
            "writer.WriteLine(None)\nwriter.Close()\nFile.ReadAllText(folder + '/x')": "'\\n'",
            "writer.WriteLine(1.5)\nwriter.Close()\nFile.ReadAllText(folder + '/x')": ("'1.5\\n'", "TypeError"),
            "writer.Write()": "TypeError",
            "writer.Close()\nwriter.Close()": "None",
            "writer.Close()\nwriter.Write('x')": "ObjectDisposedException",
            "writer.Close()\nwriter.Flush()": "ObjectDisposedException",
            "StreamWriter(3)": "TypeError",
            "StreamWriter(None)": "ArgumentNullException",
            "StreamWriter('')": "ArgumentException",
            "StreamWriter(folder)": "UnauthorizedAccessException",
            "StreamWriter(folder + '/no/x')": "DirectoryNotFoundException",
            "StreamWriter(folder + '/y', 1)": "TypeError",
            "StreamWriter(folder + '/y', True, 'utf-8')": "TypeError",
        },
    ),
    "StreamReader": (
        (
            "from System.IO import File, StreamReader, StreamWriter\n"
            "from System.Text import Encoding\n"
            "writer = StreamWriter(folder + '/x')\n"
            "writer.Close()\n"
        ),
        {
            "StreamReader(None)": "ArgumentNullException",
            "StreamReader('')": "ArgumentException",
            "StreamReader(folder)": "UnauthorizedAccessException",
            "StreamReader(folder + '/no')": "FileNotFoundException",
            "StreamReader(folder + '/no/x')": "DirectoryNotFoundException",
            "reader = StreamReader(folder + '/x')\nreader.Close()\nreader.ReadLine()": "ObjectDisposedException",
            "reader = StreamReader(folder + '/x')\nreader.Close()\nreader.ReadToEnd()": "ObjectDisposedException",
        },
    ),
    "lines": (
        (
            "from System.IO import File, StreamReader\n"
            "path = folder + '/x'\n"
            "def lines(text):\n"
            "    File.WriteAllText(path, text)\n"
            "    reader = StreamReader(path)\n"
            "    return [*File.ReadAllLines(path), '|', *iter(reader.ReadLine, None)]\n"
        ),
        {
            "lines('a\\nb')": "['a', 'b', '|', 'a', 'b']",
            "lines('a\\rb')": "['a', 'b', '|', 'a', 'b']",
            "lines('a\\r\\nb')": "['a', 'b', '|', 'a', 'b']",
            "lines('a\\r\\rb')": "['a', '', 'b', '|', 'a', '', 'b']",
            "lines('a\\n\\rb')": "['a', '', 'b', '|', 'a', '', 'b']",
            "lines('a\\x0bb')": "['a\\x0bb', '|', 'a\\x0bb']",
            "lines('a\\x0cb')": "['a\\x0cb', '|', 'a\\x0cb']",
            "lines('a\\x1cb')": "['a\\x1cb', '|', 'a\\x1cb']",
            "lines('a\\x85b')": "['a\\x85b', '|', 'a\\x85b']",
            "lines('a\\u2028b')": "['a\\u2028b', '|', 'a\\u2028b']",
            "lines('a\\n')": "['a', '|', 'a']",
            "lines('a\\n\\n')": "['a', '', '|', 'a', '']",
            "lines('\\n')": "['', '|', '']",
            "lines('')": "['|']",
        },
    ),
    "files": (
        (
            "from System import UnauthorizedAccessException\n"
            "from System.IO import Directory, File, Path\n"
            "from System.IO import DirectoryNotFoundException, FileNotFoundException, IOException\n"
            "File.WriteAllText(folder + '/x', 'a')\n"
        ),
        {
            "File.ReadAllText(None)": "ArgumentNullException",
            "File.ReadAllText('')": "ArgumentException",
            "File.ReadAllText(3)": "TypeError",
            "File.ReadAllText(folder)": "UnauthorizedAccessException",
            "File.ReadAllText(folder + '/no')": "FileNotFoundException",
            "File.ReadAllText(folder + '/no/no')": "DirectoryNotFoundException",
            "File.ReadAllLines(folder + '/no')": "FileNotFoundException",
            "File.Exists(None)": "False",
            "File.Exists(3)": "TypeError",
            "File.Exists(folder)": "False",
            "File.Delete(None)": "ArgumentNullException",
            "File.Delete(folder)": "UnauthorizedAccessException",
            "File.Delete(folder + '/no')": "None",
            "File.Delete(folder + '/no/no')": "DirectoryNotFoundException",
            "File.Copy(folder + '/no', folder + '/y')": "FileNotFoundException",
            "File.Copy(folder + '/x', folder + '/x')": "IOException",
            "File.Copy(folder + '/x', folder + '/no/x')": "DirectoryNotFoundException",
            "File.WriteAllText(folder + '/y', 3)": "TypeError",
            "File.WriteAllText(folder + '/y', None)\nFile.ReadAllText(folder + '/y')": "''",
            "File.WriteAllText(folder, 'x')": "UnauthorizedAccessException",
            "File.WriteAllText(folder + '/no/x', 'x')": "DirectoryNotFoundException",
            "issubclass(FileNotFoundException, IOException)": "True",
            "issubclass(DirectoryNotFoundException, IOException)": "True",
            "issubclass(UnauthorizedAccessException, IOException)": "False",
            (
                "try:\n"
                "    File.ReadAllText(folder + '/no')\n"
                "except IOException as error:\n"
                "    text = error.Message\n"
                "folder in text"
            ): "True",
            "try:\n    File.ReadAllText(folder + '/no')\nexcept OSError: pass": "FileNotFoundException",
        },
    ),
    "folders": (
        (
            "from System import UnauthorizedAccessException\n"
            "from System.IO import Directory, File, Path\n"
            "from System.IO import DirectoryNotFoundException, FileNotFoundException, IOException\n"
            "File.WriteAllText(folder + '/x', 'a')\n"
        ),
        {
            "Directory.GetFiles(None)": "ArgumentNullException",
            "Directory.GetFiles(folder + '/no')": "DirectoryNotFoundException",
            "Directory.GetFiles(folder + '/x')": "IOException",
            "Directory.GetDirectories(folder + '/no')": "DirectoryNotFoundException",
            "Directory.Delete(None)": "ArgumentNullException",
            "Directory.Delete(folder)": "IOException",
            "Directory.Delete(folder + '/no')": "DirectoryNotFoundException",
            "Directory.Delete(folder, 1)": "TypeError",
            "Directory.CreateDirectory(None)": "ArgumentNullException",
            "Directory.CreateDirectory('')": "ArgumentException",
            "Directory.CreateDirectory(folder + '/x')": "IOException",
            "Directory.CreateDirectory(folder + '/x/y')": "IOException",
            "Directory.Exists(None)": "False",
        },
    ),
    "Path": (
        (
            "from System import UnauthorizedAccessException\n"
            "from System.IO import Directory, File, Path\n"
            "from System.IO import DirectoryNotFoundException, FileNotFoundException, IOException\n"
            "File.WriteAllText(folder + '/x', 'a')\n"
        ),
        {
            "Path.Combine('a', None)": "ArgumentNullException",
            "Path.Combine('a', 3)": "TypeError",
            "Path.Combine('a/', 'b')": "'a/b'",
            "Path.Combine('a', '')": "'a'",
            "Path.Combine('', '')": "''",
            "Path.GetFileName(None)": "None",
            "Path.GetFileName(3)": "TypeError",
            "Path.GetFileName('a/')": "''",
            "Path.GetDirectoryName('')": "None",
            "Path.GetDirectoryName('a')": "''",
            "Path.GetExtension('a.b/c')": "''",
            "Path.GetExtension('.a')": "'.a'",
            "Path.ChangeExtension('', 'b')": "''",
            "Path.ChangeExtension('a', '')": "'a.'",
            "Path.IsPathRooted('')": "False",
        },
    ),
    "Regex": (
        (
            "from System import ArgumentException\n"
            "from System.Text.RegularExpressions import Regex, RegexOptions\n"
            "match = Regex('(a)(?<name>b)?').Match('xab')\n"
        ),
        {
            "match.Groups['0'].Value": "'ab'",
            "match.Groups['1'].Value": "'a'",
            "match.Groups['2'].Value": "''",
            "match.Groups['name'].Value": "'b'",
            "match.Groups['none'].Success": "False",
            "match.Groups[1].Value": "'a'",
            "match.Groups[2].Value": "'b'",
            "match.Groups[-1].Success": "False",
            "match.Groups[1.0]": "TypeError",
            "match.Groups[None]": "ArgumentNullException",
            "match.Groups[Name('1')]": "TypeError",
            "match.Groups[0:1]": "TypeError",
            "match.Groups.Count": "3",
            "match.Groups[1] == 'a'": "False",
            "str(match)": "'ab'",
            "match.group(1)": "AttributeError",
            "bool(Regex.Match('a', 'b'))": "True",
            "Regex('a').Match(3)": "TypeError",
            "Regex('a').Match(None)": "ArgumentNullException",
            "Regex(None)": "ArgumentNullException",
            "Regex('a', 1)": "TypeError",
            "Regex.IsMatch('a', None)": "ArgumentNullException",
            "Regex.IsMatch(Name('a'), 'a')": "TypeError",
            "try:\n    Regex('(')\nexcept ArgumentException: pass": "passes",
            "RegexOptions.IgnoreCase | 1": "TypeError",
        },
    ),
    "StringBuilder": (
        ("from System.Text import Encoding, StringBuilder\nbuilder = StringBuilder()\n"),
        {
            "builder.Append('x').ToString()": "'x'",
            "builder.Append(65).ToString()": "'65'",
            "builder.Append(True).ToString()": "'1'",
            "builder.Append(None).ToString()": "''",
            "builder.Append(1.5).ToString()": ("'1.5'", "TypeError"),
            "builder.Append(1e20).ToString()": ("'1E+20'", "TypeError"),
            "builder.Append(b'x').ToString()": ("'x'", "TypeError"),
            "builder.Append(['x']).ToString()": ("'x'", "TypeError"),
            "builder.Append(Name('x')).ToString()": ("'x'", "TypeError"),
            "builder.Append(pathlib.Path('x')).ToString()": ("'x'", "TypeError"),
            "builder.Append(plugin).ToString()": ("'Deadline.Plugins.DeadlinePlugin'", "TypeError"),
            "builder.AppendLine(3)": "TypeError",
            "builder.Append('abc').Length": "3",
            "len(builder)": "TypeError",
            "builder == ''": "False",
            "Encoding.UTF9": "AttributeError",
        },
    ),
    "System": (
        (
            "from System import Environment, ArgumentException, ArgumentNullException, FormatException\n"
            "from System import Exception as NetException\n"
        ),
        {
            "Environment.GetEnvironmentVariable('NO_SUCH')": "None",
            "Environment.GetEnvironmentVariable(None)": "ArgumentNullException",
            "Environment.GetEnvironmentVariable(3)": "TypeError",
            "Environment.NoSuch": "AttributeError",
            "Environment.MachineName = 'x'": "TypeError",
            "Environment()": "TypeError",
            "__import__('os').environ['NEW_ONE'] = '1'\nEnvironment.GetEnvironmentVariable('NEW_ONE')": "None",
            "raise NetException('x')": "Exception",
            "raise NetException(3)": "TypeError",
            "raise FormatException('x')": "FormatException",
            "issubclass(ArgumentNullException, ArgumentException)": "True",
            "issubclass(NetException, Exception)": "True",
            "try:\n    raise NetException('x')\nexcept Exception as error:\n    text = error.Message\ntext": "'x'",
            "try:\n    plugin.FailRender('x')\nexcept NetException as error:\n    text = error.Message\ntext": "'x'",
            "try:\n    raise ValueError('x')\nexcept NetException: pass": "ValueError",
        },
    ),
}


def play(text):
    """What the last line of a text gives."""
    names = {"Name": Name, "Number": Number, "Word": Word, "pathlib": pathlib, **objects()}
    with tempfile.TemporaryDirectory() as names["folder"]:
        try:
            module = ast.parse(text)
            last = module.body.pop() if isinstance(module.body[-1], ast.Expr) else None
            exec(compile(module, "case", "exec"), names)
            return "passes" if last is None else repr(eval(compile(ast.Expression(last.value), "case", "eval"), names))
        except Exception as error:
            return type(error).__name__


def objects():
    """A new plugin and a new process, and their base classes."""
    from Deadline.Plugins import DeadlinePlugin
    from FranticX.Processes import ManagedProcess

    plugin = type("Plugin", (DeadlinePlugin,), {})()
    if hasattr(plugin, "Attach"):  # On .NET.
        from Shim import Worker
        from System import Array, Int32

        worker = Worker()
        worker.TaskFrames = Array[Int32]([1, 3, 5])
        plugin.Attach(worker)
    process = type("Process", (ManagedProcess,), {})()
    return {"plugin": plugin, "process": process, "DeadlinePlugin": DeadlinePlugin, "ManagedProcess": ManagedProcess}


def texts(*tables):
    """The whole text of each case, by group and case."""
    groups = [group for table in tables for group in table.items()]
    return {f"{name}: {case}": before + case for name, (before, cases) in groups for case in cases}


def play_all(*tables):
    """What each case gives."""
    return {name: play(text) for name, text in texts(*tables).items()}


def play_on_standins(kind):
    """What each case gives on the stand-ins of the product, or of the kit."""
    sys.path.insert(0, os.path.abspath(os.path.join(os.path.dirname(__file__), os.pardir, os.pardir)))
    name = {"product": "flowpipe_deadline.offline.standins.sandbox", "kit": "tests.fake_deadline.full_sandbox"}[kind]
    sandbox = importlib.import_module(name)
    with tempfile.TemporaryDirectory() as folder:
        job = sandbox.SandboxJob(plugin_directory=folder, jobs_data_directory=folder)
        box = sandbox.Sandbox("Test", job, importlib.import_module("flowpipe_deadline.offline.standins.sandbox").Host())
        box._context.task = sandbox.SandboxTask(frames=(1, 3, 5), frame_text="1,3,5")
        with importlib.import_module("_worker.context").active(box._context):
            return play_all(*[PRODUCT, KIT][: 1 if kind == "product" else 2])


if __name__ == "__main__":
    print(json.dumps(play_on_standins(sys.argv[1])))
