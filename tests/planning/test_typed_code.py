"""What is typed in a session, as the file that travels with the bundle."""

from __future__ import annotations

import code
import linecache
import statistics
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from flowpipe import Graph, Node
from sessions import Session

from flowpipe_deadline import plan_graph
from flowpipe_deadline.core import locate
from flowpipe_deadline.core.locate import NotImportableError
from flowpipe_deadline.errors import PlanError
from flowpipe_deadline.preflight.files import length_warnings, source_warnings
from flowpipe_deadline.preflight.storage import Mount, Mounts

NODE = "from flowpipe import Graph, Node\n"
LAZY = "" if sys.version_info >= (3, 14) else "from __future__ import annotations\n"
"""So that annotations are not evaluated where they stand."""


@pytest.fixture
def session(monkeypatch):
    """A session that is this process's ``__main__``."""
    return begin(monkeypatch)


@pytest.fixture(autouse=True)
def _nothing_planned_here(monkeypatch):
    """What a test reads back is from the file, not from the session."""
    monkeypatch.setattr(locate, "_planned_here", {})


@pytest.fixture(autouse=True)
def _nothing_kept_of_other_sessions(monkeypatch):
    """What another test typed is no text that this one could find."""
    monkeypatch.setattr(linecache, "cache", {})


def begin(monkeypatch, **options):
    """A new session."""
    session = Session(**options)
    monkeypatch.setitem(sys.modules, "__main__", session.module)
    return session.type(NODE)


def planned(*nodes):
    """The plan of these typed nodes."""
    graph = Graph(name="shot")
    for node in nodes:
        node(graph=graph)
    return plan_graph(graph)


def typed_text(plan):
    """The text of the one file that travels along."""
    [text] = plan.code.values()
    return text.decode()


def loaded(plan, folder):
    """The module that a worker makes of the one file."""
    [(file, data)] = plan.code.items()
    (folder / file).parent.mkdir()
    (folder / file).write_bytes(data)
    locate._planned_here.clear()
    return locate.load_file(str(folder / file))


def test_a_function_brings_all_that_it_uses(session, tmp_path):
    """Modules by any name, what was imported from them, functions that call each other, and values."""
    session.type("""
        import math as maths, xml.dom.minidom
        from os.path import join
        from pathlib import PurePosixPath
        LIMIT, WHERE = 4, PurePosixPath("/p/show")
        def is_even(number):
            return number == 0 or is_odd(number - 1)
        def is_odd(number):
            return number != 0 and is_even(number - 1)
        @Node(outputs=["found"])
        def Render(frames=LIMIT):
            limit = [LIMIT for LIMIT in range(3)]
            document = xml.dom.minidom.parseString("<a/>")
            return {"found": [join("a", "b"), maths.floor(2.5), is_even(frames), str(WHERE), limit, document.nodeName]}
    """)

    plan = planned(session.Render)
    module = loaded(plan, tmp_path)

    assert "import xml.dom.minidom\n" in typed_text(plan)
    assert module.Render.func() == {"found": ["a/b", 2, True, "/p/show", [0, 1, 2], "#document"]}


def test_statements_are_found_that_were_compiled_alone(session, tmp_path):
    """Python makes other code of a call into a module whose import it compiles with it."""
    session.type(
        """
        import math
        @Node(outputs=["found"])
        def Render():
            return {"found": math.floor(2.5)}
        """,
        is_apart=True,
    )

    module = loaded(planned(session.Render), tmp_path)

    assert module.Render.func() == {"found": 2}


def test_what_a_definition_needs_comes_before_it(session, tmp_path):
    """Bases, decorators, what these call, defaults, and classes of values, whatever their names."""
    session.type("""
        import enum
        from dataclasses import dataclass, field
        def a_first(function):
            return z_helper(function)
        def z_helper(function):
            function.mark = Z_MARK
            return function
        Z_MARK = "marked"
        class Z_Look(enum.Enum):
            DAY = 1
            NIGHT = 2
        @dataclass(frozen=True)
        class Z_Shot:
            look: Z_Look = Z_Look.NIGHT
            frames: list = field(default_factory=list)
        A_DEFAULT = Z_Shot(Z_Look.DAY, [3])
        class Z_Base:
            looks = {Z_Look.DAY: "sun"}
        class A_Derived(Z_Base):
            pass
        @Node(outputs=["found"])
        @a_first
        def A_Render(shot=A_DEFAULT):
            return {"found": [shot, A_Derived.looks[shot.look], A_Render.func.mark]}
    """)

    module = loaded(planned(session.A_Render), tmp_path)

    assert module.A_Render.func() == {"found": [module.Z_Shot(module.Z_Look.DAY, [3]), "sun", "marked"]}
    assert isinstance(module.A_DEFAULT.look, module.Z_Look)


