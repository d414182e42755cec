"""Evaluates one task in the node's interpreter: mayapy, hython, Blender, Nuke or python on a worker.

May import ``core`` and ``results``; flowpipe and the standard library only, from Python 3.7.
"""
