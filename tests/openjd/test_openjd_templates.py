"""Templates at every limit and with hostile texts: what a farm makes of them, or why one is refused."""

from __future__ import annotations

import re
from pathlib import Path

import farm_nodes as nodes
import pytest
from flowpipe import Graph
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from openjd import model
from openjd.model import _v1 as strict_model
from openjd_runs import call_openjd, exported, run_openjd

from flowpipe_deadline import FlowpipeDeadlineError, plan_graph, read_results
from flowpipe_deadline.core.bundle import TEMPLATE
from flowpipe_deadline.core.text import flaw_in
from flowpipe_deadline.openjd.export import LONGEST_TEMPLATE, checked_template, plan_for_openjd
from flowpipe_deadline.openjd.steps import steps_of_plan

BRACES = ("{{", "}}", "{", "}", "{{{", "}}}", "{}}", "{{}", "{{Param.Bundle}}", "{{ Task.Param.Frames }}")
YAML = ("yes", "1:40", "010", "1e3", "0o17", "12e4567", ".inf", "~", "- x", "#", ": ", "&a", "*a", "<<", "%TAG", "---")
OTHERS = (
    "!!python/object:os.system",
    "'",
    '"',
    "\\",
    "\\n",
    "C:\\x\\",
    "é",
    "a\xa0b",
    "a\ufeffb",
    "\uffff",
    "\U0001f600",
)
SHELLS = ("$(touch x)", "`touch x`", "; touch x", "&& touch x", "$HOME", "%PATH%", "> x", "-- --node=x", "long " * 60)
PIECES = (*BRACES, *YAML, *OTHERS, *SHELLS)
TEXTS = st.one_of(st.lists(st.sampled_from([*PIECES, " "]), max_size=5).map("".join), st.text(max_size=20))
FRAMES = st.lists(st.integers(0, 40), min_size=1, max_size=30, unique=True)


def node_graph(*, name="graph", node="node", interpreter="python", **deadline):
    """A graph with one node that has these settings."""
    graph = Graph(name=name)
    nodes.Surroundings(name=node, graph=graph, metadata={"interpreter": interpreter, "deadline": deadline})
    return graph


def sub_graph(*names, last="last"):
    """A graph with one node, and nodes of these names, each in a graph of its own that is called sub."""
    graph = Graph(name="graph")
    collect = nodes.Collect(name=last, graph=graph)
    for number, name in enumerate(names):
        nodes.Pass(name=name, graph=Graph(name="sub")).outputs["value"].connect(collect.inputs["images"][str(number)])
    return graph


def interpreter_graph(*names, frames=None):
    """A graph with a node for each of these interpreters, and one with frames if there are any."""
    graph = Graph(name="graph")
    for number, name in enumerate(names):
        nodes.Pass(name=f"n{number}", graph=graph, metadata={"interpreter": name})
    if frames:
        nodes.Render(name="render", graph=graph, frames=frames, metadata={"batch_size": 1})
    return graph


def interpreters(count):
    """Python, and so many others that it makes the count."""
    return ["python", *(f"i{number}" for number in range(1, count))]


def template_of(graph, **programs):
    """The text of the template, of which the official model has made a job."""
    plan = plan_graph(graph)
    return checked_template(plan.name, steps_of_plan(plan), programs).decode("utf-8")


def read_template(template):
    """What the official model makes of the text."""
    document = model.document_string_to_object(document=template, document_type=model.DocumentType.YAML)
    return model.decode_job_template(template=document, supported_extensions=["TASK_CHUNKING"])


def read_strictly(template):
    """What the stricter of the two official readers makes of it."""
    kind = strict_model.DocumentType.YAML
    return strict_model.decode_job_template_str(template, kind, supported_extensions=["TASK_CHUNKING"])


def job_of(template, *, seconds=0):
    """The job, and how a session replaces the references in a text of it."""
    decoded, here = read_template(template), Path(__file__).parent
    given_values = {"TargetRuntimeSeconds": seconds} if seconds else {}
    values = model.preprocess_job_parameters(
        job_template=decoded, job_parameter_values=given_values, job_template_dir=here, current_working_dir=here
    )
    symbols = model.SymbolTable()
    for name, value in values.items():
        symbols[f"Param.{name}"] = value.value
    symbols["Session.PathMappingRulesFile"] = symbols["Task.Param.Frames"] = "a session's"
    job = model.create_job(job_template=decoded, job_parameter_values=values)
    return job, lambda text: text.resolve(symtab=symbols)


