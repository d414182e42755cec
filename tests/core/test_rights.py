"""Who may write what is made below a root: those who may write the root."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from other_users import acting_as, folder_of, needs_superuser

from flowpipe_deadline.core.files import write_whole
from flowpipe_deadline.core.rights import keep_from_others, make_folder, reason_with_remedy, share

ARTIST, GROUP, OTHER_GROUP = 1101, 1200, 1101

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")


def mode_of(path):
    """As ``ls`` shows it, with the number of the group."""
    found = path.stat()
    return f"{stat.filemode(found.st_mode)} {found.st_gid}"


@needs_superuser
@pytest.mark.parametrize(
    ("root", "umask", "folder", "file"),
    [
        pytest.param(0o2775, 0o022, "drwxrwsr-x 1200", "-rw-rw-r-- 1200", id="the group's"),
        pytest.param(0o2775, 0o077, "drwxrwsr-x 1200", "-rw-rw-r-- 1200", id="the group's, of a careful user"),
        pytest.param(0o2770, 0o027, "drwxrws--- 1200", "-rw-rw---- 1200", id="the group's only"),
        pytest.param(0o775, 0o027, "drwxrwsr-x 1200", "-rw-rw-r-- 1200", id="without setgid"),
        pytest.param(0o755, 0o077, "drwxr-xr-x 1101", "-rw-r--r-- 1101", id="its owner's, for others to read"),
        pytest.param(0o755, 0o022, "drwxr-xr-x 1101", "-rw-r--r-- 1101", id="its owner's"),
        pytest.param(0o777, 0o022, "drwxrwsrwx 1101", "-rw-rw-rw- 1101", id="everybody's"),
        pytest.param(0o1777, 0o077, "drwxrws--- 1200", "-rw-rw---- 1200", id="each his own, shared with the group"),
        pytest.param(0o1755, 0o077, "drwxr-x--- 1200", "-rw-r----- 1200", id="each his own"),
        pytest.param(0o750, 0o027, "drwxr-x--- 1200", "-rw-r----- 1200", id="its owner's, for the group to read"),
        pytest.param(0o755, 0o002, "drwxrwsr-x 1101", "-rw-rw-r-- 1101", id="its owner's, with another group's"),
    ],
)
def test_what_is_made_has_the_rights_of_the_root(root, umask, folder, file):
    """Whatever the umask; also several folders deep, and where a file is replaced."""
    with folder_of(ARTIST, GROUP, root) as top, acting_as(ARTIST, OTHER_GROUP, GROUP, umask=umask):
        make_folder(top / "bundle" / "results")
        write_whole(top / "bundle" / "results" / "whole.json", b"1")
        write_whole(top / "bundle" / "results" / "whole.json", b"2")

        assert mode_of(top / "bundle" / "results") == folder
        assert mode_of(top / "bundle" / "results" / "whole.json") == file


@needs_superuser
@pytest.mark.parametrize(
    ("root", "folder"),
    [
        pytest.param(0o775, "drwxr-xr-x 1101", id="the group's"),
        pytest.param(0o777, "drwxrwxrwx 1101", id="everybody's"),
        pytest.param(0o1777, "drwx------ 1101", id="each his own, as the temporary folder"),
    ],
)
def test_the_group_of_a_user_who_is_not_in_the_roots_gets_no_more_than_others(root, folder):
    """It is another group than the one that may write the root."""
    with folder_of(ARTIST, GROUP, root) as top, acting_as(ARTIST, OTHER_GROUP, umask=0o077):
        make_folder(top / "bundle")

        assert mode_of(top / "bundle") == folder


@needs_superuser
@pytest.mark.skipif(shutil.which("setfacl") is None, reason="there is no setfacl on this machine")
@pytest.mark.parametrize("entries", ["d:u::rwx,d:g::r-x,d:g:1300:rwx,d:o::---", "g:1300:rwx"])
def test_acls_decide_where_there_are_any(entries):
    """A mode would extend what they grant: its part for the group is their mask."""
    with folder_of(ARTIST, GROUP, 0o755) as top:
        if subprocess.run(["setfacl", "-m", entries, top], capture_output=True, check=False).returncode:
            pytest.skip("this file system has no ACLs")
        with acting_as(ARTIST, OTHER_GROUP, GROUP, umask=0o027):
            (top / "plain").mkdir()
            make_folder(top / "made")

        assert mode_of(top / "made") == mode_of(top / "plain")
        commands = [["getfacl", "-c", top / name] for name in ("made", "plain")]
        made, plain = (subprocess.run(command, capture_output=True, check=True).stdout for command in commands)
        assert made == plain


@needs_superuser
@pytest.mark.parametrize(
    ("root", "groups", "folder", "file"),
    [
        pytest.param(0o2775, (OTHER_GROUP, GROUP), "drwxrws--- 1200", "-rw-rw---- 1200", id="the group's"),
        pytest.param(0o755, (OTHER_GROUP, GROUP), "drwxr-s--- 1200", "-rw-r----- 1200", id="the group reads it"),
        pytest.param(0o755, (GROUP,), "drwxr-x--- 1200", "-rw-r----- 1200", id="the artist's first group"),
        pytest.param(0o1777, (OTHER_GROUP,), "drwx------ 1101", "-rw------- 1101", id="another group's"),
        pytest.param(0o777, (OTHER_GROUP,), "drwxrwsrwx 1101", "-rw-rw-rw- 1101", id="everybody's"),
    ],
)
def test_what_holds_variables_is_kept_from_others(root, groups, folder, file):
    """Unless all may write below the root, whatever the umask; also what is made in such a folder later."""
    with folder_of(ARTIST, GROUP, root) as top, acting_as(ARTIST, *groups, umask=0o022):
        make_folder(top / "bundle")
        make_folder(top / "bundle" / "jobs")
        keep_from_others(top / "bundle" / "jobs", root=top)
        write_whole(top / "bundle" / "jobs" / "job", b"1")
        keep_from_others(top / "bundle" / "jobs" / "job", root=top)

        assert mode_of(top / "bundle" / "jobs") == folder
        assert mode_of(top / "bundle" / "jobs" / "job") == file


@needs_superuser
@pytest.mark.skipif(shutil.which("setfacl") is None, reason="there is no setfacl on this machine")
def test_an_acl_loses_what_it_gives_to_others():
    """And nothing else: whom it names, it names."""
    with folder_of(ARTIST, GROUP, 0o755) as top:
        command = ["setfacl", "-m", "d:u::rwx,d:g::r-x,d:g:1300:rwx,d:o::r-x", top]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("this file system has no ACLs")
        with acting_as(ARTIST, OTHER_GROUP, GROUP):
            make_folder(top / "jobs")
            keep_from_others(top / "jobs", root=top)

        told = subprocess.run(["getfacl", "-cE", top / "jobs"], capture_output=True, check=True, text=True).stdout
        own = [line for line in told.split() if not line.startswith("default:")]
        assert own == ["user::rwx", "group::r-x", "group:1300:rwx", "mask::rwx", "other::---"]


def test_a_system_that_refuses_harms_nobody(tmp_path, monkeypatch):
    """A share may know neither groups nor modes."""

    def refuse(*_):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    tmp_path.chmod(0o2777)
    monkeypatch.setattr(os, "chmod", refuse)
    monkeypatch.setattr(os, "chown", refuse)

    make_folder(tmp_path / "a" / "b")
    write_whole(tmp_path / "a" / "b" / "file", b"1")
    share(tmp_path / "nothing")
    keep_from_others(tmp_path / "a", root=tmp_path)

    assert (tmp_path / "a" / "b" / "file").read_bytes() == b"1"


def test_a_folder_that_is_a_file_is_an_error(tmp_path):
    """And one that is there already is not."""
    make_folder(tmp_path)
    (tmp_path / "file").touch()

    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OSError, match=r"File exists|Not a directory"):
            make_folder(path)


@needs_superuser
def test_the_reason_names_user_folder_and_remedy():
    """Of the nearest folder that there is, also for users and groups without a name."""
    denied, full = PermissionError(errno.EACCES, "Permission denied"), OSError(errno.ENOSPC, "No space left on device")
    with folder_of(ARTIST, GROUP, 0o2755) as top, acting_as(1102, 1102):
        reason = reason_with_remedy(denied, top / "results" / "render")

        assert reason == (
            f"Permission denied; this is the user 1102, and {top} is of 1101, group 1200, drwxr-sr-x; its owner lets"
            f" the group write by  chmod -R g+rwX '{top}'  and gives it to another group by  chgrp -R GROUP '{top}'"
        )
        assert reason_with_remedy(full, top) == "No space left on device"


@needs_superuser
def test_the_reason_names_the_link_that_leads_where_the_user_may_not_look():
    """Whose the folder behind it is, the user cannot tell."""
    denied = PermissionError(errno.EACCES, "Permission denied")
    with folder_of(ARTIST, GROUP, 0o700) as top:
        link = top.parent / "link"
        link.symlink_to(top / "bundle")
        (top / "bundle").mkdir()
        with acting_as(1102, 1102):
            assert reason_with_remedy(denied, link) == f"Permission denied; let the user 1102 into {link}"


def test_a_drive_that_is_not_there_is_an_error(monkeypatch):
    """Windows finds neither the folder nor the drive itself."""

    def fail(path):
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", str(path))

    monkeypatch.setattr(Path, "mkdir", fail)

    with pytest.raises(FileNotFoundError):
        make_folder(Path("/show/bundle"))


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="this system has no /proc")
def test_a_file_system_without_new_folders_is_an_error():
    """Linux says so as if the folder above were missing."""
    with pytest.raises(FileNotFoundError, match="/proc/flowpipe"):
        make_folder(Path("/proc/flowpipe/bundle"))
