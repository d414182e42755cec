"""The command line: one module per verb; its docstring is the help.

May import every other room; nothing imports it.
"""
