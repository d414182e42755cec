#!/usr/bin/env python3
"""Submits a bundle of flowpipe-deadline from inside Deadline: in one deadlinecommand process, or in the Monitor.

    deadlinecommand -ExecuteScriptNoGui FlowpipeSubmission.py REQUEST.json    a script request (submit/script_server.py)
    deadlinecommand -ExecuteScriptNoGui FlowpipeSubmission.py BUNDLE          submits a bundle, and prints the jobs

The Monitor's own script, scripts/Submission/FlowpipeSubmission.py, loads this one and calls its functions.

Runs in Deadline's own Python: the standard library and Deadline's modules only, valid from Python 3.7 to 3.10. The
work is done by flowpipe_deadline, from the folder that the request names, or from the packages beside the plugin.
"""

import importlib
import json
import os
import sys
import zipimport

from Deadline.Scripting import ClientUtils, RepositoryUtils

PACKAGES = "plugins/Flowpipe/packages.zip"
STAMP = "_archive"  # Which packages are loaded: their path, time and size.


class NotInstalledError(Exception):
    """Something of flowpipe-deadline is not in the repository, or is damaged."""

    exit_code = 1


def __main__(*args):
    """Deadline calls this with the arguments behind the script's name."""
    if len(args) != 1:
        raise ValueError("FlowpipeSubmission.py takes one argument: a request file, or the folder of a bundle")
    if not os.path.isfile(args[0]):
        job_ids = submit(args[0])
        print(
            "{} job{} submitted: {}".format(len(job_ids), "s" if len(job_ids) != 1 else "", ", ".join(job_ids.values()))
        )
        return
    with open(args[0], encoding="utf-8") as file:
        packages = json.load(file)["packages"]
    import_from(packages, "flowpipe_deadline.submit.script_server").run_script_request(
        args[0], ClientUtils, RepositoryUtils
    )


def submit(bundle, say=print, keep_suspended=False):
    """Submits the bundle; returns the job IDs by node key. An error says in one line what was undone."""
    transaction = installed("flowpipe_deadline.submit.transaction")
    options = transaction.Options(keep_suspended=keep_suspended)
    return transaction.submit_to(client(), here(bundle), say=say, options=options)


def copy_plan(bundle):
    """The folder of a new bundle of the same plan, beside the old one."""
    copy = installed("flowpipe_deadline.bundle.copy").copy_plan(here(bundle), map_path=client().map_path)
    return str(copy.folder)


def read_summary(bundle):
    """What the bundle holds and whether it is submitted, in words."""
    return installed("flowpipe_deadline.submit.summary").read_summary(here(bundle))


def client():
    """The client that talks to the Deadline that runs this script."""
    return installed("flowpipe_deadline.deadline.in_process").InProcessClient(ClientUtils, RepositoryUtils)


def here(folder):
    """The folder on this machine: one that is not here may be known by another path, which Deadline maps."""
    return folder if os.path.isdir(folder) else client().map_path(folder)


def installed(name):
    """The module from the packages beside the plugin, loaded anew if they have changed: a Monitor runs for weeks."""
    # A Remote Connection Server only hands out files that are asked for by name.
    packages = RepositoryUtils.GetRepositoryFilePath(PACKAGES, True)
    if not packages or not os.path.isfile(packages):
        raise NotInstalledError(f"{PACKAGES} is not in the repository: run flowpipe-deadline install again")
    state = os.stat(packages)
    stamp = (packages, state.st_mtime_ns, state.st_size)
    # Kept with the modules, which other scripts of ours use as well.
    if vars(sys.modules.get("flowpipe_deadline", sys)).get(STAMP) != stamp:
        forget(packages)
    try:
        module = import_from(packages, name)
    except ImportError as error:
        raise NotInstalledError(f"{packages} is damaged ({error}): run flowpipe-deadline install again") from error
    setattr(sys.modules["flowpipe_deadline"], STAMP, stamp)
    return module


def forget(packages):
    """Removes these packages from Python's caches, so that they are read anew."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "flowpipe_deadline"]:
        del sys.modules[name]
    for path in [path for path in sys.path_importer_cache if path.startswith(packages)]:
        del sys.path_importer_cache[path]
    # The only way to make Python 3.7 to 3.9 read the list of an archive's files again.
    zipimport._zip_directory_cache.pop(packages, None)


def import_from(packages, name):
    """The module from that folder or archive, which does not stay on the path of Deadline's Python."""
    sys.path.append(packages)  # Behind the standard library: the folder may hold backports for another Python.
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(packages)
