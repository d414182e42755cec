"""Runs the evaluator in hosts that start with a script: Blender, hython, Nuke. Its arguments may follow a ``--``."""

import os
import sys

# Blender's official builds look at PYTHONPATH only if an argument asks for it, which a studio may have removed.
folders = [folder for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep) if folder]
sys.path[:0] = [folder for folder in folders if folder not in sys.path]

try:
    from flowpipe_deadline.evaluator.__main__ import run
except ImportError:  # An earlier evaluator, in a folder of Python Path.
    from flowpipe_deadline.evaluator.__main__ import main

    def run(arguments):
        """Evaluates what the arguments ask for, and ends the process."""
        sys.exit(main(arguments))


if __name__ != "__mp_main__":  # Children of multiprocessing load this file again.
    after = sys.argv.index("--") if "--" in sys.argv else 0
    run(sys.argv[after + 1 :])
