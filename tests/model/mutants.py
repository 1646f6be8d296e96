"""Guards of the product's own code, each taken out on purpose for a while; the walks must notice."""

from __future__ import annotations
import __future__

import inspect
import textwrap
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any

from notifications.delivery import by_hand, leasing, marking, recovery, settling, verdicts, window
from notifications.models import NotificationQuerySet

DATACLASSES = __future__.annotations.compiler_flag


@dataclass(frozen=True)
class Cut:
    """A piece of the product that reads otherwise for a while; it must occur exactly once."""

    where: Callable[..., Any] | tuple[ModuleType, str]
    piece: str
    instead: str

    @contextmanager
    def made(self) -> Iterator[None]:
        """Change a function in place, wherever it was imported to, or a constant of a module."""
        if isinstance(self.where, tuple):
            module, name = self.where
            before = getattr(module, name)
            setattr(module, name, self._changed(before))
            try:
                yield
            finally:
                setattr(module, name, before)
            return
        function = self.where
        assert isinstance(function, FunctionType)
        code = function.__code__
        source = self._changed(textwrap.dedent(inspect.getsource(function)))
        made: dict[str, Any] = {}
        program = compile(source, code.co_filename, "exec", DATACLASSES, dont_inherit=True)
        exec(program, function.__globals__, made)  # noqa: S102  # our own code, but for one guard
        function.__code__ = made[function.__name__].__code__
        try:
            yield
        finally:
            function.__code__ = code

    def _changed(self, text: str) -> str:
        assert text.count(self.piece) == 1, f"The guard {self.piece!r} is not where it was: look for it."
        return text.replace(self.piece, self.instead)


_UPDATE_QUEUED = Cut(recovery.expire, "waiting = rows.filter(status=Status.QUEUED)", "waiting = rows.all()")
_OLD = Cut(NotificationQuerySet.over_age, "status=Status.QUEUED, ", 'status__in=("queued", "transmitting"), ')

# The names are those of the table; `mark.state` exists on the real tables only.
MUTANTS: dict[str, tuple[Cut, ...]] = {
    "claim.state": (Cut((leasing, "CLAIM"), "status = 'queued'", "status IN ('queued', 'leased')"),),
    "mark.token": (Cut((marking, "MARK"), "n.lease_token = %(token)s", "%(token)s IS NOT NULL"),),
    "mark.lease": (
        Cut(
            (marking, "MARK"),
            "n.lease_until > statement_timestamp()",
            "now() + '1 hour' > statement_timestamp()",
        ),
    ),
    "mark.settings": (Cut((marking, "MARK"), "(%(trial)s OR", "(true OR %(trial)s OR"),),
    "mark.state": (Cut((marking, "MARK"), "AND n.status = 'leased'", ""),),
    "mark.commit": (Cut((marking, "MARK"), "status = 'transmitting', lease_until", "lease_until"),),
    "settle.token": (Cut((settling, "SETTLE"), "n.lease_token = %(token)s", "%(token)s IS NOT NULL"),),
    "late.wins": (Cut(settling._settle_late, "if outcome.accepted and", "if False and"),),
    "late.open": (Cut(settling._settle_late, "current.status not in ENDED", "True"),),
    "recover.expired": (Cut(NotificationQuerySet.lost, ", lease_until__lte=Now()", ""),),
    "recover.policy": (Cut(recovery._take_back, "doubtful == Doubtful.HOLD", "False"),),
    "lost.policy": (Cut(verdicts.decide, "doubtful == Doubtful.HOLD", "False"),),
    "handback.token": (Cut(window.hand_back, "lease_token=batch.token, ", ""),),
    "expire.state": (_OLD, _UPDATE_QUEUED),
    "cancel.state": (Cut(by_hand.cancel, "Status.LEASED, ", "Status.LEASED, Status.TRANSMITTING, "),),
    "again.state": (Cut(by_hand.send_again, "(Status.UNCERTAIN,)", "tuple(Status)"),),
    "retry.state": (Cut(by_hand._again, "(Status.FAILED, Status.EXPIRED)", "tuple(Status)"),),
}


@contextmanager
def without(guard: str) -> Iterator[None]:
    """Run the product without a guard; with an empty name as it is."""
    with ExitStack() as stack:
        for cut in MUTANTS.get(guard, ()):
            stack.enter_context(cut.made())
        yield
