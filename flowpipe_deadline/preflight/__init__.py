"""Checks a plan, its root, its files and the repository, before anything is written.

May import ``core`` to ``submit``.
"""
