"""Inputs of nodes after they were planned: how edits of them are read, and texts as their values.

May import what ``results`` may. Runs in the node's interpreter and in Deadline's own Python: the standard library
only, from Python 3.7.
"""
