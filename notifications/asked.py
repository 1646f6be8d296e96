"""What a list of deliveries is asked for: the query string, read strictly."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import CharField, Q
from django.db.models.functions import Cast
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from notifications.models import IN_HAND, NotificationQuerySet, Status
from notifications.words import Text

SEARCH_LIMIT = 200
DEFAULT_MAILER = "default"
TABS: dict[str, tuple[Text, Q]] = {
    "": (_("All"), Q()),
    "sent": (_("Sent"), Q(status=Status.ACCEPTED)),
    "queued": (_("Queued"), Q(status__in=IN_HAND) | Q(status=Status.QUEUED, attempts=0)),
    "retrying": (_("Retrying"), Q(status=Status.QUEUED, attempts__gt=0)),
    "waiting": (_("Waiting"), Q(status=Status.QUEUED)),
    "uncertain": (_("Uncertain"), Q(status=Status.UNCERTAIN)),
    "failed": (_("Failed"), Q(status__in=(Status.FAILED, Status.EXPIRED))),
}
# Waiting is what a count of held mail leads to, Uncertain is rare: they are not always offered.
SOMETIMES = {"waiting", "uncertain"}
PERIODS: dict[str, tuple[Text, int]] = {
    "today": (_("Today"), 1),
    "7": (_("Last 7 days"), 7),
    "30": (_("Last 30 days"), 30),
}
USUAL_PERIOD = "30"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The query string, read strictly: what makes no sense counts as not said."""

    status: str = ""
    search: str = ""
    connection: str = ""
    type: str = ""
    period: str = USUAL_PERIOD
    before: UUID | None = None
    top: UUID | None = None

    @classmethod
    def read(cls, query: QueryDict) -> Asked:
        """Read the query string of the page."""
        return cls(
            status=query.get("status", "") if query.get("status", "") in TABS else "",
            search=query.get("q", "").replace("\x00", "").strip()[:SEARCH_LIMIT],
            connection=query.get("connection", "").replace("\x00", ""),
            type=query.get("type", "").replace("\x00", ""),
            period=query.get("period", "") if query.get("period", "") in PERIODS else USUAL_PERIOD,
            before=as_uuid(query.get("before", "")),
            top=as_uuid(query.get("top", "")),
        )

    @property
    def is_filtered(self) -> bool:
        """Say whether anything narrows the list, so that an empty one can be widened."""
        return bool(self.status or self.search or self.connection or self.type)

    def narrowed(self, rows: NotificationQuerySet) -> NotificationQuerySet:
        """Keep of these notifications what is asked for, in whatever state."""
        rows = rows.filter(pk__gte=first_id(self.since))
        if self.type:
            rows = rows.filter(notification_type=self.type)
        if self.connection == DEFAULT_MAILER:
            rows = rows.filter(via_default_mailer=True)
        elif self.connection:
            chosen = as_uuid(self.connection)
            rows = rows.filter(connection_id=chosen) if chosen else rows.none()
        if self.search:
            rows = rows.annotate(everyone=Cast("recipients", CharField())).filter(
                Q(subject__icontains=self.search)
                | Q(everyone__icontains=self.search)
                | Q(message_id__icontains=self.search)
            )
        return rows

    @property
    def since(self) -> datetime:
        """The moment the period begins; today begins at midnight."""
        now, days = timezone.now(), PERIODS[self.period][1]
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight if days == 1 else now - timedelta(days=days)

    def address(self, **changes: object) -> str:
        """Give a query string that asks the same with some changes; None leaves a part out."""
        said: dict[str, object] = {
            "status": self.status,
            "q": self.search,
            "connection": self.connection,
            "type": self.type,
            "period": "" if self.period == USUAL_PERIOD else self.period,
            "before": self.before,
            "top": self.top,
        }
        kept = {name: value for name, value in {**said, **changes}.items() if value not in (None, "")}
        return f"?{urlencode(kept)}"


def as_uuid(text: str) -> UUID | None:
    """Read an identifier; anything else is none."""
    try:
        return UUID(text)
    except ValueError:
        return None


def first_id(moment: datetime) -> UUID:
    """Give the smallest identifier made at a moment: a period becomes a range of the index."""
    milliseconds = int(moment.timestamp() * 1000)
    return UUID(int=milliseconds << 80 | 0x7 << 76 | 0b10 << 62)
