"""The way a rule chooses for one message: decided while it is queued, never later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import connections
from django.db.models import Func, JSONField

from mailsettings.routing.matching import choose
from mailsettings.routing.sample import Sample
from mailsettings.routing.services import RULES_LIMIT
from orgs.models import Organization
from orgs.tenancy import ALIAS

# One expression inside a query that is made anyway; the planner's time is most of what it costs.
RULES = """ARRAY(
SELECT jsonb_build_object(
    'id', rule.id, 'place', rule.place, 'groups', rule.groups, 'falls_back', rule.falls_back,
    'connection', rule.connection_id, 'usable', connection.enabled,
    'sender', coalesce(nullif(first.settings->>'sender_email', ''), account.email, ''),
    'sender_name', coalesce(first.settings->>'sender_name', ''))
FROM mailsettings_routingrule rule
JOIN orgs_organization own ON own.id = rule.organization_id AND own.custom_mail AND NOT own.is_platform
JOIN mailsettings_mailsettings mail
    ON mail.organization_id = rule.organization_id AND mail.smtp_enabled AND mail.routing_enabled
JOIN mailsettings_connection connection ON connection.id = rule.connection_id
LEFT JOIN mailsettings_connection first
    ON first.organization_id = rule.organization_id AND first.rank = 'primary' AND first.enabled
LEFT JOIN mailsettings_connectedaccount account ON account.connection_id = first.id
WHERE rule.organization_id = %(expressions)s AND rule.enabled
ORDER BY rule.place, rule.created_at, rule.id LIMIT %(limit)s)"""
KEEP = """
SELECT 1 FROM mailsettings_routingrule
WHERE organization_id = %s AND id = %s AND connection_id = %s FOR KEY SHARE
"""


@dataclass(frozen=True, kw_only=True)
class Route:
    """What a rule chose: the connection, and whether the order may take over when that one fails."""

    connection_id: UUID
    falls_back: bool
    rule_id: UUID
    rule_place: int


@dataclass(frozen=True, kw_only=True)
class RuleInForce:
    """An enabled rule as it is read for a message; `usable` says whether its connection is switched on."""

    route: Route
    usable: bool
    groups: Any = field(repr=False)
    enabled: bool = True

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> RuleInForce:
        """Read what `rules_in_force` gave."""
        route = Route(
            connection_id=UUID(stored["connection"]),
            falls_back=stored["falls_back"],
            rule_id=UUID(stored["id"]),
            rule_place=stored["place"],
        )
        return cls(route=route, usable=stored["usable"], groups=stored["groups"])


def rules_in_force() -> Func:
    """Give an expression for a query of organizations: the rules of each, none where none may choose.

    None may while SMTP or routing is off, and without the add-on.
    """
    return Func("pk", template=RULES, limit=RULES_LIMIT, output_field=ArrayField(JSONField()))


def route_for(
    organization_id: UUID, sample: Sample, stored: Iterable[Mapping[str, Any]] | None = None
) -> Route | None:
    """Let the rules choose, inside tenant(); None leaves the message to the order of connections.

    Args:
        organization_id: whose message.
        sample: the message; without a sender the primary connection's own counts.
        stored: what `rules_in_force` gave; read when it is not given.
    """
    if stored is None:
        found = Organization.objects.filter(pk=organization_id).values_list(rules_in_force(), flat=True)
        stored = found.first() or ()
    stored = list(stored)
    if stored and not sample.from_address:
        sample = replace(sample, from_address=stored[0]["sender"], from_name=stored[0]["sender_name"])
    chosen = choose(map(RuleInForce.read, stored), sample)
    if chosen is None or not chosen.usable:
        return None
    return chosen.route if _keep(organization_id, chosen.route) else route_for(organization_id, sample)


def _keep(organization_id: UUID, route: Route) -> bool:
    """Keep rule and connection until the message is stored; False when one was changed just now."""
    with connections[ALIAS].cursor() as cursor:
        cursor.execute(KEEP, [organization_id, route.rule_id, route.connection_id])
        return cursor.fetchone() is not None
