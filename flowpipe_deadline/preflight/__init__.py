"""Checks a plan against its root, its files and the repository, before anything is written.

May import ``core`` to ``submit``.
"""
