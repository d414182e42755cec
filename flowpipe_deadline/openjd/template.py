"""Makes the job template of a bundle: a step per node, of what every implementation has.

That is the specification ``jobtemplate-2023-09``, with the extension ``TASK_CHUNKING`` and no other. Chunks are
balanced there, and may be resized while the job runs: results are kept by frame, so whatever comes will do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..core.errors import PlanError
from ..core.names import unique_keys
from ..core.text import flaw_in
from ..core.warnings import ErrorCollector
from ..offline.hosts import Host
from ..offline.standins.packages._worker.arguments import split_dotnet
from .steps import Step

PACKAGES = "packages"
"""The folder of the bundle with what tasks import; Python runs the folder itself."""
LONGEST_NAME, LONGEST_VARIABLE, LONGEST_DESCRIPTION, LONGEST_PROGRAM = 64, 2048, 2048, 1024
LONGEST_WRITTEN = 128
"""Characters of a job's name in a template, for the stricter of the official readers."""
MOST_PARAMETERS = 50
MOST_FRAMES = 150
"""In a planned chunk, as AWS Deadline Cloud documents it."""
_BRACES = {"{": "{{Param.Brace}}", "}": "{{Param.EndBrace}}"}
"""References to braces: two side by side in a text would begin or end one (findings/openjd-json-text.sh)."""
_DOUBLED = re.compile(r"\{(?=\{)|(?<=\})\}")
_LONGEST_KEY = 48  # Of an interpreter: what is put around it makes 64 of that.
_PROGRAM = "The program of {:.80} on the workers: a name on their PATH, or a path."
_TARGET = "Seconds that a chunk should take, on farms that resize chunks; 0 keeps the planned size."
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,255}")


def make_template(name: str, steps: Sequence[Step], hosts: Mapping[str, Host]) -> dict[str, Any]:
    """The template of a job with that name; ``hosts`` are by interpreter, with their arguments.

    Raises:
        PlanError: Something does not fit into a template; the message says how much would.
        PreflightError: Several things do not.
    """
    errors = ErrorCollector()
    programs = _programs(hosts)
    names = {step.job.key: step.name for step in steps}
    _check(errors, name, "the graph's name", name, LONGEST_NAME)
    if _literal(name) != name:
        _check(errors, name, "the graph's name, its braces written as references,", _literal(name), LONGEST_WRITTEN)
    for each, host in hosts.items():
        _check(errors, name, f"the program of {each}", host.executable, LONGEST_PROGRAM)
    made = []
    for step in steps:
        host = hosts[step.interpreter]
        variables = {**step.variables, **dict(host.variables)}
        _check_step(errors, step, variables)
        command = [f"{{{{Param.{programs[step.interpreter]}}}}}", *map(_literal, split_dotnet(host.arguments))]
        made.append(_step(step, [names[key] for key in step.upstream], variables, command))
    parameters = [
        _parameter("Bundle", "PATH", ".", "The bundle that this template is in.", objectType="DIRECTORY"),
        *(_parameter(key, "STRING", hosts[each].executable, _PROGRAM.format(each)) for each, key in programs.items()),
        _parameter("TargetRuntimeSeconds", "INT", 0, _TARGET, minValue=0),
    ]
    for brace, reference in _BRACES.items():
        if reference in str([_literal(name), made]):
            parameters.append(_parameter(reference[8:-2], "STRING", brace, "A brace that begins or ends no reference."))
    if len(parameters) > MOST_PARAMETERS:
        fits = len(programs) - len(parameters) + MOST_PARAMETERS
        errors.add(PlanError(name, f"has {len(programs)} interpreters, each a parameter of the job; {fits} would fit"))
    errors.raise_all()
    return {
        "specificationVersion": "jobtemplate-2023-09",
        **({"extensions": ["TASK_CHUNKING"]} if any(step.frames for step in steps) else {}),
        "name": _literal(name),
        "parameterDefinitions": parameters,
        "steps": made,
    }


