"""Nodes for tests, importable by name on the offline farm as well."""

from __future__ import annotations

import enum
import os
import re
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from flowpipe import INode, InputPlug, Node, OutputPlug


class Colour(enum.Enum):
    """A value whose class has to be imported to come back."""

    RED = 1
    GREEN = 2


@dataclass(frozen=True)
class Shot:
    """A value whose class has to be imported to come back."""

    name: str
    frames: tuple


@Node(outputs=["value"])
def Pass(value=None):
    """Hands its input on."""
    return {"value": value}


@Node(outputs=["total"])
def Add(first=0, second=0):
    """The sum of two numbers."""
    return {"total": first + second}


@Node(outputs=["items", "table", "pattern"])
def Render(frames=None, factor=1):
    """Treats its frames one by one, as a renderer does."""
    frames = list(frames or [])
    return {
        "items": [frame * factor for frame in frames],
        "table": {str(frame): frame * factor for frame in frames},
        "pattern": "image.%04d.png",
    }


@Node(outputs=["items"])
def Sample(frames=None, samples=16, scene=None):
    """A value for each frame that depends on more than the frame."""
    return {"items": [[frame, samples] for frame in frames]}


@Node(outputs=["images"])
def Check(frames=None, images=None):
    """Needs the images that belong to its frames."""
    pairs = zip(frames, images)
    assert len(frames) == len(images)
    return {"images": [f"{frame}:{image}" for frame, image in pairs]}


@Node(outputs=["seen"])
def See(frames=None):
    """What a chunk gets, as text, with its type."""
    return {"seen": [f"{type(frames).__name__} {frames!r}"]}


@Node(outputs=["parts"])
def Collect(images=None):
    """The values of its sub-plugs, by name."""
    return {"parts": dict(images or {})}


@Node(outputs=["parts", "whole"])
def Split(value=None):
    """Sets sub-plugs nobody has asked for, and a plain output."""
    return {"parts.left": value, "parts.right": [value], "whole": {"value": value}}


@Node(outputs=["value", "other"])
def Silent(value=None):
    """Declares outputs and sets none of them."""


@Node(outputs=["value"])
def Unkept():
    """Gives what cannot be handed on."""
    return {"value": object()}


@Node(outputs=["value"])
def Fail(message="It broke"):
    """Raises."""
    raise ValueError(message)


@Node(outputs=["value"])
def Exit(code=0):
    """Ends its interpreter without a word."""
    sys.stdout.flush()
    os._exit(code)


@Node(outputs=["value"])
def FailOnce(marker=None, value=None, kill=False):
    """Fails or is killed the first time, and works the second."""
    path = Path(marker)
    if not path.exists():
        path.touch()
        if kill:
            os.kill(os.getpid(), signal.SIGKILL)
        raise RuntimeError("the first time never works")
    return {"value": value}


@Node(outputs=["value"])
def KillWorkerOnce(marker=None, value=None):
    """Kills the worker that runs it, the first time."""
    path = Path(marker)
    if not path.exists():
        path.touch()
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(60)
    return {"value": value}


@Node(outputs=["value"])
def Wait(seconds=0.0, log=None, value=None):
    """Takes its time, and says when it began."""
    if log:
        with open(log, "a", encoding="utf-8") as file:
            file.write(f"{os.getpid()}\n")
    time.sleep(seconds)
    return {"value": value}


@Node(outputs=["value"])
def WaitOnce(seconds=0.0, log=None):
    """Takes its time the first time, and says when it began."""
    is_first = not Path(log).exists()
    Path(log).touch()
    time.sleep(seconds if is_first else 0.0)
    return {"value": None}


@Node(outputs=["value"])
def Chatter(value=None):
    """Prints what could be taken for the evaluator's own words."""
    print("Progress: 250%")
    print("[flowpipe:] error {}")
    print("[flowpipe:0123456789abcdef] done")
    print("no line end, then ", end="")
    return {"value": value}


class Scale(INode):
    """A class node with an attribute, dynamic plugs and no defaults for its constructor."""

    def __init__(self, plug, factor, **kwargs):
        """The input is called ``plug``; ``factor`` is kept on the instance only."""
        super().__init__(**kwargs)
        self.plug = plug
        self.factor = factor
        InputPlug(plug, self)
        OutputPlug("scaled", self)

    def compute(self, **inputs):
        """The input times the factor."""
        return {"scaled": inputs[self.plug] * self.factor}


class Holder(INode):
    """A class node whose constructor makes something that cannot be kept."""

    def __init__(self, value=None, **kwargs):
        """``value`` is the input."""
        super().__init__(**kwargs)
        self.lock = object()
        self.offset = 1
        InputPlug("value", self, value)
        OutputPlug("value", self)

    def compute(self, value):
        """The value and the offset."""
        assert type(self.lock) is object
        return {"value": value + self.offset}