def test_what_is_usual_in_sessions_is_understood(session, tmp_path):
    """Classes that are made by a call or in a class, methods of all kinds, and values that only modules have."""
    session.type("""
        import enum, re
        from collections import namedtuple
        from logging import _lock, getLogger, root
        from random import randint
        from typing import Any, Optional
        Point = namedtuple("Point", "x y")
        Look = enum.Enum("Look", "DAY NIGHT")
        START = Point(1, Look.NIGHT)
        DIGITS = re.compile("[0-9]+")
        __version__ = "7"
        class Outer:
            LIMIT = START.x
            class Inner:
                @property
                def one(self): return Point(self.two(), self.three())
                @staticmethod
                def two(): return Outer.LIMIT
                @classmethod
                def three(cls): return cls.__name__
        @Node(outputs=[])
        def Render(start: Optional[Point] = START) -> Any:
            def inner():
                nonlocal count
                count += 1
            count = 0
            inner()
            names = [root.name, getLogger is not _lock, randint(2, 2), f"{count}", __version__, __name__[:6]]
            return [*names, Outer.Inner().one, start.y, (found := DIGITS.search("a12")) and found.group()]
    """)

    module = loaded(planned(session.Render), tmp_path)

    assert module.Render.func() == ["root", True, 2, "1", "7", "typed_", (1, "Inner"), module.Look.NIGHT, "12"]


def test_records_point_into_the_bundle(session):
    """Of the nodes, and of the classes of their values."""
    session.type("""
        import enum
        class Look(enum.Enum):
            DAY = 1
        @Node(outputs=["look"])
        def Render(look=Look.DAY, looks=(Look.DAY,)):
            return {"look": look}
    """)

    plan = planned(session.Render)

    [file], record = plan.code, plan.jobs[0].record
    source = {"module": Path(file).stem, "qualname": "Look", "file": file}
    assert record["function"] == {**source, "qualname": "Render"}
    assert record["inputs"]["look"]["value"]["class"] == source
    assert record["inputs"]["looks"]["value"]["items"][0]["class"] == source
    assert plan.to_json()["jobs"][0]["source"] == record["function"]


def test_the_same_code_gives_the_same_bytes(monkeypatch):
    """In whatever order it was typed and its nodes were made."""
    parts = ["A = 1\n", "def b():\n    return A\n", "@Node(outputs=[])\ndef One():\n    b()\n", "import math\n"]
    last = "@Node(outputs=[])\ndef Two():\n    b(), math.pi\n"

    one = begin(monkeypatch).type("".join([*parts, last]))
    first = planned(one.One, one.Two)
    other = begin(monkeypatch).type("").type("".join(reversed(parts))).type(last)
    second = planned(other.Two, other.One)

    assert first.code == second.code


def test_annotations_stay_texts_where_they_were(session, tmp_path):
    """Names in them need not exist."""
    session.type("from __future__ import annotations\n@Node(outputs=[])\ndef Render(look: Unknown = 1):\n    pass\n")

    module = loaded(planned(session.Render), tmp_path)

    assert module.Render.func.__annotations__ == {"look": "Unknown"}


def test_a_definition_under_a_condition_is_found(session, tmp_path):
    """With texts of several lines as they are."""
    session.type('if Node:\n    @Node(outputs=["text"])\n    def Render():\n        return {"text": """a\nb"""}\n')

    assert loaded(planned(session.Render), tmp_path).Render.func() == {"text": "a\nb"}