def ranges_of(template, *, seconds=0):
    """The chunks of the first step, as its tasks are handed them."""
    job, _ = job_of(template, seconds=seconds)
    tasks = model.StepParameterSpaceIterator(space=job.steps[0].parameterSpace)
    return [next(iter(task.values())).value for task in tasks]


LIMITS = {
    "a step's name": (64, lambda size: node_graph(node="n" * size)),
    "a step's name with its graph's": (64, lambda size: sub_graph("n" * (size - 4))),
    "a job's name": (64, lambda size: node_graph(name="n" * size)),
    "a job's name with braces": (128, lambda size: node_graph(name="}" * 7 + "j" * (size - 109))),
    "a comment": (2048, lambda size: node_graph(comment="c" * size)),
    "a variable's name": (256, lambda size: node_graph(environment={"V" * size: "x"})),
    "a variable": (2048, lambda size: node_graph(environment={"V": "v" * size})),
    "a variable with braces": (2048, lambda size: node_graph(environment={"V": "}}}" + "v" * (size - 37)})),
    "interpreters": (48, lambda size: interpreter_graph(*interpreters(size))),
}


@pytest.mark.parametrize(("most", "make"), LIMITS.values(), ids=LIMITS)
def test_what_is_at_a_limit_is_taken_and_what_is_above_is_refused_with_what_fits(most, make):
    """In our words, not in those of the model, which takes longer names of jobs."""
    at_limit = template_of(make(most))

    with pytest.raises(FlowpipeDeadlineError) as error:
        template_of(make(most + 1))

    assert read_template(at_limit)
    assert read_strictly(at_limit)
    assert re.search(rf"\b{most}\b", str(error.value))
    assert "model" not in str(error.value)


def test_a_program_at_the_limit_is_taken_and_one_above_is_refused():
    """It is the default of a parameter, and a parameter has 1,024 characters."""
    at_limit = template_of(node_graph(), python="/" + "p" * 1023)

    with pytest.raises(FlowpipeDeadlineError, match=r"the program of python has 1025 characters.* takes 1024"):
        template_of(node_graph(), python="/" + "p" * 1024)

    assert read_template(at_limit)


def test_the_length_of_a_long_name_is_that_of_the_whole_name():
    """Labels in messages are cut; what is refused tells what there is."""
    with pytest.raises(FlowpipeDeadlineError, match=r"its name has 4000 characters.* takes 64; 'n{64}' would fit"):
        template_of(node_graph(node="n" * 4000))


def test_all_that_does_not_fit_is_said_at_once():
    """Each with its node."""
    graph = interpreter_graph(*interpreters(60))
    graph.nodes[0].metadata["deadline"] = {"comment": "c" * 2049, "environment": {"a b": "x", "V": "v" * 3000}}

    with pytest.raises(FlowpipeDeadlineError) as error:
        template_of(graph)

    said = str(error.value)
    assert said.startswith("4 errors:")
    assert "graph.n0: its comment has 2049 characters" in said
    assert "graph.n0: a variable there has letters, digits and _ in its name, at most 256" in said
    assert "graph.n0: the variable V has 3000 characters" in said
    assert "graph: has 60 interpreters, each a parameter of the job; 48 would fit" in said


