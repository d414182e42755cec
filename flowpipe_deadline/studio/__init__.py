"""What holds for everybody in a studio: its file, its hooks, its connection to Deadline.

May import ``core`` to ``preflight``.
"""
