"""Commands about the repository (submission, section 2.5)."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from .intake import DeadlineError
from .operations import FakeDeadline
from .session import Command, Commands, Session, failure_code, is_true, listed, require

_Question = Callable[[FakeDeadline], Any]
_QUESTIONS: dict[str, _Question] = {
    "pools": lambda deadline: deadline.settings.pools,
    "groups": lambda deadline: deadline.settings.groups,
    "limits": lambda deadline: deadline.settings.limits,
    "plugins": lambda deadline: deadline.plugins,
    "maximum priority": lambda deadline: deadline.settings.maximum_priority,
    "task limit": lambda deadline: deadline.settings.task_limit,
    "version": lambda deadline: deadline.settings.build,
    "root": lambda deadline: str(deadline.root),
    "user": lambda deadline: deadline.settings.user,
}
_COMMANDS = {
    "pools": "pools",
    "getpoolnames": "pools",
    "groups": "groups",
    "getgroupnames": "groups",
    "limitgroups": "limits",
    "getlimitgroupnames": "limits",
    "getpluginnames": "plugins",
    "getmaximumpriority": "maximum priority",
    "getjobtasklimit": "task limit",
    "getversion": "version",
    "getrepositoryroot": "root",
    "root": "root",
    "getrepositoryroots": "root",
    "networks": "root",
    "getcurrentusername": "user",
}
# What a submitter asks for: the name in the answer, and the question.
_ITEMS = {
    "pools": ("Pools", "pools"),
    "groups": ("Groups", "groups"),
    "maxpriority": ("MaxPriority", "maximum priority"),
    "tasklimit": ("TaskLimit", "task limit"),
}


def _answer(question: str, session: Session, arguments: Sequence[str]) -> None:
    answer = _QUESTIONS[question](session.deadline)
    session.say(*(answer if isinstance(answer, tuple) else [str(answer)]))


def _get_limit_groups(session: Session, arguments: Sequence[str]) -> None:
    for name, maximum, in_use in limits_of(session.deadline):
        session.say(f"Name={name}", f"Limit={maximum}", f"InUse={in_use}", "")


def limits_of(deadline: FakeDeadline) -> list[tuple[str, int, int]]:
    """The limits: name, how many stubs there are, and how many are in use."""
    usage = deadline.settings.limit_usage
    return [(name, *usage.get(name, (1, 0))) for name in deadline.settings.limits]


def workers_of(deadline: FakeDeadline) -> list[dict[str, Any]]:
    """The workers, with all that is told of one."""
    usual = {"state": "Idle", "enabled": True, "pools": [], "groups": []}
    return [{**usual, **worker} for worker in deadline.settings.workers]


def _get_slave_names(session: Session, arguments: Sequence[str]) -> None:
    session.say(*(worker["name"] for worker in workers_of(session.deadline)))


def _get_slave(session: Session, arguments: Sequence[str]) -> None:
    keys = session.deadline.settings.unknowns.worker_keys
    wanted = listed(require(arguments, 1)[0])
    for worker in workers_of(session.deadline):
        if worker["name"] in wanted:
            prefix = "Slave" if keys == "none" else keys
            session.say(f"{prefix}Name={worker['name']}", f"{prefix}State={worker['state']}")
            session.say(f"{prefix}Enabled={worker['enabled']}")
            if keys != "none":
                session.say(
                    f"{prefix}Pools={','.join(worker['pools'])}", f"{prefix}Groups={','.join(worker['groups'])}"
                )
            session.say("")


def _get_members(session: Session, arguments: Sequence[str], *, of: str) -> None:
    wanted = set(listed(require(arguments, 1)[0]))
    session.say(*(worker["name"] for worker in workers_of(session.deadline) if wanted & set(worker[of])))


def repository_path(deadline: FakeDeadline, name: str, *, is_custom: bool) -> Path:
    """Where a file or folder of the repository is; one in ``custom`` comes first if it is asked for and there."""
    custom = deadline.root / "custom" / name
    return custom if is_custom and custom.exists() else deadline.root / name


def _check_path_mapping(session: Session, arguments: Sequence[str]) -> None:
    """The path with the first source that it begins with replaced (plugin API, section 3.6)."""
    path = require(arguments, 1)[0]
    found = [pair for pair in session.deadline.settings.path_mappings if path.startswith(pair[0])]
    session.say(found[0][1] + path[len(found[0][0]) :] if found else path)


def _get_repository_path(session: Session, arguments: Sequence[str]) -> None:
    name, *rest = require(arguments, 1)
    session.say(str(repository_path(session.deadline, name, is_custom=bool(rest) and is_true(rest[0]))))


def _get_submission_info(session: Session, arguments: Sequence[str]) -> None:
    """The form for submitters inside applications, which parse lines: one header per item."""
    for name, value in _submission_info(session, arguments).items():
        session.say(f"[{name}]", *(map(str, value) if isinstance(value, (list, tuple)) else [str(value)]))


def _get_submission_json(session: Session, arguments: Sequence[str], *, indent: int = 0) -> int:
    """``-JSON -GetSubmissionInfo <items>``; an error is part of the JSON."""
    command, *items = require(arguments, 1)
    try:
        if command.lstrip("-").lower() != "getsubmissioninfo":
            raise DeadlineError(f"{command} has no answer in JSON")
        answer = {"ok": True, "result": _submission_info(session, items)}
    except DeadlineError as error:
        answer = {"ok": False, "result": str(error)}
    session.say(json.dumps(answer, indent=indent or None))
    return 0 if answer["ok"] else failure_code(session)


def _submission_info(session: Session, items: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in items:
        kind, _, name = item.partition(":")
        if kind.lower() in _ITEMS:
            key, question = _ITEMS[kind.lower()]
            value = _QUESTIONS[question](session.deadline)
            found[key] = list(value) if isinstance(value, tuple) else value
        elif kind.lower() == "userhomedir":
            found["UserHomeDir"] = os.path.expanduser("~")
        elif kind.lower() in ("repodir", "repodirnocustom") and name:
            path = repository_path(session.deadline, name, is_custom=kind.lower() == "repodir")
            found.setdefault("RepoDirs", {})[name] = str(path)
        else:
            raise DeadlineError(f"There is no submission info {item}")
    return found


COMMANDS: Commands = {
    **{name: Command(partial(_answer, question)) for name, question in _COMMANDS.items()},
    "checkpathmapping": Command(_check_path_mapping),
    "getlimitgroups": Command(_get_limit_groups),
    "slaves": Command(_get_slave_names),
    "getslavenames": Command(_get_slave_names),
    "getslave": Command(_get_slave),
    "getslavenamesinpool": Command(partial(_get_members, of="pools")),
    "getslavenamesingroup": Command(partial(_get_members, of="groups")),
    "getrepositorypath": Command(_get_repository_path),
    "getrepositoryfilepath": Command(_get_repository_path),
    "getsubmissioninfo": Command(_get_submission_info),
    "json": Command(_get_submission_json),
    "prettyjson": Command(partial(_get_submission_json, indent=2)),
}