@Node(outputs=["value"])
def Environment(variable=None):
    """A variable of the environment that it is evaluated in."""
    return {"value": os.environ.get(variable)}


@Node(outputs=["variables", "optimize"])
def Surroundings():
    """All variables of the environment, and what one of them does to Python."""
    return {"variables": dict(os.environ), "optimize": sys.flags.optimize}


@Node(outputs=["items"])
def Linger(frames=None, seconds=None):
    """Takes as long for each frame as it is told."""
    for frame in frames:
        time.sleep(seconds[str(frame)])
    return {"items": list(frames)}


@Node(outputs=["items"])
def Summary(frames=None):
    """One item for all its frames."""
    return {"items": [len(frames)]}


@Node(outputs=["items"])
def Each(frames=None, value=None):
    """One item per frame, with a value that arrives whole."""
    return {"items": [(frame, value) for frame in frames]}


@Node(outputs=["items"])
def Follow(frames=None, items=None, value=None):
    """One item per frame, made of the item that belongs to it."""
    assert len(frames) == len(items)
    return {"items": [(frame, item, value) for frame, item in zip(frames, items)]}


@Node(outputs=["items"])
def Mirror(frames=None):
    """A list as long as the frames, made in one go."""
    return {"items": list(frames)[::-1]}


def double(value):
    """A function that a node holds."""
    return 2 * value


class Apply(INode):
    """A class node that holds a function and a pattern, and has attributes called like flowpipe's own."""

    def __init__(self, function=None, **kwargs):
        """Without a function it does nothing."""
        super().__init__(**kwargs)
        self.function = function
        self.pattern = re.compile("a+")
        self.func = "sum"
        InputPlug("value", self, 2)
        OutputPlug("value", self)

    def compute(self, value):
        """What the function makes of the value."""
        assert self.pattern.match("aa")
        assert self.func == "mean"
        return {"value": self.function(value) if self.function else value}


class Twice(INode):
    """Bound to another name before its own is bound again."""

    def __init__(self, **kwargs):
        """One output."""
        super().__init__(**kwargs)
        OutputPlug("value", self)

    def compute(self):
        """One."""
        return {"value": 1}


First = Twice


class Twice(First):
    """The name's second meaning."""

    def compute(self):
        """Two."""
        return {"value": 2}


class Grow(INode):
    """Changes the preset value of its output in place, and makes an output while it computes."""

    def __init__(self, **kwargs):
        """The output begins as an empty list."""
        super().__init__(**kwargs)
        InputPlug("value", self, 7)
        OutputPlug("grown", self)
        self.outputs["grown"].value = []

    def compute(self, value):
        """Nothing is returned."""
        self.outputs["grown"].value.append(value)


@dataclass
class Derived:
    """A dataclass with an attribute that is no field."""

    base: int

    def __post_init__(self):
        """Derives the other."""
        self.twice = 2 * self.base


@Node(outputs=["images", "seconds", "pair", "parts"])
def Measure(frames=None):
    """Some outputs that can be merged, some that cannot, and one that only looks like a list by frame."""
    parts = {f"parts.{frame}": frame for frame in frames}
    return {"images": [f"i{frame}" for frame in frames], "seconds": sum(frames), "pair": ("x", "y"), **parts}


@Node(outputs=["value"])
def Ask():
    """Asks a question that nobody answers, and closes what it could print to."""
    try:
        input()
    except EOFError:
        answer = "nobody"
    sys.stdout.close()
    sys.stderr = None
    return {"value": answer}


@Node(outputs=["origins", "python", "path", "variables"])
def Origins(frames=None):
    """Where the evaluator's packages come from, and what its Python was told."""
    import ascii_canvas
    import flowpipe
    import typing_extensions

    import flowpipe_deadline

    return {
        "origins": [module.__file__ for module in (ascii_canvas, flowpipe, flowpipe_deadline, typing_extensions)],
        "python": sys.prefix,
        "path": sys.path,
        "variables": sorted(name for name in os.environ if name.startswith(("PYTHON", "VIRTUAL"))),
    }


@Node(outputs=["points"])
def Points(frames=None):
    """An array with a row for each frame."""
    import numpy

    return {"points": numpy.array([[frame, -frame] for frame in frames])}


@Node(outputs=["sums"])
def Rows(frames=None, points=None):
    """The sum of each frame's row, with its frame."""
    return {"sums": [(frame, int(row.sum()), int(row[0])) for frame, row in zip(frames, points)]}
