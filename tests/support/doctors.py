"""Examinations of a fake Deadline."""

from __future__ import annotations

import json
import sys

from harness import run_cli

from flowpipe_deadline.core.warnings import WarningKind
from flowpipe_deadline.deadline.connect import choose_connection
from flowpipe_deadline.doctor import examination
from flowpipe_deadline.doctor.probe import GraphSender
from flowpipe_deadline.doctor.probe_graph import build_graph
from flowpipe_deadline.doctor.report import DoctorOptions
from flowpipe_deadline.planning.planner import make_plan

COMMAND = (sys.executable, "-m", "flowpipe_deadline.cli.main", "doctor")
RECORD = "custom/plugins/Flowpipe/installed.json"
PAUSE = 0.05  # Seconds between two looks; a fake Deadline answers at once.


def examine(*, settings=None, **options):
    """The doctor's report; a root on this machine is tolerated."""
    asked = DoctorOptions(
        **{"tolerated": {WarningKind.LOCAL_ROOT}, "settings": settings or {}, "pause": PAUSE, **options}
    )
    return examination.examine(asked, say=print, is_stopping=lambda: False)


def send(root, *vias, graph=None, **options):
    """Sends the doctor's graph by these connections, of which the first evaluates it."""
    connections = [choose_connection(via) for via in vias or ("command",)]
    asked = DoctorOptions(root=root, pause=PAUSE, **options)
    sender = GraphSender(make_plan(graph or build_graph()), asked, connections, say=print, is_stopping=lambda: False)
    sender.run()
    return sender


def doctor(*arguments):
    """What the command did, as a process of its own."""
    return run_cli("doctor", *arguments)


def verdicts(checks):
    """By name."""
    return {check.name: check.verdict for check in checks}


def only(checks, name):
    """The check of that name."""
    (found,) = [check for check in checks if check.name == name]
    return found


def pretend_version(deadline, version):
    """Makes the installation in the repository one of another version."""
    path = deadline.root / RECORD
    path.write_text(json.dumps({**json.loads(path.read_text()), "version": version}))


def changes_of(deadline):
    """Everything that was asked of the fake Deadline that changes it."""
    return [call.name for call in deadline.log.calls("operation") if call.name != "read"]
