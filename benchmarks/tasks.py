"""What a task costs: the offline farm, the evaluator, and interpreters that are kept, each against what one knows.

    python benchmarks/tasks.py                                all that this machine has
    python benchmarks/tasks.py --host blender=/usr/bin/blender --host bpy=/opt/bpy/bin/python --openjd /opt/openjd
    python benchmarks/tasks.py --only chunks jobs --runs 9 --plot tasks.svg

Both sides of a row are run in turn, and the ratio is that of the medians. All nodes are empty.

``--host NAME=EXECUTABLE`` adds a row; it is written as in *More Interpreters*. A host without its own Python module
is measured without one. ``--openjd`` is the program of the package ``openjd-cli``; ``--plot`` needs matplotlib
(``pip install flowpipe-deadline[benchmarks]``).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))  # For what the tests have, too.

from empty_nodes import act  # noqa: E402
from flowpipe import Graph  # noqa: E402

from flowpipe_deadline import plan_graph, run_bundle, write_bundle  # noqa: E402
from flowpipe_deadline.core.bundle import TEMPLATE, Bundle  # noqa: E402
from flowpipe_deadline.offline.packages import read_light_packages  # noqa: E402
from flowpipe_deadline.offline.standins.sandbox import SandboxTask  # noqa: E402
from flowpipe_deadline.openjd.export import export_bundle  # noqa: E402
from tests.support.sandboxed import LoadedPlugin  # noqa: E402

MODULES = {"bpy": "bpy", "pvpython": "paraview.simple"}
"""What a node in that host imports; others have it already, as Blender has bpy."""
GOALS = {"blender": 0.12, "bpy": 0.2, "pvpython": 0.08}
_LEAST = 0.03  # The left end of the plot.
PARTS = ("chunks", "jobs", "evaluator", "session", "hosts", "openjd")
Seconds = Callable[[], float]


@dataclass(frozen=True)
class Row:
    """One line of the table; ``ours`` and ``theirs`` are seconds, or the median and the 95th percentile of ours."""

    what: str
    against: str
    ours: float
    theirs: float
    goal: str
    pairs: tuple[float, float] = (0.0, 0.0)
    """The lowest and the highest ratio of a pair of runs: how shaky it is."""

    @property
    def ratio(self) -> float:
        """What counts."""
        return self.ours / self.theirs


def main() -> None:
    """Measures, and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", choices=PARTS, default=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--runs", type=int, default=5, help="runs of each side; of a host, a third of them")
    parser.add_argument("--count", type=int, default=100, help="nodes and chunks; twice as many tasks in a session")
    parser.add_argument("--host", action="append", default=[], metavar="NAME=EXECUTABLE", help="a host to measure")
    parser.add_argument("--openjd", metavar="PATH", help="the program openjd")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="write a plot, as SVG or PNG")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, environment(Path(folder)):
        rows = []
        for row in measure(options, Path(folder)):
            print_row(row)
            rows.append(row)
    if options.plot:
        plot(rows, options.plot)


