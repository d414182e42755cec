"""The dialog itself, driven as a person would: fields, preview, presets, submission, jobs."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys

import psutil
import pytest
from dialogs import LAST_LINES, NODES, SHOT, nasty, worker_command, write_studio
from patience import wait_until

from flowpipe_deadline.submit.record import read_submission
from flowpipe_deadline.workflows.facts import Facts, SceneFile
from tests.fake_deadline.operations import FakeDeadline

qt = pytest.importorskip("qt", reason="the dialog needs PySide6 and libraries of the system")

from PySide6.QtCore import QProcess, Qt  # noqa: E402  (only where it is there)
from PySide6.QtGui import QGuiApplication, QPalette  # noqa: E402
from PySide6.QtTest import QTest  # noqa: E402
from PySide6.QtWidgets import QApplication, QDialogButtonBox  # noqa: E402
from qt import click, messages, note, settle, table_rows, type_into, until  # noqa: E402

FACTS = Facts("maya", values={"frames": "1-10", "cameras": ["cam"]})
JOBS = [["Render", "1-10", "2", "python", ""], ["Publish", "", "1", "python", "Render"]]


@pytest.fixture
def open_window():
    """Opens windows, and closes them after the test."""
    windows = []

    def opened(*arguments, **given):
        windows.append(qt.opened(*arguments, **given))
        return windows[-1]

    yield opened
    for window in windows:
        until(lambda window=window: not window.submission.is_under_way)
        window.close()
        window.deleteLater()
    QTest.qWait(0)


@pytest.fixture
def window(open_window, farm, tmp_path):
    """A window with the workflow ``shot``, its frames filled in, over a fake Deadline that has answered."""
    window = open_window(root=str(tmp_path / "root"), facts=FACTS)
    until_answered(window)
    return window


def until_answered(window):
    """Waits until the window has what Deadline has, and its preview."""
    until(
        lambda: (
            window.edit.options_form.editors["priority"].parent() is not None and not window.edit.deadline_note.text()
        )
    )
    settle(window)


@pytest.fixture(scope="module")
def kept_farm(tmp_path_factory):
    """A fake Deadline for all tests in which nothing is submitted; its folder is in that of the studio."""
    folder = tmp_path_factory.mktemp("kept")
    with FakeDeadline.create(folder / "a farm", pools=["none", "comp"], limits=["nuke"]) as farm:
        yield farm


@pytest.fixture(scope="module")
def _kept_windows():
    """The window over it, once there is one."""
    windows = []
    yield windows
    for window in windows:
        window.close()
        window.deleteLater()
    QTest.qWait(0)


@pytest.fixture
def edited(kept_farm, _kept_windows, monkeypatch):
    """A window like ``window``, for tests that submit nothing: what one of them types is typed back after it."""
    folder = kept_farm.folder.parent
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
    monkeypatch.setenv("DEADLINE_PATH", str(kept_farm.bin))
    monkeypatch.setenv("FLOWPIPE_DEADLINE_TOLERATE", "local-root")
    write_studio(folder, monkeypatch, shot=SHOT)
    if not _kept_windows:
        _kept_windows.append(qt.opened(root=str(folder / "root"), facts=FACTS))
        until_answered(_kept_windows[0])
    (window,) = _kept_windows
    parts = (window.parameters, window.options)
    before = [{name: fields.text(name) for name in fields.parameters} for fields in parts]
    yield window
    for fields, texts in zip(parts, before):
        for name in [name for name, text in texts.items() if fields.text(name) != text]:
            type_into(window, name, texts[name])
    window.edit.tabs.setCurrentIndex(0)
    settle(window)
    assert [{name: fields.text(name) for name in fields.parameters} for fields in parts] == before


def test_it_opens_filled_in_with_a_preview(edited):
    """By facts of the host and defaults; the jobs are those that would be submitted."""
    editors = edited.edit.parameters_form.editors

    assert {name: editor.text() for name, editor in editors.items()} == {
        "frames": "1-10",
        "camera": "persp",
        "chunk_size": "5",
    }
    assert note(edited, "frames") == "10 frames"
    assert [editors["camera"].itemText(row) for row in range(editors["camera"].count())] == ["cam"]
    assert table_rows(edited.edit.preview.table) == JOBS
    assert edited.edit.status.text() == "2 jobs, 3 tasks"


def test_the_preview_follows_what_is_typed(edited):
    """And shows the last right one while something is wrong, which stands below its field and in the list."""
    type_into(edited, "frames", "1-3")
    settle(edited)
    followed = table_rows(edited.edit.preview.table)
    type_into(edited, "frames", "1-3x")
    settle(edited)

    assert followed[0][:3] == ["Render", "1-3", "1"]
    assert table_rows(edited.edit.preview.table) == followed
    assert not edited.edit.preview.isEnabled()
    assert note(edited, "frames").startswith("Frames does not fit: '1-3x'")
    assert messages(edited)[0] == note(edited, "frames")


def test_a_message_leads_to_its_field(edited):
    """Also to one on the other page, below a scroll."""
    type_into(edited, "comment", "x")
    type_into(edited, "pool", "cmp")
    settle(edited)
    edited.edit.tabs.setCurrentIndex(0)
    (row,) = [row for row, text in enumerate(messages(edited)) if "no pool 'cmp'" in text]

    edited.edit.messages.itemActivated.emit(edited.edit.messages.item(row))

    assert edited.edit.tabs.currentIndex() == 1
    assert edited.edit.options_form.editors["pool"].hasFocus()


def test_what_deadline_has_can_be_chosen(edited):
    """Pools and limits; the priority has the repository's maximum."""
    editors = edited.edit.options_form.editors
    type_into(edited, "priority", "101")

    assert [editors["pool"].itemText(row) for row in range(editors["pool"].count())] == ["none", "comp"]
    assert [editors["limits"].item(row).text() for row in range(editors["limits"].count())] == ["nuke"]
    assert note(edited, "priority") == "Priority must be at most 100, not 101."


