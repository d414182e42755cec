"""Writes bundles: the folder with everything that Deadline is given.

May import ``core`` to ``planning``.
"""