def measure(options: argparse.Namespace, folder: Path) -> Iterator[Row]:
    """The rows, one after the other."""
    runs, count = options.runs, options.count
    processes = f"flowpipe's multiprocessing on {count} such nodes"
    if "chunks" in options.only:
        yield compare(
            (f"{count} chunks of a node, offline, 2 workers", processes),
            lambda: run_offline(chunks(count), folder),
            lambda: evaluate_in_processes(count),
            goal="0.6",
            runs=runs,
        )
    if "jobs" in options.only:
        yield compare(
            (f"{count} nodes, a job each, offline, 2 workers", processes),
            lambda: run_offline(nodes(count), folder),
            lambda: evaluate_in_processes(count),
            goal="4",
            runs=runs,
        )
    if "evaluator" in options.only:
        task = write_task(written(chunks(1), folder), folder)
        floor = ("-c", "import flowpipe")
        for what, arguments, goal in (
            ("import of the evaluator", ("-c", "import flowpipe_deadline.evaluator.__main__"), "1.4"),
            ("one task, run directly", ("-m", "flowpipe_deadline.evaluator", "--task", task), "1.6"),
        ):
            ours = lambda arguments=arguments: started_python(*arguments)  # noqa: E731
            yield compare((what, "import flowpipe"), ours, lambda: started_python(*floor), goal=goal, runs=5 * runs)
    if "session" in options.only:
        each = sorted(
            seconds for _ in range(runs) for seconds in rendered(written(chunks(2 * count), folder), folder).tasks[1:]
        )
        latest = each[int(len(each) * 0.95)]
        yield Row("a task in a kept session; 95th percentile", "", statistics.median(each), latest, "5; 10 ms")
    if "hosts" in options.only:
        for name, _, text in (host.partition("=") for host in options.host):
            yield compare_host(name, text, folder, tasks=max(2, count // 5), runs=max(1, runs // 3))
    if "openjd" in options.only and options.openjd:
        template = write_template(folder, 2 * count)
        yield compare(
            (f"{2 * count} empty tasks in a session, with its start and end", f"openjd's {2 * count} no-op tasks"),
            lambda: rendered(written(chunks(2 * count), folder), folder).seconds,
            lambda: run_openjd(options.openjd, template),
            goal="1",
            runs=runs,
        )
        tasks = max(2, count // 5)
        exported = written(chunks(tasks), folder)
        export_bundle(exported, interpreters={"python": sys.executable})
        alone = write_task(exported, folder)
        yield compare(
            (f"{tasks} empty tasks of an exported graph, by openjd run", "the evaluator as often, run directly"),
            lambda: run_openjd(options.openjd, str(exported.folder / TEMPLATE)),
            lambda: sum(started_python("-m", "flowpipe_deadline.evaluator", "--task", alone) for _ in range(tasks)),
            goal="2",
            runs=runs,
        )


def compare(names: tuple[str, str], ours: Seconds, theirs: Seconds, *, goal: str, runs: int) -> Row:
    """The row; both are run in turn, so that a busy machine slows both, after a run that does not count."""
    if runs > 1:
        ours(), theirs()
    pairs = [(ours(), theirs()) for _ in range(runs)]
    ratios = [one / other for one, other in pairs]
    one, other = (statistics.median(side) for side in zip(*pairs))
    return Row(*names, one, other, f"≤ {goal}", (min(ratios), max(ratios)))


def compare_host(name: str, text: str, folder: Path, *, tasks: int, runs: int) -> Row:
    """Tasks in a session of a host, against a process for each."""
    bundle = written(chunks(tasks, module=MODULES.get(name, "")), folder)
    given = {"interpreter": name, "interpreters": {name: text}}
    rendered(bundle, folder, **given)  # What the machine has in memory, it has for both.
    return compare(
        (f"{tasks} tasks in a session of {name}", "a process each"),
        lambda: rendered(bundle, folder, **given).seconds,
        lambda: rendered(bundle, folder, OneTaskPerProcess="*", **given).seconds,
        goal=str(GOALS.get(name, "")),
        runs=runs,
    )


@dataclass(frozen=True)
class Rendered:
    """The seconds of a job, and of each of its tasks from RenderTasks to its return."""

    seconds: float
    tasks: Sequence[float]


def rendered(bundle: Bundle, folder: Path, **options: object) -> Rendered:
    """What the real plugin takes for the tasks of a bundle's one job."""
    count = bundle.jobs[0].task_count
    tasks = []
    started = time.perf_counter()
    loaded = LoadedPlugin(bundle, folder / "jobsData", PythonPath=str(folder / "packages"), **options)
    try:
        for frame in range(count):
            begun = time.perf_counter()
            loaded.sandbox.render_task(SandboxTask(frames=(frame,), frame_text=str(frame)))
            tasks.append(time.perf_counter() - begun)
    finally:
        loaded.end()
    return Rendered(time.perf_counter() - started, tasks)


def chunks(count: int, *, module: str = "") -> Graph:
    """A node with a chunk for each frame."""
    graph = Graph(name="chunks")
    act(name="act", graph=graph, frames=list(range(count)), module=module, metadata={"batch_size": 1})
    return graph


def nodes(count: int) -> Graph:
    """Nodes that wait for nothing."""
    graph = Graph(name="nodes")
    for number in range(count):
        act(name=f"n{number}", graph=graph, frames=[number])
    return graph


def written(graph: Graph, folder: Path) -> Bundle:
    """Its bundle."""
    return write_bundle(plan_graph(graph), root=folder)


def run_offline(graph: Graph, folder: Path) -> float:
    """The seconds from the graph to its last result."""
    started = time.perf_counter()
    state = run_bundle(written(graph, folder), workers=2)
    assert state.is_complete
    return time.perf_counter() - started


def evaluate_in_processes(count: int) -> float:
    """The seconds that flowpipe takes."""
    graph = nodes(count)
    started = time.perf_counter()
    graph.evaluate(mode="multiprocessing")
    return time.perf_counter() - started


def started_python(*arguments: str) -> float:
    """The seconds of a Python with these arguments."""
    return started_process(sys.executable, *arguments)[0]


def started_process(*command: str) -> tuple[float, str]:
    """The seconds of a process, and what it printed."""
    started = time.perf_counter()
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return time.perf_counter() - started, printed


def run_openjd(program: str, template: str) -> float:
    """The seconds of its session, as it says."""
    printed = started_process(program, "run", template)[1]
    return float(re.findall(r"Duration: ([\d.]+) seconds", printed)[-1])


def write_task(bundle: Bundle, folder: Path) -> str:
    """The file of a task, as the plugin writes it."""
    path = folder / "task.json"
    task = {"format": 1, "bundle": str(bundle.folder), "node": "act", "frames": [0], "token": "0" * 32}
    path.write_text(json.dumps({**task, "interpreter": "python", "wait": 0, "path_mappings": []}), encoding="ascii")
    return str(path)


def write_template(folder: Path, count: int) -> str:
    """A job of Open Job Description with tasks that do nothing."""
    path = folder / "template.json"
    parameter = {"name": "Number", "type": "INT", "range": f"1-{count}"}
    step = {
        "name": "nothing",
        "parameterSpace": {"taskParameterDefinitions": [parameter]},
        "script": {"actions": {"onRun": {"command": "true"}}},
    }
    template = {"specificationVersion": "jobtemplate-2023-09", "name": "nothing", "steps": [step]}
    path.write_text(json.dumps(template), encoding="ascii")
    return str(path)


@contextlib.contextmanager
def environment(folder: Path) -> Iterator[None]:
    """What processes find: this package, the nodes, the packages of the farm, and bytecode, as once it is installed."""
    for name, data in read_light_packages().files.items():
        path = folder / "packages" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    for name in [name for name in os.environ if name.startswith("PYTHON")]:
        del os.environ[name]
    os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE.parent), str(HERE)])
    os.environ["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")
    yield


