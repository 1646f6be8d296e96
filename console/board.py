"""The board of all organizations: who sends how, who fails, whose mail waits; few queries, always as many."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import (
    Case,
    CharField,
    Count,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from mailsettings.advice import advise
from mailsettings.models import Connection, MailSettings, Rank
from notifications.models import OPEN, Notification
from orgs.models import Organization
from orgs.tenancy import SYSTEM
from providers import PROVIDERS

FAILING, WAITING, PAUSED, HEALTHY, SYSTEM_MAILER = "failing", "waiting", "paused", "healthy", "system"
LABELS = {each.key: each.label for each in PROVIDERS}
SEARCH_LIMIT = 100


@dataclass(frozen=True, kw_only=True)
class Health:
    """How an organization's sending fares, as a chip and a line below it."""

    code: str
    word: str
    tone: str
    icon: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class BoardLine:
    """One organization on the board."""

    organization: Organization
    health: Health
    provider: str
    sender: str
    last_success: datetime | None
    waiting: int

    @property
    def below(self) -> str:
        """Tell one organization from another of the same name."""
        if self.sender:
            return self.sender
        return _("System default mailer") if self.organization.is_platform else self.organization.slug


def organizations(*, wanted: str = "", health: str = "", add_on: str = "") -> QuerySet[Any]:
    """Find organizations by words and state, failing ones first."""
    rows = measured()
    words = wanted.replace("\x00", "").strip()[:SEARCH_LIMIT]
    if words:
        rows = rows.filter(
            Q(name__icontains=words) | Q(slug__icontains=words) | Q(sender_email__icontains=words)
        )
    if health in dict(states()):
        rows = rows.filter(health=health)
    if add_on in ("yes", "no"):
        rows = rows.filter(custom_mail=add_on == "yes")
    return rows.order_by("urgency", "name", "pk")


def measured() -> QuerySet[Any]:
    """Annotate every organization with what the board shows, in one query."""
    primary = Connection.objects.using(SYSTEM).filter(organization_id=OuterRef("pk"), rank=Rank.PRIMARY)
    settings = MailSettings.objects.using(SYSTEM).filter(organization_id=OuterRef("pk"))
    rows: QuerySet[Any] = Organization.objects.using(SYSTEM).annotate(
        smtp_enabled=Coalesce(Subquery(settings.values("smtp_enabled")[:1]), Value(False)),
        provider_key=Coalesce(Subquery(primary.values("provider")[:1]), Value("")),
        sender_email=Subquery(
            primary.values(text=KeyTextTransform("sender_email", "settings"))[:1], output_field=CharField()
        ),
        held_code=Coalesce(Subquery(primary.values("held_code")[:1]), Value("")),
        last_success_at=Subquery(primary.values("last_success_at")[:1]),
    )
    own = Q(smtp_enabled=True, custom_mail=True) | Q(is_platform=True)
    graded: QuerySet[Any] = rows.annotate(
        health=Case(
            When(is_active=False, then=Value(PAUSED)),
            When(own & ~Q(held_code=""), then=Value(FAILING)),
            When(own & Q(provider_key=""), then=Value(WAITING)),
            When(own, then=Value(HEALTHY)),
            default=Value(SYSTEM_MAILER),
        ),
        urgency=Case(
            When(health=FAILING, then=Value(0)),
            When(health=WAITING, then=Value(1)),
            default=Value(2),
            output_field=IntegerField(),
        ),
    )
    return graded


def lines(page: list[Any]) -> list[BoardLine]:
    """Turn the organizations of one page into lines; one more query for all their queues."""
    waiting = queue_lengths([each.pk for each in page])
    return [line(each, waiting.get(each.pk, 0)) for each in page]


def line(row: Any, waiting: int) -> BoardLine:  # noqa: ANN401  # an Organization with the annotations of `measured`
    """Word one annotated organization."""
    own = row.health in (FAILING, HEALTHY) or (row.health == PAUSED and bool(row.provider_key))
    return BoardLine(
        organization=row,
        health=worded(row),
        provider=LABELS.get(row.provider_key, row.provider_key) if own else _("System default"),
        sender=(row.sender_email or "") if own else "",
        last_success=row.last_success_at if own else None,
        waiting=waiting,
    )


def worded(row: Any) -> Health:  # noqa: ANN401  # as above
    """Say the health of one annotated organization."""
    if row.health == FAILING:
        note = advise(row.held_code).title
        return Health(code=FAILING, word=_("Failing"), tone="bad", icon="x", note=note)
    if row.health == WAITING:
        return Health(code=WAITING, word=_("Failing"), tone="bad", icon="x", note=_("No connection saved"))
    if row.health == PAUSED:
        return Health(code=PAUSED, word=_("Paused"), tone="warn", icon="player-pause", note=_("Suspended"))
    if row.health == HEALTHY:
        return Health(code=HEALTHY, word=_("Healthy"), tone="ok", icon="check")
    note = _("SMTP is off") if row.custom_mail else _("No add-on")
    return Health(code=SYSTEM_MAILER, word=_("System mailer"), tone="", icon="world", note=note)


def queue_lengths(organizations: list[UUID]) -> dict[UUID, int]:
    """Count what waits for each of these organizations."""
    rows = Notification.objects.using(SYSTEM).filter(organization_id__in=organizations, status__in=OPEN)
    return dict(rows.order_by().values_list("organization_id").annotate(Count("pk")))


def states() -> list[tuple[str, str]]:
    """Give the choices of the health filter."""
    return [
        (FAILING, _("Failing")),
        (WAITING, _("No connection saved")),
        (PAUSED, _("Suspended")),
        (HEALTHY, _("Healthy")),
        (SYSTEM_MAILER, _("System mailer")),
    ]


def failing_count() -> int:
    """Count organizations whose mail cannot leave."""
    return measured().filter(urgency__lt=2).count()
