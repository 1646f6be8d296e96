"""What the room above knows of rules: how often they chose, and messages to try them with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from mailsettings.routing.sample import Sample


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One of the last messages, as a choice."""

    key: UUID
    subject: str
    to: str
    at: datetime


class Outbox(Protocol):
    """Answers about an organization's messages, inside tenant()."""

    def chosen_since(self, organization_id: UUID, since: datetime) -> Mapping[UUID, int]:
        """Count the messages each rule chose a connection for, by one query."""

    def latest(self, organization_id: UUID) -> Sequence[Delivery]:
        """Give some of the last messages, newest first."""

    def sample(self, organization_id: UUID, key: UUID) -> Sample | None:
        """Give what rules see of a message but its body, which is private; None for no such message."""


# The outbox hangs itself in here when the apps are ready.
OUTBOXES: list[Outbox] = []