def test_another_name_of_a_function_is_taken_along(session, tmp_path):
    """As that name."""
    session.type("def one():\n    return 1\nsame = one\n@Node(outputs=[])\ndef Render():\n    return same()\n")

    assert loaded(planned(session.Render), tmp_path).Render.func() == 1


REFUSED = {
    "a value that does not survive": (
        "log = open(__import__('os').devnull)",
        "its code uses 'value', of type TextIOWrapper, which cannot go to the farm",
    ),
    "a value of a value": (
        "value = [1, object()]",
        "its code uses 'value', of type list, .*object cannot be kept .at .1..",
    ),
    "a lambda": ("value = lambda: 1", "'value' is a lambda"),
    "a closure": (
        "def make():\n    def inner():\n        return 1\n    return inner\nvalue = make()",
        "'value' is defined inside the function make",
    ),
    "what was wrapped later": (
        "import functools\ndef value():\n    return 1\nvalue = functools.lru_cache(value)",
        "'value' was made of value later",
    ),
    "a module that was made by hand": (
        "import types\nvalue = types.ModuleType('mine')",
        ".*the module 'value', which cannot",
    ),
}


@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_taken_along_is_told(session, text, message):
    """With the node, the name, and what to do, before anything is written."""
    session.type(text.replace("log =", "value ="))
    session.type("def helper():\n    return value\n@Node(outputs=[])\ndef Render():\n    helper()\n")

    with pytest.raises(PlanError, match=f"^shot.Render: a worker could not load it: {message}"):
        planned(session.Render)
    getattr(session.value, "close", bool)()


def test_a_lost_source_is_told(session):
    """As at the prompt of Pythons before 3.13."""
    session.type("@Node(outputs=[])\ndef Render():\n    pass\n", is_kept=False)

    with pytest.raises(PlanError, match=r"Render was typed in this session, and .* save it to a file"):
        planned(session.Render)


def test_a_node_inside_a_function_is_refused_as_in_a_file(session):
    """A worker has no way to call that function."""
    session.type(
        "def make():\n    @Node(outputs=[])\n    def Inner():\n        pass\n    return Inner\nMade = make()\n"
    )

    with pytest.raises(
        PlanError, match="'Made' is defined inside the function make; define it by a statement of its own"
    ):
        planned(session.Made)


def test_a_class_that_was_typed_again_is_told(session):
    """A node that was made before still has the old one."""
    text = "import enum\nclass Look(enum.Enum):\n    DAY = 1\n    def mean(self):\n        pass\n"
    session.type(text).type("@Node(outputs=[])\ndef Render(look=Look.DAY):\n    pass\n").type(text)

    with pytest.raises(PlanError, match="Look was typed again after it was used; run what uses it again, too"):
        planned(session.Render)


def test_two_things_of_one_name_are_told(session, monkeypatch):
    """They would be one in the file."""
    session.type("import types\nhelper = 1\n@Node(outputs=[])\ndef Render():\n    return helper, other()\n")
    other = Session()
    other.module.__name__ = "other_session"
    monkeypatch.setitem(sys.modules, "other_session", other.module)
    other.type("helper = 2\ndef other():\n    return helper\n")
    session.module.other = other.other

    with pytest.raises(PlanError, match="two different things are called 'helper'"):
        planned(session.Render)


def test_the_text_that_a_class_was_made_of_counts(session):
    """Not a later one that failed, nor one of another class of that name."""
    session.type("import enum\nclass Look(enum.Enum):\n    DAY = 1\n")
    with pytest.raises(ZeroDivisionError):
        session.type("class Look(enum.Enum):\n    DAY = 2\n    1 / 0\n")
    session.type("@Node(outputs=[])\ndef Render(look=Look.DAY):\n    pass\n")

    assert "DAY = 1" in typed_text(planned(session.Render))


TEXT = "@Node(outputs=[])\ndef Render(frames=1):\n    return frames\n"


