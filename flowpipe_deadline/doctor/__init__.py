"""Diagnosis: what stands between this machine and a working farm, and what a farm is like.

May import ``core`` to ``installation``.
"""
