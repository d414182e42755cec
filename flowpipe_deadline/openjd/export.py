"""Writes a job bundle of Open Job Description into a bundle: the same work, for another farm."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from flowpipe import Graph

from ..bundle.templates import PLUGIN
from ..core.bundle import CODE, EDITS, ERRORS, NODES, RESULTS, STORE, TEMPLATE, AnyPath, Bundle, read_bundle
from ..core.errors import BundleError, PlanError, UsageError, words_of
from ..core.files import write_whole
from ..core.rights import keep_from_others, make_folder
from ..core.shipped import shipped_folder
from ..core.text import one_line
from ..core.warnings import ErrorCollector, PlanWarning, WarningKind
from ..offline.hosts import Host, parse_host
from ..offline.packages import read_worker_packages
from ..offline.standins.sandbox import read_param
from ..planning.plan import Dependency, Job, Plan
from ..status.notices import is_copy
from ..studio.file import load_studio_file
from ..studio.options import SubmitOptions, check_all, find_root
from ..studio.write import write_bundle
from ..submit.record import read_submission
from .steps import Step, job_priority, lost_warnings, steps_of_bundle, steps_of_plan
from .template import MOST_FRAMES, PACKAGES, make_template

LONGEST_TEMPLATE = 1_000_000
"""Characters that AWS Deadline Cloud takes."""
_MAIN = b"from flowpipe_deadline.openjd.task import run\n\nrun()\n"
_PROGRAMS = {"python": "python" if os.name == "nt" else "python3", "maya": "mayapy", "houdini": "hython"}
_LONGEST_MESSAGE = 600
_NUMBER = re.compile(r"[-+]?\.?[0-9]")  # How one begins.


def plan_for_openjd(plan: Plan) -> Plan:
    """The plan as it is carried out there: what its edges and chunks become, and what has no counterpart.

    Raises:
        PlanError, PreflightError, UsageError: As ``export_bundle``.
    """
    steps = steps_of_plan(plan, templates=SubmitOptions().completed(load_studio_file()).templates)
    checked_template(plan.name, steps, {})
    jobs = tuple(
        replace(job, dependencies=tuple(map(_by_step, job.dependencies)), notes=_notes(job)) for job in plan.jobs
    )
    return replace(plan, jobs=jobs, warnings=(*plan.warnings, *lost_warnings(steps)))


def _by_step(dependency: Dependency) -> Dependency:
    if dependency.kind != "frame":
        return dependency
    return replace(dependency, kind="job", reason=f"{dependency.reason} on Deadline 10, the whole step there")


def _notes(job: Job) -> tuple[str, ...]:
    """Those of the job, and how large its chunks become if not all are of the planned size."""
    size = min(job.chunk_size, MOST_FRAMES)
    count = job.frames.chunk_count(size)
    if len(job.frames) == count * job.chunk_size or count == 1:
        return job.notes
    smallest, larger = divmod(len(job.frames), count)
    return (*job.notes, f"balanced there, {smallest}{f' or {smallest + 1}' if larger else ''} each")


def export_graph(
    graph: Graph,
    *,
    root: AnyPath | None = None,
    options: SubmitOptions | None = None,
    interpreters: Mapping[str, str] | None = None,
) -> tuple[Bundle, tuple[PlanWarning, ...]]:
    """The new bundle of a graph below ``root``, exported as by ``export_bundle``, and all warnings.

    If that fails, nothing is left. The other arguments are those of ``submit_graph``; Deadline is not asked.

    Raises:
        FlowpipeDeadlineError: As ``submit_graph`` and ``export_bundle``.
    """
    options = options or SubmitOptions()
    studio = options.studio or load_studio_file()
    chosen, below = options.completed(studio), find_root(root, studio)
    plan, errors, template = chosen.plan(graph, studio=studio), ErrorCollector(), b""
    steps = steps_of_plan(plan, templates=chosen.templates)
    with errors.collected():
        template = checked_template(plan.name, steps, interpreters or {})
    warnings = check_all(plan, root=below, repository=None, options=chosen, errors=errors, odd=lost_warnings(steps))
    bundle = write_bundle(plan, root=below, templates=chosen.templates, store=chosen.store, studio=studio)
    try:
        _write_files(bundle, steps, template)
    except BaseException:
        shutil.rmtree(bundle.folder, ignore_errors=True)
        raise
    # Such a farm may carry files to its workers.
    return bundle, tuple(warning for warning in warnings if warning.kind is not WarningKind.LOCAL_ROOT)


def export_bundle(
    bundle: AnyPath, *, interpreters: Mapping[str, str] | None = None, options: SubmitOptions | None = None
) -> tuple[PlanWarning, ...]:
    """Writes ``template.yaml``, ``parameter_values.yaml`` and ``asset_references.yaml`` into a bundle, with what tasks
    import; gives a warning for each setting that has no counterpart.

    ``interpreters`` are hosts on the workers by name, as ``parse_host`` reads them; by default the usual program, which
    is looked for on their PATH. Of the ``options``, ``strict`` and ``tolerate`` count.

    Raises:
        PlanError, PreflightError: Something does not fit into a template, or the official model refuses it.
        CheckError: A setting has no counterpart, and the options are strict about that.
        UsageError: The extra ``openjd`` is not installed.
        RecordError: The folder is not a bundle, or is damaged.
        BundleError: It cannot be written, or is submitted to Deadline.
    """
    opened = read_bundle(bundle)
    if read_submission(opened.folder) is not None and not is_copy(opened):
        advice = f"export a copy:  flowpipe-deadline submit {opened.folder} --again --dry-run"
        raise BundleError(f"{opened.folder} is submitted, and two farms would write its results; {advice}")
    steps, options = steps_of_bundle(opened), options or SubmitOptions()
    chosen = options.completed(options.studio or load_studio_file())
    warnings = check_all(None, root=None, repository=None, options=chosen, odd=lost_warnings(steps))
    _write_files(opened, steps, checked_template(opened.graph, steps, interpreters or {}))
    return warnings


def _write_files(bundle: Bundle, steps: Sequence[Step], template: bytes) -> None:
    """Writes the job bundle and what its tasks import; raises BundleError if that cannot be done."""
    priority = job_priority(step.priority for step in steps)
    boot = (shipped_folder(f"plugins/{PLUGIN}") / "boot.py").read_bytes()
    packages = {**read_worker_packages().files, "boot.py": boot, "__main__.py": _MAIN}
    files = {
        **{f"{PACKAGES}/{name}": data for name, data in packages.items()},
        "parameter_values.yaml": _yaml({"parameterValues": [{"name": "deadline:priority", "value": priority}]}),
        "asset_references.yaml": _yaml({"assetReferences": _asset_references(bundle.folder, steps)}),
        TEMPLATE: template,  # Last: without it, there is no job bundle.
    }
    try:
        for name, data in files.items():
            path = bundle.folder / name
            if not path.is_file() or path.read_bytes() != data:
                make_folder(path.parent)
                write_whole(path, data)
        keep_from_others(bundle.folder / TEMPLATE, root=bundle.folder.parent)  # It has variables of jobs.
    except OSError as error:
        raise BundleError(f"{bundle.folder} cannot be written: {words_of(error)}; export it again") from error


def checked_template(name: str, steps: Sequence[Step], interpreters: Mapping[str, str]) -> bytes:
    """The text of the template, of which the official model has made a job; raises as ``export_bundle``."""
    try:
        from openjd import model  # noqa: PLC0415 (an extra)
    except ImportError as error:
        advice = "pip install 'flowpipe-deadline[openjd]'"
        raise UsageError(f"the official model of Open Job Description is missing ({error}):  {advice}") from error
    data = _yaml(make_template(name, steps, _hosts(steps, interpreters)))
    text, here = data.decode("utf-8"), Path(__file__).parent
    if len(text) > LONGEST_TEMPLATE:
        fit = len(steps) * LONGEST_TEMPLATE // len(text)
        reason = f"its template has {len(text)} characters, and farms take {LONGEST_TEMPLATE}"
        raise PlanError(name, f"{reason}: it has {len(steps)} nodes, and about {fit} would fit")
    try:
        document = model.document_string_to_object(document=text, document_type=model.DocumentType.YAML)
        decoded = model.decode_job_template(template=document, supported_extensions=["TASK_CHUNKING"])
        values = model.preprocess_job_parameters(
            job_template=decoded, job_parameter_values={}, job_template_dir=here, current_working_dir=here
        )
        model.create_job(job_template=decoded, job_parameter_values=values)
    except ValueError as error:
        said = one_line(str(error), longest=_LONGEST_MESSAGE)
        raise PlanError(name, f"the official model of Open Job Description refuses the template: {said}") from error
    return data


def _hosts(steps: Iterable[Step], given: Mapping[str, str]) -> dict[str, Host]:
    """The hosts of the steps, and the Python of the tasks, with their arguments."""
    defaults = read_param(str(shipped_folder(f"plugins/{PLUGIN}") / f"{PLUGIN}.param"))
    hosts = {}
    for name in dict.fromkeys(["python", *(step.interpreter for step in steps)]):
        application = name.partition("-")[0]
        host = parse_host(given.get(name, _PROGRAMS.get(application, application)))
        usual = defaults.get(f"Arguments_{application}") or defaults["Arguments_python"]
        hosts[name] = replace(host, arguments=host.arguments or usual)
    return hosts


def _asset_references(folder: Path, steps: Iterable[Step]) -> dict[str, Any]:
    """What a farm without a shared disk carries to its workers, and what it brings back; in full, as it needs them."""
    folders = [PACKAGES, *(name for name in (NODES, CODE, EDITS) if (folder / name).is_dir())]
    inputs = [str(folder / STORE)] if (folder / STORE).is_file() else []
    outputs = [str(folder / RESULTS), str(folder / ERRORS)]
    for step in steps:
        inputs += step.inputs
        outputs += step.outputs
    return {
        "inputs": {"filenames": [*dict.fromkeys(inputs)], "directories": [str(folder / name) for name in folders]},
        "outputs": {"directories": [*dict.fromkeys(outputs)]},
    }


def _yaml(data: Any) -> bytes:
    """The data as YAML that all readers read alike: for YAML 1.2, but not for 1.1, ``1e3`` and ``0o17`` are numbers."""
    import yaml  # noqa: PLC0415 (the official model brings it)

    def represent(dumper: Any, text: str) -> Any:
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="'" if _NUMBER.match(text) else None)

    kind: Any = type("Dumper", (getattr(yaml, "CSafeDumper", yaml.SafeDumper),), {})
    kind.add_representer(str, represent)
    return bytes(yaml.dump(data, Dumper=kind, sort_keys=False, allow_unicode=True, width=200, encoding="utf-8"))
