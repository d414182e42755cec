"""A submission afterwards: its state, waiting for it, and cancelling it.

May import ``core`` to ``studio``.
"""
