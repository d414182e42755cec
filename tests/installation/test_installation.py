"""Installing into a repository: what is changed, what is kept, and what is refused."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from harness import run_cli

from flowpipe_deadline.errors import UsageError
from flowpipe_deadline.installation.check import check
from flowpipe_deadline.installation.contents import Contents, read_contents
from flowpipe_deadline.installation.install import EditedFilesError, install, uninstall
from flowpipe_deadline.installation.record import InstallationError, read_installed

FAULTS = Path(__file__).parents[1] / "support" / "installation_faults.py"
PLUGIN = "plugins/Flowpipe"
CODE, CONFIGURATION, ARCHIVE = f"{PLUGIN}/Flowpipe.py", f"{PLUGIN}/Flowpipe.param", f"{PLUGIN}/packages.zip"
SCRIPT = "scripts/Submission/FlowpipeSubmission.py"
RECORD = f"{PLUGIN}/installed.json"
COMMAND = """#!PYTHON
import sys
print("Loading plugins...\\r\\n\\r")
print({"-GetRepositoryRoot": ROOT}[sys.argv[1]] + "\\r")
"""


def version(number, **changed):
    """The contents of a version; ``code`` and so on are the texts of its files."""
    texts = {CODE: "code 1", CONFIGURATION: "configuration 1", ARCHIVE: "archive 1", SCRIPT: "script 1"}
    names = {"code": CODE, "configuration": CONFIGURATION, "archive": ARCHIVE, "script": SCRIPT}
    texts.update({names[name]: text for name, text in changed.items()})
    return Contents(number, {"flowpipe": "1.3.0"}, {path: text.encode() for path, text in texts.items() if text})


FIRST = version("1.0")
SECOND = version("1.1", code="code 2", configuration="configuration 2", archive="archive 2", script=None)


@pytest.fixture
def repository(tmp_path):
    """An empty folder that serves as repository."""
    folder = tmp_path / "repository"
    folder.mkdir()
    return folder


@pytest.fixture
def installed(repository):
    """A repository with the first version."""
    install(repository, contents=FIRST)
    return repository


def write(repository, path, text):
    """Puts a text into a file below ``custom``."""
    file = repository / "custom" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def texts(repository):
    """The files below ``custom`` by path, without the record."""
    custom = repository / "custom"
    files = {path.relative_to(custom).as_posix(): path for path in custom.rglob("*") if path.is_file()}
    return {name: path.read_text() for name, path in files.items() if name != RECORD}


def expected(contents):
    """The files of a version by path."""
    return {path: data.decode() for path, data in contents.files.items()}


def times(folder):
    """When everything below the folder was last changed."""
    return {path: path.stat().st_mtime_ns for path in (folder, *folder.rglob("*"))}


def actions(changes):
    """What becomes of each file."""
    return {change.path: change.action for change in changes.files}


def differences(repository, contents):
    """How the repository differs from the version."""
    return {one.path: one.difference for one in check(repository, contents=contents).differences}


class TestInstalling:
    """Into an empty folder, again, and over an older version."""

    def test_everything_goes_below_custom(self, repository):
        """Plugin, scripts, and the record of what was installed."""
        changes = install(repository, contents=FIRST)

        assert texts(repository) == expected(FIRST)
        assert set(actions(changes).values()) == {"add"}
        record = read_installed(repository / "custom")
        assert (record.version, record.packages) == ("1.0", {"flowpipe": "1.3.0"})
        assert dict(record.files) == FIRST.digests

    def test_a_second_time_touches_nothing(self, installed):
        """No file or folder gets a new time."""
        before = times(installed)

        changes = install(installed, contents=FIRST)

        assert changes.is_nothing
        assert changes.files == ()
        assert times(installed) == before

    def test_a_dry_run_touches_nothing(self, installed):
        """It shows what would be changed."""
        before = times(installed)

        changes = install(installed, contents=SECOND, dry_run=True)

        assert actions(changes) == {CODE: "replace", CONFIGURATION: "replace", ARCHIVE: "replace", SCRIPT: "remove"}
        assert times(installed) == before

    def test_a_newer_version_replaces_the_older(self, installed):
        """Files that it no longer has go, with the folders that were made for them."""
        install(installed, contents=SECOND)

        assert texts(installed) == expected(SECOND)
        assert not (installed / "custom" / "scripts").exists()
        assert check(installed, contents=SECOND).differences == ()

    def test_a_version_without_new_files_is_noted(self, installed):
        """Only the record changes."""
        later = replace(FIRST, version="1.0.1")

        changes = install(installed, contents=later)

        assert changes.acting == ()
        assert read_installed(installed / "custom").version == "1.0.1"
        assert check(installed, contents=later).differences == ()

    def test_changes_are_shown_before_they_are_made(self, repository):
        """An error in the callback cancels the installation."""

        def refuse(changes):
            assert len(changes.acting) == 4
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            install(repository, contents=FIRST, on_changes=refuse)

        assert list(repository.iterdir()) == []

    def test_files_of_others_are_left_alone(self, repository):
        """Scripts of the studio in the same folders."""
        write(repository, "scripts/Submission/Studio.py", "studio")

        install(repository, contents=FIRST)
        install(repository, contents=SECOND)

        assert texts(repository) == {**expected(SECOND), "scripts/Submission/Studio.py": "studio"}

    def test_scripts_of_the_menu_of_jobs_are_installed(self, repository):
        """One of the studio's that is called like ours is not replaced; others stay beside them."""
        write(repository, "scripts/Jobs/FlowpipeRedo.py", "studio")
        write(repository, "scripts/Jobs/Studio.py", "studio")
        ours = read_contents()
        scripts = {path for path in ours.files if path.startswith("scripts/Jobs/")}

        with pytest.raises(EditedFilesError, match=r"scripts/Jobs/FlowpipeRedo.py; nothing was changed"):
            install(repository, contents=ours)
        install(repository, contents=ours, overwrite_edited=True)
        uninstall(repository)

        assert len(scripts) == 7
        assert "submission/Flowpipe/Main/FlowpipeJobs.py" in ours.files
        assert {path.name for path in (repository / "custom/scripts/Jobs").iterdir()} == {
            *("Studio.py", "FlowpipeRedo.py.edited"),
        }

    def test_a_copy_by_hand_is_taken_over(self, repository):
        """Files that are as they should be count as installed."""
        for path, text in expected(FIRST).items():
            write(repository, path, text)

        changes = install(repository, contents=FIRST)

        assert changes.acting == ()
        assert check(repository, contents=FIRST).differences == ()

    @pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
    def test_everybody_can_read_what_is_installed(self, repository):
        """Whatever the umask; a setgid bit is passed on to new folders."""
        custom = repository / "custom"
        (custom / "plugins").mkdir(parents=True)
        (custom / "plugins").chmod(0o2775)
        before = os.umask(0o077)
        try:
            install(repository, contents=FIRST)
        finally:
            os.umask(before)

        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in custom.rglob("*")}
        assert modes == {
            "plugins": 0o2775,
            "Flowpipe": 0o2755,
            "Flowpipe.py": 0o644,
            "Flowpipe.param": 0o644,
            "packages.zip": 0o644,
            "installed.json": 0o644,
            "scripts": 0o755,
            "Submission": 0o755,
            "FlowpipeSubmission.py": 0o644,
        }


