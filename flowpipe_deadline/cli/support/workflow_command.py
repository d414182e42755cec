"""Commands whose first argument may be a workflow: the workflow's parameters are options then."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from ...core.errors import FlowpipeDeadlineError
from ...studio.file import load_studio_file
from .options import bundle_names, is_bundle

if TYPE_CHECKING:
    from ...workflows.find import Workflow
    from ...workflows.parameters import WorkflowParameter

_WORKFLOW = f"{__name__}.workflow"
_OPTIONS = f"{__name__}.options"


class Target(click.ParamType):
    """A workflow, a graph, or for some commands a bundle."""

    name = "target"

    def shell_complete(self, _ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The names of workflows, else files."""
        from ...workflows.find import find_workflows  # noqa: PLC0415 (it needs flowpipe, and is seldom asked for)

        try:
            sources = find_workflows(load_studio_file().workflows)
        except FlowpipeDeadlineError:
            sources = ()
        names = [CompletionItem(item.name, help=item.origin) for item in sources if item.name.startswith(incomplete)]
        bundles = bundle_names(incomplete) if is_bundle(incomplete) else []
        return [*names, *bundles] or [CompletionItem(incomplete, type="file")]


class WorkflowCommand(click.Command):
    """A command with a ``target`` and ``-p``; what is behind a workflow's name may be its parameters as options.

    The workflow is loaded for them only where the command line has such options, asks for help, or is completed.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Reads the command line; the parameters of the workflow go to those of ``-p``."""
        workflow = self._workflow(ctx, list(args))
        if workflow is not None:
            taken = {text for param in super().get_params(ctx) for text in (*param.opts, *param.secondary_opts)}
            ctx.meta[_WORKFLOW] = workflow
            options = ctx.meta[_OPTIONS] = []
            for option in map(_option, workflow.parameters):
                if taken.isdisjoint(flags := (*option.opts, *option.secondary_opts)):
                    options.append(option)
                    taken.update(flags)
        try:
            rest: list[str] = super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if workflow is not None:
                raise
            text = f"{error.format_message()} (the options of a workflow stand behind its name)"
            raise click.UsageError(text, error.ctx) from None
        names = [option.name for option in ctx.meta.get(_OPTIONS, ())]
        given = [(name, ctx.params.pop(name, None)) for name in names]
        texts = [f"{name[len(_PREFIX) :]}={_text(value)}" for name, value in given if value is not None]
        ctx.params["parameters"] = (*ctx.params.get("parameters", ()), *texts)
        return rest

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The command's own, and those of the workflow."""
        return [*super().get_params(ctx), *ctx.meta.get(_OPTIONS, ())]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the options, those of the workflow first, and what cannot be one."""
        workflow: Workflow | None = ctx.meta.get(_WORKFLOW)
        own = ctx.meta.pop(_OPTIONS, ())
        if workflow is not None:
            records = [record for option in own if (record := option.get_help_record(ctx)) is not None]
            optional = {option.name[len(_PREFIX) :] for option in own}
            records += [
                (f"-p {item.name}=TEXT", item.description or item.label)
                for item in workflow.parameters
                if item.name not in optional
            ]
            with formatter.section(f"Parameters of {workflow.name}"):
                if workflow.description:
                    formatter.write_text(workflow.description.partition("\n\n")[0])
                    formatter.write_paragraph()
                formatter.write_dl(records or [("(none)", "")])
        super().format_options(ctx, formatter)
        ctx.meta[_OPTIONS] = own

    def _workflow(self, ctx: click.Context, args: list[str]) -> Workflow | None:
        """The workflow that is meant, if its parameters are needed."""
        parser = self.make_parser(ctx)
        parser.ignore_unknown_options = True
        options, rest, _ = parser.parse_args(args)
        name = next(param.name for param in self.params if isinstance(param, click.Argument))
        target = options.get(name)
        if not isinstance(target, str) or target.startswith("-") or is_bundle(target):
            return None
        help_option = self.get_help_option(ctx)
        wants_help = help_option is not None and options.get(help_option.name)
        if not (rest or wants_help or ctx.resilient_parsing):
            return None
        from ...workflows.find import load_workflow  # noqa: PLC0415 (most calls do not need it)

        folder = os.getcwd()
        try:
            with contextlib.redirect_stdout(sys.stderr):  # A shell reads the completions there.
                return load_workflow(target, folders=load_studio_file().workflows)
        except FlowpipeDeadlineError:
            if ctx.resilient_parsing:
                return None
            raise
        finally:
            os.chdir(folder)  # The options are read after it, and have paths that are relative to where one is.


_PREFIX = "_workflow_"


def _option(parameter: WorkflowParameter) -> click.Option:
    flag = f"--{parameter.name.replace('_', '-')}"
    limits = (("at least", parameter.min_value), ("at most", parameter.max_value))
    notes = [f"{words} {limit:g}" for words, limit in limits if limit is not None]
    notes += ["required"] if parameter.is_required else []
    notes += [f"default: {parameter.default}"] if parameter.default else []
    text = (parameter.description or parameter.label) + (f"  [{'; '.join(notes)}]" if notes else "")
    kind: Any = click.Path() if parameter.type == "PATH" else str
    if parameter.allowed_values and parameter.type != "LIST":
        kind = click.Choice((*parameter.allowed_values, *(("none",) if type(None) in parameter.kinds else ())))
    is_flag = parameter.type == "BOOL"
    names: Sequence[str] = [f"{flag}/--no-{flag[2:]}" if is_flag else flag, _PREFIX + parameter.name]
    metavar = {"FRAMES": "FRAMES", "LIST": "NAME,…", "INT": "INTEGER", "FLOAT": "NUMBER"}.get(parameter.type)
    return click.Option(names, type=None if is_flag else kind, default=None, metavar=metavar, help=text)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
