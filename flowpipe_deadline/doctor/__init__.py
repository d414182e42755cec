"""Diagnosis: what stands between this machine and a working farm, and how a farm behaves.

May import ``core`` to ``installation``.
"""
