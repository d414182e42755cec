"""From a node's metadata to the entries of its job info file.

May import ``core`` to ``evaluator``.
"""