def test_submitted_with_errors_it_leads_to_the_first(edited, kept_farm):
    """Nothing is submitted."""
    type_into(edited, "frames", "")
    type_into(edited, "chunk_size", "0")

    click(edited.edit.submit_button)

    assert edited.pages.currentWidget() is edited.edit
    assert edited.edit.parameters_form.editors["frames"].hasFocus()
    assert (note(edited, "frames"), note(edited, "chunk_size")) == (
        "Fill in Frames.",
        "Chunk size must be at least 1, not 0.",
    )
    assert kept_farm.jobs() == []


def test_enter_submits_nothing(edited):
    """In whatever field; Tab leads from one to the next, also where Deadline's answer has replaced some."""
    editor = edited.edit.parameters_form.editors["frames"]
    editor.setFocus()

    QTest.keyClick(editor, Qt.Key.Key_Return)
    QTest.keyClick(editor, Qt.Key.Key_Tab)
    reached = [name for name, each in edited.edit.parameters_form.editors.items() if each.hasFocus()]
    edited.edit.tabs.setCurrentIndex(1)
    edited.edit.options_form.editors["pool"].setFocus()
    for _ in range(6):
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        reached += [name for name, each in edited.edit.options_form.editors.items() if each.hasFocus()]

    assert edited.pages.currentWidget() is edited.edit
    assert reached == ["camera", "secondary_pool", "group", "limits", "priority", "department", "comment"]


def test_a_submission_ends_with_its_jobs_whose_state_is_live_and_is_offered_the_next_time(window, open_window, farm):
    """With IDs and a line for a terminal to copy. Enter on the button submits, and the next Enter cancels nothing.

    A job that is deleted elsewhere is shown so. The next time, the workflow is offered too, where no other is asked
    for; but nothing of the facts of that scene.
    """
    type_into(window, "camera", "side")
    type_into(window, "pool", "comp")
    settle(window)

    window.edit.submit_button.setFocus()
    for _ in range(2):
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    until(lambda: window.pages.currentWidget() is window.jobs)
    until(lambda: table_rows(window.jobs.table)[0][1])

    ids = {job.job_id: job.job_info for job in farm.jobs()}
    rows = table_rows(window.jobs.table)
    assert [row[:3] for row in rows] == [["Render", "Queued", "0 of 2"], ["Publish", "Pending", "0 of 1"]]
    shown = [row[4] for row in rows]
    assert sorted(shown) == sorted(ids)
    assert {info["Pool"] for info in ids.values()} == {"comp"}
    assert window.submission.bar.value() == window.submission.bar.maximum() == 2
    click(window.jobs.copy_ids_button)
    assert QGuiApplication.clipboard().text().split() == shown
    click(window.jobs.copy_line_button)
    assert QGuiApplication.clipboard().text().startswith("flowpipe-deadline status ")

    for job_id in ids:
        farm.delete(job_id)
    window.jobs.look()
    until(lambda: table_rows(window.jobs.table)[0][1] == "Deleted")
    assert window.jobs.headline.text() == "2 jobs submitted, ended, 0 % done"

    later = open_window("")
    assert later.edit.workflow_box.currentText() == "shot"
    assert later.parameters.text("camera") == "side"
    assert later.parameters.text("frames") == ""


