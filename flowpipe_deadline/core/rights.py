"""Who may write: what is made in a folder gets the rights of that folder, whatever the user's group and umask are.

Everybody who works on a bundle is somebody else: the artist who submits it, the farm that writes results, the wrangler
who cancels it. Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path


def make_folder(path: Path, *, with_parents: bool = True) -> None:
    """Makes the folder, and those above it that are missing, each with the rights of the one that it is in.

    Raises:
        OSError: It cannot be made, or is a file.
    """
    try:
        path.mkdir()
    except FileNotFoundError:
        if not with_parents or path == path.parent:  # A drive of Windows that is not there, or what takes no folders.
            raise
        make_folder(path.parent)
        make_folder(path, with_parents=False)
    except FileExistsError:
        if not path.is_dir():
            raise
    else:
        share(path)


def try_to_write(folder: Path) -> None:
    """Makes a folder in this one, and removes it: what can be made here can be replaced. No file has to be opened.

    Raises:
        OSError: It cannot be made.
    """
    probe = folder / f".probe-{os.urandom(6).hex()}"
    probe.mkdir()
    probe.rmdir()


def share(path: Path) -> None:
    """Gives a new file or folder of this user's the rights of the folder that it is in, as far as the system lets us.

    What the folder lets its group do, that group may do here; what it lets others do, all may do. From a folder with
    the sticky bit, where each has what is his own, others get nothing. Nothing is taken away, nothing is done
    where ACLs say who may do what, and nothing on Windows, where rights are inherited.
    """
    if os.name == "nt":
        return
    with contextlib.suppress(OSError):
        folder = os.stat(path.parent)
        if not _has_acl(path.parent):
            _take_rights(path, folder)


def keep_from_others(path: Path, *, root: Path) -> None:
    """Gives a new file or folder to this user and the root's group, and to nobody else: it holds variables of jobs.

    Where all may write below the root, nobody there needs a group, so it stays as it is, and as open as the root.
    """
    if os.name == "nt":
        return
    with contextlib.suppress(OSError):
        top, own = os.stat(root), os.stat(path)
        if lets_all_write(top.st_mode):
            return
        mode = stat.S_IMODE(own.st_mode) & ~0o007
        if own.st_gid != top.st_gid and not _has_acl(path):
            mode &= ~0o070
            with contextlib.suppress(OSError):  # This user is not in that group.
                if not _has_acl(root):
                    os.chown(path, -1, top.st_gid)
                    mode |= top.st_mode & mode >> 3 & 0o070 | (stat.S_ISGID if stat.S_ISDIR(own.st_mode) else 0)
        os.chmod(path, mode)


def lets_all_write(mode: int) -> bool:
    """Whether all may write in a folder of that mode, and replace what others have written there."""
    return bool(mode & 0o002) and not mode & stat.S_ISVTX


def _take_rights(path: Path, folder: os.stat_result) -> None:
    own = os.stat(path)
    mode = stat.S_IMODE(own.st_mode)
    others = 0 if folder.st_mode & stat.S_ISVTX else folder.st_mode & 0o007
    group = folder.st_mode >> 3 & 0o007
    is_of_group = own.st_gid == folder.st_gid
    if not is_of_group and group & ~others:
        with contextlib.suppress(OSError):  # This user is not in that group.
            os.chown(path, -1, folder.st_gid)
            is_of_group, mode = True, mode & ~0o070  # What the other group might do is not this one's.
    given = (group if is_of_group else others) << 3 | others
    mode |= given & (mode >> 6 & 0o007) * 0o11  # No more than the owner may do.
    if is_of_group and stat.S_ISDIR(own.st_mode) and mode & 0o020:
        mode |= stat.S_ISGID  # What others make in it is the group's too.
    if mode != stat.S_IMODE(own.st_mode):
        os.chmod(path, mode)


def reason_with_remedy(error: OSError, folder: Path) -> str:
    """Why this user could not write into the folder, and what to do about it."""
    reason = error.strerror or str(error)
    if error.errno not in (errno.EACCES, errno.EPERM):
        return reason
    while not os.path.lexists(folder) and folder != folder.parent:
        folder = folder.parent
    if os.name == "nt":
        return f"{reason}; let the user {user_name()} change {folder} and all that is in it"
    try:
        rights = describe(folder)
    except OSError:
        return f"{reason}; let the user {user_name()} into {folder}"
    return (
        f"{reason}; this is the user {user_name()}, and {folder} is of {rights}; its owner lets the group write by"
        f"  chmod -R g+rwX '{folder}'  and gives it to another group by  chgrp -R GROUP '{folder}'"
    )


def only_writer(folder: Path) -> str | None:
    """The owner's name, if nobody else may write in this folder of this user's; None if others may, or nobody knows.

    Shares such as SMB make up a mode, and do not keep another, or refuse it.
    """
    if os.name == "nt" or _has_acl(folder):
        return None
    found = os.stat(folder)
    mode = stat.S_IMODE(found.st_mode)
    if mode & 0o002 or (mode & 0o020 and found.st_gid == os.stat(folder.parent).st_gid):
        return None
    with contextlib.suppress(OSError):
        os.chmod(folder, mode ^ 0o010)
    return None if stat.S_IMODE(os.stat(folder).st_mode) == mode else user_name(found.st_uid)


def describe(folder: Path) -> str:
    """Whose a folder is, and what it lets others do: ``anna, group artists, drwxr-xr-x``."""
    found = os.stat(folder)
    return f"{user_name(found.st_uid)}, group {group_name(found.st_gid)}, {stat.filemode(found.st_mode)}"


def user_name(number: int | None = None) -> str:
    """The name of the user with that number, by default of this process's; the number where it has no name."""
    if os.name == "nt":
        return os.environ.get("USERNAME", "of this process")
    import pwd  # noqa: PLC0415 (not on Windows)

    number = os.geteuid() if number is None else number
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def group_name(number: int) -> str:
    """The name of the group, or its number."""
    import grp  # noqa: PLC0415 (not on Windows)

    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def _has_acl(folder: Path) -> bool:
    """Whether an ACL says who may do what in the folder; the group's part of the mode is no group's then."""
    try:
        return any(name.startswith("system.posix_acl_") for name in os.listxattr(folder))
    except (AttributeError, OSError):  # Only Linux tells.
        return False
