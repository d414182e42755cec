"""Other users: a superuser acts as one for a while, or starts a process of theirs. They need no name."""

from __future__ import annotations

import codecs
import contextlib
import functools
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import flowpipe
import pytest

import flowpipe_deadline

# What is loaded when it is first needed may be in a folder of the superuser's.
with contextlib.suppress(ImportError):
    import grp  # noqa: F401
    import pwd  # noqa: F401
for encoding in ("ascii", "utf-8-sig"):
    codecs.lookup(encoding)

needs_superuser = pytest.mark.skipif(
    not hasattr(os, "getuid") or os.getuid() != 0, reason="only a superuser can be somebody else"
)


@contextlib.contextmanager
def acting_as(user, *groups, umask=0o022):
    """In the block, this process has the user's rights to files; the first group is the user's own."""
    before = os.getgroups(), os.getegid(), os.geteuid(), os.umask(umask)
    os.setgroups(groups)
    os.setegid(groups[0])
    os.seteuid(user)
    try:
        yield
    finally:
        os.seteuid(before[2])
        os.setegid(before[1])
        os.setgroups(before[0])
        os.umask(before[3])


@contextlib.contextmanager
def folder_of(user, group, mode):
    """A folder that everybody can get to; those of pytest are the superuser's own."""
    outer = Path(tempfile.mkdtemp())
    try:
        outer.chmod(0o755)
        folder = outer / "root"
        folder.mkdir()
        os.chown(folder, user, group)
        folder.chmod(mode)
        yield folder
    finally:
        shutil.rmtree(outer)


def run_as(user, *groups, arguments, umask=0o022, python=None):
    """Runs the evaluator as the user."""
    imports = [Path(flowpipe_deadline.__file__).parents[1], Path(flowpipe.__file__).parents[1], Path(__file__).parent]
    return subprocess.run(
        [python or python_for_all(), "-m", "flowpipe_deadline.evaluator", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(map(str, imports))},
        user=user,
        group=groups[0],
        extra_groups=groups,
        umask=umask,
    )


@functools.lru_cache(maxsize=1)
def python_for_all():
    """An interpreter that other users may run too; the test is skipped without one."""
    for python in (sys.executable, shutil.which("python3", path="/usr/bin:/usr/local/bin")):
        command = [python, "-c", "import sys; sys.exit(sys.version_info < (3, 9))"]
        with contextlib.suppress(OSError, TypeError):
            if subprocess.run(command, user=1199, cwd="/", capture_output=True, check=False).returncode == 0:
                return python
    return pytest.skip("no Python of this machine can be run by other users")


def interrupt(*_):
    """Ctrl+C, at the first look at an offline farm whose workers have not started."""
    raise KeyboardInterrupt
