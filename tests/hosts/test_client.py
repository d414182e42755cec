"""The client opens the dialog: in a Python of its own, for every host, and says in one sentence why it does not."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import stat
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
from host_runs import run_host
from other_users import acting_as

READ = "facts = json.load(open(facts_file, encoding='utf-8')); mode = os.stat(facts_file).st_mode"
REMOVE = "os.remove(facts_file)"
TELL = (
    "told = dict(facts=facts, mode=mode, argv=sys.argv, env=dict(os.environ), is_alone=os.getsid(0) == os.getpid())\n"
    "json.dump(told, open(here + '/part', 'w')); os.replace(here + '/part', here + '/seen')"
)
DIALOG = (READ, REMOVE, TELL)


def seen(python):
    """What the dialog was given."""
    return json.loads((python.parent / "seen").read_text())


def appear(path):
    """Waits until the file is there."""
    end = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < end, f"{path.name} never came"
        time.sleep(0.02)


def times_asked(farm):
    """How often Deadline was asked for the setting."""
    return [call.name.lower() for call in farm.log.calls("process")].count("executescriptnogui")


@pytest.fixture
def client(proxy, farm, temporary):
    """The client, loaded from the farm's repository."""
    return proxy.load("flowpipe_client")


@pytest.fixture
def open_dialog(client):
    """Opens the dialog with these facts, waits for its end; the sentences that the host was told."""

    def open_it(facts=None, **options):
        failures = []
        client.open_dialog("maya", "2025", facts or {}, on_failure=failures.append, **options).thread.join()
        return failures

    return open_it


def test_the_dialog_opens_from_every_host(farm, make_python, host_python):
    """In the Pythons of all of them: with the facts, which it alone may read, by the plugin's setting."""
    python = make_python(*DIALOG)
    farm.change_settings(plugin_config={"DialogPython": f"/not/here;{python}"})

    told = json.loads(run_host(host_python))

    assert told["failures"] == []
    assert told["python"] in host_python
    assert seen(python)["facts"] == {
        "format": 1,
        "host": "maya",
        "host_version": "2025",
        "facts": {"scene": "/p/Bühne 1.ma", "frames": "1-100"},
        "files": [],
        "warnings": ["old textures"],
    }
    assert seen(python)["argv"][1:5] == ["-m", "flowpipe_deadline.cli.main", "dialog", "--facts"]
    assert stat.S_IMODE(seen(python)["mode"]) == 0o600


def test_the_dialog_lives_on_when_the_host_ends(farm, make_python):
    """What it prints later does it no harm."""
    print_much = "print('x' * 200_000, file=sys.stderr); print('x' * 200_000); sys.stderr.flush()"
    wait = "while not os.path.exists(here + '/host has ended'): time.sleep(0.02)"
    python = make_python("open(here + '/is open', 'w')", print_much, wait, print_much, *DIALOG)
    farm.change_settings(plugin_config={"DialogPython": str(python)})

    run_host(sys.executable, python.parent / "is open")
    (python.parent / "host has ended").touch()

    appear(python.parent / "seen")


def test_nothing_of_the_hosts_own_reaches_the_dialog(client, open_dialog, make_python, monkeypatch):
    """Its Python, Qt and libraries are not the dialog's; all else is the user's."""
    python = make_python(*DIALOG)
    for name in client.REMOVED_VARIABLES.split(";"):
        monkeypatch.setenv(name, "the host's")
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")

    assert open_dialog(find_python=lambda: str(python)) == []

    environment = seen(python)["env"]
    assert [name for name, value in environment.items() if value == "the host's"] == []
    assert (environment["QT_QPA_PLATFORM"], environment["PYTHONIOENCODING"]) == ("offscreen", "utf-8")
    assert seen(python)["is_alone"]  # Ctrl+C in the terminal of the host is none of its business.


def test_the_folder_of_a_scene_lends_the_dialog_no_modules(open_dialog, make_python, tmp_path, monkeypatch):
    """Python's option -m looks into the current folder first."""
    python = make_python("open(here + '/cwd', 'w').write(os.getcwd())", REMOVE)
    monkeypatch.chdir(tmp_path)

    assert open_dialog(find_python=lambda: str(python)) == []

    assert (python.parent / "cwd").read_text() == str(python.parent)


