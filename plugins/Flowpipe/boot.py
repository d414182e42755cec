"""Runs the evaluator in hosts that take a script: Blender, hython, Nuke. Its arguments may follow a ``--``."""

import sys

from flowpipe_deadline.farm.__main__ import main

after = sys.argv.index("--") if "--" in sys.argv else 0
sys.exit(main(sys.argv[after + 1 :]))
