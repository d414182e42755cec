"""The studio's file: where it is, what it says, and what is wrong with it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_examples import examples

from flowpipe_deadline.errors import PreflightError, StudioFileError
from flowpipe_deadline.studio.checks import StudioChecks
from flowpipe_deadline.studio.file import StudioFile, load_studio_file, read_studio_file, studio_file_places

EVERYTHING = """\
root = "/mnt/farm"
store = "redis://cache.studio:6379/2?expire=7"
templates = "templates"
via = "script"
strict = ["large-value", "text-frames"]
allow_local_root = true
workflows = ["flows", "/studio/flows"]
presets_folder = "presets"

[webservice]
url = "https://farm.studio:8081"
user = "td"
ca = "certs/ca.pem"
certificate = "/etc/farm/client.pem"
key = "~/client.key"
timeout = 30

[settings]
pool = "cpu"
import_roots = ["/studio/python"]
environment = { SITE = "berlin" }

[presets.comp]
pool = "comp"
scheduled_type = "Once"
scheduled_start = 2026-12-24 18:00:00

[hooks]
disabled = ["old-hook"]

[buttons]
maya = "render_shot"
"""


@pytest.fixture
def studio_file(tmp_path, monkeypatch):
    """Writes a studio file, which is then the one that counts."""
    path = tmp_path / "studio.toml"
    monkeypatch.setenv("FLOWPIPE_DEADLINE_CONFIG", str(path))

    def write(text, *, encoding="utf-8"):
        path.write_bytes(text.encode(encoding))
        return path

    return write


def complaints(error):
    """What is wrong, without the file."""
    return [(found.line, found.reason) for found in getattr(error, "errors", [error])]


def test_a_file_with_everything(studio_file):
    """Paths are relative to the file; times and lists are TOML's own."""
    path = studio_file(EVERYTHING)

    studio = load_studio_file()

    assert (studio.path, studio.root, studio.templates) == (path, Path("/mnt/farm"), path.parent / "templates")
    assert (studio.store, studio.via, studio.allow_local_root) == (
        "redis://cache.studio:6379/2?expire=7",
        "script",
        True,
    )
    assert studio.strict == ("large-value", "text-frames")
    assert studio.webservice == {
        "url": "https://farm.studio:8081",
        "user": "td",
        "ca": str(path.parent / "certs" / "ca.pem"),
        "certificate": "/etc/farm/client.pem",
        "key": str(Path.home() / "client.key"),
        "timeout": "30",
    }
    assert studio.settings["environment"] == {"SITE": "berlin"}
    assert studio.preset("comp")["pool"] == "comp"
    assert studio.disabled_hooks == ("old-hook",)
    assert studio.workflows == (path.parent / "flows", Path("/studio/flows"))
    assert studio.presets_folder == path.parent / "presets"
    assert studio.buttons == {"maya": "render_shot"}


@pytest.mark.skipif(sys.platform != "linux", reason="the paths of Linux")
def test_systems_that_share_a_file_have_roots_of_their_own(studio_file):
    """Each takes its own; one that is not named has none."""
    studio_file('root = { linux = "/mnt/farm", windows = "P:\\\\farm" }\n')
    assert load_studio_file().root == Path("/mnt/farm")

    studio_file('[root]\nwindows = "P:/farm"\n')
    assert load_studio_file().root is None


@pytest.mark.skipif(sys.platform != "linux", reason="the paths of Linux")
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            'root = "P:\\\\farm"',
            "root is a path of another system; write  root = { linux = …, windows = …, macos = … }",
        ),
        ('root.linux = "P:/farm"', "root.linux is a path of another system"),
        ('root.windows = "farm"', "root.windows must be a full path, not 'farm'"),
        ('root.win = "P:/farm"', "unknown key 'root.win'"),
    ],
)
def test_a_root_of_another_system_is_refused(studio_file, text, reason):
    """It would become a folder of that name below the current one."""
    studio_file(text)

    with pytest.raises(StudioFileError) as caught:
        load_studio_file()

    assert caught.value.reason.startswith(reason)


