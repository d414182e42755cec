"""Workflows: callables whose typed, documented parameters a person fills in, and that return a graph.

May import ``core`` to ``planning``. ``maya_nodes.py`` and their like are light: workers load them.
"""
