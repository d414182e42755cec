"""From the button in Blender to rendered frames, with the dialog between them."""

from __future__ import annotations

import pytest
from blenders import Blender, find_blenders, install_client

from flowpipe_deadline import read_results, run_bundle
from flowpipe_deadline.workflows.facts import read_facts

qt = pytest.importorskip("qt", reason="the dialog needs PySide6 and libraries of the system")

BLENDERS = find_blenders()


@pytest.fixture(params=BLENDERS)
def blender(request, tmp_path):
    """A Blender with the add-on."""
    folder = tmp_path / "scenes"
    folder.mkdir()
    return Blender(BLENDERS[request.param], folder=folder, installed=install_client(tmp_path))


@pytest.mark.usefixtures("farm")
def test_the_dialog_submits_what_the_button_has_told(blender, tmp_path):
    """The workflow of Blender's button, filled in; what is submitted is rendered, as a farm would."""
    blender.run(
        "shot = folder / 'shot.blend'\nscene.render.filepath = '//render/shot_####'\nscene.frame_end = 3\n"
        "save(shot)\npress(unsaved='AS_SAVED')"
    )
    facts = read_facts(blender.folder / "dialog" / "facts")

    window = qt.opened("", root=str(tmp_path / "root"), facts=facts)
    qt.settle(window)
    qt.click(window.edit.submit_button)
    qt.until(lambda: window.pages.currentWidget() is window.jobs)
    window.close()
    (bundle,) = (tmp_path / "root").iterdir()
    run_bundle(bundle, setup=blender.worker_setup(), failure_limit=1, anyway=True)

    images = [blender.folder / "render" / f"shot_{frame:04d}.png" for frame in (1, 2, 3)]
    assert read_results(bundle)["shot.Check_ViewLayer"].outputs() == {"frames": images}
    assert all(image.stat().st_size for image in images)