def test_the_web_service_is_also_told_as_variables(studio_file):
    """Under the names that its settings have in the environment."""
    studio_file('[webservice]\nurl = "farm:8081"\ntimeout = [5, 60.5]\n')

    assert load_studio_file().webservice_variables == {
        "FLOWPIPE_DEADLINE_WEBSERVICE": "farm:8081",
        "FLOWPIPE_DEADLINE_WEBSERVICE_TIMEOUT": "5,60.5",
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("workflows = 3", "workflows must be a folder, or a list of folders, not 3"),
        ('workflows = ["a", 3]', "workflows must be a folder, or a list of folders, not ['a', 3]"),
        ("presets_folder = true", "presets_folder must be "),
        ("buttons = 'x'", "buttons must be a table, [buttons], not 'x'"),
        ("[buttons]\nmaya = 3", "buttons.maya must be "),
    ],
)
def test_where_workflows_are_and_what_buttons_open_are_texts(studio_file, text, reason):
    """Anything else is an error."""
    studio_file(text)

    with pytest.raises(StudioFileError) as caught:
        load_studio_file()

    assert caught.value.reason.startswith(reason)


@pytest.mark.parametrize("text", ["", "# nothing\n", "\ufeffvia = 'auto'\n"], ids=["empty", "a comment", "a mark"])
def test_a_file_may_say_little(studio_file, text):
    """Editors of Windows begin a file with a byte order mark."""
    path = studio_file(text)

    assert load_studio_file() == StudioFile(path=path, via="auto" if "via" in text else None)


def test_everything_that_is_wrong_is_told_at_once_with_its_line(studio_file):
    """File, line, key, and what may be meant."""
    studio_file(
        """\
root = "farm"
stor = "files"
via = "scrpt"
strict = ["large-values"]
store = "http://cache"

[webservice]
url = "http://jane:secret@farm"
password = "secret"
timeout = 0

[settings]
prioritty = 5
priority = "high"
environment.A = ["x"]
job_info.Plugin = "Python"

[presets]
comp = 3
[presets.fx]
limits = ["a,b"]

[hooks]
disable = []
"""
    )

    with pytest.raises(PreflightError) as caught:
        load_studio_file()

    where_it_belongs = "set FLOWPIPE_DEADLINE_WEBSERVICE_PASSWORD where jobs are submitted"
    why_no_comma = "which separates items"
    assert complaints(caught.value) == [
        (1, "root must be a full path, not 'farm': workers have another current folder"),
        (2, "unknown key 'stor'. Did you mean 'store'?"),
        (3, "via must be auto, script, webservice or command, not 'scrpt'; did you mean 'script'?"),
        (4, "strict has 'large-values'. Did you mean 'large-value'?"),
        (5, "'http://cache' is not a store; write 'files' or redis://host:port/db (rediss:// for TLS)"),
        (8, f"webservice.url holds a user or a password; use webservice.user, and {where_it_belongs}"),
        (9, f"webservice.password does not belong in a file that everybody can read; {where_it_belongs}"),
        (10, "webservice.timeout must be seconds, or [seconds to connect, seconds of silence], not 0"),
        (13, "[settings] unknown setting 'prioritty'. Did you mean 'priority'?"),
        (14, "[settings] priority must be a whole number from 0, not 'high'"),
        (15, "[settings] environment.A must be text, a number or a boolean, not ['x']"),
        (16, "[settings] the job info key 'Plugin' is set by the plan: all jobs are rendered by the Flowpipe plugin"),
        (19, "presets.comp must be a table, [presets.comp], not 3"),
        (21, f"[presets.fx] limits has an item 'a,b': it cannot be empty or hold a comma, {why_no_comma}"),
        (24, "unknown key 'hooks.disable'. Did you mean 'disabled'?"),
    ]
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        pytest.param("root = /mnt\n", 1, "is not TOML: ", id="no quotes"),
        pytest.param('via = "auto"\nvia = "script"\n', 2, "is not TOML: a key is there twice", id="twice"),
        pytest.param("[settings\n", 1, "is not TOML: ", id="open bracket"),
        pytest.param(
            f"[settings]\npriority = {'9' * 5000}\n", None, "is not TOML: it has a number of", id="many digits"
        ),
        pytest.param(f"[settings]\npriority = 0x{'f' * 5000}\n", None, "is not TOML: it has a number of", id="and hex"),
        pytest.param(f"root = {'[' * 3000}", None, "is not TOML: it is nested too deep", id="nested too deep"),
        pytest.param('via = "auto', 1, "is not TOML: ", id="open quotes"),
    ],
)
def test_what_is_no_toml_is_one_clear_line(studio_file, text, line, reason):
    """Where, and what was expected there."""
    path = studio_file(text)

    with pytest.raises(StudioFileError) as caught:
        load_studio_file()

    assert caught.value.line == line
    assert caught.value.reason.startswith(reason)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