def test_a_bundle_can_be_written_and_not_submitted(window, farm):
    """Its page says so, and how to submit it."""
    window.edit.tabs.setCurrentIndex(1)
    click_box(window, "is_dry_run")

    click(window.edit.submit_button)
    until(lambda: window.pages.currentWidget() is window.jobs)

    assert window.jobs.headline.text() == "A bundle of 2 jobs is written, and not submitted"
    assert window.jobs.command_line.startswith("flowpipe-deadline submit ")
    assert farm.jobs() == []
    click(window.jobs.again_button)
    assert window.pages.currentWidget() is window.edit


def click_box(window, name):
    """Ticks a box of the job's options."""
    window.edit.options_form.editors[name].click()


@pytest.mark.parametrize("how", ["button", "closing"])
def test_cancelled_on_the_way_no_job_is_left(window, farm, how):
    """The page says what was undone. Closing asks first, and Esc there goes on; it does not ask again."""
    farm.set_faults({"on": "submit", "do": "late", "nth": 2, "value": 0.5})
    click(window.edit.submit_button)
    until(farm.jobs)

    if how == "button":
        click(window.submission.cancel_button)
    else:
        assert not window.close()
        QTest.keyClick(window.question, Qt.Key.Key_Escape)
        assert window.submission.is_under_way
        QTest.keyClick(window, Qt.Key.Key_Escape)
        click(window.question.buttons()[1])
        assert not window.close()
        assert not window.question.isVisible()
    until(lambda: not window.submission.is_under_way)

    assert farm.jobs() == []
    assert window.submission.headline.text() == "Cancelled"
    assert "deleted" in window.submission.log.toPlainText()
    click(window.submission.back_button)
    assert window.pages.currentWidget() is window.edit


def test_cancelled_too_late_the_jobs_are_shown_and_that_they_were_submitted(window, farm):
    """When all are released."""
    farm.set_faults({"on": "resume", "do": "late", "value": 0.3, "times": 0})
    click(window.edit.submit_button)
    until(lambda: [job.status.value for job in farm.jobs()].count("Active") == 1)

    click(window.submission.cancel_button)
    until(lambda: not window.submission.is_under_way)

    assert window.pages.currentWidget() is window.jobs
    assert "It was too late to cancel." in window.jobs.place.text()


def test_a_workflow_that_does_not_heed_is_ended_by_a_second_cancel(open_window, farm, studio, tmp_path):
    """While the graph is built there is nothing to undo. A double click is one cancellation."""
    marker = tmp_path / "building"
    body = f"""\
if os.path.exists({str(marker)!r}):
    open({str(marker)!r} + '2', 'w').close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    time.sleep(600)"""
    (studio.parent / "workflows" / "stubborn.py").write_text(nasty(body, "def stubborn() -> Graph:"))
    window = open_window("stubborn", root=str(tmp_path / "root"))
    marker.touch()
    click(window.edit.submit_button)
    until((tmp_path / "building2").exists)

    click(window.submission.cancel_button)
    click(window.submission.cancel_button)
    still = window.submission.is_under_way
    until(window.submission.cancel_button.isEnabled)
    click(window.submission.cancel_button)

    assert still
    assert not window.submission.is_under_way
    assert window.submission.headline.text() == "Cancelled"


def test_refused_in_the_middle_no_job_is_left(window, farm):
    """Deadline's words are shown, and stand in the list once a person goes back."""
    farm.set_faults({"on": "submit", "do": "refuse", "nth": 2, "value": "the pool is closed"})

    click(window.edit.submit_button)
    until(lambda: not window.submission.is_under_way)

    assert farm.jobs() == []
    assert window.submission.headline.text() == "Not submitted"
    assert "the pool is closed" in window.submission.log.toPlainText()


