#!/usr/bin/env python3
"""Submits a bundle of flowpipe-deadline from inside Deadline: in one deadlinecommand process, or in the Monitor.

    deadlinecommand -ExecuteScriptNoGui FlowpipeSubmission.py REQUEST.json    an errand (see ways/errand.py)
    ClientUtils.ExecuteScript(".../FlowpipeSubmission.py", BUNDLE)            from a script of the Monitor

Runs in Deadline's own Python: the standard library and Deadline's modules only, valid from Python 3.7 to 3.10. The
work is done by the part of flowpipe_deadline that is made for this; it comes from the folder that the request names, or
from the packages that were installed beside the plugin.
"""

import importlib
import json
import os
import sys

from Deadline.Scripting import ClientUtils, RepositoryUtils

PACKAGES = "plugins/Flowpipe/packages.zip"


def __main__(*args):
    """Deadline calls this with what stands behind the script's name."""
    if len(args) != 1:
        raise ValueError("FlowpipeSubmission.py takes one argument: a request file, or the folder of a bundle")
    if os.path.isdir(args[0]):
        print(submit(args[0]))
        return
    with open(args[0], encoding="utf-8") as file:
        packages = json.load(file)["packages"]
    import_from(packages, "flowpipe_deadline.ways.errand").run_errand(args[0], ClientUtils, RepositoryUtils)


def submit(bundle, say=print):
    """One line that says which jobs the bundle became; raises with one that says what went wrong and was undone."""
    # Asked for by name: a Remote Connection Server hands out only files that are.
    packages = RepositoryUtils.GetRepositoryFilePath(PACKAGES, True)
    if not packages or not os.path.exists(packages):
        raise RuntimeError(f"{PACKAGES} is not in the repository: run flowpipe-deadline install again")
    inside = import_from(packages, "flowpipe_deadline.ways.inside")
    transaction = import_from(packages, "flowpipe_deadline.transaction")
    jobs = transaction.submit_to(inside.InsideFarm(ClientUtils, RepositoryUtils), bundle, say=say)
    return "{} jobs submitted: {}".format(len(jobs), ", ".join(jobs.values()))


def import_from(packages, name):
    """The module out of that folder or archive, which does not stay on the path of Deadline's Python."""
    sys.path.append(packages)  # Behind the standard library: the folder may hold backports for another Python.
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(packages)
