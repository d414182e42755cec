"""The proxy in a host: it finds the current client in the repository, and loads it again when it has changed."""

from __future__ import annotations

import os
import re
import shutil
import sys
import time

import psutil
import pytest

MAIN = "submission/Flowpipe/Main"


@pytest.fixture
def main(farm):
    """The folder of the client in the repository, with a module for a host."""
    folder = farm.root / "custom" / MAIN
    (folder / "flowpipe_example.py").write_text("import flowpipe_client\nversion = 1\n")
    return folder


@pytest.fixture
def bin_folder(tmp_path, monkeypatch):
    """Where this machine's deadlinecommand is, once one is made there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("DEADLINE_PATH", str(folder))
    monkeypatch.setenv("PATH", os.defpath)
    return folder


def make_command(folder, *lines):
    """A deadlinecommand of another kind than the fake Deadline's."""
    path = folder / "deadlinecommand"
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]), encoding="utf-8", errors="surrogateescape")
    path.chmod(0o755)


def times_asked(farm):
    """How often Deadline was asked where a file is."""
    return [call.name.lower() for call in farm.log.calls("process")].count("getrepositoryfilepath")


def test_a_module_of_the_repository_is_loaded(proxy, farm, main):
    """With the client beside it, once, and nothing is written into the repository."""
    before = sorted(farm.root.rglob("*"))
    farm.log.clear()

    module, again = proxy.load("flowpipe_example"), proxy.load("flowpipe_example")

    assert module is again
    assert (module.version, module.__file__) == (1, str(main / "flowpipe_example.py"))
    assert module.flowpipe_client is proxy.load("flowpipe_client") is sys.modules["flowpipe_client"]
    assert times_asked(farm) == 2
    assert sorted(farm.root.rglob("*")) == before


def test_the_client_uses_only_what_every_proxy_has(proxy, main):
    """An installed proxy may be years older than the client."""
    used = set(re.findall(r"flowpipe_proxy\.(\w+)", (main / "flowpipe_client.py").read_text(encoding="utf-8")))

    assert used == {"find_file", "ask_deadline", "lines_of", "ProxyError"}
    assert all(f"`{name}`" in proxy.__doc__ for name in used)


def test_a_new_version_is_loaded_without_asking_deadline(proxy, farm, main):
    """At the next click; a host runs for days."""
    proxy.load("flowpipe_example")
    farm.log.clear()

    (main / "flowpipe_example.py").write_text("import flowpipe_client\nversion = 22\n")

    assert proxy.load("flowpipe_example").version == 22
    assert times_asked(farm) == 0


def test_a_module_is_loaded_anew_when_the_client_has_changed(proxy, main):
    """It would keep the old one otherwise."""
    before = proxy.load("flowpipe_example")
    with (main / "flowpipe_client.py").open("a") as file:
        file.write("\nversion = 2\n")

    after = proxy.load("flowpipe_example")

    assert after is not before
    assert after.flowpipe_client.version == 2


def test_a_file_that_has_moved_is_asked_for_again(proxy, farm, main):
    """A cache of the Remote Connection Server may get another name."""
    proxy.load("flowpipe_example")
    main.rename(farm.root / "elsewhere")
    shutil.copytree(farm.root / "elsewhere", farm.root / MAIN, dirs_exist_ok=True)

    assert proxy.load("flowpipe_example").__file__ == str(farm.root / MAIN / "flowpipe_example.py")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        pytest.param("version = ", "SyntaxError: invalid syntax", id="cut off"),
        pytest.param(
            "import qt_of_another_host", "ModuleNotFoundError: No module named 'qt_of_another_host'", id="import"
        ),
    ],
)
def test_a_broken_file_is_reported_and_the_next_one_loaded(proxy, main, source, said):
    """It may have been copied half-way at that moment."""
    before = proxy.load("flowpipe_example")
    (main / "flowpipe_example.py").write_text(source)

    with pytest.raises(proxy.ProxyError) as caught:
        proxy.load("flowpipe_example")

    assert str(caught.value).startswith(f"{main / 'flowpipe_example.py'} cannot be loaded: {said}")
    assert sys.modules["flowpipe_example"] is before
    (main / "flowpipe_example.py").write_text("version = 3")
    assert proxy.load("flowpipe_example").version == 3


def test_a_module_may_define_data_classes(proxy, main):
    """They look for their module in sys.modules while it is being loaded."""
    lines = [
        "from __future__ import annotations",
        "import dataclasses",
        "@dataclasses.dataclass",
        "class A: a: int = 1",
    ]
    (main / "flowpipe_example.py").write_text("\n".join(lines))

    assert proxy.load("flowpipe_example").A().a == 1


def test_a_folder_of_ones_own_comes_first(proxy, farm, main, tmp_path, monkeypatch):
    """For whoever works on the client; Deadline is not asked."""
    folder = shutil.copytree(main, tmp_path / "mine")
    monkeypatch.setenv("FLOWPIPE_DEADLINE_CLIENT", str(folder))
    farm.log.clear()

    assert proxy.load("flowpipe_example").__file__ == str(folder / "flowpipe_example.py")
    assert times_asked(farm) == 0
    (folder / "flowpipe_example.py").unlink()
    with pytest.raises(proxy.ProxyError, match=r"mine has no flowpipe_example.py; it is the folder that FLOWPIPE"):
        proxy.load("flowpipe_example")