def test_of_a_submission_whose_process_is_killed_it_says_that_jobs_may_be_there(window, farm):
    """Not that nothing was submitted: Deadline's process may go on."""
    farm.set_faults({"on": "submit", "do": "late", "nth": 2, "value": 0.5})
    click(window.edit.submit_button)
    until(lambda: "Render: " in window.submission.log.toPlainText())

    for process in window.findChildren(QProcess):
        process.kill()
    until(lambda: not window.submission.is_under_way)

    assert window.submission.headline.text() == "Interrupted"
    assert "'flowpipe-deadline cancel' deletes its jobs" in window.submission.log.toPlainText()


def test_without_deadline_it_can_be_filled_in(open_window, studio, monkeypatch, tmp_path):
    """A line says why, and a button asks again once it is there."""
    monkeypatch.setenv("DEADLINE_PATH", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    window = open_window(facts=Facts(values={"frames": "1-10"}), root=str(tmp_path / "root"))
    until(lambda: "does not answer" in window.edit.deadline_note.text())

    type_into(window, "pool", "comp")
    settle(window)
    button = window.edit.deadline_button
    click(button)
    asked_again = window.edit.deadline_note.text()
    until(lambda: "does not answer" in window.edit.deadline_note.text())

    assert table_rows(window.edit.preview.table) == JOBS
    assert window.options.text("pool") == "comp"
    assert asked_again.startswith("Asking Deadline")
    assert "DEADLINE_PATH" in window.edit.deadline_note.text()


def test_while_deadline_is_slow_nothing_waits_for_it(open_window, farm, tmp_path):
    """Preview and fields work; the window closes, and the call that hangs ends with it."""

    def calls():
        return [each for each in psutil.process_iter() if str(farm.bin) in " ".join(command(each))]

    farm.set_faults({"on": "*", "do": "hang", "times": 0})

    window = open_window(facts=Facts(values={"frames": "1-10"}), root=str(tmp_path / "root"))
    type_into(window, "pool", "comp")
    settle(window)

    assert table_rows(window.edit.preview.table) == JOBS
    assert window.edit.deadline_note.text().startswith("Asking Deadline")
    assert calls()
    assert window.close()
    until(lambda: not calls())


def command(process):
    """What was started; nothing if it has ended."""
    with contextlib.suppress(psutil.Error):
        return process.cmdline()
    return []


def test_presets_are_saved_chosen_and_shared(window, open_window, tmp_path):
    """What a preset has replaces what was typed, also once the workflow is loaded anew; what is unknown is told."""
    type_into(window, "camera", "side")
    type_into(window, "pool", "comp")
    save_preset(window, "Größe 1", is_shared=True)
    type_into(window, "camera", "top")
    path = next((tmp_path / "shared").rglob("*.json"))
    record = json.loads(path.read_text())
    record["parameters"]["samples"] = "64"
    path.write_text(json.dumps(record))

    other = open_window(facts=Facts(values={"frames": "1-10"}), root=str(tmp_path / "root"))
    other.edit.preset_box.setCurrentIndex(1)
    other.choose_preset(1)
    QTest.keyClick(other, Qt.Key.Key_F5)
    settle(other)

    assert other.edit.preset_box.currentText() == "Größe 1 (studio)"
    assert (other.parameters.text("camera"), other.options.text("pool")) == ("side", "comp")
    assert other.edit.parameters_form.editors["camera"].text() == "side"
    assert any("'samples'" in text for text in messages(other))


def save_preset(window, name, *, is_shared=False):
    """Saves one, through the dialog."""
    click(window.edit.save_button)
    dialog = window.preset_dialog
    save = dialog.buttons.button(QDialogButtonBox.StandardButton.Save)
    assert not save.isEnabled()
    dialog.name.setText(name)  # keyClicks takes ASCII only, and aborts at anything else.
    dialog.shared.setChecked(is_shared)
    click(save)


def test_a_preset_that_cannot_be_saved_is_an_error_in_the_list(window, home):
    """A file stands where the folder should be."""
    (home / "config" / "flowpipe-deadline").mkdir(parents=True)
    (home / "config" / "flowpipe-deadline" / "presets").write_text("")

    save_preset(window, "final")

    assert messages(window)[0].startswith("The preset is not saved: ")


def test_a_workflow_that_is_edited_is_loaded_anew(window, studio):
    """By F5; what was typed stays."""
    type_into(window, "frames", "1-20")
    settle(window)
    path = studio.parent / "workflows" / "shot.py"
    path.write_text(SHOT.replace('camera: Camera = "persp"', 'lens: float = 35.5, camera: Camera = "persp"'))

    QTest.keyClick(window, Qt.Key.Key_F5)
    until(lambda: "lens" in window.parameters.parameters)
    settle(window)

    assert window.parameters.text("frames") == "1-20"
    assert window.edit.parameters_form.editors["lens"].text() == "35.5"
    assert table_rows(window.edit.preview.table)[0][1] == "1-20"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("os._exit(3)", "exit code 3"),
        ("raise ValueError('no such shot')", "no such shot"),
        ("sys.exit()", "SystemExit"),
    ],
)
def test_a_workflow_that_fails_is_told(open_window, studio, tmp_path, body, said):
    """The dialog stays."""
    (studio.parent / "workflows" / "nasty.py").write_text(nasty(body))

    window = open_window("nasty", root=str(tmp_path / "root"))

    assert said in messages(window)[0]


