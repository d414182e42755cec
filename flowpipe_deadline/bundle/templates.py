"""Renders job info and plugin info files from templates, and compares them with the plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Optional

import jinja2

from ..core.errors import BundleError
from ..core.text import is_one_line, one_line
from ..planning.plan import Job
from ..settings.environment import variables_of_kind
from ..settings.job_info_keys import planned_reason
from ..settings.secrets import without_secret
from .info_format import InfoFileError, parse_entries
from .job_files import BUNDLE_KEY, FRAMES_KEY, NODE_INFO_KEY, NODE_KEY, PLUGIN_NAME, SUBMISSION_KEY

PLUGIN = PLUGIN_NAME
# The border between bundle, plugin and Flowpipe.options; a test keeps all sides equal.
PLUGIN_INFO_KEYS = (BUNDLE_KEY, NODE_INFO_KEY, "Interpreter", "FrameMode", "PathVariables", "PathListVariables")
PATH_KEYS = {"path": "PathVariables", "paths": "PathListVariables"}
"""By what variables hold, the key that lists their names."""

_LONGEST_NAME = 200


class JobFiles:
    """Renders the two files of a job from the package's templates, or a studio's own where it has some."""

    def __init__(self, templates: Optional[Path] = None) -> None:
        """``templates`` is a folder with a ``job_info.jinja`` or ``plugin_info.jinja`` to use instead of ours.

        Raises:
            BundleError: The folder does not exist.
        """
        if templates is not None and not templates.is_dir():
            raise BundleError(f"the template folder {templates} does not exist")
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
        if path != path.strip() or not is_one_line(path):
            raise BundleError(
                f"the path {path!r} does not fit into a job: use one without line breaks and outer blanks"
            )
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
        refusal: Callable[[str], Optional[str]] = lambda _: None,
    ) -> str:
        """The text; ``refusal`` gives the reason why a further key must not be set, or None."""
        try:
            text = self._environment.get_template(template).render(values)
            entries = dict(parse_entries(text))
        except (BundleError, InfoFileError) as error:
            raise BundleError(f"the template {template} gives no valid file: {error}") from error
        except Exception as error:  # A template can fail in any way.
            line = f", line {error.lineno}" if isinstance(error, jinja2.TemplateSyntaxError) else ""
            raise BundleError(f"the template {template} fails{line}: {error or type(error).__name__}") from error
        for key, value in needed.items():
            if entries.get(key) != value:
                written = without_secret(entries[key]) if key in entries else None
                planned = without_secret(value)
                raise BundleError(f"the template {template} says {key}={written!r} where {planned!r} is planned")
        for key in entries:
            reason = None if key in needed else refusal(key)
            if reason is not None:
                raise BundleError(f"the template {template} sets {key}, which only the plan may set: {reason}")
        return text


def _refusal(key: str) -> Optional[str]:
    return None if key == "Name" else planned_reason(key)  # A studio may call its jobs what it likes.


def _checked_value(value: Any) -> Any:
    """The value that a template is about to write, if it stays within its line."""
    if isinstance(value, str) and not is_one_line(value):
        raise BundleError(f"the value {value[:80]!r} would not stay within its line")
    return value


def job_name(job: Job, *, plan_name: str) -> str:
    """The job's name in the Monitor: graph and node, with the sub-graph between them."""
    node = job.node if job.graph == plan_name else job.label
    return one_line(f"{plan_name} - {node}", longest=_LONGEST_NAME)
