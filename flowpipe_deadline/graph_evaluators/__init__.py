"""flowpipe's own ``graph.evaluate(evaluator=…)``, offline or on the farm.

May import ``core`` to ``offline``.
"""
