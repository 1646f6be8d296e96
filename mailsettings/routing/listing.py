"""The rules as the page of the connections lists them (mock-up 05)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from mailsettings.connections.listing import Line
from mailsettings.models import RoutingRule
from mailsettings.routing.outbox import OUTBOXES
from mailsettings.routing.sentences import sentence
from mailsettings.routing.services import rules_of
from mailsettings.ways import mail_settings
from orgs.models import Organization

WEEK = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class RuleLine:
    """One rule as the list shows it."""

    rule: RoutingRule
    sentence: str
    # What is wrong with its connection, if anything is.
    trouble: str
    # How many messages it chose a connection for within seven days.
    this_week: int


@dataclass(frozen=True, kw_only=True)
class RoutingCard:
    """Smart routing on the page of the connections."""

    enabled: bool
    lines: tuple[RuleLine, ...]


def routing_card(organization: Organization, connections: Sequence[Line]) -> RoutingCard:
    """Read the card, inside tenant()."""
    enabled = mail_settings(organization.pk).routing_enabled
    return RoutingCard(enabled=enabled, lines=rule_lines(organization, connections))


def rule_lines(organization: Organization, connections: Sequence[Line]) -> tuple[RuleLine, ...]:
    """List the rules in their order; `connections` are all lines of the organization."""
    rules = rules_of(organization)
    if not rules:
        return ()
    since, counts = timezone.now() - WEEK, {}
    for outbox in OUTBOXES:
        counts = dict(outbox.chosen_since(organization.pk, since))
    standing = {line.connection.pk: line for line in connections}
    return tuple(
        RuleLine(
            rule=rule,
            sentence=sentence(rule),
            trouble=trouble(standing[rule.connection_id]),
            this_week=counts.get(rule.pk, 0),
        )
        for rule in rules
    )


def trouble(line: Line) -> str:
    """Say in two words why nothing leaves through a connection now; nothing when it can."""
    if not line.connection.enabled:
        return _("Connection disabled")
    return _("Connection failing") if line.standing.state in {"bad", "off"} else ""
