"""A connection ready to be opened, or the reason why mail has to wait."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from mailsettings.models import Doubtful
from orgs.sealing import destination
from providers import Provider, Settings


class NoWayOut(Exception):
    """Mail of an organization cannot leave now; it is held with this reason, never failed."""

    def __init__(self, code: str, reason: str) -> None:
        """Keep the stable code and the sentence for the screen."""
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class Way:
    """A connection ready to be opened, as it stood when it was read."""

    user_id: UUID
    owner_id: UUID
    connection_id: UUID | None
    draft_id: UUID | None = None
    # The saved connection whose refresh token a draft tries its values with, if it has one.
    lender_id: UUID | None = None
    name: str
    provider: Provider
    settings: Settings
    version: int
    settings_version: int
    is_default_mailer: bool = False
    held_code: str = ""
    held_until: datetime | None = None
    entitled: bool = False
    doubtful: str = Doubtful.RESEND
    # A stored secret did not open: it was sealed for another destination, or altered.
    is_unreadable: bool = False

    @property
    def is_held(self) -> bool:
        """Say whether mail must wait: held, and not yet time for a probe."""
        return bool(self.held_code) and (self.held_until is None or self.held_until > timezone.now())

    @property
    def tokens_of(self) -> UUID | None:
        """The connection whose row holds the tokens of this way; None when it keeps none."""
        return self.connection_id or self.lender_id

    @property
    def token_key(self) -> str:
        """The name under which access tokens of this very version and destination are kept.

        A row that was edited past the forms keeps its version; its token still goes nowhere else.
        """
        place = destination(*self.provider.destination(self.settings)).hex()
        return f"{self.owner_id}:{self.connection_id}:{self.version}:{place}"