def test_a_workflow_that_hangs_is_left_behind(open_window, studio, tmp_path):
    """Another can be chosen, and the window closes."""
    (studio.parent / "workflows" / "nasty.py").write_text("import time\ntime.sleep(600)\n")
    window = open_window(facts=Facts(values={"frames": "1-10"}), root=str(tmp_path / "root"))
    window.open_workflow("nasty")
    until(lambda: window.is_working)

    window.open_workflow("shot")
    settle(window)

    assert table_rows(window.edit.preview.table) == JOBS


def test_where_no_process_can_be_started_that_is_told(open_window, studio, monkeypatch):
    """A Python that was removed under the dialog."""
    monkeypatch.setattr(sys, "executable", "/no/such/python")

    window = open_window()

    assert messages(window)[0].startswith("/no/such/python cannot be started: ")


def test_a_process_that_ends_while_it_waits_is_replaced(open_window, studio, tmp_path):
    """Somebody ended it."""
    window = open_window(facts=Facts(values={"frames": "1-10"}), root=str(tmp_path / "root"))
    until(lambda: "does not answer" in window.edit.deadline_note.text())
    processes = window.findChildren(QProcess)
    for process in processes:
        process.kill()
    until(lambda: not window.findChildren(QProcess))

    type_into(window, "frames", "1-3")
    settle(window)

    assert processes
    assert table_rows(window.edit.preview.table)[0][1] == "1-3"


def test_while_a_workflow_is_loaded_nothing_can_be_submitted(window, farm, studio):
    """The name is that of the new one already, and the fields are those of the old one."""
    (studio.parent / "workflows" / "nasty.py").write_text("import time\ntime.sleep(600)\n")

    window.open_workflow("nasty")
    click(window.edit.submit_button)
    is_under_way = window.submission.is_under_way
    window.open_workflow("shot")
    settle(window)

    assert not is_under_way
    assert window.edit.submit_button.isEnabled()


def test_a_workflow_that_is_not_there_is_told(open_window, studio):
    """Others can be chosen; there is nothing to submit or to save."""
    window = open_window("shoot")

    assert not window.edit.submit_button.isEnabled()
    assert not window.edit.save_button.isEnabled()
    assert window.edit.workflow_box.currentText() == ""
    assert "did you mean 'shot'" in messages(window)[0].lower()
    assert window.edit.workflow_box.findText("shot") >= 0


MANY = "\n".join(
    f"    p{number}: Annotated[{kind}, Parameter(group_label='Part {number // 10}', label='{label}')] = {default},"
    for number in range(30)
    for kind, label, default in [
        [
            ("int", f"Number {number}", "5"),
            ("str", "A label that is so long that no window would be wide enough for it and its field", "'x'"),
            ("bool", f"Switch {number}", "False"),
            ("Literal['draft', 'final']", f"Choice {number}", "'draft'"),
            ("Folder", f"Folder {number}", "''"),
        ][number % 5]
    ]
)


def test_thirty_parameters_scroll_in_sections(open_window, monkeypatch, tmp_path):
    """Wrong input in the last one is shown, and found from the list."""
    text = f"{NODES}\ndef many(\n{MANY}\n) -> Graph:\n{LAST_LINES.format('Many')}"
    write_studio(tmp_path, monkeypatch, many=text)
    window = open_window("many", root=str(tmp_path / "root"))
    form = window.edit.parameters_form
    type_into(window, "p25", "many")
    form.verticalScrollBar().setValue(0)

    window.edit.messages.itemActivated.emit(window.edit.messages.item(0))
    QTest.qWait(0)

    assert note(window, "p25") == "Number 25 must be a whole number, not 'many'."
    assert form.verticalScrollBar().value() > 0
    assert not form.editors["p25"].visibleRegion().isEmpty()
    assert form.horizontalScrollBar().maximum() == 0


