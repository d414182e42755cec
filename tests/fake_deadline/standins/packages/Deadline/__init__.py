"""Stand-in of the .NET namespace ``Deadline``, in front of the product's: more modules, and larger ones."""

import pkgutil

__path__ = pkgutil.extend_path(__path__, __name__)
