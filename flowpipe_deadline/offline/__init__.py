"""Runs a bundle on this machine: workers that load the real plugin through stand-ins of Deadline's modules.

May import ``core`` to ``status``.
"""
