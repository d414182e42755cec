"""Values and where they are kept: encoding, stores, merging chunks, and reading outputs back.

May import ``core``. Runs in the node's interpreter too: flowpipe and the standard library only, from Python 3.7;
``redis/store.py`` alone needs the Redis client, and is imported for bundles that keep their results there.
"""
