"""How .NET objects behave in Python: types, events, properties, arrays, enumerations.

Nothing here knows Deadline. These modules refuse what pythonnet was measured to refuse (hosts and tooling, section
5.3), so that a plugin that passes a ``Path`` for a string fails here before it fails on the farm.

Imitations cannot be typed more closely than the dynamic objects they imitate: this folder is left out of mypy.
"""