class TestAnswers:
    """What deadlinecommand prints, and does not print."""

    @pytest.mark.parametrize(
        "fault",
        [
            pytest.param({"do": "chatter", "value": "Warning: the cache is old\n\n"}, id="warnings before the path"),
            pytest.param({"do": "chatter", "value": "/bin/sh\n"}, id="another path before it"),
            pytest.param({"do": "stderr"}, id="warnings on stderr"),
        ],
    )
    def test_the_path_is_found_among_other_lines(self, proxy, farm, main, fault):
        """It is the last file that is there."""
        farm.set_faults({"on": "GetRepositoryFilePath", "times": 0, **fault})

        assert proxy.find_file("flowpipe_example.py") == str(main / "flowpipe_example.py")

    def test_lines_may_end_as_on_windows(self, proxy, bin_folder, tmp_path):
        """And blanks are no part of a path."""
        (tmp_path / "a.py").touch()
        make_command(bin_folder, f"printf '\\r\\n  {tmp_path}/a.py \\r\\n\\r\\n'")

        assert proxy.find_file("a.py") == f"{tmp_path}/a.py"

    def test_a_path_need_not_be_unicode(self, proxy, bin_folder, tmp_path):
        """Linux has such names."""
        folder = tmp_path / os.fsdecode(b"B\xfchne")
        folder.mkdir()
        (folder / "a.py").touch()
        make_command(bin_folder, f"echo '{folder}/a.py'")

        assert proxy.find_file("a.py") == str(folder / "a.py")

    @pytest.mark.parametrize(
        ("lines", "said"),
        [
            pytest.param(["echo /not/there/a.py"], "/not/there/a.py", id="a path without a file"),
            pytest.param(["echo 'Error: no repository' >&2", "exit 1"], "Error: no repository", id="an error"),
            pytest.param(["exit 0"], "no answer", id="nothing"),
            pytest.param(["printf 'a\\0b\\n'"], "a\0b", id="what no path can be"),
        ],
    )
    def test_what_is_not_in_the_repository_is_said(self, proxy, bin_folder, lines, said):
        """With what to do."""
        make_command(bin_folder, *lines)

        with pytest.raises(proxy.ProxyError) as caught:
            proxy.load("flowpipe_client")

        assert str(caught.value) == (
            "Deadline's repository has no submission/Flowpipe/Main/flowpipe_client.py. Whoever looks after Deadline"
            f" puts it there: flowpipe-deadline install REPOSITORY. (deadlinecommand: {said})"
        )

    def test_a_repository_without_flowpipe_is_said(self, proxy, farm):
        """As the fake Deadline answers it."""
        shutil.rmtree(farm.root / "custom")

        with pytest.raises(proxy.ProxyError, match=r"has no submission/Flowpipe/Main/flowpipe_client\.py\. Whoever"):
            proxy.load("flowpipe_client")


class TestDeadlinecommand:
    """Which one is run, and how."""

    @pytest.mark.usefixtures("bin_folder")
    def test_none_is_said(self, proxy):
        """With what to do."""
        with pytest.raises(proxy.ProxyError, match=r"no deadlinecommand on this machine: install the Deadline Client"):
            proxy.load("flowpipe_client")

    @pytest.mark.usefixtures("main")
    def test_one_on_the_path_is_found(self, proxy, farm, monkeypatch):
        """As Deadline's own submitters do."""
        monkeypatch.setenv("PATH", f"{farm.bin}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.delenv("DEADLINE_PATH")

        assert proxy.load("flowpipe_example").version == 1

    def test_one_that_cannot_be_started_is_said(self, proxy, bin_folder):
        """It may be for another system."""
        make_command(bin_folder)
        (bin_folder / "deadlinecommand").write_bytes(b"\x7fELF and no more")

        with pytest.raises(proxy.ProxyError, match="deadlinecommand cannot be started: "):
            proxy.load("flowpipe_client")

    def test_it_gets_nothing_of_the_hosts_python(self, proxy, bin_folder, tmp_path, monkeypatch):
        """A host's PYTHONHOME ends any other Python."""
        (tmp_path / "a.py").touch()
        for name in proxy.HOST_VARIABLES:
            monkeypatch.setenv(name, "/the/hosts")
        make_command(bin_folder, f"env > '{tmp_path}/env'", f"echo '{tmp_path}/a.py'")

        proxy.find_file("a.py")

        assert "/the/hosts" not in (tmp_path / "env").read_text()

    def test_one_that_hangs_is_ended(self, proxy, farm):
        """The host goes on, and the next click may work."""
        farm.set_faults({"on": "GetRepositoryFilePath", "do": "hang"})

        with pytest.raises(proxy.ProxyError, match=r"did not answer within 0.5 seconds. See that Deadline works"):
            proxy.load("flowpipe_client", timeout=0.5)

        assert proxy.load("flowpipe_client").FORMAT == 1

    def test_what_it_has_started_is_ended_as_well(self, proxy, bin_folder, tmp_path):
        """A start script leaves the real program behind, which holds the pipes open."""
        make_command(bin_folder, f"sleep 4711.25 & echo $! > '{tmp_path}/pid'", "wait")

        with pytest.raises(proxy.ProxyError, match="did not answer"):
            proxy.load("flowpipe_client", timeout=0.5)

        assert has_ended(int((tmp_path / "pid").read_text()))

    @pytest.mark.skipif(shutil.which("setsid") is None, reason="this system has no setsid")
    def test_what_has_left_its_group_is_not_waited_for(self, proxy, bin_folder, tmp_path):
        """A service, for instance, that deadlinecommand starts where it is not running."""
        make_command(bin_folder, f"setsid sleep 4711.25 & echo $! > '{tmp_path}/pid'", "sleep 4711.25")

        with pytest.raises(proxy.ProxyError, match="did not answer"):
            proxy.load("flowpipe_client", timeout=0.5)

        service = psutil.Process(int((tmp_path / "pid").read_text()))
        assert service.status() == psutil.STATUS_SLEEPING
        service.kill()


def has_ended(pid):
    """Whether the process ends; an init process may be slow to take its remains away."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False
