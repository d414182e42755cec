"""Renders job info and plugin info files from templates, and compares them with the plan."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
from jinja2.compiler import CodeGenerator

from ..core.errors import BundleError, error_line
from ..core.files import is_file, is_there
from ..core.text import flaw_in, one_line
from ..planning.plan import Job
from ..settings.environment import variables_of_kind
from ..settings.job_info_keys import planned_reason
from ..settings.kinds import shown
from ..settings.secrets import without_secret
from .info_format import InfoFileError, parse_entries
from .job_files import BUNDLE_KEY, FRAMES_KEY, NODE_INFO_KEY, NODE_KEY, PLUGIN_NAME, SUBMISSION_KEY

PLUGIN = PLUGIN_NAME
# The border between bundle, plugin and Flowpipe.options; a test keeps all sides equal.
PLUGIN_INFO_KEYS = (BUNDLE_KEY, NODE_INFO_KEY, "Interpreter", "FrameMode", "PathVariables", "PathListVariables")
PATH_KEYS = {"path": "PathVariables", "paths": "PathListVariables"}
"""By what variables hold, the key that lists their names."""

_LONGEST_NAME = 200
_TEMPLATES = ("job_info.jinja", "plugin_info.jinja")


class _StrictCodeGenerator(CodeGenerator):
    """Makes ``{{ pool if night }}`` without ``else`` an error: for jinja2, also a strict one, it is an empty text."""

    def write_commons(self) -> None:
        """The beginning of each part of a template."""
        super().write_commons()
        self.writeline("cond_expr_undefined = undefined")


class JobFiles:
    """Renders the two files of a job from the package's templates, or a studio's own where it has some."""

    def __init__(self, templates: Path | None = None) -> None:
        """``templates`` is a folder with a ``job_info.jinja`` or ``plugin_info.jinja`` to use instead of ours.

        Raises:
            BundleError: The folder does not exist, or has neither of them.
        """
        if templates is not None and not is_there(templates):
            raise BundleError(f"the template folder {templates} does not exist")
        if templates is not None and not any(is_file(templates / name) for name in _TEMPLATES):
            raise BundleError(f"the template folder {templates} has neither {' nor '.join(_TEMPLATES)}")
        self._folder = templates
        own = jinja2.PackageLoader("flowpipe_deadline.bundle", "jinja")
        loaders: list[jinja2.BaseLoader] = [own] if templates is None else [jinja2.FileSystemLoader(templates), own]
        self._environment = jinja2.Environment(
            loader=jinja2.ChoiceLoader(loaders),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            finalize=_checked_value,
            autoescape=False,  # noqa: S701  (plain text, no markup; every value is checked when read back)
        )
        self._environment.code_generator_class = _StrictCodeGenerator

    def job_info(self, job: Job, *, plan_name: str, batch_name: str, job_dependencies: Sequence[str]) -> str:
        """The text of the job info file; ``job_dependencies`` are the values of that line.

        Raises:
            BundleError: A studio's template fails, changes what was planned, sets what only the plan may set, or writes
                a line that is not an entry.
        """
        needed = {
            "Plugin": PLUGIN,
            "BatchName": one_line(batch_name, longest=_LONGEST_NAME),
            "Frames": str(job.frames),
            "ChunkSize": str(job.chunk_size),
            **({"JobDependencies": ",".join(job_dependencies)} if job_dependencies else {}),
            **({"IsFrameDependent": "true"} if job.is_frame_dependent else {}),
        }
        values = {
            "plugin": PLUGIN,
            "name": job_name(job, plan_name=plan_name),
            "batch_name": needed["BatchName"],
            "frames": needed["Frames"],
            "chunk_size": needed["ChunkSize"],
            "job_dependencies": list(job_dependencies),
            "is_frame_dependent": job.is_frame_dependent,
            "settings": job.job_info,
            "extra_info": (
                (SUBMISSION_KEY, needed["BatchName"]),
                (NODE_KEY, job.key),
                *(() if job.item_frames is None else ((FRAMES_KEY, str(job.item_frames)),)),
                *job.extra_info,
            ),
            "job": job,
        }
        planned = {**needed, **dict(job.job_info)}
        text = self._render("job_info.jinja", values, needed=planned, refusal=_refusal)
        if job.item_frames is None or any(key.lower() == "comment" for key, _ in parse_entries(text)):
            return text
        comment = one_line(f"items {job.frames} are the frames {job.item_frames}", longest=_LONGEST_NAME)
        return f"{text.rstrip()}\nComment={comment}\n"

    def plugin_info(self, job: Job, *, bundle: Path) -> str:
        """The text of the plugin info file.

        Raises:
            BundleError: The bundle's path does not survive as a value, or a studio's template fails.
        """
        path = str(bundle)
        flaw = flaw_in(path)
        if flaw:
            raise BundleError(f"the path {path!r} does not fit into a job, as it has {flaw}; choose a root without it")
        declared = dict(job.environment_kinds)
        lists = (variables_of_kind(kind, job.job_info, declared) for kind in PATH_KEYS)
        texts = (path, job.key, job.interpreter, job.frame_mode, *map(",".join, lists))
        values = {key: text for key, text in zip(PLUGIN_INFO_KEYS, texts) if text}
        return self._render("plugin_info.jinja", {"plugin_info": tuple(values.items()), "job": job}, needed=values)

    def _render(
        self,
        template: str,
        values: Mapping[str, Any],
        *,
        needed: Mapping[str, str],
        refusal: Callable[[str], str | None] = lambda _: None,
    ) -> str:
        """The text; ``refusal`` gives the reason why a further key must not be set, or None."""
        own = None if self._folder is None else self._folder / template
        file = own if own is not None and is_file(own) else template
        try:
            text = self._environment.get_template(template).render(values)
            entries = dict(parse_entries(text))
        except (BundleError, InfoFileError) as error:
            raise BundleError(f"the template {_place(error) or file} gives no valid file: {error}") from error
        except Exception as error:  # A template can fail in any way.
            raise BundleError(f"the template {_place(error) or file} fails: {error_line(error)}") from error
        place = f"the template {file}"
        for key, value in needed.items():
            if entries.get(key) != value:
                written = f"says {key}={without_secret(entries[key])!r}" if key in entries else f"has no {key}"
                raise BundleError(f"{place} {written} where {without_secret(value)!r} is planned")
        for key in entries:
            reason = None if key in needed else refusal(key)
            if reason is not None:
                raise BundleError(f"{place} sets {key}, which only the plan may set: {reason}")
        return text


def _refusal(key: str) -> str | None:
    return None if key == "Name" else planned_reason(key)  # A studio may call its jobs what it likes.


def _checked_value(value: Any) -> Any:
    """The value that a template is about to write, if it stays within its line."""
    is_defined = not isinstance(value, jinja2.Undefined)  # Which jinja2 refuses itself.
    if value is None or (is_defined and callable(value)) or type(value) in (list, tuple, dict, set):
        advice = "put it into a condition, or give it a default" if value is None else "write what it has, with  | join"
        raise BundleError(f"it would write {shown(value)}; {advice}")
    flaw = flaw_in(value) if isinstance(value, str) else ""
    if flaw:
        raise BundleError(f"the value {value[:80]!r} would not stay within its line: it has {flaw}")
    return value


def _place(error: Exception) -> str:
    """The file and line of a template that the error comes from, with its text; empty if it comes from none."""
    steps = [step for step in traceback.extract_tb(error.__traceback__) if not step.filename.endswith((".py", ">"))]
    return f"{steps[-1].filename}, line {steps[-1].lineno}, {steps[-1].line!r}," if steps else ""


def job_name(job: Job, *, plan_name: str) -> str:
    """The job's name in the Monitor: graph and node, with the sub-graph between them."""
    node = job.node if job.graph == plan_name else job.label
    return one_line(f"{plan_name} - {node}", longest=_LONGEST_NAME)
