"""Dialogs of the Monitor: what a script may build and what is refused (plugin API, sections 5.1 and 5.7)."""

from __future__ import annotations

import gc
import textwrap
import types

import pytest


@pytest.fixture
def screen():
    """A screen whose user is the test."""
    from _dialog.screen import Screen, use

    made = Screen()
    use(made)
    return made


@pytest.fixture
def dialog(screen):
    """A dialog with an open grid."""
    from DeadlineUI.Controls.Scripting.DeadlineScriptDialog import DeadlineScriptDialog

    made = DeadlineScriptDialog()
    made.AddGrid()
    return made


@pytest.fixture
def shown(dialog):
    """A dialog on the screen, with a text, a check box, a number, something to read, and a button."""
    dialog.AddControlToGrid("Text", "TextControl", "a", 0, 0)
    dialog.AddSelectionControlToGrid("Check", "CheckBoxControl", False, "Really", 0, 1)
    dialog.AddRangeControlToGrid("Range", "RangeControl", 5, 0, 10, 0, 1, 0, 2)
    dialog.AddControlToGrid("Read", "ReadOnlyTextControl", "b", 0, 3)
    dialog.AddControlToGrid("Button", "ButtonControl", "Go", 0, 4)
    dialog.EndGrid()
    dialog.ShowDialog(False)
    return dialog


VENDOR_LIKE = """
from System.IO import *
from Deadline.Scripting import *
from DeadlineUI.Controls.Scripting.DeadlineScriptDialog import DeadlineScriptDialog

scriptDialog = None
pressed = []

def __main__(*args):
    global scriptDialog
    scriptDialog = DeadlineScriptDialog()
    scriptDialog.SetTitle("Submit Something To Deadline")
    scriptDialog.SetIcon(scriptDialog.GetIcon("Something"))
    scriptDialog.AddTabControl("Tabs", 0, 0)
    scriptDialog.AddTabPage("Job Options")
    scriptDialog.AddGrid()
    scriptDialog.AddControlToGrid("Separator1", "SeparatorControl", "Job Description", 0, 0, colSpan=3)
    scriptDialog.AddControlToGrid("NameLabel", "LabelControl", "Job Name", 1, 0, "The name of your job.", False)
    scriptDialog.AddControlToGrid("NameBox", "TextControl", "Untitled", 1, 1)
    scriptDialog.AddComboControlToGrid("KindBox", "ComboControl", "One", ("One", "Two"), 2, 1)
    scriptDialog.AddRangeControlToGrid("SizeBox", "RangeControl", 1, 1, 1000, 0, 1, 3, 1)
    scriptDialog.AddSelectionControlToGrid("SceneBox", "FileBrowserControl", "", "All Files (*)", 4, 1, colSpan=2)
    scriptDialog.EndGrid()
    scriptDialog.EndTabPage()
    scriptDialog.EndTabControl()
    scriptDialog.AddGrid()
    scriptDialog.AddHorizontalSpacerToGrid("HSpacer1", 0, 0)
    button = scriptDialog.AddControlToGrid("SubmitButton", "ButtonControl", "Submit", 0, 1, expand=False)
    button.ValueModified.connect(SubmitButtonPressed)
    button.ValueModified.connect(NothingPressed)
    closeButton = scriptDialog.AddControlToGrid("CloseButton", "ButtonControl", "Close", 0, 2, expand=False)
    closeButton.ValueModified.connect(scriptDialog.closeEvent)
    scriptDialog.EndGrid()
    scriptDialog.LoadSettings(args[0], ("NameBox", "SizeBox"))
    scriptDialog.EnabledStickySaving(("NameBox", "SizeBox"), args[0])
    scriptDialog.ShowDialog(False)

def SubmitButtonPressed(*args):
    pressed.append(args[0].Name)
    answer = scriptDialog.ShowMessageBox("The scene is local, go on?", "Warning", ("Yes", "No"))
    pressed.append(answer)

def NothingPressed():
    pressed.append(scriptDialog.GetValue("NameBox"))
"""


def run_script(source, *arguments):
    """A module with the script in it, whose ``__main__`` was called."""
    module = types.ModuleType("script")
    exec(textwrap.dedent(source), module.__dict__)
    module.__dict__["__main__"](*arguments)
    gc.collect()
    return module


def test_a_script_in_the_vendors_way(screen, tmp_path):
    """Tabs, grids, buttons, a question, and settings kept for the next time."""
    settings = str(tmp_path / "SomethingSettings.ini")
    script = run_script(VENDOR_LIKE, settings)
    screen.answers = ["No"]

    screen.enter("NameBox", "Shot")
    screen.enter("SizeBox", 7)
    screen.press("SubmitButton")
    screen.press("CloseButton")
    again = run_script(VENDOR_LIKE, settings)

    assert script.pressed == ["SubmitButton", "No", "Shot"]
    assert screen.boxes == [("Warning", "The scene is local, go on?")]
    assert again.scriptDialog.GetValue("NameBox") == "Shot"
    assert again.scriptDialog.GetValue("SizeBox") == 7
    assert screen.uncaught == []


