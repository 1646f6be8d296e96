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
from orgs.models import Organization
from orgs.tenancy import ALIAS

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
    """An enabled rule as it is read for a message; its connection may be disabled, which the engine sees."""

    route: Route
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
        return cls(route=route, groups=stored["groups"])


def rules_in_force() -> Func:
    """Give an expression for a query of organizations: the rules of each, none where none may choose.

    None may while SMTP or routing is off, and without the add-on. The database's function keeps its plan.
    """
    return Func("pk", function="mailsettings_rules_in_force", output_field=ArrayField(JSONField()))


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
    chosen = choose(map(RuleInForce.read, stored), _with_sender(sample, stored))
    if chosen is None:
        return None
    return chosen.route if _keep(organization_id, chosen.route) else route_for(organization_id, sample)


def routes_for(
    organization_id: UUID, samples: Iterable[Sample], stored: Iterable[Mapping[str, Any]]
) -> list[Route | None]:
    """Let the rules choose for many messages, inside tenant(): each chosen connection is kept once."""
    stored = list(stored)
    if not stored:
        return [None for _ in samples]
    rules, kept, chosen_routes = [RuleInForce.read(one) for one in stored], dict[Route, bool](), []
    for sample in samples:
        chosen = choose(rules, _with_sender(sample, stored))
        route = chosen.route if chosen is not None else None
        if route is not None and route not in kept:
            kept[route] = _keep(organization_id, route)
        changed = route is not None and not kept[route]
        chosen_routes.append(route_for(organization_id, sample) if changed else route)
    return chosen_routes


def _with_sender(sample: Sample, stored: list[Mapping[str, Any]]) -> Sample:
    """Fill in the primary connection's sender where the message names none."""
    if not stored or sample.from_address:
        return sample
    return replace(sample, from_address=stored[0]["sender"], from_name=stored[0]["sender_name"])


def _keep(organization_id: UUID, route: Route) -> bool:
    """Keep rule and connection until the message is stored; False when one was changed just now."""
    with connections[ALIAS].cursor() as cursor:
        cursor.execute(KEEP, [organization_id, route.rule_id, route.connection_id])
        return cursor.fetchone() is not None
