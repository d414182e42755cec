"""Results in a Redis server: the store, and the URLs that name one.

May import what ``results`` may. ``store`` alone needs the Redis client, and is imported for bundles that keep their
results there.
"""
