"""A plan to its bundle, with the templates and the store that the studio wants."""

from __future__ import annotations

from ..bundle.write import write_plan
from ..core.bundle import FILES, AnyPath, Bundle
from ..planning.plan import Plan
from .file import StudioFile, load_studio_file
from .options import SubmitOptions


def write_bundle(
    plan: Plan,
    *,
    root: AnyPath,
    templates: AnyPath | None = None,
    store: str | None = None,
    studio: StudioFile | None = None,
) -> Bundle:
    """The bundle of the plan in a new folder below ``root``, which is created if need be.

    ``templates`` is a folder with a ``job_info.jinja`` or ``plugin_info.jinja`` of your own. ``store`` says where the
    results go: ``files`` for the bundle itself, or the URL of a Redis server,
    ``redis://host:port/db?prefix=flowpipe&expire=30`` (``rediss://`` for TLS), where they are kept for ``expire`` days
    after the last of them. Where these are not given, FLOWPIPE_DEADLINE_TEMPLATES and FLOWPIPE_DEADLINE_STORE count,
    then the studio file, which is read from its place if ``studio`` is not given.

    Raises:
        BundleError: The root cannot be written, the disk is full, or a template does not fit; nothing is left behind.
        StoreError: The store is not one, its URL holds a password, or it takes no results now; nothing is left behind.
        StudioFileError: The studio file cannot be read, or one of its values does not fit.
        PreflightError: Several of its values do not.
        LoadingError: A script writes while it is only being loaded.
    """
    studio = load_studio_file() if studio is None else studio
    chosen = SubmitOptions(templates=templates, store=store).completed(studio)
    return write_plan(
        plan, root=root, templates=chosen.templates, store=FILES if chosen.store is None else chosen.store
    )
