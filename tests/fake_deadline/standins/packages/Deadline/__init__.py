"""Stand-in of the .NET namespace ``Deadline``: what the modules of the product's stand-ins leave out, and the rest."""

import pkgutil

__path__ = pkgutil.extend_path(__path__, __name__)