def _programs(hosts: Mapping[str, Host]) -> dict[str, str]:
    """The job parameters with the programs, by interpreter; the Python of the tasks is always among them."""
    others = sorted(name for name in hosts if name != "python")
    keys = unique_keys(re.sub("[^A-Za-z0-9]+", "_", name)[:_LONGEST_KEY] for name in others)
    # No key has two _ of its own, so that those with a number behind them are distinct, too.
    return {"python": "Python", **{name: f"Interpreter_{key.replace('-', '__')}" for name, key in zip(others, keys)}}


def _parameter(name: str, kind: str, default: object, about: str, **more: object) -> dict[str, Any]:
    return {"name": name, "type": kind, **more, "default": default, "description": about}


def _step(step: Step, upstream: Sequence[str], variables: Mapping[str, str], command: Sequence[str]) -> dict[str, Any]:
    """A step; its tasks are asked for as ``task.py`` takes it."""
    made: dict[str, Any] = {"name": step.name}
    # Without the variables of the node, which may be of another Python.
    arguments = ["-E", "{{Param.Bundle}}/" + PACKAGES]
    arguments += [f"--node={step.job.key}", "--rules={{Session.PathMappingRulesFile}}"]
    if step.description:
        made["description"] = step.description
    if upstream:
        made["dependencies"] = [{"dependsOn": name} for name in upstream]
    if variables:
        values = {key: _literal(text) for key, text in variables.items()}
        made["stepEnvironments"] = [{"name": "Variables", "variables": values}]
    if step.frames:
        kind = "Items" if step.job.frame_mode == "items" else "Frames"
        chunks = {
            "defaultTaskCount": min(step.job.chunk_size, MOST_FRAMES),
            "targetRuntimeSeconds": "{{Param.TargetRuntimeSeconds}}",
            "rangeConstraint": "CONTIGUOUS" if step.frames.is_contiguous else "NONCONTIGUOUS",
        }
        space = {"name": kind, "type": "CHUNK[INT]", "range": str(step.frames).replace("x", ":"), "chunks": chunks}
        made["parameterSpace"] = {"taskParameterDefinitions": [space]}
        arguments.append(f"--frames={{{{Task.Param.{kind}}}}}")
    arguments += [f"--{kind}={name}" for name, kind in step.path_variables.items()]
    action = {"command": "{{Param.Python}}", "args": [*arguments, "--", *command]}
    made["script"] = {"actions": {"onRun": {**action, **({"timeout": step.timeout} if step.timeout else {})}}}
    return made


def _literal(text: str) -> str:
    """The text as it is written where references are replaced, so that it stays as it is."""
    return _DOUBLED.sub(lambda brace: _BRACES[brace[0]], text)


def _check_step(errors: ErrorCollector, step: Step, variables: Mapping[str, str]) -> None:
    label = step.job.label
    _check(errors, label, "its name", step.name, LONGEST_NAME)
    _check(errors, label, "its comment", step.description, LONGEST_DESCRIPTION)
    for name, value in variables.items():
        if not _VARIABLE.fullmatch(name):
            what = "a variable there has letters, digits and _ in its name, at most 256, and no digit first"
            errors.add(PlanError(label, f"{what}; {name[:80]!r} would not fit"))
        written = _literal(value)
        what = f"the variable {name[:80]}{', its braces written as references,' if written != value else ''}"
        _check(errors, label, what, written, LONGEST_VARIABLE)


def _check(errors: ErrorCollector, label: str, what: str, text: str, most: int) -> None:
    flaw = flaw_in(text)
    if flaw:
        errors.add(PlanError(label, f"{what} has {flaw}, which Open Job Description does not take"))
    if len(text) > most:
        fits = f"; {text[:most]!r} would fit" if most == LONGEST_NAME else ""
        errors.add(PlanError(label, f"{what} has {len(text)} characters, and Open Job Description takes {most}{fits}"))
