"""Parts of a bundle again, and nothing else: which tasks, on the farm and on this machine.

May import ``core`` to ``offline``.
"""
