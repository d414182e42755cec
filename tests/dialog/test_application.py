"""``flowpipe-deadline dialog`` as a process: it starts, or says in one line why it cannot."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from dialogs import has_qt
from harness import run_cli
from maya_product import MAIN, load

from flowpipe_deadline.dialog.application import DialogError, check_qt

needs_qt = pytest.mark.skipif(not has_qt(), reason="the dialog needs PySide6 and libraries of the system")
ONLY_LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems always have a display")


def start(*arguments, **variables):
    """The error of a dialog that cannot start."""
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    environment.pop("QT_QPA_PLATFORM", None)
    done = run_cli("dialog", *arguments, env={**environment, **variables})
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    return line


def module(folder, text):
    """A stand-in of PySide6 that does that when it is imported."""
    (folder / "PySide6").mkdir()
    (folder / "PySide6" / "__init__.py").write_text(text)
    (folder / "PySide6" / "QtWidgets.py").write_text("")
    return os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])


def test_without_qt_one_line_says_what_to_install(tmp_path):
    """The extra. The facts stay, which tells the host application that no dialog has begun."""
    path = module(tmp_path, "raise ModuleNotFoundError(\"No module named 'PySide6'\", name='PySide6')")

    facts = tmp_path / "facts.json"
    facts.write_text("{}")

    line = start("--facts", str(facts), PYTHONPATH=path)

    assert line == "Error: the dialog needs Qt: pip install 'flowpipe-deadline[dialog]'"
    assert facts.exists()


def test_without_a_library_of_the_system_it_is_named(tmp_path):
    """Qt's own words do not say what to install."""
    text = "raise ImportError('libEGL.so.1: cannot open shared object file: No such file or directory')"

    line = start(PYTHONPATH=module(tmp_path, text))

    assert "libEGL.so.1" in line
    assert "apt install libegl1" in line


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="it works there")
def test_a_qt_that_crashes_is_refused(tmp_path):
    """6.12 on Python 3.10 and 3.11 (hosts and tooling, section 2)."""
    line = start(PYTHONPATH=module(tmp_path, "__version__ = '6.12.0'\n__version_info__ = (6, 12, 0, '', '')\n"))

    assert "PySide6 6.12.0 crashes" in line
    assert "pip install 'PySide6-Essentials<6.12'" in line


@needs_qt
@ONLY_LINUX
def test_without_a_display_it_says_so():
    """Qt would end the process with a core dump."""
    assert "neither DISPLAY nor WAYLAND_DISPLAY is set" in start()


@needs_qt
@ONLY_LINUX
def test_a_display_that_is_gone_is_an_error(monkeypatch):
    """As of a connection by ssh that has ended; or a library is missing that Qt needs there."""
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", ":4711")

    with pytest.raises(DialogError, match=r"the display :4711 does not answer|apt install .* libxcb-cursor0"):
        check_qt()


@needs_qt
def test_it_runs_until_it_is_closed(tmp_path, studio):
    """The facts are read and deleted, also where they are damaged, which is shown."""
    facts = tmp_path / "facts.json"
    facts.write_text("{")
    code = (
        "import sys\n"
        "from PySide6.QtCore import QTimer\n"
        "from flowpipe_deadline.dialog import window\n"
        "class Closing(window.Window):\n"
        "    def __init__(self, given):\n"
        "        super().__init__(given)\n"
        "        print(given.warnings)\n"
        "        QTimer.singleShot(300, self.close)\n"
        "        QTimer.singleShot(0, lambda: 1 / 0)\n"
        "        QTimer.singleShot(100, self.tell)\n"
        "    def tell(self):\n"
        "        messages = self.edit.messages\n"
        "        print([messages.item(row).text() for row in range(messages.count())])\n"
        "window.Window = Closing\n"
        "from flowpipe_deadline.cli.main import main\n"
        f"main(['dialog', 'shot', '--facts', {str(facts)!r}])\n"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)

    assert done.returncode == 0, done.stderr
    assert "are not JSON" in done.stdout
    assert "internal error: ZeroDivisionError" in done.stdout
    assert not facts.exists()


@pytest.mark.parametrize(
    ("text", "warned"),
    [
        (json.dumps({"format": 1, "host": "maya", "host_version": "2025", "facts": {"frames": "1-9"}}), ""),
        (json.dumps({"format": 2, "host": "maya"}), "format 2"),
        (None, "cannot be read"),
    ],
    ids=["good", "newer", "missing"],
)
def test_facts_are_read_once(tmp_path, monkeypatch, text, warned):
    """What cannot be read is a warning in the dialog; the file is gone either way."""
    from flowpipe_deadline.cli import dialog as verb

    seen = []
    monkeypatch.setattr(verb, "check_qt", lambda: None)
    monkeypatch.setattr(verb, "run_dialog", lambda given: seen.append(given) or 0)
    path = tmp_path / "facts.json"
    if text is not None:
        path.write_text(text)

    verb.dialog.main(["--facts", str(path), "--root", str(tmp_path)], standalone_mode=False)

    (given,) = seen
    assert given.facts.values == ({} if warned else {"frames": "1-9"})
    assert warned in "".join(given.warnings)
    assert bool(given.warnings) is bool(warned)
    assert given.root == str(tmp_path)
    assert not path.exists()


@needs_qt
def test_a_host_opens_it_and_it_outlives_a_click(tmp_path, studio, monkeypatch):
    """The client of the hosts starts the real dialog, which has read its facts when it is open."""
    client = load(MAIN / "flowpipe_client.py")
    monkeypatch.setenv(client.PYTHON_VARIABLE, sys.executable)
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    failures = []

    opening = client.open_dialog("maya", "2025", {"frames": "1-9"}, on_failure=failures.append, in_thread=False)
    try:
        assert opening.wait_until_open(60) is None
        assert (opening.poll(), failures) == (False, [])
    finally:
        opening.process.terminate()
        opening.process.wait()
    opening.poll()

    assert len(failures) == 1
