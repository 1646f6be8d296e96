"""A connection ready to be opened, or the reason why mail has to wait."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from mailsettings.consent.wanted import wants_account
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
    # Its settings as they are stored, in JSON: a row that was edited past the forms is read again.
    stored: str = field(default="{}", repr=False)
    is_default_mailer: bool = False
    held_code: str = ""
    held_until: datetime | None = None
    entitled: bool = False
    doubtful: str = Doubtful.RESEND
    # A stored secret did not open: it was sealed for another destination, or altered.
    is_unreadable: bool = False
    # The connection a rule chose for the mail of this lane; None is mail that follows the order.
    route_id: UUID | None = None
    # 0 is the way meant for the mail; every later one takes over while those before it are down.
    place: int = 0
    # One before it is down; being disabled is no fault.
    is_detour: bool = False
    # Whose place a later way takes.
    first_id: UUID | None = None
    first_name: str = ""

    @property
    def took_over(self) -> bool:
        """Say whether this way stands in for the one the mail was meant for."""
        return self.place > 0

    @property
    def is_for_fallers(self) -> bool:
        """Say whether only messages may take it whose rule lets the order take over."""
        return self.took_over and self.route_id is not None

    @property
    def is_held(self) -> bool:
        """Say whether mail must wait: held, and not yet time for a probe."""
        return bool(self.held_code) and (self.held_until is None or self.held_until > timezone.now())

    @property
    def tokens_of(self) -> UUID | None:
        """The connection whose row holds the tokens of this way; None when it keeps none."""
        return self.connection_id or self.lender_id

    @property
    def wants_account(self) -> bool:
        """Say whether this way lives by an account that somebody connected."""
        return wants_account(self.provider, vars(self.settings))

    @property
    def token_key(self) -> str:
        """The name under which access tokens of this very version and destination are kept.

        A row that was edited past the forms keeps its version; its token still goes nowhere else.
        """
        place = destination(*self.provider.destination(self.settings)).hex()
        return f"{self.owner_id}:{self.connection_id}:{self.version}:{place}"
