"""The ways of a lane in their order: a rule's connection, the organization's own, the default mailer."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from mailsettings.default_mailer import ensure_default_mailer
from mailsettings.holds import hold
from mailsettings.models import Connection, MailSettings, Rank, RoutingRule
from mailsettings.order import IN_ORDER, course
from mailsettings.reading import finish, mail_settings, with_a_sender
from mailsettings.way import NoWayOut, Way
from orgs.models import Organization
from orgs.services import platform_organization_id
from orgs.tenancy import tenant
from providers import Stage, failure


class Plan:
    """The ways of one lane as they were when the plan was read; each is made ready when first asked for.

    A later way is there by the organization's consent only: a connection it ranked as a backup, the order
    behind a rule that falls back, the default mailer where it agreed to that.
    """

    def __init__(
        self,
        *,
        mail: MailSettings,
        connections: list[Connection | None],
        route_id: UUID | None = None,
        routed: frozenset[UUID] = frozenset(),
    ) -> None:
        """Keep the rows; None among the connections is the system default mailer."""
        self.organization_id, self.route_id = mail.organization_id, route_id
        # Connections that rules send mail through now.
        self.routed = routed
        self._mail, self._connections = mail, connections
        self._ready: dict[int, Way | NoWayOut] = {}

    def __len__(self) -> int:
        """Count the ways."""
        return len(self._connections)

    @property
    def names(self) -> list[str]:
        """Name the connections in their order; an empty name is the system default mailer's."""
        return [row.name if row else "" for row in self._connections]

    def way(self, place: int) -> Way:
        """Give the way at a place, 0 being the one meant for the mail; outside any tenant().

        Raises:
            NoWayOut: nothing can be sent this way now.
        """
        if place not in self._ready:
            try:
                self._ready[place] = self._read(place)
            except NoWayOut as closed:
                self._ready[place] = closed
        ready = self._ready[place]
        if isinstance(ready, NoWayOut):
            raise ready
        return ready

    def is_backed(self, place: int) -> bool:
        """Say whether a way behind this one may be open."""
        return any(self.is_open(later) for later in range(place + 1, len(self)))

    def is_open(self, place: int) -> bool:
        """Say whether nothing is known that keeps mail from leaving this way."""
        try:
            return not self.way(place).is_held
        except NoWayOut:
            return False

    def _read(self, place: int) -> Way:
        connection = self._connections[place]
        if connection is None:
            way = default_way(self.organization_id, self._mail)
        else:
            if not connection.enabled:
                raise NoWayOut("connection_disabled", _("The connection a rule chose is disabled."))
            with tenant(self.organization_id):
                way = finish(connection, self._mail, user_id=self.organization_id)
            if not way.settings.sender_email:
                hold(way, failure("not_connected", stage=Stage.TOKEN))
            with_a_sender(way)
        first = self._connections[0]
        meant = next(number for number, row in enumerate(self._connections) if row is None or row.enabled)
        return replace(
            way,
            route_id=self.route_id,
            place=place,
            is_detour=place > meant,
            first_id=first.pk if first else None,
            first_name=first.name if first else "",
        )


def plan_out(organization_id: UUID, route_id: UUID | None = None) -> Plan:
    """Read the plan for mail of an organization, or for that of a rule's connection; outside any tenant().

    Raises:
        NoWayOut: there is none now; the mail waits.
    """
    with tenant(organization_id):
        organization = Organization.objects.get(pk=organization_id)
        mail = mail_settings(organization_id)
        mail.organization = organization
        if not organization.is_active:
            raise NoWayOut("organization_suspended", _("The organization is suspended."))
        if not mail.smtp_enabled or not organization.custom_mail or organization.is_platform:
            return Plan(mail=mail, connections=[None], route_id=route_id)
        rows = usable(organization_id, route_id)
    connections = course(rows, route_id, default_last=mail.default_mailer_last)
    if not connections:
        raise NoWayOut("no_connection", _("SMTP is on, but no connection is saved."))
    routed = frozenset(row.pk for row in rows if row.is_routed)  # type: ignore[attr-defined]  # annotated
    return Plan(mail=mail, connections=connections, route_id=route_id, routed=routed)


def usable(organization_id: UUID, route_id: UUID | None) -> list[Connection]:
    """List the enabled connections in their order and the one of a route, inside tenant(), in one query."""
    rows = Connection.objects.of(organization_id)
    rules = RoutingRule.objects.of(organization_id).filter(enabled=True, connection=OuterRef("pk"))
    asked = rows.filter(Q(enabled=True) | Q(pk=route_id))
    return list(asked.annotate(is_routed=Exists(rules)).order_by(*IN_ORDER))


def default_way(organization_id: UUID, mail: MailSettings) -> Way:
    """Read the way through the system default mailer, for this organization's mail.

    Raises:
        NoWayOut: the platform has no mailer of its own yet.
    """
    platform_id = platform_organization_id()
    with tenant(platform_id):
        connection = primary(platform_id) or ensure_default_mailer(platform_id)
        if connection is None:
            raise NoWayOut("default_mailer_missing", _("The system default mailer is not set up yet."))
        return finish(connection, mail, user_id=organization_id, is_default_mailer=True)


def primary(organization_id: UUID) -> Connection | None:
    """Give the organization's primary connection, if it has one."""
    return Connection.objects.of(organization_id).filter(rank=Rank.PRIMARY, enabled=True).first()
