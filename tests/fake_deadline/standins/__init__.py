"""More stand-ins of Deadline's modules than ``flowpipe-deadline run`` needs: for scripts, dialogs and other plugins.

As the product's: standard library only, valid from Python 3.7, and no import of anything else.
"""

from pathlib import Path

PACKAGES = str(Path(__file__).with_name("packages"))
"""A folder of packages for ``Sandbox`` and ``WorkerSettings``."""
