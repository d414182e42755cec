"""Path mapping of values."""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowpipe_deadline.evaluator.path_mapping import PathMapping
from flowpipe_deadline.results.codec import decode, encode

RULES = [
    ("P:\\", "/mnt/p"),
    ("P:\\show", "/mnt/show/"),
    ("//server/share", "/mnt/share"),
    ("/Volumes//x", "/mnt/x"),
    ("Q:", "/"),
]
BACK = [("/mnt/p", "P:"), ("/mnt/show", "P:\\show"), ("/mnt/share", "//server/share"), ("/net/all", "\\\\")]


def row(text, mapped, reason):
    """A row of a table."""
    return pytest.param(text, mapped, id=reason)


def stays(text, reason):
    """A row of a text that stays as it is."""
    return pytest.param(text, text, id=reason)


TO_LINUX = [
    row("P:\\show\\a\\b.exr", "/mnt/show/a/b.exr", "the longest rule counts"),
    row("p:/Show/a", "/mnt/show/a", "Windows has no case, and either slash"),
    row("P:\\shows\\a", "/mnt/p/shows/a", "a rule is for whole folders"),
    row("P:\\show", "/mnt/show", "the folder of a rule itself"),
    row("P:\\show\\", "/mnt/show/", "a slash at the end stays"),
    row("P:", "/mnt/p", "a whole drive"),
    row("Q:", "/", "a whole drive that is the root"),
    row("Q:\\a", "/a", "below the root"),
    row("\\\\SERVER\\share\\a", "/mnt/share/a", "a share"),
    row("P:\\\\show\\a", "/mnt/show/a", "doubled slashes count as one"),
    row("P:\\.\\show\\a", "/mnt/show/a", "a folder called . is its parent"),
    row("\\\\?\\P:\\show\\a", "/mnt/show/a", "a long path of Windows"),
    row("\\\\?\\UNC\\server\\share\\a", "/mnt/share/a", "a long path of a share"),
    row("/Volumes/x/a", "/mnt/x/a", "a rule of another POSIX system"),
    row("/Volumes/./x//a", "/mnt/x//a", "only what the rule names is spelled anew"),
    row("/Volumes/x/k=v/a", "/mnt/x/k=v/a", "a name with ="),
    row("P:\\My Show\\a b - c (old).exr", "/mnt/p/My Show/a b - c (old).exr", "names with blanks"),
    row("P:\\show\\scene.v001 copy.ma", "/mnt/show/scene.v001 copy.ma", "a blank after a dot"),
    row("P:\\a.%04d.exr", "/mnt/p/a.%04d.exr", "a frame pattern of printf"),
    row("P:\\a.####.exr", "/mnt/p/a.####.exr", "a frame pattern of Deadline"),
    row("P:\\a.$F4.exr", "/mnt/p/a.$F4.exr", "a frame pattern of Houdini"),
    row("P:\\*\\a?.exr", "/mnt/p/*/a?.exr", "a file pattern"),
    row(
        "P:\\<attr:a>\\a.<UDIM>.{f:04d}.exr",
        "/mnt/p/<attr:a>/a.<UDIM>.{f:04d}.exr",
        "tokens, though < and : are in no name",
    ),
    row("P:\\luts;P:\\looks", "/mnt/p/luts:/mnt/p/looks", "a list gets this system's separator"),
    row("P:\\luts;;P:\\show;", "/mnt/p/luts::/mnt/show:", "empty entries of a list keep their place"),
    row("/usr/lib:/Volumes/x/lib", "/usr/lib:/mnt/x/lib", "a path of this system may stand in a list"),
    row("/Volumes/x/a;/Volumes/x/b", "/mnt/x/a;/mnt/x/b", "the separator of a list that stays on POSIX stays"),
    stays("see P:\\show", "a path further on"),
    stays("P:a", "relative to a drive"),
    stays("", "nothing"),
    stays("/", "the root"),
    stays("/volumes/x/a", "POSIX has case"),
    stays("/Volumes/xy", "another folder"),
    stays("Note: P:\\show", "words before a path"),
    stays("file:///Volumes/x/a", "a URL"),
    stays('{"a": "P:\\\\show"}', "JSON"),
    stays("//srv/share/a", "a share without a rule"),
    stays("C:\\a;D:\\b", "a list without a rule"),
    stays("p: 5", "a letter and a colon are no drive"),
]
LEFT_ALONE = [
    stays("P:\\x.py --pattern \\d+\\.exr", "a command line, with a regular expression"),
    stays("P:\\show\\sh\\d+\\.exr", "a regular expression"),
    stays("P:\\x.exe P:\\show\\a", "a command line with a path"),
    stays("P:\\x.exe sub\\a", "a program and its argument"),
    stays("P:\\x 'a b'", "a quoted argument"),
    stays("P:\\x frame=\\a", "an argument with a value"),
    stays("P:\\a.exr\nP:\\b.exr", "several lines"),
    stays("P:\\luts;C:\\looks", "a list of which one path is not mapped"),
    stays("P:\\a;/b", "a list of two systems"),
    stays("P:\\a.{f:04d}.exr;P:\\b", "a list that could not be taken apart again"),
    stays("P:\\a;b.exr", "a list or a name: open"),
    stays("P:\\a, P:\\b", "a list with commas"),
    stays("/Volumes/x/a,/Volumes/x/b", "a list with commas, of POSIX"),
    stays("/Volumes/x/12:30/a", "a name with a colon, or a list"),
    stays("/Volumes/x/a:", "a list of one, or words"),
    stays("/Volumes/x/a.usd:SDF_FORMAT_ARGS:k=v", "a path with arguments"),
    stays("/Volumes/x/a.usd:k=https://x/y", "a path with a URL"),
    stays("/Volumes/x/a=https://x/Volumes/x", "a URL is not two paths"),
    stays("/Volumes/x/a\\ b", "a path quoted for a shell"),
    stays("/Volumes/x --help", "an argument after the folder of a rule"),
    stays('P:\\show\\`chs("a")`', "an expression"),
    stays("P:\\show|node", "a path and a node"),
    stays("\\\\server\\share:/mnt/a", "on Windows, lists have no colon"),
]
TO_WINDOWS = [
    row("/mnt/show/a/b.exr", "P:\\show\\a\\b.exr", "separators of this system"),
    row("/mnt/p", "P:\\", "a whole drive, as P: alone is its current folder"),
    row("/mnt/share/a", "\\\\server\\share\\a", "a share"),
    row("/net/all/srv/a", "\\\\srv\\a", "all shares"),
    row("/mnt//show/a", "P:\\show\\a", "doubled slashes count as one"),
    row("/mnt/p/a:/mnt/show/b", "P:\\a;P:\\show\\b", "a list"),
    row("/mnt/p/a;/mnt/p/b", "P:\\a;P:\\b", "a list as Houdini takes it"),
    row("/mnt/p/$JOB/a.<UDIM>.tx", "P:\\$JOB\\a.<UDIM>.tx", "variables and tokens"),
    stays("/mnt/p/a:/usr/lib", "a list of which one path is not mapped"),
    stays("/mnt/p/a.usd:k=https://x/y", "the slashes of a URL"),
    stays("/mnt/p/x \\d", "a regular expression"),
]