def test_a_dialog_that_the_script_does_not_keep_is_gone(screen, tmp_path):
    """A local variable is not enough."""
    run_script(VENDOR_LIKE.replace("global scriptDialog", "pass"), str(tmp_path / "settings.ini"))

    with pytest.raises(ValueError, match="keep it in a global"):
        screen.press("CloseButton")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda d: d.AddControlToGrid("A", "TextBox", "", 0, 0), ValueError, "'TextBox' is no type of control"),
        (
            lambda d: d.AddControlToGrid("A", "CheckBoxControl", True, 0, 0),
            ValueError,
            "a CheckBoxControl is added with AddSelectionControlToGrid, not AddControlToGrid",
        ),
        (lambda d: d.AddControlToGrid("A", "TextControl", 7, 0, 0), TypeError, "A .TextControl.: expected a string"),
        (lambda d: d.AddControlToGrid("A", "TextControl", None, 0, 0), TypeError, "expected a string"),
        (lambda d: d.AddControlToGrid("A", "TextControl", "", "0", 0), TypeError, "row: expected an int"),
        (lambda d: d.AddControlToGrid("A", "TextControl", "", 0), TypeError, "AddControlToGrid: .*'column'"),
        (lambda d: d.AddControlToGrid("A", "TextControl", "", 0, 0, columnSpan=2), TypeError, "columnSpan"),
        (lambda d: d.AddControlToGrid("A", "TextControl", "", 0, 0, False), TypeError, "tooltip: expected a string"),
        (lambda d: d.AddControlToGrid("A", "TextControl", "", -1, 0), Exception, "row -1, column 0"),
        (
            lambda d: d.AddSelectionControlToGrid("A", "CheckBoxControl", 0, "", 0, 0),
            TypeError,
            "A .CheckBoxControl.: expected a bool",
        ),
        (
            lambda d: d.AddSelectionControlToGrid("A", "FolderBrowserControl", "", 0, 0, 0),
            TypeError,
            "theFilter: expected a string",
        ),
        (
            lambda d: d.AddRangeControlToGrid("A", "ProgressBarControl", 101, 0, 100, 0, 0, 0, 0),
            TypeError,
            "expected a number from 0 to 100, got 101",
        ),
        (
            lambda d: d.AddComboControlToGrid("A", "ComboControl", "a", "abc", 0, 0),
            TypeError,
            "items: expected a list or tuple of strings",
        ),
        (lambda d: d.AddScriptControl("A", None, ""), NotImplementedError, "AddScriptControl is not imitated"),
        (lambda d: d.AddControls("A"), AttributeError, "no attribute 'AddControls'"),
        (lambda d: d.AddGrid(), Exception, "EndGrid comes first"),
        (lambda d: d.AddTabPage("A"), Exception, "EndGrid comes first"),
        (lambda d: d.EndTabPage(), Exception, "EndTabPage without TabPage"),
        (lambda d: d.ShowDialog(False), Exception, "ShowDialog before EndGrid"),
        (lambda d: d.ShowMessageBox("text", "title"), NotImplementedError, "a dialog that is not shown"),
        (lambda d: d.GetValue("Nothing"), ValueError, "there is no control Nothing"),
        (lambda d: d.LoadSettings(("A",), "file"), TypeError, "LoadSettings: file: expected a string"),
        (lambda d: d.EnabledStickySaving("file", ("A",)), TypeError, "EnabledStickySaving: names: expected a list"),
    ],
)
def test_refused(dialog, call, error, message):
    """So that a mistake shows in a test first."""
    with pytest.raises(error, match=message):
        call(dialog)


def test_names_and_cells_are_taken_once(dialog):
    """A second control of that name, or in that place."""
    dialog.AddControlToGrid("A", "TextControl", "", 0, 0, rowSpan=1, colSpan=2)

    with pytest.raises(ValueError, match="names are unique"):
        dialog.AddControlToGrid("A", "TextControl", "", 1, 0)
    with pytest.raises(Exception, match="row 0, column 1 of the grid is taken"):
        dialog.AddControlToGrid("B", "TextControl", "", 0, 1)


@pytest.mark.parametrize(
    ("name", "value", "kind"), [("Text", "x", "a string"), ("Check", True, "a bool"), ("Range", 7, "a number")]
)
def test_values_keep_to_the_type_of_their_control(shown, name, value, kind):
    """What is set comes back, and nothing else can be set."""
    shown.SetValue(name, value)

    assert shown.GetValue(name) == value
    with pytest.raises(TypeError, match=f"expected {kind}"):
        shown.SetValue(name, object())


def test_a_control_has_the_attributes_that_it_has(shown):
    """A misspelt one would do nothing."""
    control = shown.control("Text")
    control.ReadOnly = True

    with pytest.raises(AttributeError):
        control.Readonly = True


@pytest.mark.parametrize("tells", [True, False])
def test_whether_a_value_that_a_script_sets_is_modified_is_played_both_ways(shown, screen, tells):
    """What the user enters always counts."""
    screen.tells_what_scripts_set = tells
    seen = []
    shown.control("Text").ValueModified.connect(lambda control: seen.append(control.TheValue))

    shown.SetValue("Text", "by the script")
    screen.enter("Text", "by hand")

    assert seen == [*(["by the script"] if tells else []), "by hand"]


def test_nobody_uses_what_is_disabled_or_only_shows_something(shown, screen):
    """A test that does so is wrong."""
    shown.SetEnabled("Button", False)

    with pytest.raises(ValueError, match="Button is disabled"):
        screen.press("Button")
    with pytest.raises(ValueError, match="Read only shows something"):
        screen.enter("Read", "x")


def test_what_a_button_raises_is_seen_on_the_console_only(shown, screen):
    """As in the Monitor."""
    shown.control("Button").ValueModified.connect(lambda: 1 / 0)

    screen.press("Button")

    assert "ZeroDivisionError" in screen.uncaught[0]


def test_a_modal_dialog_waits_for_somebody(dialog, screen):
    """And the script goes on once it is closed."""
    dialog.AddControlToGrid("Text", "TextControl", "a", 0, 0)
    dialog.EndGrid()
    screen.while_modal = lambda: screen.enter("Text", "b")

    dialog.ShowDialog(True)

    assert (dialog.GetValue("Text"), screen.has_dialog) == ("b", False)
