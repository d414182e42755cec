#!/usr/bin/env python3
"""A command of Flowpipe in the Monitor's menu of jobs; each is a copy of this file under a name of its own.

Runs in Deadline's own Python: the standard library and Deadline's modules only, valid from Python 3.7 to 3.10. The work
is done by submission/Flowpipe/Main/FlowpipeJobs.py.
"""

import types

from Deadline.Scripting import RepositoryUtils
from DeadlineUI.Controls.Scripting.DeadlineScriptDialog import DeadlineScriptDialog

ACTION = ""  # The function that it calls: ``flowpipe-deadline install`` fills that in.
SCRIPT = "submission/Flowpipe/Main/FlowpipeJobs.py"

kept = []  # Or Python would delete the dialogs while they are on the screen.


def __main__(*_):
    """Deadline calls this; the menu's text is the name of the file."""
    script = types.ModuleType("FlowpipeJobs")
    try:
        path = RepositoryUtils.GetRepositoryFilePath(SCRIPT, True)
        with open(path, "rb") as file:  # Not imported: that would write a compiled copy into the repository.
            exec(compile(file.read(), path, "exec"), script.__dict__)  # noqa: S102
    except Exception as error:
        text = "{} cannot be loaded ({}): run flowpipe-deadline install".format(SCRIPT, error)
        kept.append(DeadlineScriptDialog())
        kept[-1].SetTitle("Flowpipe")
        kept[-1].AddGrid()
        kept[-1].AddControlToGrid("NoteLabel0", "LabelControl", text, 0, 0)
        kept[-1].EndGrid()
        kept[-1].ShowDialog(False)
    else:
        kept.append((script, getattr(script, ACTION)()))
