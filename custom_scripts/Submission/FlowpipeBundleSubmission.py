#!/usr/bin/env python3
"""Submit > Flowpipe Bundle, in the Monitor: the bundle box, also where Submit > Flowpipe opens the submit dialog.

Runs in Deadline's own Python: the standard library and Deadline's modules only, valid from Python 3.7 to 3.10.
"""

import types

from Deadline.Scripting import RepositoryUtils

SCRIPT = "scripts/Submission/FlowpipeSubmission.py"

script = None  # Kept here, as it keeps the dialog.


def __main__(*args):
    """Deadline calls this; the argument, if any, is the folder of a bundle."""
    global script
    script = types.ModuleType("FlowpipeSubmission")
    path = RepositoryUtils.GetRepositoryFilePath(SCRIPT, True)
    with open(path, "rb") as file:  # Not imported: that would write a compiled copy into the repository.
        exec(compile(file.read(), path, "exec"), script.__dict__)  # noqa: S102
    script.open_bundle_box(*args)
