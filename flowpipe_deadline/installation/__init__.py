"""Installs plugin, submitter and scripts into a repository's ``custom`` folder, compares, and uninstalls.

May import ``core`` to ``graph_evaluators``.
"""
