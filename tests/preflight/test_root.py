"""Whether bundles can be written below a root, and seen by other machines."""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
from pathlib import Path

import pytest
from other_users import acting_as, folder_of, needs_superuser

from flowpipe_deadline.core.rights import user_name
from flowpipe_deadline.core.warnings import WarningKind
from flowpipe_deadline.preflight.check import raise_errors
from flowpipe_deadline.preflight.root import RootInfo, read_root_info, root_warnings
from flowpipe_deadline.preflight.storage import Mount, Mounts, Storage

SHARED = Mounts((Mount("/", "nfs4"),), system="linux")
SHARE = Storage("network", "nfs4 at /mnt/show")


def facts(**changes):
    """Those of a root with which nothing is wrong."""
    return RootInfo(**{"path": "/mnt/show", "error": None, "storage": SHARE, "free_bytes": 10**12, **changes})


def everything_below(folder):
    """All files and folders below this one."""
    return sorted(str(path) for path in Path(folder).rglob("*"))


@pytest.mark.parametrize("name", [".", "new", "new/and/deeper"])
def test_a_root_is_tried_and_left_as_it_was(tmp_path, name):
    """Whether it exists or has to be created."""
    (tmp_path / "file").touch()

    found = read_root_info(tmp_path / name, mounts=SHARED)

    assert found.error is None
    assert found.path == str(tmp_path / name)
    assert found.free_bytes > 0
    assert everything_below(tmp_path) == [str(tmp_path / "file")]


def test_a_relative_root_means_the_current_folder(tmp_path, monkeypatch):
    """As writing the bundle takes it."""
    monkeypatch.chdir(tmp_path)

    assert read_root_info("farm", mounts=SHARED).path == str(tmp_path / "farm")


@pytest.mark.parametrize(
    ("root", "reason"),
    [
        pytest.param("file", "Not a directory", id="a file"),
        pytest.param("file/below", "Not a directory", id="below a file"),
        pytest.param("dangling", "No such file", id="a link to nowhere"),
        pytest.param("x" * 300, "name too long", id="a name too long"),
        pytest.param("nul\0", "NUL", id="a NUL in the name"),
        pytest.param("/sys/farm", "not permitted|denied|Read-only", id="a folder that takes none"),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="the words are those of Linux")
def test_a_root_that_cannot_be_written_is_told(tmp_path, root, reason):
    """With the system's own reason; nothing is left behind."""
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    before = everything_below(tmp_path)

    found = read_root_info(os.path.join(tmp_path, root), mounts=SHARED)

    [warning] = [warning for warning in root_warnings(found) if warning.kind is WarningKind.UNUSABLE_ROOT]
    assert warning.severity == "error"
    assert re.search(reason, warning.text)
    assert everything_below(tmp_path) == before


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="a superuser may write anywhere")
def test_a_folder_without_permission_is_told(tmp_path):
    """The nearest existing folder decides."""
    tmp_path.chmod(0o500)

    found = read_root_info(tmp_path / "new")
    tmp_path.chmod(0o700)

    assert found.error == f"Permission denied (tried in {tmp_path})"


@pytest.mark.skipif(os.name == "nt", reason="it is a path there")
@pytest.mark.parametrize("root", ["P:\\farm", "P:/farm", "\\\\server\\farm"])
def test_a_path_of_windows_elsewhere_is_told(root):
    """It would be a folder of that name beside the script."""
    found = read_root_info(root, mounts=SHARED)

    assert (found.path, found.error) == (root, "it is a path of Windows, and this is another system")


def test_a_home_of_nobody_is_told():
    """The path that was meant cannot be known."""
    assert "home" in read_root_info("~nobody-of-that-name/farm").error


def test_a_link_is_where_it_leads_to(tmp_path):
    """A folder on a disk may be a link to a share."""
    share = tmp_path / "share"
    share.mkdir()
    (tmp_path / "link").symlink_to(share)
    mounts = Mounts((Mount("/", "ext4"), Mount(str(share), "nfs")), system="linux")

    assert read_root_info(tmp_path / "link" / "farm", mounts=mounts).storage.place == "network"
    assert read_root_info(tmp_path / "farm", mounts=mounts).storage.place == "local"