@pytest.mark.parametrize(("text", "mapped"), TO_LINUX)
def test_what_becomes_of_a_text_on_linux(text, mapped):
    """One path or a list of paths is mapped; what does not begin like one is nothing to speak of."""
    lines = []

    assert PathMapping(RULES, separator="/", report=lines.append).text(text) == mapped
    assert lines == []


@pytest.mark.parametrize(("text", "mapped"), LEFT_ALONE)
def test_what_is_not_understood_stays_and_is_reported(text, mapped):
    """Once for each text."""
    lines = []
    mapping = PathMapping(RULES, separator="/", report=lines.append)

    assert [mapping.text(text), mapping.text(text)] == [mapped, mapped]
    assert [ascii(text) in line for line in lines] == [True]


@pytest.mark.parametrize(("text", "mapped"), TO_WINDOWS)
def test_what_becomes_of_a_text_on_windows(text, mapped):
    """The other way round."""
    assert PathMapping(BACK, separator="\\").text(text) == mapped


def test_many_texts_that_stay_do_not_flood_the_log():
    """The first ones show what is meant."""
    lines = []
    mapping = PathMapping(RULES, separator="/", report=lines.append)

    for index in range(1000):
        mapping.text(f"P:\\x.py --frame {index} {'x' * 1000}")

    assert len(lines) == 20
    assert max(map(len, lines)) < 500


