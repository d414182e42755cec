"""The installer: as a script for a studio, and dropped into Maya by an artist; whole, or not at all."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from maya_product import MODULE, load

INSTALLER = MODULE / "install_in_maya.py"
DESCRIPTION = "flowpipe_deadline.mod"


def run_installer(*arguments, installer=INSTALLER):
    """What the script prints, and how it ends."""
    command = [sys.executable, str(installer), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def installed(folder):
    """The copy that Maya finds, by the description."""
    line = (Path(folder) / DESCRIPTION).read_text()
    return Path(folder) / re.fullmatch(r"\+ flowpipe_deadline 1\.0 (\./flowpipe_deadline-[0-9a-f]{8})\n", line)[1]


def contents(folder):
    """All files, by path."""
    return sorted(path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if path.is_file())


def test_a_td_installs_it_into_a_folder(tmp_path):
    """Which MAYA_MODULE_PATH names."""
    folder = tmp_path / "maya modules (Köln)"

    result = run_installer(folder)

    assert result.returncode == 0, result.stderr
    assert str(folder) in result.stdout
    assert contents(installed(folder)) == [
        "icons/flowpipe_deadline.svg",
        "scripts/flowpipe_proxy.py",
        "scripts/flowpipe_shelf.py",
        "scripts/userSetup.py",
    ]
    assert sorted(os.listdir(folder)) == [installed(folder).name, DESCRIPTION]


def test_installing_again_replaces_the_earlier_copy(tmp_path):
    """And leaves what others have there."""
    (tmp_path / "other.mod").write_text("+ other 1.0 ./flowpipe_deadline-other\n")
    (tmp_path / "flowpipe_deadline-other").mkdir()
    run_installer(tmp_path)
    earlier = installed(tmp_path)
    (earlier / "scripts" / "left.py").write_text("")

    run_installer(tmp_path)

    assert installed(tmp_path) != earlier
    assert sorted(os.listdir(tmp_path)) == sorted(
        [installed(tmp_path).name, "flowpipe_deadline-other", DESCRIPTION, "other.mod"]
    )


@pytest.mark.parametrize("step", ["makedirs", "copyfile", "replace"])
def test_an_error_half_way_leaves_the_earlier_copy_whole(tmp_path, monkeypatch, step):
    """A full disk, say; and nothing of the new one."""
    run_installer(tmp_path)
    before = contents(tmp_path)
    installer = load(INSTALLER)

    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil if step == "copyfile" else os, step, fail)
    with pytest.raises(
        installer.InstallError, match=f"could not be installed in {tmp_path}: .*No space left on device"
    ):
        installer.install(str(tmp_path))

    assert contents(tmp_path) == before


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    """In one sentence, and by the exit code."""
    (tmp_path / "file").write_text("")

    result = run_installer(tmp_path / "file" / "modules")

    assert result.returncode == 1
    assert result.stderr.startswith("Error: flowpipe-deadline could not be installed in ")
    assert "Traceback" not in result.stderr


def test_an_installer_that_was_taken_away_from_its_files_says_so(tmp_path):
    """Artists mail files to each other."""
    alone = shutil.copy(INSTALLER, tmp_path / "install_in_maya.py")

    result = run_installer(tmp_path / "modules", installer=alone)

    assert "flowpipe_proxy.py is missing" in result.stderr
    assert not (tmp_path / "modules").exists()


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_without_a_folder_it_says_what_it_is_for(arguments):
    """And installs nothing."""
    result = run_installer(*arguments)

    assert result.returncode == 2
    assert "drop this file into Maya's window" in result.stderr


def test_an_artist_drops_it_into_maya(maya):
    """The button is there at once, for the installed copy."""
    load(INSTALLER).onMayaDroppedPythonFile("the view under the mouse")

    folder = maya.folder / "maya app" / "modules"
    ((shelf, button),) = maya.buttons()
    assert (shelf, maya.selected) == ("Flowpipe", "Rendering")
    assert button["flags"]["image1"] == (installed(folder) / "icons" / "flowpipe_deadline.svg").as_posix()
    assert maya.dialogs == [(f"Installed in {folder.as_posix()}.\n\nThe button is on the shelf Flowpipe.", ["OK"])]


def test_a_copy_that_is_replaced_while_maya_runs_is_used_at_once(maya):
    """A button stays one button, and its code is the new copy's."""
    load(INSTALLER).onMayaDroppedPythonFile()
    maya.shelves["Custom"].append(maya.shelves["Flowpipe"].pop())

    load(INSTALLER).onMayaDroppedPythonFile()

    copy = installed(maya.folder / "maya app" / "modules")
    assert len(maya.buttons()) == 1
    assert Path(sys.modules["flowpipe_shelf"].__file__) == copy / "scripts" / "flowpipe_shelf.py"
    assert [path for path in sys.path if f"{os.sep}flowpipe_deadline-" in path] == [str(copy / "scripts")]
    assert maya.dialogs[-1][0].endswith("The button is on the shelf Custom.")


def test_a_running_maya_has_no_need_of_its_copy(maya, tmp_path, monkeypatch):
    """An update of the studio's module removes it, before the first click."""
    installer = load(INSTALLER)
    copy = installer.install(str(tmp_path / "modules"))
    installer.use(copy)
    monkeypatch.setenv("FLOWPIPE_DEADLINE_CLIENT", str(tmp_path))

    installer.install(str(tmp_path / "modules"))
    maya.click(maya.buttons()[0][1])

    assert not os.path.exists(copy)
    assert maya.dialogs[-1][0].startswith(f"{tmp_path} has no flowpipe_client.py; ")


def test_a_maya_folder_that_cannot_be_written_is_told_in_a_dialog(maya):
    """And no button is made, which would do nothing."""
    (maya.folder / "maya app").write_text("")

    load(INSTALLER).onMayaDroppedPythonFile()

    assert "could not be installed in " in maya.dialogs[0][0]
    assert maya.buttons() == []


def test_a_copy_of_a_read_only_repository_can_be_replaced(tmp_path):
    """Copies do not take over the rights of files and folders."""
    source = shutil.copytree(MODULE.parent, tmp_path / "repository")
    for path in source.rglob("*"):
        path.chmod(stat.S_IREAD | stat.S_IEXEC)

    result = run_installer(tmp_path / "modules", installer=source / "Maya" / INSTALLER.name)

    assert result.returncode == 0, result.stderr
    copies = list(installed(tmp_path / "modules").rglob("*"))
    assert all(path.stat().st_mode & stat.S_IWRITE for path in copies)
