"""The button in Maya: made once, found again wherever it is, and never in the way of Maya's start."""

from __future__ import annotations

import runpy
import sys
import types

import pytest
from maya_product import MODULE, load

USER_SETUP = MODULE / "scripts" / "userSetup.py"


class Proxy(types.ModuleType):
    """``flowpipe_proxy``: loads a client that does as told."""

    class ProxyError(Exception):
        """A sentence for people."""

    def __init__(self, submit):
        super().__init__("flowpipe_proxy")
        self._client = types.SimpleNamespace(submit=submit)
        self.loaded = []

    def load(self, name):
        """The client."""
        self.loaded.append(name)
        return self._client


def start_maya(maya):
    """Maya reads the files of its modules, then shows its windows."""
    runpy.run_path(str(USER_SETUP), run_name="__main__")
    maya.idle()


def test_a_button_is_made_once(maya, shelf):
    """However often Maya is started, with its shelves saved in between."""
    for _ in range(3):
        start_maya(maya)
        maya.restart()

    ((name, button),) = maya.buttons()
    assert name == "Flowpipe"
    assert button["flags"]["label"] == "Submit To Deadline"
    assert maya.selected == "Rendering"


def test_a_button_is_brought_up_to_date(maya, shelf):
    """Its command and its icon are those of the installed version, whatever was saved."""
    shelf.make_button()
    maya.buttons()[0][1]["flags"].update(command="import flowpipe_shelf; flowpipe_shelf.submit()", image1="/old.svg")

    shelf.make_button()

    ((_, button),) = maya.buttons()
    assert button["flags"]["command"] == shelf.COMMAND
    assert button["flags"]["sourceType"] == "python"
    assert button["flags"]["image1"] == (MODULE / "icons" / "flowpipe_deadline.svg").as_posix()


def test_a_button_stays_where_the_user_has_moved_it(maya, shelf):
    """Under the name that the user gave it, and on a shelf of the user's."""
    shelf.make_button()
    maya.buttons()[0][1]["flags"]["label"] = "Farm!"
    maya.shelves["Custom"].append(maya.shelves.pop("Flowpipe").pop())

    start_maya(maya)

    ((name, button),) = maya.buttons()
    assert (name, button["flags"]["label"]) == ("Custom", "Farm!")


def test_a_shelf_that_the_user_has_renamed_is_left_alone(maya, shelf):
    """No other one is made."""
    shelf.make_button()
    maya.shelves["Farm"] = maya.shelves.pop("Flowpipe")

    shelf.make_button()

    assert list(maya.shelves) == ["Custom", "Rendering", "Farm"]


def test_a_button_that_the_user_has_removed_comes_back_only_if_that_is_asked_for(maya, shelf):
    """Maya's start does not ask; whoever installs does."""
    shelf.make_button()
    maya.shelves["Flowpipe"].clear()

    start_maya(maya)

    assert maya.buttons() == []
    assert len(shelf.make_button(again=True)) == 1


def test_a_saved_shelf_that_comes_back_with_its_button_gets_no_second_one(maya, shelf):
    """Maya fills a new shelf with what it has saved under that name."""
    shelf.make_button()
    maya.saved_shelves["Flowpipe"] = maya.shelves.pop("Flowpipe")

    shelf.make_button()

    assert len(maya.buttons()) == 1


def test_other_things_on_shelves_are_not_touched(maya, shelf):
    """Separators, and the user's own buttons."""
    maya.shelves["Custom"] = [
        {"name": "separator1", "kind": "separator", "flags": {}},
        {"name": "mine", "kind": "shelfButton", "flags": {"command": "print(1)", "label": "mine"}},
    ]

    shelf.make_button()

    assert maya.shelves["Custom"][1]["flags"] == {"command": "print(1)", "label": "mine"}


def test_a_maya_without_windows_gets_no_button(maya, shelf):
    """The farm's workers read the same files."""
    maya.batch = True

    start_maya(maya)

    assert maya.buttons() == []
    assert [command for command, _, _ in maya.calls] == ["about"]


def test_a_maya_without_shelves_gets_no_button(maya, shelf, monkeypatch):
    """Studios may have hidden them."""
    monkeypatch.setattr(maya, "shelves", None)

    assert shelf.make_button() == []


@pytest.mark.parametrize("fault", ["mel", "shelfButton", "evalDeferred"])
def test_an_error_of_ours_does_not_keep_maya_from_starting(maya, shelf, capsys, fault):
    """It is printed."""
    maya.faults[fault] = "out of order"

    start_maya(maya)

    assert "flowpipe-deadline has no button in this Maya" in capsys.readouterr().out
    assert maya.selected == "Rendering"


def test_a_click_calls_the_current_client(maya, shelf, monkeypatch):
    """What is in the repository, by way of the proxy."""
    clicks = []
    proxy = Proxy(submit=lambda: clicks.append("submit"))
    monkeypatch.setitem(sys.modules, "flowpipe_proxy", proxy)
    shelf.make_button()

    maya.click(maya.buttons()[0][1])

    assert (proxy.loaded, clicks, maya.dialogs) == (["flowpipe_maya"], ["submit"], [])


def test_an_error_for_people_is_shown_as_it_is(maya, shelf, monkeypatch):
    """In one dialog."""

    def fail():
        raise Proxy.ProxyError("Deadline does not answer.")

    monkeypatch.setitem(sys.modules, "flowpipe_proxy", Proxy(submit=fail))

    shelf.submit()

    assert maya.dialogs == [("Deadline does not answer.", ["OK"])]
    assert maya.waits == [True, False]


def test_an_error_that_nobody_foresaw_is_shown_too(maya, shelf, monkeypatch, capsys):
    """With what a TD needs, in the Script Editor."""
    monkeypatch.setitem(sys.modules, "flowpipe_proxy", Proxy(submit=lambda: {}["scene"]))

    shelf.submit()

    assert maya.dialogs == [("KeyError: 'scene'\n\nThe Script Editor has the details.", ["OK"])]
    assert "Traceback" in capsys.readouterr().err


def test_a_button_without_its_module_says_so(maya, shelf):
    """Somebody has deleted the module, but not the button."""
    shelf.make_button()
    sys.modules.pop("flowpipe_shelf")
    sys.path.remove(str(MODULE / "scripts"))

    maya.click(maya.buttons()[0][1])

    assert "no longer installed" in maya.dialogs[0][0]


def test_the_module_works_as_it_lies_in_the_repository(maya, shelf):
    """The proxy is found beside it, where MAYA_MODULE_PATH names the repository's own folder."""
    sys.path[:] = [path for path in sys.path if not path.endswith("Client")]

    load(MODULE / "scripts" / "flowpipe_shelf.py").submit()

    assert sys.modules["flowpipe_proxy"].__file__ == str(MODULE.parent / "flowpipe_proxy.py")