def print_row(row: Row) -> None:
    """A line of the table."""
    if not row.against:
        what, found, pairs = row.what, f"{row.ours * 1000:.1f}; {row.theirs * 1000:.1f} ms", ""
    else:
        what, found, pairs = f"{row.what} / {row.against}", f"{row.ratio:.2f}", "{:.2f} to {:.2f}".format(*row.pairs)
    seconds = f"{row.ours:.2f} / {row.theirs:.2f} s" if row.against else ""
    print(f"{what:<110} {found:>12}  {row.goal:>9}  {pairs:>14}  {seconds}", flush=True)


def plot(rows: Sequence[Row], path: Path) -> None:
    """Draws a bar for each ratio, and its goal."""
    import matplotlib  # noqa: PLC0415  (only for a plot)

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.fonttype"] = "none"  # Texts stay texts.
    from matplotlib import pyplot  # noqa: PLC0415

    shown = [row for row in reversed(rows) if row.against]
    figure, axes = pyplot.subplots(figsize=(9, 0.6 * len(shown) + 1.2))
    places = range(len(shown))
    axes.barh(places, [row.ratio - _LEAST for row in shown], left=_LEAST, height=0.5, color="#4878a8")
    goals = [(place, float(row.goal.strip("≤ "))) for place, row in zip(places, shown) if row.goal.strip("≤ ")]
    axes.scatter([goal for _, goal in goals], [place for place, _ in goals], marker="|", s=300, color="#c03020")
    for place, row in zip(places, shown):
        axes.annotate(f"{row.ratio:.2f} ", (row.ratio, place), va="center", ha="right", color="white")
    axes.axvline(1.0, color="grey", linewidth=0.8, zorder=0)
    axes.set_xscale("log")
    ticks = [0.05, 0.1, 0.2, 0.5, 1, 2, 4]
    axes.set_xlim(_LEAST, 5)
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_yticks(places, [f"{row.what}\nagainst {row.against}" for row in shown], fontsize=8)
    axes.set_xlabel("time, as a multiple of the other's; red: the goal")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.savefig(path, bbox_inches="tight", metadata={"Date": None} if path.suffix == ".svg" else None)


if __name__ == "__main__":
    main()
