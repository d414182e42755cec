r"""Which file system a path lies on, and whether other machines may see it."""

from __future__ import annotations

import sys

import pytest

from flowpipe_deadline.preflight.storage import Mount, Mounts, read_mounts

LINUX = Mounts(
    (
        Mount("/", "ext4"),
        Mount("/proc", "proc"),
        Mount("/boot", "vfat"),
        Mount("/mnt/show", "nfs4"),
        Mount("/mnt/show/scratch", "xfs"),
        Mount("/mnt/win", "cifs"),
        Mount("/mnt/auto", "autofs"),
        Mount("/mnt/auto", "nfs"),
        Mount("/mnt/idle", "autofs"),
        Mount("/mnt/ssh", "fuse.sshfs"),
        Mount("/mnt/union", "fuse.mergerfs"),
        Mount("/mnt/usb", "fuseblk"),
        Mount("/mnt/vm", "9p"),
        Mount("/tmp", "fuse.ignore-of"),
    ),
    system="linux",
    temporary="/tmp",
)
CONTAINER = Mounts((Mount("/", "overlay"), Mount("/farm", "nfs")), system="linux")
MAC = Mounts(
    (
        Mount("/", "apfs"),
        Mount("/System/Volumes/Data", "apfs"),
        Mount("/Volumes/Show", "smbfs"),
        Mount("/Volumes/Home", "nfs"),
        Mount("/Volumes/Stick", "msdos"),
        Mount("/Volumes/Cloud", "macfuse"),
    ),
    system="darwin",
    temporary="/private/var/folders/x",
)
WINDOWS = Mounts(
    (
        Mount("C:\\", "NTFS", ("rw", "fixed")),
        Mount("C:\\mounted\\disk\\", "ReFS", ("rw", "fixed")),
        Mount("D:\\", "", ("cdrom",)),
        Mount("E:\\", "exFAT", ("rw", "removable")),
        Mount("L:\\", "LucidLink", ("rw", "fixed")),
        Mount("P:\\", "NTFS", ("rw", "remote")),
        Mount("Q:\\", "", ("remote",)),
    ),
    system="win32",
    temporary="C:\\Users\\x\\AppData\\Local\\Temp",
)


@pytest.mark.parametrize(
    ("mounts", "path", "place"),
    [
        pytest.param(LINUX, "/home/x", "local", id="a Linux disk"),
        pytest.param(LINUX, "/", "local", id="the top folder"),
        pytest.param(LINUX, "//home/x", "local", id="two slashes are one on Linux"),
        pytest.param(LINUX, "/mnt/show/farm", "network", id="nfs4"),
        pytest.param(LINUX, "/mnt/show", "network", id="the mount's own folder"),
        pytest.param(LINUX, "/mnt/shows", "local", id="a name that only begins alike"),
        pytest.param(LINUX, "/mnt/show/scratch/x", "local", id="a disk inside a share"),
        pytest.param(LINUX, "/mnt/win/x", "network", id="cifs"),
        pytest.param(LINUX, "/mnt/auto/x", "network", id="mounted over its automount"),
        pytest.param(LINUX, "/mnt/idle/x", "unknown", id="an automount that is not mounted"),
        pytest.param(LINUX, "/mnt/ssh/x", "network", id="sshfs"),
        pytest.param(LINUX, "/mnt/union/x", "unknown", id="a union of others"),
        pytest.param(LINUX, "/mnt/usb/x", "local", id="a disk through fuse"),
        pytest.param(LINUX, "/mnt/vm/x", "unknown", id="a folder of a virtual machine's host"),
        pytest.param(LINUX, "/tmp/x", "local", id="temporary files on an unknown file system"),
        pytest.param(CONTAINER, "/root", "local", id="a container's own files"),
        pytest.param(CONTAINER, "/farm/x", "network", id="a share in a container"),
        pytest.param(MAC, "/Users/x", "local", id="a macOS disk"),
        pytest.param(MAC, "/Volumes/Show/x", "network", id="smbfs"),
        pytest.param(MAC, "/volumes/show/x", "network", id="macOS ignores case"),
        pytest.param(MAC, "/Volumes/Home/x", "network", id="nfs on macOS"),
        pytest.param(MAC, "/Volumes/Stick/x", "local", id="a stick"),
        pytest.param(MAC, "/Volumes/Cloud/x", "unknown", id="some driver of a vendor"),
        pytest.param(MAC, "/private/var/folders/x/y", "local", id="temporary files on macOS"),
        pytest.param(WINDOWS, "C:\\farm", "local", id="a Windows disk"),
        pytest.param(WINDOWS, "c:/farm", "local", id="the other slash, the other case"),
        pytest.param(WINDOWS, "\\\\?\\C:\\farm", "local", id="a disk with the prefix of long paths"),
        pytest.param(WINDOWS, "C:\\mounted\\disk\\x", "local", id="a disk in a folder"),
        pytest.param(WINDOWS, "D:\\x", "unknown", id="an empty drive"),
        pytest.param(WINDOWS, "E:\\x", "local", id="a stick on Windows"),
        pytest.param(WINDOWS, "L:\\x", "unknown", id="a vendor's drive that calls itself fixed"),
        pytest.param(WINDOWS, "P:\\show", "network", id="a mapped drive"),
        pytest.param(WINDOWS, "Q:\\show", "network", id="a mapped drive that does not answer"),
        pytest.param(WINDOWS, "Z:\\show", "unknown", id="a drive that is not listed"),
        pytest.param(WINDOWS, "\\\\server\\show\\farm", "network", id="a share"),
        pytest.param(WINDOWS, "//server/show/farm", "network", id="a share with slashes"),
        pytest.param(WINDOWS, "\\\\?\\UNC\\server\\show\\farm", "network", id="a share with the prefix of long paths"),
        pytest.param(WINDOWS, "\\\\localhost\\show\\farm", "local", id="a share that each machine takes for its own"),
        pytest.param(WINDOWS, "\\\\wsl$\\Ubuntu\\home", "local", id="the Linux inside"),
        pytest.param(Mounts((), system="linux"), "/x", "unknown", id="a system that does not tell"),
    ],
)
def test_a_path_is_of_the_file_system_that_holds_it(mounts, path, place):
    """The innermost mount decides, the last one where several share a folder; what is not known is called so."""
    assert mounts.storage(path).place == place


def test_people_are_told_which_file_system_it_is():
    """Type and folder, or the share."""
    assert LINUX.storage("/mnt/show/x").text == "nfs4 at /mnt/show"
    assert WINDOWS.storage("//Server/Show/x").text == "the share \\\\Server\\Show"


@pytest.mark.skipif(sys.platform == "win32", reason="there is no /")
def test_the_mounts_of_this_machine_are_read():
    """At least the top folder is mounted, and temporary files are somewhere."""
    mounts = read_mounts()

    assert "/" in {mount.folder for mount in mounts.mounts}
    assert mounts.system == sys.platform
    assert mounts.temporary is not None
