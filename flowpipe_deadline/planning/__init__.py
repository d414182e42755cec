"""From a graph to its plan: which jobs, how their frames are cut, and what they wait for. Pure.

May import ``core`` to ``settings``.
"""