WORDS = st.text(alphabet="aZ9_é-+#@%().", min_size=1, max_size=4).filter(lambda word: word[0] not in "-.")
NAMES = st.lists(WORDS, min_size=1, max_size=3).map(" ".join)
ROOTS = st.sampled_from(["P:\\show", "P:", "\\\\server\\share"])
PATHS = st.builds(lambda root, names: "\\".join([root, *names]), ROOTS, st.lists(NAMES, min_size=1, max_size=4))
THERE = PathMapping(RULES[:3], separator="/")
AND_BACK = PathMapping(BACK, separator="\\")


@given(PATHS)
def test_a_path_comes_back_from_the_other_system(path):
    """As text and as a pure path; and what is mapped is not mapped again."""
    there = THERE.text(path)

    assert there.startswith("/mnt/")
    assert THERE.text(there) == there
    assert AND_BACK.text(there) == path
    value = {"x": [PureWindowsPath(path)]}
    assert decode(AND_BACK.encoded(THERE.encoded(encode(value)))) == value


@given(st.lists(PATHS, min_size=2, max_size=4))
def test_a_list_comes_back_from_the_other_system(paths):
    """Each of its paths is mapped as if it were alone."""
    text = ";".join(paths)

    there = THERE.text(text)

    assert there == ":".join(map(THERE.text, paths))
    assert AND_BACK.text(there) == text


@given(ROOTS.filter(lambda root: root != "P:"), st.text(alphabet="ab .\\/:;=-+\"'|\n{<>"))
def test_only_separators_change_beside_the_beginnings(root, rest):
    """Whatever stands in a text comes back with it."""
    mapped = THERE.text(root + rest)

    assert AND_BACK.text(mapped).replace("/", "\\") == (root + rest).replace("/", "\\")
    assert THERE.text(mapped) == mapped


def test_values_are_mapped_inside_containers():
    """Paths and texts at any depth, with their types; keys stay as they are."""
    value = {"P:\\show": [(Path("P:\\show\\a"), {"P:\\show\\b"}), {1: "P:\\show\\c"}]}

    mapped = decode(PathMapping(RULES, separator="/").encoded(encode(value)))

    assert mapped == {"P:\\show": [(Path("/mnt/show/a"), {"/mnt/show/b"}), {1: "/mnt/show/c"}]}


def test_pure_paths_become_those_of_the_system_that_they_are_mapped_to():
    """A PureWindowsPath of /mnt/show would read as a path of a drive; what no rule matches keeps its type."""
    value = [PureWindowsPath("P:/show/a b; c"), PureWindowsPath("C:/a"), PurePosixPath("/Volumes/x/a:b")]

    mapped = decode(PathMapping(RULES, separator="/").encoded(encode(value)))

    assert mapped == [PurePosixPath("/mnt/show/a b; c"), PureWindowsPath("C:/a"), PurePosixPath("/mnt/x/a:b")]


def test_equal_sets_of_two_systems_are_equal_when_mapped():
    """Their items have one order, or merging would find two values."""
    mapping = PathMapping([*RULES, ("Z:", "/mnt/a")], separator="/")
    windows, linux = encode({"P:\\a", "Z:\\a"}), encode({"/mnt/p/a", "/mnt/a/a"})

    assert mapping.encoded(windows) == mapping.encoded(linux)


def test_a_record_has_the_files_of_its_classes_mapped():
    """They are paths, whatever their names look like; keys and connections stay."""
    source = {"module": "m", "qualname": "C", "file": "P:\\show\\a.py -b\\m.py"}
    fed = {"value": None, "source": {"node": "a", "output": "o", "sub_plug": "P:\\show"}, "sub_plugs": {}}
    plugs = {"a": {"value": "P:", "source": None, "sub_plugs": {"P:\\show": fed}}}
    record = {"key": "P:\\show", "class": source, "imports": {"roots": ["P:\\show"]}, "inputs": plugs}

    assert PathMapping(RULES, separator="/").record(record) == {
        "key": "P:\\show",
        "class": {**source, "file": "/mnt/show/a.py -b/m.py"},
        "imports": {"roots": ["/mnt/show"]},
        "inputs": {"a": {**plugs["a"], "value": "/mnt/p"}},
    }


def test_without_rules_nothing_changes():
    """Not even a copy is made."""
    data = encode({"a": ["P:\\show"]})

    assert PathMapping([]).encoded(data) is data
