"""The pages for people: all that stands on them is done, in their order, and what they refer to exists."""

from __future__ import annotations

import os
import re
import sys
from fnmatch import fnmatchcase
from pathlib import Path

import click
import farm_nodes as nodes
import pytest
from flowpipe import Graph
from pages import CHECKOUT, SHOWN, read_page
from places import PROGRAM, Place, check_options

from flowpipe_deadline import plan_graph, run_bundle, write_bundle
from flowpipe_deadline.cli.main import VERBS, cli
from flowpipe_deadline.errors import FlowpipeDeadlineError
from flowpipe_deadline.studio.file import read_studio_file
from tests.fake_deadline.operations import FakeDeadline

README = CHECKOUT / "README.md"
PAGES = [
    *filter(Path.exists, (README, CHECKOUT / "CONTRIBUTING.md")),
    *sorted(path for path in (CHECKOUT / "docs").glob("*.md") if path.name != "index.md"),
]
"""All that is walked through."""
LINKED = [*CHECKOUT.glob("*.md"), *CHECKOUT.glob("benchmarks/*.md"), *CHECKOUT.glob("findings/*.md")]
LINKED = sorted({*LINKED, *(CHECKOUT / "docs").rglob("*.md")})
"""All whose links are followed."""
NOT_RUN = {
    "*rez-*": "Rez is not a requirement of the tests",
    "*/usr/bin/scribus*": "few machines have Scribus",
    "*pip install *": "it would ask PyPI",
    ".venv/bin/pre-commit *": "CI runs the linters",
    ".venv/bin/python -m build": "it would ask PyPI",
    ".venv/bin/python -m pytest*": "it would run itself",
    ".venv/bin/python -m tests.fake_deadline *": "it runs until Ctrl+C",
    ".venv/bin/sphinx-build *": "CI builds the pages",
    ".venv/bin/twine *": "it looks at what was built",
    "deadline *": "it needs an account of AWS",
    "python benchmarks/*": "they take minutes",
    "flowpipe-deadline dialog*": "a window waits for a person",
    "flowpipe-deadline doctor --only hosts*": "it starts all that is on this machine, and has tests of its own",
    "flowpipe-deadline doctor --probe*": "it takes a farm, and has tests of its own",
    "git *": "it changes a repository",
}
"""Commands that cannot run here, and why; ``*`` is any text. Of ours, the options are checked."""
OTHER_OPTIONS = {
    **dict.fromkeys(("--max-worker-count", "--max-retries-per-task", "--max-failed-tasks-count"), "deadline"),
    **dict.fromkeys(("--priority", "--yes"), "deadline"),
    **dict.fromkeys(("--task", "--farewell"), "the evaluator"),
    **dict.fromkeys(("--frames", "--hours", "--flag", "--no-flag"), "workflows"),
    **dict.fromkeys(("--hypothesis-profile", "--web"), "the tests"),
    "--factory-startup": "Blender",
    "--host": "benchmarks/tasks.py",
}
"""Options that pages name and that are not ours, and whose they are."""


def submission_of_a_shot(place):
    """A bundle that was run, of a submission as the page for wranglers has one."""
    graph = Graph(name="Shot")
    frames = list(range(1015, 1023))
    render = nodes.Sample(name="Render", graph=graph, frames=frames, metadata={"batch_size": 2})
    comp = nodes.Collect(name="Comp", graph=graph)
    render.outputs["items"].connect(comp.inputs["images"]["beauty"])
    run_bundle(write_bundle(plan_graph(graph), root=place.root))
    place.environment["FLOWPIPE_DEADLINE_ROOT"] = str(place.root)


def checkout(place):
    """The checkout with its environment."""
    for path in (*CHECKOUT.glob("[!.]*"), Path(sys.prefix)):
        (place.home / (".venv" if path == Path(sys.prefix) else path.name)).symlink_to(path)


BEFORE = {
    "CONTRIBUTING.md": checkout,
    **dict.fromkeys(("docs/for-wranglers.md", "docs/troubleshooting.md"), submission_of_a_shot),
}
"""What is there before a page begins."""


@pytest.fixture
def place(tmp_path):
    """Where the pages' commands run."""
    limits = ["arnold", "maya", "nuke"]
    with FakeDeadline.create(tmp_path / "deadline", pools=["none", "comp", "night"], limits=limits) as deadline:
        yield Place(tmp_path, deadline)


@pytest.mark.timeout(300)
@pytest.mark.skipif(os.name == "nt", reason="the pages name paths of other systems")
@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_what_stands_on_a_page_works(path, place):
    """Each file is written, each script and command is run, and the output is what the page shows."""
    page = read_page(path)
    if page.name in BEFORE:
        BEFORE[page.name](place)
    if path != README and "shot.py" in page.text:
        place.write("shot.py", next(block.text for block in read_page(README).blocks if block.name == "shot.py"))
    if "examples/" in page.text:
        place.copy(CHECKOUT / "examples")

    problems = [
        f"{page.name}:{line}: {problem}" for block in page.blocks for line, problem in problems_of(block, place)
    ]

    if problems:
        pytest.fail("\n\n".join(["", *problems]), pytrace=False)


