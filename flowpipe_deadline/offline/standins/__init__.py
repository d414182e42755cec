"""Stand-ins of the modules Deadline gives to a plugin, and the sandbox that runs a plugin on them.

Self-contained: standard library only, valid from Python 3.7 (Deadline's oldest) to 3.13, and no import of anything else
of flowpipe_deadline. ``sandbox.py`` is the way in; what plugins import is in ``packages/``.
"""