def test_the_host_goes_on_while_deadline_is_slow(client, make_python):
    """Nothing is written until the Python is found, so a host that ends meanwhile leaves nothing behind."""
    python, is_found = make_python(*DIALOG), threading.Event()

    def find_python():
        is_found.wait(60)
        return str(python)

    opening = client.open_dialog("maya", "2025", {}, find_python=find_python)
    left, is_waiting = list(Path(tempfile.gettempdir()).iterdir()), opening.thread.is_alive()
    is_found.set()
    opening.thread.join()

    assert (left, is_waiting, opening.failure) == ([], True, None)
    assert seen(python)["facts"]["host"] == "maya"


def test_names_that_are_not_unicode_survive(open_dialog, make_python):
    """Python has such file names as lone surrogates."""
    python = make_python(*DIALOG)
    scene = os.fsdecode(b"/p/B\xfchne.ma")

    assert open_dialog({"scene": scene}, find_python=lambda: str(python)) == []

    assert seen(python)["facts"]["facts"] == {"scene": scene}


def endless():
    """A list that holds itself."""
    items = []
    items.append(items)
    return items


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(object(), id="an object of the host's"),
        pytest.param(b"/p/scene.ma", id="bytes"),
        pytest.param({"fps": float("nan")}, id="not a number"),
        pytest.param(endless(), id="a list that holds itself"),
    ],
)
def test_what_is_not_json_is_refused(client, temporary, value):
    """At once, as it is the host's mistake; nothing is written."""
    with pytest.raises(client.ClientError, match="What maya tells of its scene cannot be handed over: "):
        client.open_dialog("maya", "2025", {"scene": value})

    assert list(temporary.iterdir()) == []


INSTALL = (
    "flowpipe-deadline is not installed in the Python for the submit dialog, or is too old:"
    ' "{}" -m pip install -U "flowpipe-deadline[dialog]"'
)
CRASH = "raise SystemExit('Error: PySide6 is not here')"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        pytest.param([CRASH], "The submit dialog ended with an error: PySide6 is not here ({})", id="at once"),
        pytest.param([REMOVE, CRASH], "The submit dialog ended with an error: PySide6 is not here ({})", id="late"),
        pytest.param(["os.kill(0, 9)"], "The submit dialog ended with an error: exit code -9 ({})", id="killed"),
        pytest.param(
            ["print('Qt: some warning', file=sys.stderr, flush=True)", "os.abort()"],
            "The submit dialog ended with an error: exit code -6, Qt: some warning ({})",
            id="crashed",
        ),
        pytest.param(["sys.exit(7)"], "The submit dialog ended with an error: exit code 7 ({})", id="without a word"),
        pytest.param(
            ["print('x' * 5_000_000, file=sys.stderr)", "print('x' * 5_000_000)", "sys.exit('Ä: too much\\n\\n')"],
            "The submit dialog ended with an error: Ä: too much ({})",
            id="after megabytes",
        ),
        pytest.param(
            ["sys.exit(\"x: Error while finding module (ModuleNotFoundError: No module named 'flowpipe_deadline')\")"],
            INSTALL,
            id="nothing installed",
        ),
        pytest.param(["sys.exit(\"Usage: …\\n\\nError: No such command 'dialog'.\")"], INSTALL, id="an older version"),
    ],
)
def test_a_dialog_that_fails_is_reported_in_one_sentence(open_dialog, make_python, temporary, lines, said):
    """With its last line, and its facts are removed."""
    python = make_python(*lines)

    failures = open_dialog(find_python=lambda: str(python))

    assert failures == [said.format(python)]
    assert list(temporary.iterdir()) == []


def test_a_python_that_has_nothing_installed_says_what_to_do(open_dialog, bare_python):
    """A real one."""
    assert open_dialog(find_python=lambda: bare_python) == [INSTALL.format(bare_python)]


def test_a_file_that_is_not_a_program_is_reported(open_dialog, make_python, temporary):
    """And its facts are removed."""
    python = make_python()
    python.chmod(0o644)

    assert open_dialog(find_python=lambda: str(python)) == [f"{python} cannot be started: Permission denied"]
    assert list(temporary.iterdir()) == []