class TestEdited:
    """Files that a studio has changed since they were installed."""

    def test_configuration_is_kept_and_ours_laid_beside(self, installed):
        """Once for each new version; the studio may do with it what it likes."""
        write(installed, CONFIGURATION, "studio's")

        changes = install(installed, contents=SECOND)

        assert texts(installed) == {
            **expected(SECOND),
            CONFIGURATION: "studio's",
            f"{CONFIGURATION}.new": "configuration 2",
        }
        (kept,) = [change for change in changes.files if change.action == "keep"]
        assert (kept.path, kept.note) == (CONFIGURATION, "edited here; compare with Flowpipe.param.new")
        (installed / "custom" / f"{CONFIGURATION}.new").unlink()
        assert install(installed, contents=SECOND).is_nothing
        assert f"{CONFIGURATION}.new" not in texts(installed)

    def test_configuration_that_is_the_same_in_both_versions_needs_none_beside(self, installed):
        """There is nothing to compare."""
        write(installed, CONFIGURATION, "studio's")

        install(installed, contents=version("1.1", code="code 2"))

        assert texts(installed) == {**expected(FIRST), CODE: "code 2", CONFIGURATION: "studio's"}

    def test_what_was_laid_beside_goes_when_the_studio_takes_it(self, installed):
        """Renamed over its own, or copied."""
        write(installed, CONFIGURATION, "studio's")
        install(installed, contents=SECOND)

        write(installed, CONFIGURATION, "configuration 2")
        install(installed, contents=SECOND)

        assert texts(installed) == expected(SECOND)

    def test_what_the_studio_made_of_the_one_beside_is_not_lost(self, installed):
        """It is half merged when the next version is installed."""
        write(installed, CONFIGURATION, "studio's")
        install(installed, contents=SECOND)
        write(installed, f"{CONFIGURATION}.new", "half merged")

        install(installed, contents=version("1.2", configuration="configuration 3"))

        found = {path: text for path, text in texts(installed).items() if path.startswith(CONFIGURATION)}
        assert found == {
            CONFIGURATION: "studio's",
            f"{CONFIGURATION}.new": "configuration 3",
            f"{CONFIGURATION}.new.edited": "half merged",
        }

    def test_code_is_an_error_that_lists_it(self, installed):
        """Nothing is changed, not even the other files."""
        write(installed, CODE, "studio's")
        write(installed, SCRIPT, "studio's too")
        before = times(installed / "custom" / "plugins")

        with pytest.raises(EditedFilesError, match="--overwrite-edited") as caught:
            install(installed, contents=SECOND)

        assert caught.value.paths == (CODE, SCRIPT)
        assert times(installed / "custom" / "plugins") == before

    def test_code_can_be_overwritten_and_is_kept_as_a_copy(self, installed):
        """Also if this version no longer has the file."""
        write(installed, CODE, "studio's")
        write(installed, SCRIPT, "studio's too")

        install(installed, contents=SECOND, overwrite_edited=True)

        copies = {f"{CODE}.edited": "studio's", f"{SCRIPT}.edited": "studio's too"}
        assert texts(installed) == {**expected(SECOND), **copies}
        assert check(installed, contents=SECOND).differences == ()

    def test_a_second_copy_does_not_replace_the_first(self, installed):
        """Each edit is kept once."""
        for text in ("once", "twice", "twice"):
            write(installed, CODE, text)
            install(installed, contents=FIRST, overwrite_edited=True)

        copies = {path: text for path, text in texts(installed).items() if ".edited" in path}
        assert copies == {f"{CODE}.edited": "once", f"{CODE}.edited2": "twice"}

    def test_files_without_a_record_count_as_edited(self, repository):
        """An older plugin that a TD has copied by hand."""
        write(repository, CODE, "older")
        write(repository, CONFIGURATION, "studio's")

        with pytest.raises(EditedFilesError) as caught:
            install(repository, contents=FIRST)
        install(repository, contents=FIRST, overwrite_edited=True)

        assert caught.value.paths == (CODE,)
        assert texts(repository) == {
            **expected(FIRST),
            f"{CODE}.edited": "older",
            CONFIGURATION: "studio's",
            f"{CONFIGURATION}.new": "configuration 1",
        }


