"""Where a path lies: on a disk of this machine, or on a share that other machines may see too."""

from __future__ import annotations

import ntpath
import os
import posixpath
import re
import sys
import tempfile
from dataclasses import dataclass
from typing import Literal

import psutil

Place = Literal["local", "network", "unknown"]

# Other types may be either: folders shared with virtual machines, drivers of vendors, unions.
_LOCAL_TYPES = frozenset(
    (
        *("apfs", "aufs", "bcachefs", "btrfs", "cdfs", "devfs", "devtmpfs", "exfat", "ext2", "ext3", "ext4"),
        *("f2fs", "fat", "fat32", "fuseblk", "hfs", "hfsplus", "iso9660", "jfs", "msdos", "nilfs2", "ntfs"),
        *("ntfs3", "overlay", "overlayfs", "ramfs", "refs", "reiserfs", "rootfs", "squashfs", "tmpfs", "udf"),
        *("ufs", "vfat", "xfs", "zfs"),
    )
)
_NETWORK_TYPES = frozenset(
    (
        *("acfs", "afpfs", "afs", "beegfs", "beegfs_nodev", "ceph", "cifs", "coda", "cvfs", "davfs", "gfs2"),
        *("glusterfs", "gpfs", "lizardfs", "lustre", "mfs", "mmfs", "moosefs", "ncpfs", "nfs", "nfs3", "nfs4"),
        *("ocfs2", "orangefs", "panfs", "pvfs2", "quobyte", "smb", "smb2", "smb3", "smbfs", "snfs", "sshfs"),
        *("webdav", "wekafs"),
    )
)
_FUSE_NETWORK_TYPES = frozenset(
    (
        *("beegfs", "ceph", "ceph-fuse", "cvmfs2", "davfs", "gcsfuse", "gfarm2fs", "glusterfs", "goofys"),
        *("juicefs", "lizardfs", "mfs", "moosefs", "rclone", "s3fs", "seaweedfs", "smbnetfs", "sshfs"),
    )
)
_WINDOWS = "win32"
_LONG_PREFIX = re.compile(r"^\\\\\?\\(UNC\\)?", re.IGNORECASE)
_OWN_HOST = re.compile(r"\\\\(localhost|127\.0\.0\.1|wsl\$|wsl\.localhost|\.)(\\|$)", re.IGNORECASE)


@dataclass(frozen=True)
class Mount:
    """A file system, and the folder where it appears."""

    folder: str
    kind: str
    """Its type, by the system's name: ``ext4``, ``nfs4``, ``NTFS``."""
    options: tuple[str, ...] = ()
    """On Windows they include the kind of drive: ``fixed``, ``removable``, ``remote``, …"""


@dataclass(frozen=True)
class Storage:
    """Where a path lies, and what is known of the file system there."""

    place: Place
    text: str
    """For people: ``ext4 at /``."""


@dataclass(frozen=True)
class Mounts:
    """All file systems of a machine."""

    mounts: tuple[Mount, ...]
    """In the order in which they were mounted: a later one hides an earlier one in the same folder."""
    system: str
    """As in ``sys.platform``: ``linux``, ``darwin``, ``win32``."""
    temporary: str | None = None
    """The folder for temporary files. It is local, unless its file system is known to be a network's."""

    def storage(self, path: str) -> Storage:
        """Where the path lies, a full path without symbolic links.

        >>> mounts = Mounts((Mount("/", "ext4"), Mount("/mnt/show", "nfs4")), system="linux")
        >>> mounts.storage("/mnt/show/farm")
        Storage(place='network', text='nfs4 at /mnt/show')
        """
        if self.system == _WINDOWS and self._plain(path).startswith("\\\\"):
            return _share(path)
        mount = self._mount_of(path)
        storage = Storage("unknown", "an unknown file system") if mount is None else self._mounted(mount)
        if storage.place == "unknown" and self.temporary is not None and self._is_within(path, self.temporary):
            return Storage("local", "the folder for temporary files")
        return storage

    def _mount_of(self, path: str) -> Mount | None:
        """The innermost file system that holds the path; the last of several in one folder."""
        holding = [mount for mount in reversed(self.mounts) if self._is_within(path, mount.folder)]
        return max(holding, key=lambda mount: len(self._plain(mount.folder)), default=None)

    def _mounted(self, mount: Mount) -> Storage:
        text = f"{mount.kind or 'a file system'} at {mount.folder}"
        kind = mount.kind.lower()
        driver = kind[len("fuse.") :] if kind.startswith("fuse.") else None
        if kind in _NETWORK_TYPES or driver in _FUSE_NETWORK_TYPES:
            return Storage("network", text)
        if self.system == _WINDOWS and "remote" in mount.options:
            return Storage("network", text)
        return Storage("local" if kind in _LOCAL_TYPES else "unknown", text)

    def _is_within(self, path: str, folder: str) -> bool:
        separator = "\\" if self.system == _WINDOWS else "/"
        return f"{self._plain(path)}{separator}".startswith(f"{self._plain(folder)}{separator}")

    def _plain(self, path: str) -> str:
        """The path in a form in which two can be compared; the top folder is an empty text."""
        if self.system == _WINDOWS:
            return ntpath.normpath(_without_long_prefix(path.replace("/", "\\"))).casefold().rstrip("\\")
        path = "/" + posixpath.normpath(path).strip("/")
        return (path.casefold() if self.system == "darwin" else path).rstrip("/")


def read_mounts() -> Mounts:
    """The file systems of this machine; empty where the system does not tell."""
    try:
        partitions = psutil.disk_partitions(all=True)
    except (OSError, psutil.Error):
        partitions = []
    return Mounts(
        mounts=tuple(Mount(part.mountpoint, part.fstype, tuple(part.opts.split(","))) for part in partitions),
        system=sys.platform,
        temporary=os.path.realpath(tempfile.gettempdir()),
    )


def _share(path: str) -> Storage:
    r"""Where a path like ``\\server\share`` lies; every machine takes ``localhost`` for itself."""
    plain = _without_long_prefix(path.replace("/", "\\"))
    share = ntpath.splitdrive(plain)[0]
    return Storage("local" if _OWN_HOST.match(plain) else "network", f"the share {share}")


def _without_long_prefix(path: str) -> str:
    r"""The path without ``\\?\``, which only says that it may be long."""
    return _LONG_PREFIX.sub(lambda match: "\\\\" if match[1] else "", path)
