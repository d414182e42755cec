"""The plugin on a worker: how it unpacks the packages that came with it."""

from __future__ import annotations

import importlib.util
import os
import resource
import shutil
import threading
import zipfile
from contextlib import contextmanager

import pytest

from flowpipe_deadline.core.shipped import shipped_folder
from flowpipe_deadline.offline.standins import sandbox
from flowpipe_deadline.offline.standins.sandbox import Host, Sandbox, SandboxJob, TaskError

THREADS = 8


@pytest.fixture
def archive(tmp_path):
    """An archive with a package in it."""
    path = tmp_path / "packages.zip"
    with zipfile.ZipFile(path, "w") as packages:
        packages.writestr("package/__init__.py", "x = 1\n")
        packages.writestr("package/large.py", "#" * 500_000)
    return path


@pytest.fixture
def plugin_folder(tmp_path, archive):
    """The plugin as a worker has it, with the archive."""
    folder = shutil.copytree(shipped_folder("plugins/Flowpipe"), tmp_path / "plugins" / "job")
    shutil.copy(archive, folder)
    return folder


@pytest.fixture(scope="module")
def unpack_once():
    """The function of the plugin."""
    sandbox.install()
    path = shipped_folder("plugins/Flowpipe") / "Flowpipe.py"
    spec = importlib.util.spec_from_file_location("Flowpipe", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.unpack_once


class Listener(Host):
    """Keeps what the plugin logs."""

    def __init__(self):
        self.lines = []

    def log(self, level, text):
        """One line."""
        self.lines.append(f"{level}: {text}")


def start_job(plugin_folder, jobs_data, **job):
    """What the plugin logs while a job starts."""
    host = Listener()
    config = {"PythonPath": "/td/one;/td/two"}
    directories = {"plugin_directory": str(plugin_folder), "jobs_data_directory": str(jobs_data)}
    loaded = Sandbox("Flowpipe", SandboxJob(config=config, **directories, **job), host)
    try:
        loaded.load()
        loaded.start_job()
    finally:
        loaded.end_job()
        loaded.unload()
    return host.lines


def python_path(lines):
    """The folders that interpreters get, in order."""
    (line,) = [line for line in lines if "Variable PYTHONPATH to" in line]
    return line.partition(" to ")[2].split(os.pathsep)


def contents_of(folder):
    """The files below the folder, by path."""
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_packages_come_between_the_tds_folders_and_the_jobs(plugin_folder, tmp_path):
    """And lie in the job's data folder."""
    jobs_data = tmp_path / "jobsData"

    lines = start_job(plugin_folder, jobs_data, environment={"PYTHONPATH": "/job"})

    (unpacked,) = jobs_data.iterdir()
    assert python_path(lines) == ["/td/one", "/td/two", str(unpacked), "/job"]
    assert contents_of(unpacked) == {"package/__init__.py": "x = 1\n", "package/large.py": "#" * 500_000}


def test_a_plugin_without_packages_is_no_trouble(plugin_folder, tmp_path):
    """For example, because a TD has installed them into the interpreters."""
    (plugin_folder / "packages.zip").unlink()

    lines = start_job(plugin_folder, tmp_path / "jobsData", environment={"PYTHONPATH": "/job"})

    assert python_path(lines) == ["/td/one", "/td/two", "/job"]
    assert not (tmp_path / "jobsData").exists()


def test_a_job_that_is_loaded_again_unpacks_nothing(plugin_folder, tmp_path):
    """The unpacked folder is used."""
    first = python_path(start_job(plugin_folder, tmp_path))[2]
    before = os.stat(first).st_mtime_ns

    second = python_path(start_job(plugin_folder, tmp_path))[2]

    assert (second, os.stat(second).st_mtime_ns) == (first, before)


def test_other_packages_go_into_another_folder(unpack_once, archive, tmp_path):
    """A plugin that was upgraded while its job renders does not change what running tasks import."""
    first = unpack_once(str(archive), str(tmp_path / "data"))
    with zipfile.ZipFile(archive, "a") as packages:
        packages.writestr("more.py", "")

    second = unpack_once(str(archive), str(tmp_path / "data"))

    assert first != second
    assert os.path.isfile(os.path.join(second, "more.py"))


def test_threads_of_one_worker_share_what_one_of_them_unpacked(unpack_once, archive, tmp_path):
    """They run at once, and leave nothing else."""
    data = tmp_path / "data"
    barrier = threading.Barrier(THREADS)
    folders = []

    def unpack():
        barrier.wait()
        folders.append(unpack_once(str(archive), str(data)))

    threads = [threading.Thread(target=unpack) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(folders) == THREADS
    assert len(set(folders)) == 1
    assert [str(path) for path in data.iterdir()] == folders[:1]


def test_a_folder_that_is_not_whole_is_not_used(unpack_once, archive, tmp_path):
    """As after a power failure; a process that still runs from it is not disturbed."""
    broken = unpack_once(str(archive), str(tmp_path / "data"))
    os.truncate(os.path.join(broken, "package", "large.py"), 100)

    mended = unpack_once(str(archive), str(tmp_path / "data"))

    assert mended != broken
    assert os.path.getsize(os.path.join(mended, "package", "large.py")) == 500_000
    assert os.path.getsize(os.path.join(broken, "package", "large.py")) == 100


@contextmanager
def no_file_larger_than(size):
    """A disk that is full after this many bytes of a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_fails_the_task_with_what_to_do(plugin_folder, tmp_path):
    """And leaves nothing half done."""
    data = tmp_path / "data"

    with no_file_larger_than(100_000), pytest.raises(TaskError) as caught:
        start_job(plugin_folder, data)

    assert f"cannot be unpacked into {data}: File too large" in str(caught.value)
    assert "disk has room" in str(caught.value)
    assert list(data.iterdir()) == []


def test_a_folder_that_cannot_be_written_fails_the_task(plugin_folder, tmp_path):
    """The message names it."""
    (tmp_path / "data").write_text("a file")

    with pytest.raises(TaskError, match=r"cannot be unpacked into .*data: Not a directory"):
        start_job(plugin_folder, tmp_path / "data")


def test_a_damaged_archive_fails_the_task_with_what_to_do(plugin_folder, tmp_path):
    """For example, after an incomplete copy to the worker."""
    os.truncate(plugin_folder / "packages.zip", 1000)

    with pytest.raises(
        TaskError, match=r"packages.zip is damaged .* Install the plugin again: flowpipe-deadline install"
    ):
        start_job(plugin_folder, tmp_path / "data")