class TestUninstalling:
    """Removing what was installed, and nothing else."""

    def test_everything_that_was_installed_goes(self, installed):
        """With the folders, and compiled copies of scripts."""
        write(installed, "scripts/Submission/__pycache__/FlowpipeSubmission.cpython-310.pyc", "")

        changes = uninstall(installed)

        assert set(actions(changes)) == set(FIRST.files)
        assert list(installed.iterdir()) == []

    def test_a_folder_of_an_earlier_version_goes_once_it_is_empty(self, installed):
        """A file of the studio's was in it when a version without that folder was installed."""
        write(installed, "scripts/Submission/studio.py", "")
        install(installed, contents=SECOND)
        (installed / "custom" / "scripts" / "Submission" / "studio.py").unlink()

        uninstall(installed)

        assert list(installed.iterdir()) == []

    def test_folders_that_were_there_before_stay(self, repository):
        """Empty as they were."""
        (repository / "custom" / "scripts" / "Submission").mkdir(parents=True)
        (repository / "custom" / "plugins").mkdir()
        install(repository, contents=FIRST)

        uninstall(repository)

        left = {str(path.relative_to(repository)) for path in repository.rglob("*")}
        assert left == {"custom", "custom/scripts", "custom/scripts/Submission", "custom/plugins"}

    def test_edited_files_and_other_files_stay(self, installed):
        """They are named."""
        write(installed, CONFIGURATION, "studio's")
        write(installed, f"{PLUGIN}/Studio.py", "studio")

        changes = uninstall(installed)

        assert texts(installed) == {CONFIGURATION: "studio's", f"{PLUGIN}/Studio.py": "studio"}
        notes = {change.path: change.note for change in changes.files if change.action == "keep"}
        assert notes == {CONFIGURATION: "edited here", f"{PLUGIN}/Studio.py": "not part of the installation"}

    def test_edited_files_go_if_they_are_to(self, installed):
        """Files that were not installed stay."""
        write(installed, CONFIGURATION, "studio's")
        write(installed, f"{PLUGIN}/Studio.py", "studio")

        uninstall(installed, remove_edited=True)

        assert texts(installed) == {f"{PLUGIN}/Studio.py": "studio"}

    def test_where_nothing_was_installed_nothing_is_removed(self, repository):
        """A plugin that was copied by hand stays."""
        write(repository, CODE, "code 1")

        with pytest.raises(InstallationError, match="nothing was installed there"):
            uninstall(repository)

        assert texts(repository) == {CODE: "code 1"}

    def test_a_dry_run_removes_nothing(self, installed):
        """It shows what would be removed."""
        before = times(installed)

        changes = uninstall(installed, dry_run=True)

        assert set(actions(changes).values()) == {"remove"}
        assert times(installed) == before