def problems_of(block, place):
    """What goes wrong with a block, each with its line."""
    if block.language in ("sh", "console"):
        for command in block.commands:
            yield from ((command.line, problem) for problem in problems_of_command(command, place))
    elif block.language == "python" and not block.name:
        done = place.script(block.text, f"script_{block.line}.py")
        if done.code != 0:
            yield block.line, f"the script ends with exit code {done.code}\n{done.output}"
    elif block.language == "python":
        compile(place.write(block.name, block.text).read_text(encoding="utf-8"), block.name, "exec")
    elif block.language == "toml" and not block.name:
        try:
            read_studio_file(place.write("unnamed.toml", block.text))
        except FlowpipeDeadlineError as error:
            yield block.line, f"it is not a studio file: {error}"
    elif block.language not in (*SHOWN, "toml"):
        yield block.line, f"a block of '{block.language}' is none of sh, console, python, toml, {', '.join(SHOWN)}"
    elif block.name:
        place.write(block.name, block.text)


def problems_of_command(command, place):
    """What goes wrong with a command."""
    if any(fnmatchcase(command.text, pattern) for pattern in NOT_RUN):
        try:
            check_options(place.here(command.text))
        except click.UsageError as error:
            yield f"$ {command.text}\n{error.format_message()}"
        return
    done = place.run(command.text)
    expected = (0,)
    if re.search("^(Error|Failed): ", command.shown or "", flags=re.MULTILINE):
        expected = range(1, 256)
    elif command.text.startswith(f"{PROGRAM} doctor"):
        expected = (0, 1)  # What it finds here is no matter.
    if done.code not in expected:
        yield f"$ {command.text}\nends with exit code {done.code}\n{done.output}"
    elif command.shown is not None and not is_shown(done.output, command.shown):
        yield f"$ {command.text}\nthe page shows:\n{command.shown}\n\nit is:\n{done.output}"


def is_shown(output, shown):
    """Whether the output is what the page shows: ``…`` is any text, on a line alone any lines; blanks do not count."""
    pattern = "".join(r"(?:.*\n)*?" if line == "…" else f"{pattern_of(line)}\n" for line in lines_of(shown))
    return bool(re.fullmatch(pattern, "".join(f"{line}\n" for line in lines_of(output))))


def pattern_of(line):
    """The line as a regular expression; the blanks around ``…`` belong to it."""
    any_text = {" … ": " (?:.* )?", " …": "(?: .*)?", "… ": "(?:.* )?", "…": ".*"}
    return "".join(any_text.get(part, re.escape(part)) for part in re.split("( ?… ?)", line))


def lines_of(output):
    """Its lines, without what depends on the width of a table."""
    return [re.sub("─+", "─", " ".join(line.split())) for line in output.strip().splitlines()]


@pytest.mark.parametrize(
    ("shown", "is_expected"),
    [
        ("a  1\nb  2", True),
        ("a …\nb 2\n", True),
        ("…\nb 2", True),
        ("a … 1\nb 2 …", True),
        ("a 1 … b 2", False),
        ("a 1\n…\nb 2", True),
        ("…", True),
        ("a 1", False),
        ("a 1\nb …3", False),
        ("…\na 2", False),
    ],
)
def test_an_output_is_what_a_page_shows(shown, is_expected):
    """Whatever stands for its ``…``."""
    assert is_shown("a   1\nb     2\n", shown) is is_expected


@pytest.mark.parametrize("pattern", NOT_RUN)
def test_a_command_that_is_not_run_is_on_a_page(pattern):
    """No exception of yesterday."""
    assert any(fnmatchcase(command.text, pattern) for path in PAGES for command in read_page(path).commands)


@pytest.mark.parametrize("path", LINKED, ids=lambda path: path.relative_to(CHECKOUT).as_posix())
def test_what_a_page_links_to_exists(path):
    """Each file, picture and heading; no link of yesterday."""
    page = read_page(path)

    assert [f"{page.name}:{link.line}: {link.target}" for link in page.links if not exists(path, link.target)] == []


def exists(path, target):
    """Whether the link on that page leads to something; of other sites that is not asked."""
    name, _, heading = target.partition("#")
    linked = path.parent / name if name else path
    if "://" in target or target.startswith("mailto:"):
        return True
    return linked.exists() and (not heading or heading in read_page(linked.resolve()).headings)


def options_of(command):
    """The long options of a command."""
    return {name for each in command.params for name in (*each.opts, *each.secondary_opts) if name.startswith("--")}


@pytest.fixture(scope="module")
def options():
    """Those of all our commands."""
    context = click.Context(cli)
    return {
        "--help",
        *options_of(cli),
        *(name for verb in VERBS for name in options_of(cli.get_command(context, verb))),
    }


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_the_options_that_a_page_names_exist(path, options):
    """In one of our commands, or in the table above."""
    page = read_page(path)
    known = {*options, *OTHER_OPTIONS}
    named = [(line, name) for line, span in page.spans for name in re.findall(r"(?<!\S)--[a-z][\w-]*", span)]

    assert [f"{page.name}:{line}: {name}" for line, name in named if name not in known] == []


def test_ci_runs_the_test_command_that_we_tell():
    """Word for word."""
    ci = (CHECKOUT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    told = [command.text for path in PAGES[:2] for command in read_page(path).commands]

    assert [text for text in told if "venv" in text and text.endswith("pytest") and text in ci]
