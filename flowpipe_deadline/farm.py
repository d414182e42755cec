"""Forwards ``python -m flowpipe_deadline.farm``, the evaluator's name until 0.1.0, to ``flowpipe_deadline.evaluator``.

A repository whose ``Flowpipe.param`` was edited then keeps that name in its arguments.
"""

from flowpipe_deadline.evaluator.__main__ import run

if __name__ == "__main__":
    run()
