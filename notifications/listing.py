"""The list of deliveries: what is asked for, the rows of one page, and the counts of the tabs."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count
from django.utils import timezone
from django.utils.functional import cached_property

from mailsettings.models import Connection
from notifications.asked import PERIODS, SOMETIMES, TABS, Asked
from notifications.models import Kind, Notification, NotificationQuerySet
from notifications.waiting import Waiting
from notifications.words import Text, Word, word_for
from orgs.models import Organization

PAGE = 50
TYPES_OFFERED = 50
# Retried by one press; more would hold their rows for too long.
RETRY_AT_ONCE = 1000


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
    is_today: bool


class Listing:
    """One page of an organization's deliveries."""

    def __init__(self, organization: Organization, asked: Asked) -> None:
        self.organization = organization
        self.asked = asked
        self.waiting = Waiting(organization)

    @cached_property
    def narrowed(self) -> NotificationQuerySet:
        """Everything asked for but the state."""
        return self.asked.narrowed(Notification.objects.of(self.organization).mails())

    @cached_property
    def matching(self) -> NotificationQuerySet:
        """Everything asked for."""
        return self.narrowed.filter(TABS[self.asked.status][1])

    @cached_property
    def tabs(self) -> list[Tab]:
        """The tabs with their counts, by one query; some only where they say something."""
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
            if name not in SOMETIMES
            or name == self.asked.status
            or (name == "uncertain" and counts["n_uncertain"])
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
                word=word_for(row, self.waiting.lane_of(row)),
                recipients=", ".join(one["email"] for one in row.recipients["to"] or _anyone(row)),
                connection=row.way_name,
                is_today=row.created_at.date() == timezone.now().date(),
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
    def retryable(self) -> list[UUID]:
        """The failed ones among everything that matches and can be tried again, newest first."""
        if self.asked.status not in {"", "failed"} or not self._has_failed:
            return []
        rows = self.narrowed.filter(TABS["failed"][1], kind=Kind.NOTIFICATION, sealed_body__isnull=False)
        return list(rows.order_by("-id").values_list("pk", flat=True)[:RETRY_AT_ONCE])

    @property
    def _has_failed(self) -> bool:
        return any(tab.name == "failed" and tab.count for tab in self.tabs)

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
    copies: list[dict[str, str]] = row.recipients["cc"] or row.recipients["bcc"]
    return copies
