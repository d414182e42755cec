"""Upgrades or uninstalls again and again, with a fault at each step that touches the disk: ``ACT FAULT FOLDER``.

ACT is ``upgrade`` or ``uninstall``; FAULT is ``killed``, ``interrupted`` (Ctrl+C) or ``full disk``. Prints, as JSON,
how many steps there were, and what was not as it should be afterwards.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path

from flowpipe_deadline.installation.contents import Contents
from flowpipe_deadline.installation.install import install, uninstall
from flowpipe_deadline.installation.record import InstallationError

PLUGIN = "plugins/Flowpipe"
RECORD = f"{PLUGIN}/installed.json"
ON_DISK = ("open", "os.chmod", "os.link", "os.listdir", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.utime")
EDITED = b"edited"
KILLED, STOPPED, DONE = "killed", "stopped", "done"


def contents(version, *paths):
    """A version, with these files besides those that each has."""
    names = ("Flowpipe.py", "Flowpipe.param", "boot.py")
    files = {path: f"{path} {version}".encode() for path in (*(f"{PLUGIN}/{name}" for name in names), *paths)}
    return Contents(version=version, packages={}, files=files)


OLD = contents("1.0", "scripts/Jobs/Old.py")
NEW = contents("2.0", "submission/Flowpipe/Main/New.py")
NEWER = contents("3.0", "scripts/Submission/Newer.py")


def make_repository(folder):
    """A repository with the old version in it, edited by a studio."""
    folder.mkdir()
    install(folder, contents=OLD)
    for name in ("Flowpipe.param", "boot.py"):
        (folder / "custom" / PLUGIN / name).write_bytes(EDITED)


def snapshot(folder):
    """The files of a repository that anybody would read, by path; the record without its list of folders."""
    custom = folder / "custom"
    paths = {path.relative_to(custom).as_posix(): path for path in custom.rglob("*") if path.is_file()}
    files = {name: path.read_bytes() for name, path in paths.items() if not path.name.startswith(".")}
    if RECORD in files:  # An empty folder that could not be removed is forgotten.
        files[RECORD] = {**json.loads(files[RECORD]), "folders": None}
    return files


def act(name, repository, version):
    """Brings that version, or takes out what is there."""
    if name == "uninstall":
        uninstall(repository)
    else:
        install(repository, contents=version, overwrite_edited=True)


def act_with_fault(name, repository, *, fault, step):
    """How it ended when it met the fault at this step."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        return KILLED if os.WIFSIGNALED(status) else (DONE, STOPPED)[os.WEXITSTATUS(status)]
    steps = 0

    def watch(event, _):
        nonlocal steps
        steps += event in ON_DISK
        if steps == step and event in ON_DISK:
            steps += 1
            if fault == "full disk":
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.kill(os.getpid(), signal.SIGKILL if fault == "killed" else signal.SIGINT)

    sys.addaudithook(watch)
    try:
        act(name, repository, NEW)
    except (InstallationError, OSError, KeyboardInterrupt):
        os._exit(1)
    os._exit(0 if steps < step else 1)


def let_time_pass(repository):
    """A minute, for the files that it left: what a dead process was about to remove is not waited for."""
    then = time.time() - 60
    for path in (repository / "custom").rglob(".*"):
        os.utime(path, (then, then))


def problems_after(repository, end, *, before, after):
    """What is not as it should be, in words."""
    now = snapshot(repository)
    if end == STOPPED and now not in (before, after):
        yield "neither as before nor complete"
    for name in {*before, *after, *now} - {RECORD}:
        if now.get(name) not in (before.get(name), after.get(name)):
            yield f"{name} is neither old nor new"
    if EDITED not in (now[f"{PLUGIN}/boot.py"], now.get(f"{PLUGIN}/boot.py.edited")):
        yield "what the studio edited is lost"


def problems_of_next(name, repository, version, *, expected):
    """What the next try does not put right, in words."""
    with contextlib.suppress(InstallationError):  # Everything may be uninstalled already.
        act(name, repository, version)
    if snapshot(repository) != expected:
        yield "the next try does not complete it"
    hidden = [path.name for path in (repository / "custom").rglob(".*")]
    if hidden:
        yield f"left behind: {hidden}"


def main():
    """Goes through all steps."""
    name, fault, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    make_repository(folder / "template")
    before = snapshot(folder / "template")
    expected = {}
    for version in (NEW, NEWER):
        shutil.copytree(folder / "template", folder / version.version)
        act(name, folder / version.version, version)
        expected[version.version] = snapshot(folder / version.version)
    step, problems = 0, []
    while True:
        step += 1
        repository = folder / str(step)
        shutil.copytree(folder / "template", repository)
        end = act_with_fault(name, repository, fault=fault, step=step)
        if end == DONE:
            break
        if end == KILLED and name == "upgrade":  # The other act shows that a new one is waited for.
            let_time_pass(repository)
        version = NEWER if step % 2 else NEW
        found = [
            *problems_after(repository, end, before=before, after=expected[NEW.version]),
            *problems_of_next(name, repository, version, expected=expected[version.version]),
        ]
        problems += [f"step {step}: {problem}" for problem in found]
    print(json.dumps({"steps": step - 1, "problems": problems}))


if __name__ == "__main__":
    main()