class MayaCommands(ModuleType):
    """As much of ``maya.cmds`` as is asked: a Script Editor with these tabs."""

    def __init__(self, *tabs):
        super().__init__("maya.cmds")
        self.tabs = dict(enumerate(tabs))

    def lsUI(self, *, type):  # noqa: A002  (its name)
        """The names of all tabs; None without any."""
        assert type == "cmdScrollFieldExecuter"
        return [f"cmdScrollFieldExecuter{number}" for number in self.tabs] or None

    def cmdScrollFieldExecuter(self, name, *, query, text):
        """The text of that tab."""
        assert query
        assert text
        return self.tabs[int(name[len("cmdScrollFieldExecuter") :])]


def blender_with(*texts):
    """As much of ``bpy`` as is asked: a file with these texts."""
    return SimpleNamespace(data=SimpleNamespace(texts=[SimpleNamespace(as_string=text.__str__) for text in texts]))


@pytest.mark.parametrize(
    ("name", "make"), [("maya.cmds", MayaCommands), ("bpy", blender_with)], ids=["Maya", "Blender"]
)
def test_script_editors_keep_the_source(session, monkeypatch, name, make):
    """Whatever else is in their tabs, that tab counts that compiles to the same code."""
    session.type(TEXT, is_kept=False)
    tabs = ["string $mel = `ls`;", TEXT.replace("return frames", "return 2"), f"print(1)\n\n{TEXT}"]
    monkeypatch.setitem(sys.modules, name, make(*tabs))

    assert TEXT in typed_text(planned(session.Render))


@pytest.mark.parametrize("name", ["maya.cmds", "bpy"])
def test_an_application_without_a_window_has_no_texts(session, monkeypatch, name):
    """Then what was typed is lost, and that is told."""
    session.type(TEXT, is_kept=False)
    monkeypatch.setitem(sys.modules, name, MayaCommands() if name == "maya.cmds" else SimpleNamespace())

    with pytest.raises(PlanError, match="save it to a file"):
        planned(session.Render)


@pytest.mark.parametrize("file", ["a notebook", code.__file__, __file__], ids=["no file", "prompt", "script"])
def test_a_session_may_say_that_it_has_a_file(monkeypatch, file):
    """Python 3.13 runs its prompt as a module, and ``python -i`` a script before it."""
    session = begin(monkeypatch, file=file).type(TEXT)

    assert TEXT in typed_text(planned(session.Render))


def test_classes_without_functions_are_known_at_the_prompt(monkeypatch):
    """Nothing in them says where they were typed."""
    session = begin(monkeypatch, file=code.__file__).type("import enum\nclass Look(enum.Enum):\n    DAY = 1\n")
    session.type("@Node(outputs=[])\ndef Render(look=Look.DAY):\n    pass\n")

    assert "class Look(enum.Enum)" in typed_text(planned(session.Render))


def test_what_a_script_generates_stays_there(monkeypatch):
    """A worker finds it by loading the script."""
    session = begin(monkeypatch, file=__file__)
    exec(compile(TEXT, "<string>", "exec"), vars(session.module))

    plan = planned(session.Render)

    assert plan.code == {}
    assert plan.jobs[0].source["file"] == __file__


def test_what_a_file_defines_stays_there(graph):
    """Nothing travels along then."""
    Node(outputs=[])(_function)(graph=graph)

    plan = plan_graph(graph)

    assert plan.code == {}
    assert plan.jobs[0].source["file"] == __file__


def _function():
    pass


def test_a_plan_says_what_its_jobs_come_from(session):
    """Files, packages, and the session."""
    session.Typed = session.type(TEXT).Render
    graph = Graph(name="shot")
    for name, node in {"one": session.Typed, "two": Node(outputs=[])(_function), "three": session.Typed}.items():
        node(graph=graph, name=name)
    Node(outputs=[])(statistics.fmean)(graph=graph, name="four")

    plan = plan_graph(graph)

    assert plan.sources == {
        "Typed in this session": ("one", "three"),
        f"From {__file__}": ("two",),
        "From the package statistics": ("four",),
    }


def test_code_that_travels_needs_no_share(session):
    """The check for modules on a disk of this machine has nothing to say."""
    session.type(TEXT)

    assert not list(source_warnings(planned(session.Render), mounts=Mounts((Mount("/", "ext4"),), system="linux")))