def test_a_good_root_is_worth_no_word():
    """On a share, writable, with room."""
    assert list(root_warnings(facts())) == []
    assert list(root_warnings(facts(storage=Storage("unknown", "9p at /"), free_bytes=None))) == []


@pytest.fixture
def share(tmp_path):
    """A root on a share, which its group may write; made with the usual umask."""
    before = os.umask(0o022)
    tmp_path.chmod(0o2775)
    yield tmp_path
    os.umask(before)


def told(root):
    """The text of the warning that only one user could write below the root; None without one."""
    warnings = list(root_warnings(read_root_info(root, mounts=SHARED)))
    return next((warning.text for warning in warnings if warning.kind is WarningKind.PRIVATE_ROOT), None)


@pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")
@pytest.mark.parametrize("mode", [0o2775, 0o775, 0o770, 0o777, 0o3775], ids=oct)
def test_a_root_that_others_may_write_is_fine(share, mode):
    """Those of its group, or everybody."""
    share.chmod(mode)

    assert told(share) is None
    assert told(share / "new") is None


@pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")
@pytest.mark.parametrize("mode", [0o755, 0o2755, 0o700, 0o1757], ids=oct)
def test_a_root_that_only_its_owner_may_write_is_told(share, mode):
    """A farm user of another name could not write a result; with the sticky bit, the others have no part in it."""
    share.chmod(mode)

    text = told(share)

    assert f"below the root {share} only {user_name()} (" in text
    assert stat.filemode(share.stat().st_mode) in text
    assert "only" in told(share / "new")


@needs_superuser
@pytest.mark.parametrize("mode", [0o3777, 0o1777], ids=oct)
def test_a_group_that_the_user_is_not_in_is_told(mode):
    """What the user makes below the root is not the group's, and others have no part in it with the sticky bit."""
    with folder_of(1100, 1200, mode) as root:
        with acting_as(1101, 1101):
            assert "only 1101 (1100, group 1200, drwxrw" in told(root)
        with acting_as(1101, 1101, 1200):
            assert told(root) is None


def test_a_local_root_is_not_asked_who_may_write_there(tmp_path):
    """Nor is one of which nobody knows whether it is a share."""
    tmp_path.chmod(0o755)

    for place in ("local", "unknown"):
        info = facts(storage=Storage(place, "9p at /"), only_writer="anna (anna, group users, drwxr-xr-x)")
        assert WarningKind.PRIVATE_ROOT not in {warning.kind for warning in root_warnings(info)}


def refuse(*_):
    """As a system does that has no modes."""
    raise PermissionError(errno.EPERM, "Operation not permitted")


@pytest.mark.parametrize("chmod", [lambda *_: None, refuse], ids=["ignores", "refuses"])
def test_a_share_that_makes_up_its_modes_is_not_told(share, monkeypatch, chmod):
    """SMB shows one mode for all files; the server has rights that nobody sees here. Nor is it an error."""
    share.chmod(0o755)
    monkeypatch.setattr(os, "chmod", chmod)

    assert told(share) is None
    assert read_root_info(share, mounts=SHARED).error is None


def test_a_local_root_is_an_error_unless_it_is_allowed():
    """Workers see it where this machine shares it, which nobody here can tell."""
    local = facts(storage=Storage("local", "ext4 at /"))

    [found] = root_warnings(local)
    [allowed] = raise_errors([found], tolerated={WarningKind.LOCAL_ROOT})

    assert (found.kind, found.severity, allowed.severity) == (WarningKind.LOCAL_ROOT, "error", "warning")
    assert "/mnt/show is on this machine (ext4 at /)" in found.text


def test_little_room_is_a_warning():
    """Results would fail one by one."""
    [found] = root_warnings(facts(free_bytes=200_000_000))

    assert (found.kind, found.severity) == (WarningKind.LITTLE_SPACE, "warning")
    assert "only 200.0 MB" in found.text
