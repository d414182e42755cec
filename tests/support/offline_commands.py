"""A fake Deadline's ``deadlinecommand``, as a process of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

TIMEOUT = 60.0
JOB_INFO = {"Plugin": "Flowpipe", "Name": "render", "BatchName": "shot", "Frames": "1-10", "ChunkSize": "4"}


def command(deadline, *arguments, faults="", timeout=TIMEOUT) -> subprocess.CompletedProcess:
    """What ``deadlinecommand`` did; ``faults`` are those for this call alone."""
    executable = shutil.which("deadlinecommand", path=str(deadline.bin))
    return subprocess.run(
        [executable, *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
        env={**os.environ, "FLOWPIPE_OFFLINE_FAULTS": faults},
        check=False,
        timeout=timeout,
    )


def output(deadline, *arguments) -> str:
    """What a call printed that has to succeed."""
    result = command(deadline, *arguments)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


def info_files(folder: Path, name="a", **changes) -> tuple[Path, Path]:
    """A job info and a plugin info file; a change to None leaves the key out."""
    info = {key: value for key, value in {**JOB_INFO, **changes}.items() if value is not None}
    paths = folder / f"{name}.job", folder / f"{name}.plugin"
    paths[0].write_text("".join(f"{key}={value}\n" for key, value in info.items()), encoding="utf-8")
    paths[1].write_text("Node=render\n", encoding="utf-8")
    return paths