def test_what_nobody_foresaw_is_reported(open_dialog):
    """The host's thread does not die in silence."""

    def find_python():
        return {}["a python"]

    assert open_dialog(find_python=find_python) == ["KeyError: 'a python'"]


def test_a_folder_for_temporary_files_that_is_read_only_is_reported(open_dialog, make_python, temporary):
    """It is where the facts go."""
    python = make_python()
    temporary.chmod(0o500)
    somebody = acting_as(4711, 4711) if os.getuid() == 0 else contextlib.nullcontext()

    with somebody:
        (failure,) = open_dialog(find_python=lambda: str(python))

    assert failure.startswith("Temporary files cannot be written, see that the disk is not full: ")
    assert "Permission denied" in failure


def test_two_clicks_are_two_dialogs(client, make_python, temporary):
    """Each with its own facts."""
    python = make_python(READ, REMOVE, "open(here + facts['facts']['scene'], 'w')")
    failures = []

    both = [
        client.open_dialog(
            "maya", "2025", {"scene": scene}, on_failure=failures.append, find_python=lambda: str(python)
        )
        for scene in ("/first", "/second")
    ]
    for opening in both:
        opening.thread.join()

    assert failures == []
    assert {path.name for path in python.parent.iterdir()} == {"python", "first", "second"}
    assert list(temporary.iterdir()) == []


def test_one_can_wait_until_the_dialog_is_open(client, make_python):
    """It has read its facts then; the Monitor waits for it."""
    wait = "while not os.path.exists(here + '/go on'): time.sleep(0.02)"
    python = make_python(wait, REMOVE, "os.remove(here + '/go on')", wait, CRASH)
    failures = []

    opening = client.open_dialog("monitor", "", {}, on_failure=failures.append, find_python=lambda: str(python))
    is_too_slow = opening.wait_until_open(0.05) is None and (python.parent / "go on").touch() is None
    is_open = opening.wait_until_open(60) is None

    assert (is_too_slow, is_open, opening.thread.is_alive(), failures) == (True, True, True, [])
    (python.parent / "go on").touch()
    opening.thread.join()
    assert opening.wait_until_open(60) == failures[0]


def test_a_host_without_a_thread_asks_whether_the_dialog_has_ended(client, make_python, temporary):
    """In Blender, whose Python must not run in other threads; a failure is told once."""
    python = make_python("while not os.path.exists(here + '/go on'): time.sleep(0.02)", CRASH)
    threads, failures = threading.active_count(), []

    opening = client.open_dialog(
        "blender", "", {}, on_failure=failures.append, find_python=lambda: str(python), in_thread=False
    )
    before = (opening.poll(), threading.active_count(), failures.copy())
    (python.parent / "go on").touch()
    assert opening.wait_until_open(60) == opening.failure

    assert before == (False, threads, [])
    assert (opening.poll(), failures, list(temporary.iterdir())) == (True, [opening.failure], [])


