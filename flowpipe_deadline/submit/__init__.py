"""Submits a bundle: all jobs or none.

May import ``core`` to ``deadline``.
"""