class TestChecking:
    """Comparing what is there with a version."""

    def test_the_same_version_is_the_same(self, installed):
        """There are no differences."""
        assert check(installed, contents=FIRST).differences == ()

    def test_an_empty_repository_lacks_everything(self, repository):
        """The record is missing too."""
        assert differences(repository, FIRST) == dict.fromkeys([RECORD, *FIRST.files], "missing")

    @pytest.mark.parametrize(
        ("number", "difference"),
        [("1.0.1", "older"), ("0.9", "newer"), ("1.0", "other")],
        ids=["an older version is there", "a newer version is there", "another build of this version is there"],
    )
    def test_versions_are_compared(self, installed, number, difference):
        """By the record; equal files are not listed."""
        found = differences(installed, version(number, code="another"))

        assert found == {CODE: difference} if number == "1.0" else {CODE: difference, RECORD: difference}

    def test_edited_missing_and_other_files_are_reported(self, installed):
        """Files that Python compiles are ignored."""
        write(installed, CONFIGURATION, "studio's")
        write(installed, f"{PLUGIN}/Studio.py", "studio")
        write(installed, f"{PLUGIN}/__pycache__/boot.cpython-310.pyc", "")
        (installed / "custom" / CODE).unlink()

        found = differences(installed, FIRST)

        assert found == {CONFIGURATION: "edited", f"{PLUGIN}/Studio.py": "stranger", CODE: "missing"}


