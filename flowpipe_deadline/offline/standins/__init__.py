"""Stand-ins of the modules Deadline gives to a plugin, and the sandbox that runs a plugin on them.

Self-contained: they import the standard library only, and are valid from Python 3.7 (Deadline's oldest) to 3.13.
``sandbox.py`` is the entry point; ``packages/`` holds what plugins import, as far as the Flowpipe plugin does.
"""
