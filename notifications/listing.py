"""The list of deliveries: what is asked for, the rows of one page, and the counts of the tabs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import CharField, Count, Q
from django.db.models.functions import Cast
from django.http import QueryDict
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from mailsettings.models import Connection
from notifications.models import IN_HAND, Lane, Notification, NotificationQuerySet, Status
from notifications.words import Text, Word, word_for
from orgs.models import Organization

PAGE = 50
TYPES_OFFERED = 50
SEARCH_LIMIT = 200
DEFAULT_MAILER = "default"
TABS: dict[str, tuple[Text, Q]] = {
    "": (_("All"), Q()),
    "sent": (_("Sent"), Q(status=Status.ACCEPTED)),
    "queued": (_("Queued"), Q(status__in=IN_HAND) | Q(status=Status.QUEUED, attempts=0)),
    "retrying": (_("Retrying"), Q(status=Status.QUEUED, attempts__gt=0)),
    "uncertain": (_("Uncertain"), Q(status=Status.UNCERTAIN)),
    "failed": (_("Failed"), Q(status__in=(Status.FAILED, Status.EXPIRED))),
}
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
            before=_uuid(query.get("before", "")),
            top=_uuid(query.get("top", "")),
        )

    @property
    def is_filtered(self) -> bool:
        """Say whether anything narrows the list, so that an empty one can be widened."""
        return bool(self.status or self.search or self.connection or self.type)

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


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def first_id(moment: datetime) -> UUID:
    """Give the smallest identifier made at a moment: a period becomes a range of the index."""
    milliseconds = int(moment.timestamp() * 1000)
    return UUID(int=milliseconds << 80 | 0x7 << 76 | 0b10 << 62)


@dataclass(frozen=True, kw_only=True)
class Tab:
    """A link that narrows the list to one state, with its count."""

    name: str
    label: Text
    count: int
    current: bool
    address: str


@dataclass(frozen=True, kw_only=True)
class Line:
    """One delivery in the list."""

    row: Notification
    word: Word
    recipients: str
    connection: str


class Listing:
    """One page of an organization's deliveries."""

    def __init__(self, organization: Organization, asked: Asked) -> None:
        self.organization = organization
        self.asked = asked
        self.lane = Lane.objects.of(organization).first()

    @cached_property
    def narrowed(self) -> NotificationQuerySet:
        """Everything asked for but the state."""
        asked, days = self.asked, PERIODS[self.asked.period][1]
        now = timezone.now()
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        since = midnight if days == 1 else now - timedelta(days=days)
        rows = Notification.objects.of(self.organization).filter(pk__gte=first_id(since))
        if asked.type:
            rows = rows.filter(notification_type=asked.type)
        if asked.connection == DEFAULT_MAILER:
            rows = rows.filter(via_default_mailer=True)
        elif asked.connection:
            chosen = _uuid(asked.connection)
            rows = rows.filter(connection_id=chosen) if chosen else rows.none()
        if asked.search:
            rows = rows.annotate(everyone=Cast("recipients", CharField())).filter(
                Q(subject__icontains=asked.search)
                | Q(everyone__icontains=asked.search)
                | Q(message_id__icontains=asked.search)
            )
        return rows

    @cached_property
    def matching(self) -> NotificationQuerySet:
        """Everything asked for."""
        return self.narrowed.filter(TABS[self.asked.status][1])

    @cached_property
    def tabs(self) -> list[Tab]:
        """The tabs with their counts, by one query; Uncertain only where there is one."""
        counts = self.narrowed.aggregate(
            **{f"n_{name}": Count("pk", filter=state) for name, (_label, state) in TABS.items()}
        )
        return [
            Tab(
                name=name,
                label=label,
                count=counts[f"n_{name}"],
                current=name == self.asked.status,
                address=self.asked.address(status=name, before=None, top=None),
            )
            for name, (label, _state) in TABS.items()
            if name != "uncertain" or counts["n_uncertain"] or name == self.asked.status
        ]

    @property
    def total(self) -> int:
        """How many match, taken from the current tab."""
        return next(tab.count for tab in self.tabs if tab.current)

    @cached_property
    def _found(self) -> list[Notification]:
        rows = self.matching
        if self.asked.before:
            rows = rows.filter(pk__lt=self.asked.before)
        elif self.asked.top:
            # A poll shows the rows it showed before: nothing moves under the pointer.
            rows = rows.filter(pk__lte=self.asked.top)
        return list(rows.defer("sealed_body", "headers").order_by("-id")[: PAGE + 1])

    @cached_property
    def lines(self) -> list[Line]:
        """The rows of this page."""
        return [
            Line(
                row=row,
                word=word_for(row, self.lane),
                recipients=", ".join(one["email"] for one in row.recipients["to"] or _anyone(row)),
                connection=row.way_name,
            )
            for row in self._found[:PAGE]
        ]

    @cached_property
    def first(self) -> int:
        """The number of the page's first row within everything that matches."""
        if not self.lines:
            return 0
        newest = self.lines[0].row.pk
        return self.matching.filter(pk__gt=newest).count() + 1

    @property
    def last(self) -> int:
        """The number of the page's last row."""
        return self.first + len(self.lines) - 1

    @property
    def newer(self) -> int:
        """How many came since the page was opened; they are announced, not pushed in."""
        return self.first - 1 if self.asked.top and not self.asked.before and self.lines else 0

    @property
    def older_address(self) -> str:
        """The link to the next page, if there is one."""
        more = len(self._found) > PAGE
        return self.asked.address(before=self.lines[-1].row.pk, top=None) if more else ""

    @property
    def newest_address(self) -> str:
        """The link to the first page."""
        return self.asked.address(before=None, top=None)

    @property
    def poll_address(self) -> str:
        """What the page asks for every ten seconds: the very rows it shows."""
        if self.asked.before:
            return self.asked.address()
        return self.asked.address(top=self.asked.top or (self.lines[0].row.pk if self.lines else None))

    @cached_property
    def held_count(self) -> int:
        """How many wait for the reason the lane shows."""
        if self.lane is None or not self.lane.held_code:
            return 0
        return Notification.objects.of(self.organization).due().count()

    @cached_property
    def connections(self) -> list[Connection]:
        """The organization's connections, for the filter."""
        return list(Connection.objects.of(self.organization).only("id", "name").order_by("name"))

    @cached_property
    def types(self) -> list[str]:
        """The types in use, for the filter."""
        used = (
            Notification.objects.of(self.organization)
            .exclude(notification_type="")
            .order_by("notification_type")
        )
        return list(used.values_list("notification_type", flat=True).distinct()[:TYPES_OFFERED])

    @property
    def periods(self) -> list[tuple[str, Text]]:
        """The periods, for the filter."""
        return [(name, label) for name, (label, _days) in PERIODS.items()]


def _anyone(row: Notification) -> list[dict[str, str]]:
    """A message may go to copies only."""
    return row.recipients["cc"] or row.recipients["bcc"]