def test_the_path_of_the_code_may_be_the_longest(session):
    """A snapshot has the paths of the graph's own packages."""
    file = "code/" + "x" * 150
    plan = replace(planned(session.type(TEXT).Render), code={file: b""})
    root = "P:\\" + "x" * 97

    [warning] = length_warnings(plan, root=root, system="win32")

    assert f"a path of {100 + len('/.shot-20260101-000000-00000000.partial/') + len(file)} char" in warning.text


@pytest.mark.parametrize(
    ("text", "change", "reason"),
    [
        ("class Settings:\n    limit = 1\n    def get(self): return self.limit", "Settings.limit = 9", "changed since"),
        ("class Settings:\n    limit = 1", "Settings.limit = 9", "changed since"),
        ("class Settings:\n    def get(self): return 1", "Settings.get = lambda self: 2", "changed since"),
        ("LIMIT = 1\nclass Settings:\n    limit = LIMIT\n    def get(self): return 1", "LIMIT = 9", "changed since"),
        ("def Settings(): return Settings.limit", "Settings.limit = 9", "changed since"),
        (
            "import functools\n@functools.singledispatch\ndef Settings(value=1): return 1",
            "Settings.register(int, lambda value: 2)",
            "'Settings' got more functions after its definition",
        ),
        (
            "LIMIT = 1\ndef Settings(limit=LIMIT): return limit",
            "LIMIT = 9",
            "a default of 'Settings' was changed since",
        ),
        ("def Settings(*, found=[]): return found", "Settings.__kwdefaults__['found'].append(1)", "a default of"),
    ],
)
def test_what_was_changed_since_its_definition_is_refused(session, text, change, reason):
    """The definition alone would give other values on a worker than here."""
    session.type(text)
    session.type("@Node(outputs=['found'])\ndef Render(): return {'found': Settings()}")

    session.type(change)

    with pytest.raises(PlanError, match=reason):
        planned(session.Render)


def test_classes_may_name_each_other_in_annotations_that_are_not_evaluated(session, tmp_path):
    """Neither has to be there first, and other names in them not at all."""
    session.type(f"""
        {LAZY}
        from dataclasses import dataclass
        @dataclass
        class Shot:
            takes: list[Take]
        @dataclass
        class Take:
            shot: Shot
            note: Unknown = None
        @Node(outputs=["found"])
        def Render():
            return {{"found": [Shot([]), Take]}}
    """)

    module = loaded(planned(session.Render), tmp_path)

    assert module.Render.func() == {"found": [module.Shot([]), module.Take]}


def test_a_registry_that_its_decorator_fills_is_refused(session):
    """It would have to be there before what is in it, and the other way round."""
    session.type("""
        KNOWN = {}
        def known(function):
            KNOWN[function.__name__] = function
            return function
        @known
        def first(): return 1
        @Node(outputs=["found"])
        def Render(): return {"found": KNOWN["first"]()}
    """)

    with pytest.raises(NotImportableError, match="'first' and 'KNOWN' cannot be defined without each other"):
        planned(session.Render)


def test_one_list_by_two_names_stays_one(session, tmp_path):
    """What is put into it by one name is found by the other."""
    session.type("""
        FIRST = SECOND = []
        @Node(outputs=["found"])
        def Render():
            FIRST.append(1)
            return {"found": SECOND}
    """)

    module = loaded(planned(session.Render), tmp_path)

    assert module.Render.func() == {"found": [1]}


def test_classes_are_found_whatever_their_fields(session, tmp_path):
    """Names that are given twice, two at once, with two underscores, or taken over by slots and tuples."""
    session.type("""
        import enum
        from typing import NamedTuple
        class Look(enum.Enum):
            DAY, NIGHT = 1, 2
            DARK = 2
        class Size(NamedTuple):
            width: int = 4
            def half(self): return self.width // 2
        class Shot:
            __slots__ = ("frames",)
            __secret = 3
        class Take:
            number = 3
            number += 2
            def get(self): return self.number
        @Node(outputs=["found"])
        def Render():
            return {"found": [Look.DARK.name, Size().half(), Shot._Shot__secret, Take().number]}
    """)

    module = loaded(planned(session.Render), tmp_path)

    assert module.Render.func() == {"found": ["NIGHT", 2, 3, 5]}
