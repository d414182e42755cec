"""Makes the pictures for the pages: dialogs over the tests' fake Deadline, a page in Chromium, frames of the examples.

    pip install -e '.[test,examples]'
    python docs/pictures/make_pictures.py

None needs a display. The workflow is the one of docs/writing-a-workflow.md. performance.svg is made by
``python benchmarks/tasks.py --plot docs/pictures/performance.svg``, as docs/performance.md shows.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
PICTURES = CHECKOUT / "docs" / "pictures"
STUDIO = 'workflows = ["workflows"]\n[presets.overnight]\npriority = 20\n'
FACTS = {"scene": "/mnt/show/asset.ma", "frames": "1-48", "camera": "turn", "cameras": ["turn", "top"]}
ROOT = "/mnt/show/farm"
SIZE = 980, 600
PAUSE = 300  # Milliseconds, for what Qt draws late.
SHOT = {"frames": "16", "width": "800", "height": "450", "samples": "128"}
TURNS, FRAME_SIZE, GUTTER = (0, 45, 90), (240, 135), 7
"""Frames 1, 4 and 7 of the turntable at their own size, side by side: no wider than a column of the pages."""


def main() -> None:
    """Writes the pictures."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "workflows").mkdir()
        page = (CHECKOUT / "docs" / "writing-a-workflow.md").read_text(encoding="utf-8")
        code = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)[0]
        (folder / "workflows" / "turntable.py").write_text(code, encoding="utf-8")
        (folder / "studio.toml").write_text(STUDIO)
        os.environ["FLOWPIPE_DEADLINE_CONFIG"] = str(folder / "studio.toml")
        os.environ["FLOWPIPE_DEADLINE_TOLERATE"] = "local-root"
        os.environ["XDG_CONFIG_HOME"] = os.environ["APPDATA"] = str(folder)
        sys.path[:0] = [str(CHECKOUT), str(CHECKOUT / "tests" / "support"), str(PICTURES), str(CHECKOUT / "examples")]
        make_turntable(PICTURES / "turntable.png")
        make_pictures(folder)
        from wranglers import make_wranglers_pictures  # noqa: PLC0415  (once the path is set)

        make_wranglers_pictures(folder, PICTURES)
        make_shot(folder)


def make_turntable(path: Path) -> None:
    """Renders some frames of examples/turntable.py into one picture."""
    import raymarch  # noqa: PLC0415  (once the path is set)
    from PIL import Image  # noqa: PLC0415

    width, height = FRAME_SIZE
    strip = Image.new("RGBA", (len(TURNS) * (width + GUTTER) - GUTTER, height))
    for place, turn in enumerate(TURNS):
        pixels = raymarch.render(width=width, height=height, turn=turn)
        strip.paste(Image.fromarray(pixels), (place * (width + GUTTER), 0))
    strip.save(path, optimize=True)


def make_pictures(folder: Path) -> None:
    """Drives the dialog, and takes a picture of each of its states."""
    from PySide6.QtGui import QPixmap  # noqa: PLC0415  (once the environment is set)
    from PySide6.QtTest import QTest  # noqa: PLC0415
    from qt import click, opened, settle, type_into, until  # noqa: PLC0415

    from flowpipe_deadline.workflows.facts import Facts  # noqa: PLC0415
    from tests.fake_deadline.operations import FakeDeadline  # noqa: PLC0415

    with FakeDeadline.create(folder / "deadline", pools=["none", "cpu", "gpu"], limits=["arnold", "nuke"]) as deadline:
        os.environ["DEADLINE_PATH"] = str(deadline.bin)
        window = opened("turntable", facts=Facts("maya", "2025", FACTS), root=str(folder))
        window.resize(*SIZE)
        until(lambda: not window.edit.deadline_note.text())

        def take(name: str) -> None:
            settle(window)
            shown = window.edit.messages.item(0)
            if shown is not None and str(folder) in shown.text():  # The root of this machine is nobody's business.
                window.edit.messages.takeItem(0)
            QTest.qWait(PAUSE)
            picture: QPixmap = window.grab()
            picture.save(str(PICTURES / f"{name}.png"))

        take("dialog")
        window.edit.preview.setCurrentIndex(1)
        take("dialog-graph")
        window.edit.preview.setCurrentIndex(0)
        type_into(window, "frames", "1-48x")
        take("dialog-error")
        type_into(window, "frames", "1-48")
        settle(window)
        click(window.edit.submit_button)
        until(lambda: window.pages.currentWidget() is window.jobs and window.jobs.table.item(0, 1).text())
        window.jobs.place.say(f"{ROOT}/{Path(window.jobs.place.text()).name}")
        take("dialog-jobs")
        window.close()


def make_shot(folder: Path) -> None:
    """Renders a frame of examples/blender_shot.py."""
    from PySide6.QtGui import QImage  # noqa: PLC0415  (once the environment is set)

    example = str(CHECKOUT / "examples" / "blender_shot.py")
    command = [sys.executable, "-m", "flowpipe_deadline.cli.main", "run", example]
    parameters = {**SHOT, "output": str(folder / "shot")}
    options = [word for item in parameters.items() for word in ("-p", "=".join(item))]
    subprocess.run([*command, *options, "--root", str(folder)], check=True)
    (frame,) = (folder / "shot" / "frames").glob("*.png")
    QImage(str(frame)).save(str(PICTURES / "blender-shot.jpg"), quality=85)


if __name__ == "__main__":
    main()
