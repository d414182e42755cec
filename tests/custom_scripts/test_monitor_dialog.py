"""Submit > Flowpipe in the Monitor opens the submit dialog where a Python for it is configured, else the bundle box."""

from __future__ import annotations

import json

import farm_nodes as nodes
import pytest
from host_runs import write_python

from flowpipe_deadline import plan_graph, write_bundle

COPY = "open(here + '/seen', 'wb').write(open(facts_file, 'rb').read())"
REMOVE = "os.remove(facts_file)"
WHERE = "Tools > Configure Plugins > Flowpipe > Dialog Python, in the Monitor"
BUNDLE_BOX = "Submit Flowpipe Bundle To Deadline"


@pytest.fixture
def configure(monitor, tmp_path):
    """Makes a program of these lines the Python that is configured for the dialog."""

    def write(*lines):
        python = write_python(tmp_path / "Pythön 3 (x64)", *lines)
        monitor.deadline.change_settings(plugin_config={"DialogPython": f"C:\\Python\\python.exe;{python}"})
        return python

    return write


def test_the_dialog_opens(monitor, configure, deadline_python):
    """In a process of its own, started from every Python of Deadline's; the Monitor shows nothing else."""
    python = configure(COPY, REMOVE)
    monitor.deadline.change_settings(interpreter=deadline_python)

    seen = monitor.use()

    told = json.loads((python.parent / "seen").read_text())
    assert told == {"format": 1, "host": "monitor", "host_version": "", "facts": {}, "files": [], "warnings": []}
    assert (seen.looks, seen.boxes, seen.uncaught, seen.is_open) == ([], [], [], False)


def test_a_dialog_that_fails_is_reported(monitor, configure):
    """In a message box, over the bundle box: a message box needs a dialog that is shown."""
    python = configure("sys.exit('Error: PySide6 is not here')")

    seen = monitor.use()

    assert seen.boxes == [["Error", f"The submit dialog ended with an error: PySide6 is not here ({python})"]]
    assert (seen.looks[0]["title"], seen.looks[0]["NoteLabel"]) == (BUNDLE_BOX, "The submit dialog does not open.")
    assert (seen.uncaught, seen.is_open) == ([], True)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        pytest.param({}, f"No Python is set for the submit dialog ({WHERE})", id="a configuration of an older version"),
        pytest.param({"DialogPython": ""}, f"No Python is set for the submit dialog ({WHERE})", id="empty"),
        pytest.param(
            {"DialogPython": "/not/here"},
            f"The Python for the submit dialog is not here: /not/here ({WHERE})",
            id="not on this machine",
        ),
    ],
)
def test_the_bundle_box_says_what_to_configure(monitor, config, said):
    """In one line; no message box is in a wrangler's way."""
    monitor.deadline.change_settings(plugin_config=config)

    seen = monitor.use()

    assert (seen.looks[0]["title"], seen.looks[0]["NoteLabel"]) == (BUNDLE_BOX, said)
    assert (seen.boxes, seen.uncaught, seen.is_open) == ([], [], True)


def test_an_installation_without_the_client_says_so(monitor, configure):
    """Someone has copied the Monitor's script alone."""
    configure(REMOVE)
    (monitor.custom / "submission" / "Flowpipe" / "Main" / "flowpipe_client.py").unlink()

    seen = monitor.use()

    note = "submission/Flowpipe/Main/flowpipe_client.py is not in the repository: run flowpipe-deadline install"
    assert (seen.looks[0]["NoteLabel"], seen.uncaught) == (note, [])


@pytest.mark.parametrize("script", ["FlowpipeSubmission.py", "FlowpipeBundleSubmission.py"])
def test_a_bundle_that_is_handed_over_opens_the_bundle_box(monitor, configure, graph, tmp_path, script):
    """Also where the dialog is configured."""
    configure("open(here + '/seen', 'w')")
    nodes.Pass(name="only", graph=graph)
    bundle = write_bundle(plan_graph(graph), root=tmp_path / "bundles")

    seen = monitor.use(arguments=[bundle.folder], script=script)

    assert (seen.looks[0]["title"], seen.looks[0]["ContentsBox"]) == (BUNDLE_BOX, "1 job, 1 task")
    assert (seen.looks[0]["modal"], seen.looks[0]["topmost"], "NoteLabel" in seen.looks[0]) == (True, True, False)
    assert not (tmp_path / "Pythön 3 (x64)" / "seen").exists()


def test_flowpipe_bundle_is_the_bundle_box(monitor, configure, deadline_python):
    """For wranglers with written bundles, beside the dialog; in every Python of Deadline's."""
    configure("open(here + '/seen', 'w')")
    monitor.deadline.change_settings(interpreter=deadline_python)

    seen = monitor.use(
        ("enter", "BundleBox", monitor.folder), ("press", "SubmitButton"), script="FlowpipeBundleSubmission.py"
    )

    assert (seen.looks[0]["title"], seen.looks[0]["modal"]) == (BUNDLE_BOX, False)
    assert seen.boxes[0][1].startswith("Choose the folder of a bundle")
    assert (seen.uncaught, seen.is_open) == ([], True)
    assert not (monitor.folder / "Pythön 3 (x64)" / "seen").exists()
