"""The evaluator's side: what runs inside mayapy, hython, Blender, Nuke or python on a worker.

Everything here imports flowpipe and the standard library only; ``redis_store`` alone needs the Redis client, and is
imported for bundles that keep their results there.
"""