def test_a_template_of_a_million_characters_is_taken_and_one_above_is_refused():
    """With the number of nodes that would fit."""
    graph = Graph(name="graph")
    for number in range(48):
        environment = {f"V{index}": "v" * 2000 for index in range(10)}
        nodes.Pass(
            name=f"n{number:02}", graph=graph, metadata={"deadline": {"environment": environment, "comment": "c"}}
        )
    missing = LONGEST_TEMPLATE - len(template_of(graph))
    assert 0 < missing < 48 * 10 * 48
    for number in range(missing // 48 + 1):
        environment = graph[f"n{number // 10:02}"].metadata["deadline"]["environment"]
        environment[f"V{number % 10}"] += "v" * min(48, missing - 48 * number)

    at_limit = template_of(graph)
    graph["n00"].metadata["deadline"]["comment"] += "c"
    with pytest.raises(
        FlowpipeDeadlineError, match=r"has 1000001 char.* take 1000000: .* 48 nodes, and about 47 would fit"
    ):
        template_of(graph)

    assert len(at_limit) == LONGEST_TEMPLATE
    assert read_strictly(at_limit)


INTERPRETERS = {
    "long names": ["i" * 50, "i" * 100, "i" * 3000],
    "dashes, dots and other letters": ["a-b", "a_b", "a.b", "a--b", "A-b", "A_B", "a_b_2", "a-b-2", "a_b__2"],
    "a number of their own": ["a-b", "a_b", "a_b_2"],
    "names of devices": ["con", "con_", "CON", "nul-1", "python", "Python", "python-3"],
}


@pytest.mark.parametrize("names", INTERPRETERS.values(), ids=INTERPRETERS)
def test_each_interpreter_has_a_parameter_of_its_own(names):
    """Whatever it is called."""
    decoded = read_template(template_of(interpreter_graph(*names), **{name: f"/bin/{name}"[:90] for name in names}))

    programs = {parameter.name: parameter.default for parameter in decoded.parameterDefinitions}
    arguments = [step.script.actions.onRun.args for step in decoded.steps]
    commands = [programs[words[words.index("--") + 1][len("{{Param.") : -len("}}")]] for words in arguments]
    assert commands == [f"/bin/{name}"[:90] for name in names]


NAMES = {
    "two graphs of one name": ("x", "x"),
    "a name as another's is told apart, behind it": ("x", "x", "x (sub_x-2)", "x (x-2)"),
    "before it": ("x (x-2)", "x (x-3)", "x", "x", "x"),
    "names that are one line alike": ("a b", "a\nb", "a\u2028b"),
    "other letters": ("x", "X", "\U0001f600", "\U0001f600"),
}


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_steps_have_distinct_names(names):
    """Also where nodes have one name, or that of another once it is told apart."""
    decoded = read_template(template_of(sub_graph(*names)))

    found = [step.name for step in decoded.steps]
    assert len(set(found)) == len(names) + 1
    assert [dependency.dependsOn for dependency in decoded.steps[-1].dependencies] == found[:-1]


@pytest.mark.parametrize(("frames", "name"), [([1, 2, 3], "Frames"), ([1, 5, 9], "Items")])
def test_the_parameter_of_tasks_says_whether_they_are_frames(frames, name):
    """Or positions in a batch."""
    graph = Graph(name="graph")
    nodes.Render(name="render", graph=graph, frames=frames, metadata={"batch_size": 2})

    (step,) = read_template(template_of(graph)).steps

    assert [one.name for one in step.parameterSpace.taskParameterDefinitions] == [name]
    assert f"--frames={{{{Task.Param.{name}}}}}" in step.script.actions.onRun.args


def test_thousands_of_scattered_frames_are_one_range():
    """There is no limit for the length of a range, only for that of a list."""
    frames = [number * number for number in range(5000)]
    graph = interpreter_graph(frames=frames)

    template = template_of(graph)

    assert [int(text) for text in ranges_of(template)] == frames
    assert read_strictly(template)


@given(frames=FRAMES, size=st.integers(1, 12), seconds=st.sampled_from([0, 1]))
@settings(max_examples=25, deadline=None)
def test_chunks_are_as_the_plan_says(frames, size, seconds):
    """For the official iterator of tasks, also of farms that resize chunks: all frames, in order, of the sizes told."""
    graph = Graph(name="graph")
    nodes.Render(name="render", graph=graph, frames=frames, metadata={"batch_size": size})
    (planned,) = plan_for_openjd(plan_graph(graph)).jobs
    note = "".join(planned.notes).partition("balanced there, ")[2]
    told = {int(number) for number in re.findall(r"\d+", note)} or {min(size, len(frames))}

    ranges = ranges_of(template_of(graph), seconds=seconds)

    chunks = [list(model.IntRangeExpr.from_str(text)) for text in ranges]
    assert [frame for chunk in chunks for frame in chunk] == sorted(planned.frames)
    assert seconds or {len(chunk) for chunk in chunks} == told


def test_all_readers_take_texts_for_texts():
    """What YAML 1.1 takes for text may be a number in YAML 1.2; each of the official readers reads one of them."""
    texts = [
        *YAML,
        *OTHERS,
        *SHELLS,
        "-1e3",
        "+0o7",
        "1.5e3",
        "y",
        "NULL",
        "1  2 " * 99,
        "a  \xa0 b " * 99,
        "'\"\\ " * 99,
    ]
    variables = {f"V{number}": text.strip() for number, text in enumerate(texts)}

    template = template_of(node_graph(environment=variables))

    strict = read_strictly(template).steps[0].step_environments[0].variables
    assert {name: str(value) for name, value in strict.items()} == variables
    assert read_template(template).steps[0].stepEnvironments[0].variables == variables


@given(texts=st.lists(TEXTS.filter(lambda text: not flaw_in(text)), min_size=5, max_size=5))
@settings(max_examples=40, deadline=None)
def test_texts_arrive_as_they_are(texts):
    """In a job that the official model makes, and in what its stricter reader of YAML reads."""
    variable, comment, program, argument, name = (text.strip() for text in texts)
    name = name[:40].strip() or "x"
    assume(len(re.sub(r"\{\{|\}\}", "x" * 36, name)) <= 128)  # As it is written, it would not fit.
    graph = node_graph(name=name, node=name, comment=comment, environment={"V": variable})
    program = program.replace('"', "") or "x"
    argument = re.sub(r'["\\]', "", argument)

    template = template_of(graph, python=f'"/{program}" "{argument}" "<TASK>"')

    job, resolve = job_of(template)
    action = job.steps[0].script.actions.onRun
    found = resolve(job.steps[0].stepEnvironments[0].variables["V"])
    assert (job.name, found) == (graph.name, variable)
    assert job.steps[0].name == re.sub(r"\{(?=\{)", "{ ", graph.name)
    assert (job.steps[0].description or "") == comment
    assert [resolve(argument) for argument in action.args[-3:]] == [f"/{program}", argument, "<TASK>"]
    other = read_strictly(template)
    read = read_template(template).steps[0].stepEnvironments[0].variables["V"]
    assert str(other.steps[0].step_environments[0].variables["V"]) == str(read)


def test_a_real_run_gives_a_node_its_variables_as_they_were(tmp_path_factory):
    """At all limits at once, in folders that shells and templates would read otherwise; and no text is an order."""
    modules = tmp_path_factory.mktemp("modules")
    (modules / "sitecustomize.py").write_text("print('  openjd_env: what a node imports is no order')")
    variables = {f"HOSTILE_{number}": piece.strip() for number, piece in enumerate(PIECES)}
    variables.update({"V" * 256: "v" * 2048, "BRACES": "}" * 3 + "v" * 2011, "EMPTY": "", "PYTHONPATH": str(modules)})
    graph = node_graph(
        name="{{Param.Bundle}}; touch x #" + "n" * 37,
        node="$(touch x) `touch x` {{}}: - &a *a" + "n" * 29,
        comment="{{c}}" + "c" * 2043,
        environment=variables,
    )
    folder = tmp_path_factory.mktemp("$(touch x) {{Param.Bundle}} 'ä' #")
    bundle = exported(graph, folder)

    done = run_openjd(bundle, folder=folder)

    found = next(iter(read_results(bundle).values())).outputs()["variables"]
    assert done.returncode == 0
    assert found.pop("PYTHONPATH").endswith(variables.pop("PYTHONPATH"))
    assert {name: found.get(name) for name in variables} == variables
    assert not list(folder.rglob("x"))
    assert list(folder.iterdir()) == [bundle.folder]


def test_the_official_check_takes_as_many_interpreters_as_fit(tmp_path):
    """And thousands of frames beside them."""
    bundle = exported(interpreter_graph(*interpreters(48), frames=[2 * n * n for n in range(1024)]), tmp_path)

    done = call_openjd("check", bundle.folder / TEMPLATE)

    assert done.returncode == 0, done.stdout