class TestFaults:
    """Full disks, Ctrl+C, kills, and two at once."""

    @pytest.mark.parametrize("fault", ["killed", "interrupted", "full disk"])
    def test_an_upgrade_is_whole_whatever_happens(self, fault):
        """At each step: nothing is changed, or all is, or, if it was killed, the next installation completes it."""
        assert self.run_through("upgrade", fault) > 70

    @pytest.mark.parametrize("fault", ["killed", "interrupted", "full disk"])
    def test_uninstalling_is_whole_whatever_happens(self, fault):
        """Likewise."""
        assert self.run_through("uninstall", fault) > 30

    def run_through(self, act, fault):
        """How many steps the faults were tried at; none leaves an error."""
        memory = "/dev/shm" if os.path.isdir("/dev/shm") else None  # A thousand files down to a disk take a while.
        with tempfile.TemporaryDirectory(dir=memory) as folder:
            command = [sys.executable, str(FAULTS), act, fault, folder]
            said = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        assert said["problems"] == []
        return said["steps"]

    def test_a_file_that_cannot_be_changed_is_named(self, installed):
        """Nothing is changed."""
        archive = installed / "custom" / ARCHIVE
        archive.unlink()
        archive.mkdir()
        before = texts(installed)

        with pytest.raises(InstallationError, match=rf"{archive} cannot be read: Is a directory"):
            install(installed, contents=SECOND)

        assert texts(installed) == before

    def test_a_folder_that_is_in_the_way_is_named(self, repository):
        """A file where ``custom`` should be."""
        (repository / "plugins").mkdir()
        (repository / "custom").write_text("a file")

        with pytest.raises(InstallationError, match=r"custom cannot be changed: File exists"):
            install(repository, contents=FIRST)

    def test_two_at_once_do_not_meet(self, repository):
        """The second is refused, with the first one's name and what to do."""
        refused = []

        def install_again(changes):
            with pytest.raises(InstallationError) as caught:
                install(repository, contents=SECOND)
            refused.append(str(caught.value))

        install(repository, contents=FIRST, on_changes=install_again)

        assert texts(repository) == expected(FIRST)
        (message,) = refused
        assert re.search(rf"by process {os.getpid()} on \S+ since \d{{4}}-", message)
        assert f"delete {repository / 'custom' / '.flowpipe-deadline.lock'}" in message

    def test_many_at_once_leave_one_whole_version(self, repository):
        """Each succeeds or is refused."""
        barrier = threading.Barrier(4)
        ends = []

        def run(contents):
            barrier.wait()
            try:
                install(repository, contents=contents)
                ends.append(contents.version)
            except InstallationError as error:
                ends.append(str(error))

        threads = [threading.Thread(target=run, args=(contents,)) for contents in (FIRST, SECOND) * 2]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(ends) == 4
        assert {"1.0", "1.1"} & set(ends)
        assert all(end in ("1.0", "1.1") or "is being installed into already" in end for end in ends)
        assert texts(repository) in (expected(FIRST), expected(SECOND))

    def test_a_lock_of_another_machine_is_not_taken(self, installed):
        """Whether that process still runs cannot be found out here."""
        lock = installed / "custom" / ".flowpipe-deadline.lock"
        lock.write_text(json.dumps({"host": "far-away", "process": 1, "started": 0.0, "since": "2026-01-01"}))

        with pytest.raises(InstallationError, match="by process 1 on far-away since 2026-01-01; wait for that, or"):
            install(installed, contents=SECOND)
        lock.unlink()
        install(installed, contents=SECOND)

        assert texts(installed) == expected(SECOND)

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("no json", id="no JSON"),
            pytest.param('{"format": 2}', id="a newer version's"),
            pytest.param(
                '{"format": 1, "version": "1", "packages": {}, "files": {"../../x": ""}, "folders": [], "pending": {}}',
                id="a file outside of custom",
            ),
        ],
    )
    def test_a_damaged_record_is_said_with_what_to_do(self, installed, text):
        """Nothing is guessed from it, and nothing is removed."""
        write(installed, RECORD, text)

        for act in (lambda: install(installed, contents=SECOND), lambda: uninstall(installed)):
            with pytest.raises(InstallationError, match=r"installed.json is damaged, or written by a newer version"):
                act()

        assert texts(installed) == expected(FIRST)