VALUES = st.recursive(
    st.one_of(st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.datetimes()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)),
    max_leaves=6,
)
KEYS = ("root", "store", "templates", "via", "strict", "allow_local_root", "webservice", "settings", "presets", "hooks")


@settings(max_examples=examples(60))
@given(table=st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4))
def test_whatever_a_file_says_is_a_value_or_a_problem(table):
    """Never a traceback, never a value of another kind."""
    checks = StudioChecks(table, folder=Path("/etc"))

    values = checks.values()

    assert all(isinstance(reason, str) for _, reason in checks.errors)
    assert isinstance(values["strict"], (bool, tuple))
    assert isinstance(values["settings"], Mapping)
    assert all(isinstance(text, str) for text in values["webservice"].values())


def test_a_file_of_another_encoding_is_refused(studio_file):
    """Half of its names would be wrong."""
    studio_file("# Größe\n", encoding="latin-1")

    with pytest.raises(StudioFileError, match="not UTF-8"):
        load_studio_file()


def test_a_file_that_is_named_and_not_there_is_refused(tmp_path, monkeypatch):
    """Going on without the studio's settings would be worse."""
    monkeypatch.setenv("FLOWPIPE_DEADLINE_CONFIG", str(tmp_path / "nope.toml"))

    with pytest.raises(StudioFileError, match=r"nope.toml: does not exist; correct or unset FLOWPIPE_DEADLINE_CONFIG"):
        load_studio_file()


def test_a_folder_is_no_studio_file(tmp_path):
    """The reason is the system's."""
    with pytest.raises(StudioFileError, match="cannot be read"):
        read_studio_file(tmp_path)


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "fork"), reason="places of Linux")
def test_the_machines_file_comes_before_the_users(tmp_path, monkeypatch):
    """The first that exists is the one; without any, nothing is set."""
    monkeypatch.delenv("FLOWPIPE_DEADLINE_CONFIG")
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "site"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "user"))
    site, user = (place.path for place in studio_file_places())
    assert load_studio_file() == StudioFile()

    for path, connection in ((user, "command"), (site, "script")):
        path.parent.mkdir(parents=True)
        path.write_text(f'via = "{connection}"\n')
        assert load_studio_file().via == connection

    assert load_studio_file().path == site
    assert site.is_relative_to(tmp_path / "site")


def test_a_home_folder_that_nobody_has_is_refused(studio_file):
    """With the line that names it."""
    path = studio_file('via = "auto"\nroot = "~nobody2/x"\n')

    with pytest.raises(StudioFileError) as caught:
        load_studio_file()

    reason = "root is '~nobody2/x', but nobody has that home folder here; write a full path"
    assert str(caught.value) == f"{path}, line 2: {reason}"


def test_a_file_of_which_nobody_can_tell_whether_it_is_there_is_named(tmp_path, monkeypatch):
    """As in a folder that cannot be read, or below a name that no disk takes: it may hold what counts for all."""
    monkeypatch.delenv("FLOWPIPE_DEADLINE_CONFIG")
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / ("x" * 300)))

    with pytest.raises(StudioFileError, match=r"x/flowpipe-deadline/studio\.toml: cannot be read: File name too long"):
        load_studio_file()


def test_a_home_folder_that_nobody_has_may_be_named_by_the_variable(monkeypatch):
    """Then there is no such file."""
    monkeypatch.setenv("FLOWPIPE_DEADLINE_CONFIG", "~nobody2/studio.toml")

    with pytest.raises(StudioFileError, match="does not exist"):
        load_studio_file()