class TestWhichPython:
    """The variable, else the plugin's setting, for which Deadline is asked once."""

    def test_the_variable_comes_first(self, farm, client, make_python, monkeypatch):
        """Deadline is not asked."""
        python = make_python()
        monkeypatch.setenv("FLOWPIPE_DEADLINE_DIALOG_PYTHON", str(python))
        farm.set_faults({"on": "ExecuteScriptNoGui", "do": "die", "times": 0})

        assert client.find_dialog_python() == str(python)

    def test_deadline_is_asked_once(self, farm, open_dialog, make_python):
        """Each time would take seconds; after a failure it is asked again, as the setting may be mended by then."""
        python = make_python(REMOVE, "sys.exit(os.path.exists(here + '/broken'))")
        farm.change_settings(plugin_config={"DialogPython": str(python)})
        farm.log.clear()

        first, second = open_dialog(), open_dialog()
        asked = times_asked(farm)
        (python.parent / "broken").touch()
        third, fourth = open_dialog(), open_dialog()

        assert (first, second, asked) == ([], [], 1)
        assert third == fourth == [f"The submit dialog ended with an error: exit code 1 ({python})"]
        assert times_asked(farm) == 2

    @pytest.mark.parametrize(
        ("unknowns", "faults"),
        [
            pytest.param({"script_output": "hidden"}, [], id="output hidden"),
            pytest.param({"script_exit": "ignored", "script_arguments": "empty"}, [], id="no arguments in sys.argv"),
            pytest.param({"script_file": "unset"}, [], id="no __file__"),
            pytest.param({}, [{"do": "chatter", "value": "Warning: slow\n\n", "times": 0}], id="warnings before it"),
            pytest.param({}, [{"do": "stderr", "times": 0}], id="warnings on stderr"),
        ],
    )
    def test_an_answer_is_read_however_deadline_prints(self, farm, client, make_python, unknowns, faults):
        """Neither the output nor the exit code of a script is documented."""
        python = make_python()
        farm.change_settings(plugin_config={"DialogPython": f"C:\\Python\\python.exe\r\n{python}"}, unknowns=unknowns)
        farm.set_faults(*({"on": "*", **fault} for fault in faults))

        assert client.find_dialog_python() == str(python)

    @pytest.mark.parametrize(
        ("setting", "said"),
        [
            pytest.param({"DialogPython": ""}, "No Python is set for the submit dialog ({})", id="empty"),
            pytest.param({"DialogPython": '"" ;'}, "No Python is set for the submit dialog ({})", id="empty quotes"),
            pytest.param(
                {"DialogPython": "/not/here;python"},
                "The Python for the submit dialog is not here: /not/here; python ({})",
                id="not on this machine",
            ),
            pytest.param({}, "No Python is set for the submit dialog ({})", id="a configuration of an older version"),
        ],
    )
    def test_what_is_not_configured_is_said(self, farm, open_dialog, temporary, setting, said):
        """And where to set it."""
        param = farm.root / "custom" / "plugins" / "Flowpipe" / "Flowpipe.param"
        param.write_text(param.read_text(encoding="utf-8").partition("[DialogPython]")[0], encoding="utf-8")
        farm.change_settings(plugin_config=setting)

        failures = open_dialog()

        assert failures == [said.format("Tools > Configure Plugins > Flowpipe > Dialog Python, in the Monitor")]
        assert list(temporary.iterdir()) == []

    def test_a_name_without_a_folder_is_not_looked_for(self, client, make_python, monkeypatch):
        """The current folder is that of a scene, and the first Python on PATH may be the host's."""
        monkeypatch.chdir(make_python().parent)

        with pytest.raises(client.ClientError, match=r"The Python for the submit dialog is not here: python \("):
            client.choose_python("python")

    def test_a_path_may_have_the_quotes_that_windows_copies_with_it(self, client, make_python):
        """And blanks around them."""
        python = make_python()

        assert client.choose_python(f'"/not/here"; "{python}" ') == str(python)

    @pytest.mark.parametrize("deadline_answer", ["deny", "quiet", "die", "die_after", "garble"])
    def test_deadline_that_does_not_answer_is_reported(self, farm, open_dialog, temporary, deadline_answer):
        """With its own words if it has any."""
        farm.set_faults({"on": "ExecuteScriptNoGui", "do": deadline_answer, "times": 0, "value": "no such repository"})

        (failure,) = open_dialog()

        if deadline_answer in ("die_after", "garble"):  # The answer was written.
            assert failure.startswith("No Python is set for the submit dialog")
        else:
            words = "no answer" if deadline_answer == "die" else "Error: no such repository"
            assert failure == f"Deadline does not tell the Dialog Python of the plugin Flowpipe: {words}"
        assert list(temporary.iterdir()) == []

    def test_a_plugin_that_is_not_there_is_reported(self, farm, open_dialog):
        """Only the client's files were copied, for instance."""
        farm.change_settings(plugins=["Python"])
        shutil.rmtree(farm.root / "custom" / "plugins" / "Flowpipe")

        (failure,) = open_dialog()

        assert failure.startswith("Deadline does not tell the Dialog Python of the plugin Flowpipe: ")
        assert "Flowpipe does not exist in the repository" in failure

    def test_a_hanging_deadline_is_ended(self, farm, client, open_dialog, temporary):
        """And the host is told."""
        farm.set_faults({"on": "ExecuteScriptNoGui", "do": "hang", "times": 0})

        (failure,) = open_dialog(find_python=lambda: client.find_dialog_python(timeout=1))

        assert "did not answer within 1 seconds" in failure
        assert list(temporary.iterdir()) == []
