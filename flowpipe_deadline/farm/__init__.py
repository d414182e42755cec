"""The evaluator's side: what runs inside mayapy, hython, Blender, Nuke or python on a worker.

Everything here imports flowpipe and the standard library only.
"""
