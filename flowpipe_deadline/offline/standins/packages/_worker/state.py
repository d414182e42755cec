"""What the stand-ins keep for one plugin or managed process object."""

from __future__ import annotations

from typing import Any, Dict, Set

from _dotnet.exceptions import NullReferenceException
from _dotnet.members import MemberState

from _worker.context import Context
from _worker.stdout import StdoutState

__all__ = ["ProcessState"]


class ProcessState(MemberState):
    """Made by ``__new__``, so that it is there whether or not the base constructor runs."""

    def __init__(self, owner: Any, context: Context) -> None:
        super().__init__()
        self.owner_name = type(owner).__name__
        self.context = context
        self.stdout = StdoutState()
        self.environment: Dict[str, str] = {}
        self.ignored_exit_codes: Set[int] = set()
        self.base_called = False
        context.remember(owner)

    def require_base(self, member: str = "") -> None:
        """Deadline 10.3+: the base constructor must run before anything else (plugin API, section 1.2).

        Raises:
            NullReferenceException: it did not; the message says what to write.
        """
        if self.context.base_constructor_required and not self.base_called:
            raise NullReferenceException(
                "{}: the base constructor has not run{}. Deadline 10.3 and later need super().__init__() as the "
                "first statement of __init__".format(
                    self.owner_name, " before the use of {}".format(member) if member else ""
                )
            )