class TestRepositories:
    """Folders that are a repository, and folders that are not."""

    @pytest.mark.parametrize("name", ["custom", "plugins", "settings", "submission"])
    def test_a_folder_with_a_repositorys_folders_is_one(self, repository, name):
        """One of them is enough."""
        (repository / name).mkdir()
        (repository / "other").write_text("")

        install(repository, contents=FIRST)

        assert texts(repository) == expected(FIRST)

    @pytest.mark.parametrize(
        ("path", "make", "message"),
        [
            pytest.param("nowhere", None, r"nowhere does not exist", id="a path that does not exist"),
            pytest.param("file", "file", r"is a file", id="a file"),
            pytest.param("bin", "bin/deadlinecommand", r"is the bin folder of a Deadline Client", id="a client's bin"),
            pytest.param("home", "home/notes.txt", r"does not look like a Deadline repository", id="any other folder"),
            pytest.param(
                "r/custom", "r/custom/plugins/x", r"is a part of the repository; give its root", id="its custom"
            ),
            pytest.param(
                "Deadline10/cache/abc",
                "Deadline10/cache/abc/plugins/x",
                r"cache of what a Remote",
                id="a client's cache",
            ),
        ],
    )
    def test_other_folders_are_refused(self, tmp_path, path, make, message):
        """The message says what they are."""
        if make is not None:
            (tmp_path / make).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / make).touch()

        with pytest.raises(UsageError, match=message):
            install(tmp_path / path, contents=FIRST)


class TestCommand:
    """``flowpipe-deadline install``, in processes of its own."""

    def test_installing_comparing_and_uninstalling(self, repository):
        """The changes are shown first; programs get exit codes."""
        dry = run_cli("install", repository, "--dry-run")
        assert (dry.returncode, list(repository.iterdir())) == (0, [])
        first = run_cli("install", repository)
        assert re.search(r"plugins/Flowpipe/Flowpipe.py +new", first.stdout)
        assert re.search(r"Installed \S+ into .*: \d+ files changed", first.stdout)
        assert run_cli("install", repository).stdout.startswith("Nothing to do: ")
        assert run_cli("install", repository, "--check").returncode == 0

        write(repository, CONFIGURATION, "studio's")
        write(repository, CODE, "studio's")
        compared = run_cli("install", repository, "--check", "-o", "json")
        refused = run_cli("install", repository)
        removed = run_cli("install", repository, "--uninstall", "-o", "json")

        assert compared.returncode == 1
        found = {entry["path"]: entry["difference"] for entry in json.loads(compared.stdout)["differences"]}
        assert found == {CONFIGURATION: "edited", CODE: "edited"}
        assert refused.returncode == 1
        assert "these files were edited since they were installed: plugins/Flowpipe/Flowpipe.py" in refused.stderr
        assert removed.returncode == 0
        kept = {entry["path"] for entry in json.loads(removed.stdout)["changes"] if entry["action"] == "keep"}
        assert kept == {CONFIGURATION, CODE}
        assert texts(repository) == {CONFIGURATION: "studio's", CODE: "studio's"}

    def test_the_repository_is_asked_of_deadlinecommand(self, repository, tmp_path):
        """Whatever else it prints; without deadlinecommand, the path must be given."""
        folder = tmp_path / "bin"
        folder.mkdir()
        command = folder / "deadlinecommand"
        command.write_text(COMMAND.replace("PYTHON", sys.executable, 1).replace("ROOT", repr(str(repository))))
        command.chmod(0o755)

        found = run_cli("install", "--dry-run", "-o", "json", env={**os.environ, "DEADLINE_PATH": str(folder)})
        shutil.rmtree(folder)
        nothing = run_cli("install", env={**os.environ, "DEADLINE_PATH": str(folder)})

        assert json.loads(found.stdout)["repository"] == str(repository)
        assert nothing.returncode == 2
        assert "which repository? Name its root" in nothing.stderr

    @pytest.mark.parametrize(
        "options", [("--check", "--uninstall"), ("--remove-edited",), ("--uninstall", "--overwrite-edited")]
    )
    def test_options_that_do_not_fit_are_refused(self, repository, options):
        """Before anything is changed."""
        result = run_cli("install", repository, *options)

        assert result.returncode == 2
        assert list(repository.iterdir()) == []
