#!/usr/bin/env python3
"""Writes which Python the plugin's configuration names for the submit dialog, for a host that asks.

    deadlinecommand -ExecuteScriptNoGui FlowpipeDialog.py ANSWER.json

The answer is a file, as neither the output nor the exit code of such a script is documented (plugin API, section 5.8).

Runs in Deadline's own Python: the standard library and Deadline's modules only, valid from Python 3.7 to 3.10.
"""

import json
import os

from Deadline.Scripting import RepositoryUtils

SETTING = "DialogPython"


def __main__(*args):
    """Deadline calls this with the arguments behind the script's name."""
    try:
        # What a missing key raises is undocumented (plugin API, section 9.1): an edited configuration may lack it.
        answer = {SETTING: RepositoryUtils.GetPluginConfig("Flowpipe").GetConfigEntryWithDefault(SETTING, "") or ""}
    except Exception as error:
        answer = {"error": "{}: {}".format(type(error).__name__, getattr(error, "Message", None) or error)}
    with open(args[0] + ".part", "w", encoding="utf-8") as file:
        json.dump(answer, file)
    os.replace(args[0] + ".part", args[0])