def test_a_workflow_that_cannot_be_opened_leaves_the_one_that_is(open_window, studio, tmp_path):
    """What is shown is what is submitted."""
    window = open_window(facts=Facts(values={"frames": "1-10"}), root=str(tmp_path / "root"))

    window.open_workflow(str(tmp_path / "none.py"))
    settle(window)

    assert "does not exist" in messages(window)[0]
    assert window.edit.workflow_box.currentText() == "shot"


def test_a_graph_without_parameters_can_be_submitted(open_window, farm, tmp_path):
    """The file is named on the command line."""
    script = tmp_path / "plain.py"
    script.write_text(f"{NODES}\ngraph = Graph(name='Plain')\nPublish(graph=graph, images=[])\n")
    window = open_window(str(script), root=str(tmp_path / "root"))

    click(window.edit.submit_button)
    until(lambda: window.pages.currentWidget() is window.jobs)

    assert window.edit.description.text() == "There is nothing to fill in."
    assert [job.job_info["Plugin"] for job in farm.jobs()] == ["Flowpipe"]


def test_files_of_the_scene_are_judged_beside_the_rest(open_window, studio, tmp_path):
    """As are the sentences of the host."""
    files = tuple(SceneFile(str(tmp_path / f"{number}.exr"), "texture", f"file{number}") for number in range(400))
    window = open_window(facts=Facts("maya", values={"frames": "1"}, files=files, warnings=("Odd scene.",)))
    until(lambda: any("400 files" in text for text in messages(window)))

    assert "Odd scene." in messages(window)


def test_five_hundred_jobs_are_drawn(open_window, monkeypatch, tmp_path):
    """All of them fit into the view."""
    text = f"{NODES}\ndef wide() -> Graph:\n    graph = Graph(name='Wide')\n"
    text += "    first = Render(graph=graph, name='first', frames=[1])\n"
    text += "    for number in range(499):\n        node = Publish(graph=graph, name=f'p{number}')\n"
    text += "        first.outputs['images'].connect(node.inputs['images'])\n    return graph\n"
    write_studio(tmp_path, monkeypatch, wide=text)
    window = open_window("wide", root=str(tmp_path / "root"))

    window.edit.preview.setCurrentIndex(1)
    QTest.qWait(0)

    view = window.edit.preview.graph
    shown = view.mapToScene(view.viewport().rect()).boundingRect()
    assert window.edit.preview.table.rowCount() == 500
    assert shown.contains(view.scene().itemsBoundingRect())


@pytest.mark.parametrize(
    ("window_color", "severity", "is_light"), [("#ffffff", "error", False), ("#202020", "error", True)]
)
def test_colours_fit_light_and_dark_windows(window_color, severity, is_light):
    """Text is dark on light, and light on dark."""
    from PySide6.QtGui import QColor

    from flowpipe_deadline.dialog.form import tint

    palette = QPalette(QColor(window_color))

    assert (tint(palette, severity).lightness() > 128) is is_light


def test_two_dialogs_submit_at_once(open_window, farm, tmp_path):
    """Each its own jobs."""
    windows = [open_window(facts=Facts(values={"frames": "1-10"}), root=str(tmp_path / "root")) for _ in range(2)]

    for window in windows:
        click(window.edit.submit_button)
    until(lambda: all(window.pages.currentWidget() is window.jobs for window in windows))

    assert len(farm.jobs()) == 4
    assert len(list((tmp_path / "root").iterdir())) == 2


def test_killed_while_submitting_the_submission_comes_to_its_end(farm, tmp_path):
    """All jobs or none: the process that submits is another one."""
    farm.set_faults({"on": "submit", "do": "late", "nth": 2, "value": 0.5})
    code = f"""\
import sys
sys.path.insert(0, {os.path.dirname(qt.__file__)!r})
from qt import click, opened, until
from flowpipe_deadline.workflows.facts import Facts
facts = Facts(values={{"frames": "1-10"}})
window = opened(worker={worker_command(is_warm=True)!r}, facts=facts, root={str(tmp_path / "root")!r})
click(window.edit.submit_button)
until(lambda: False)
"""
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        wait_until(farm.jobs)

        process.send_signal(signal.SIGKILL)

    (bundle,) = (tmp_path / "root").iterdir()
    wait_until(lambda: read_submission(bundle).state == "submitted")
    assert len(farm.jobs()) == 2
