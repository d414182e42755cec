"""The dialog that submits workflows: a process of its own, started by a person or by a host application.

``application.py`` starts it, ``window.py`` is what people see. What needs no widgets has no Qt: ``state.py``,
``presets.py``, and ``worker.py``, which alone loads workflows and talks to Deadline.
"""
