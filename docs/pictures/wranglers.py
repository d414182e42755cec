"""Makes the pictures for wranglers: a submission with a failed task, over the tests' fake Deadline.

The page of the graph is taken in Chromium; the Monitor's dialog is drawn by monitor_dialog.py.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

FRAMES = range(1001, 1041)
ERROR = "RuntimeError: no licence for the renderer on node-07"
REDO_SIZE, PAGE_SIZE = (900, 600), {"width": 1300, "height": 560}
MAIN = "submission/Flowpipe/Main"


def make_wranglers_pictures(folder: Path, pictures: Path) -> None:
    """Writes them; a QApplication is there."""
    from tests.fake_deadline.operations import FakeDeadline  # noqa: PLC0415  (once the path is set)

    with FakeDeadline.create(folder / "monitor") as deadline:
        bundle, job_ids = submitted(deadline, folder / "farm")
        take_page(bundle, deadline, folder, pictures / "graph-page.png")
        take_redo(deadline, folder, job_ids["Render"], pictures / "redo.png")


def submitted(deadline: Any, root: Path) -> Any:
    """The bundle and its jobs: a task of the renderer has failed."""
    import farm_nodes as nodes  # noqa: PLC0415
    from direct_farm import DirectClient  # noqa: PLC0415
    from flowpipe import Graph  # noqa: PLC0415
    from submissions import Worker  # noqa: PLC0415

    from flowpipe_deadline import plan_graph, write_bundle  # noqa: PLC0415
    from flowpipe_deadline.core.frames import FrameList  # noqa: PLC0415
    from flowpipe_deadline.results.failures import write_failure  # noqa: PLC0415
    from flowpipe_deadline.submit.transaction import submit_to  # noqa: PLC0415

    graph = Graph(name="Shot")
    layout = nodes.Pass(name="Layout", graph=graph, value="shot.usd")
    render = nodes.Sample(name="Render", graph=graph, frames=list(FRAMES), metadata={"batch_size": 10})
    over = {"batch": {"size": 10, "over": ["frames", "items"]}}
    comp = nodes.Follow(name="Comp", graph=graph, frames=list(FRAMES), metadata=over)
    check = nodes.Collect(name="Check", graph=graph)
    report = nodes.Collect(name="Report", graph=graph)
    layout.outputs["value"].connect(render.inputs["scene"])
    render.outputs["items"].connect(comp.inputs["items"])
    render.outputs["items"].connect(check.inputs["images"]["render"])
    comp.outputs["items"].connect(report.inputs["images"]["comp"])
    check.outputs["parts"].connect(report.inputs["images"]["check"])
    bundle = write_bundle(plan_graph(graph), root=root)
    job_ids = submit_to(DirectClient(deadline), bundle)
    worker = Worker(deadline, bundle, job_ids)
    worker.render("Layout")
    worker.render("Render", "1001-1010", "1011-1020", "1031-1040")
    worker.fail("Render", "1021-1030")
    worker.render("Comp", "1001-1010")
    # After three attempts; whoever fails a task by hand counts no error.
    deadline.repository._database.execute("UPDATE tasks SET errors = 3 WHERE status = 'Failed'")
    failed, error = FrameList.parse("1021-1030"), RuntimeError(ERROR.partition(": ")[2])
    write_failure(bundle.folder, "Render", failed, error=error, report=ERROR)
    return bundle, job_ids


def take_page(bundle: Any, deadline: Any, folder: Path, path: Path) -> None:
    """The page of the graph."""
    from chromium import Chromium  # noqa: PLC0415
    from direct_farm import DirectClient  # noqa: PLC0415

    from flowpipe_deadline.drawing.page import write_page  # noqa: PLC0415

    write_page(bundle, folder / "shot.html", lambda: DirectClient(deadline))
    browser = Chromium(folder / "chromium")
    try:
        browser.open(folder / "shot.html", **PAGE_SIZE)
        browser.press("f")  # The next node that failed.
        browser.screenshot(path)
    finally:
        browser.close()


def take_redo(deadline: Any, folder: Path, job_id: str, path: Path) -> None:
    """The dialog of Flowpipe Redo, with the failed task selected."""
    from monitor_dialog import drawn  # noqa: PLC0415

    from flowpipe_deadline.core.shipped import shipped_folder  # noqa: PLC0415
    from flowpipe_deadline.installation.contents import menu_scripts  # noqa: PLC0415
    from flowpipe_deadline.offline.packages import read_light_packages  # noqa: PLC0415
    from tests.custom_scripts.conftest import Monitor  # noqa: PLC0415

    custom = deadline.root / "custom"
    (custom / "scripts" / "Jobs").mkdir(parents=True)
    (custom / "scripts" / "Jobs" / "FlowpipeRedo.py").write_bytes(menu_scripts()["FlowpipeRedo.py"])
    shutil.copytree(shipped_folder(MAIN), custom / MAIN)
    (custom / "plugins" / "Flowpipe").mkdir()
    (custom / "plugins" / "Flowpipe" / "packages.zip").write_bytes(read_light_packages().archive())
    seen = Monitor(deadline, folder).choose("Redo", job_id, tasks={job_id: [2]})
    window = drawn(seen.parts, seen.looks[-1], title=seen.looks[-1]["title"])
    window.resize(*REDO_SIZE)
    window.grab().save(str(path))


__all__ = ["make_wranglers_pictures"]
