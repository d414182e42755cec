"""What an earlier version left behind: an installation, and bundles that it wrote, ran and submitted."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path

from flowpipe_deadline.offline.packages import read_light_packages

KEPT = Path(__file__).parents[1] / "golden" / "before-rooms.zip"
"""Of 0.1.0 before the package had rooms: ``repo/custom`` as it installed it, its own modules of the archive below
``packages``, and the bundles ``planned``, ``done`` and ``submitted`` of the graph in ``shot.py``."""
OUTPUTS = {"count": 7, "total": 140}
"""What the node Publish of that graph gives."""


class Earlier:
    """That version's files below ``root``, as if they had been written there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        with zipfile.ZipFile(KEPT) as kept:
            names = [name for name in kept.namelist() if not name.startswith("packages/")]
            self._own = {name[len("packages/") :]: kept.read(name) for name in set(kept.namelist()).difference(names)}
            for name in names:
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                here = kept.read(name)
                if path.suffix != ".ico":
                    here = here.replace(b"@ROOT@", root.as_posix().encode())
                path.write_bytes(here)
        # A bundle lies where its own files say that it does.
        for kind in ("planned", "done", "submitted"):
            (folder,) = (root / kind).iterdir()
            folder.rename(root / folder.name)
            setattr(self, kind, root / folder.name)

    @property
    def repository(self) -> Path:
        """The repository that it is installed in, with the packages of others as they are here."""
        root = self.root / "repo"
        plugin = root / "custom" / "plugins" / "Flowpipe"
        others = {
            name: data
            for name, data in read_light_packages().files.items()
            if not name.startswith("flowpipe_deadline/")
        }
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            for name, data in {**others, **self._own}.items():
                archive.writestr(name, data)
        (plugin / "packages.zip").write_bytes(stream.getvalue())
        record = json.loads((plugin / "installed.json").read_text(encoding="utf-8"))
        record["files"]["plugins/Flowpipe/packages.zip"] = hashlib.sha256(stream.getvalue()).hexdigest()
        (plugin / "installed.json").write_text(json.dumps(record), encoding="utf-8")
        return root
