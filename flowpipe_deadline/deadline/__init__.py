"""Talks to Deadline: one client class, one subclass for each connection.

May import ``core`` to ``bundle``.
"""
