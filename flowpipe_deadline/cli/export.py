"""``flowpipe-deadline export``"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from ..core.bundle import TEMPLATE
from ..core.text import counted
from ..core.warnings import warning_lines
from ..openjd.export import export_bundle, export_graph
from ..studio.options import SubmitOptions
from .support.effective import effective_options
from .support.options import (
    FARMS,
    bundle_options,
    check_options,
    graph_from,
    interpreter_option,
    is_bundle,
    output_option,
    parameter_option,
    parse_interpreters,
    planned_bundle,
    settings_options,
    snapshot_option,
)
from .support.output import answer, answer_json, reserve_stdout, say_warning
from .support.workflow_command import Target, WorkflowCommand


@click.command(cls=WorkflowCommand)
@click.argument("target", metavar="WORKFLOW|GRAPH|BUNDLE", type=Target())
@click.option("--to", "farm", type=click.Choice(FARMS), required=True, help="openjd: Open Job Description.")
@parameter_option
@bundle_options(root_help="The folder that gets the bundle.")
@interpreter_option
@check_options
@settings_options
@snapshot_option
@output_option
def export(
    target: str,
    parameters: tuple[str, ...],
    interpreters: tuple[str, ...],
    strict: tuple[str, ...],
    tolerate: tuple[str, ...],
    snapshot_code: bool,
    output: str,
    **_: Any,
) -> None:
    """Write a graph, or a bundle, as a job of Open Job Description: for AWS Deadline Cloud, and other farms.

    The bundle gets a template.yaml, with a step for each node, and what its tasks import: 'openjd run' and 'deadline
    bundle submit' take it as it is. The same evaluator runs there, and the results come into the bundle. 'plan --for'
    shows before what becomes of each node.

    With -i, an interpreter is a program on the workers, and need not be on this machine.

    \b
    Examples:
      flowpipe-deadline export turntable --to openjd --frames 1-100 --snapshot-code
      flowpipe-deadline export shot.py:build --to openjd -p frames=48 --root /mnt/projects/show/farm
      flowpipe-deadline export ./bundles/Shot-20261123-101500-1a2b3c4d --to openjd -i maya=/opt/maya2026/bin/mayapy
    """
    reserve_stdout()
    hosts = parse_interpreters(interpreters, are_here=False)
    options = SubmitOptions(snapshot_code=snapshot_code, strict=strict or None, tolerate=tolerate or None)
    if is_bundle(target):
        bundle = planned_bundle(target)
        warnings = export_bundle(bundle, interpreters=hosts, options=options)
    else:
        found = effective_options()
        options = replace(options, settings=found.settings, presets=found.presets, studio=found.studio)
        options = replace(options, templates=found.templates, store=found.store)
        graph = graph_from(target, parameters, folders=found.studio.workflows)
        bundle, warnings = export_graph(graph, root=found.root, options=options, interpreters=hosts)
    for line in warning_lines(warnings):
        say_warning(line)
    template = bundle.folder / TEMPLATE
    if output == "json":
        answer_json({"bundle": str(bundle.folder), "template": str(template)})
    else:
        answer(f"{counted(len(bundle.jobs), 'step')}: {template}")
