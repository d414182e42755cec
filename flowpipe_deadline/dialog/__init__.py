"""The dialog that submits workflows: a process of its own, started by a person or by a host application.

May import ``core`` to ``doctor``. ``application.py`` starts it, ``window.py`` is what people see. What needs no widgets
has no Qt: ``state.py``, ``presets.py``, and ``worker.py``, which alone loads workflows and talks to Deadline.
"""

WORKER = (
    "-c",
    "import sys; sys.path[:1] == [''] and sys.path.pop(0); from flowpipe_deadline.dialog.worker import main; main()",
)
"""What Python runs as a worker. With ``-m``, the current folder would be on the path of all jobs, and hide modules."""
REUSABLE = ("repository", "files", "status")
"""The requests after which a worker waits for the next one, as it has not run a workflow."""
