"""The verbs of routing rules: add, change, move, switch, remove, re-point."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from mailsettings.models import Connection, RoutingRule
from mailsettings.routing.conditions import Groups, RuleInvalid, check_groups, read_groups
from mailsettings.services import locked_settings
from orgs.models import Organization, User

ORDER: Final = ("place", "created_at", "id")
# `mailsettings_rules_in_force` reads no more.
RULES_LIMIT: Final = 50
# Over all rules of an organization: what one message may cost.
CONDITIONS_IN_ALL: Final = 500


def rules_of(organization: Organization | UUID) -> list[RoutingRule]:
    """Give the rules in their order with their connections, inside tenant()."""
    return list(RoutingRule.objects.of(organization).select_related("connection").order_by(*ORDER))


def add_rule(
    *,
    organization: Organization,
    connection: Connection,
    groups: Groups,
    falls_back: bool = True,
    enabled: bool = True,
    user: User | None,
) -> RoutingRule:
    """Add a rule behind the others, inside tenant().

    Raises:
        RuleInvalid: says what to change.
    """
    locked_settings(organization.pk)
    rules = rules_of(organization)
    if len(rules) >= RULES_LIMIT:
        raise RuleInvalid(_("An organization may have at most %(count)d rules.") % {"count": RULES_LIMIT})
    rule = RoutingRule(organization_id=organization.pk, place=len(rules) + 1)
    return _save(rule, rules, connection, groups, falls_back=falls_back, enabled=enabled, user=user)


def change_rule(
    *,
    rule: RoutingRule,
    connection: Connection,
    groups: Groups,
    falls_back: bool,
    enabled: bool,
    user: User | None,
) -> RoutingRule:
    """Change a rule and keep its place, inside tenant().

    Raises:
        RuleInvalid: says what to change, or that the rule was removed.
    """
    locked_settings(rule.organization_id)
    rules = rules_of(rule.organization_id)
    current = _locked(rule)
    others = [other for other in rules if other.pk != rule.pk]
    return _save(current, others, connection, groups, falls_back=falls_back, enabled=enabled, user=user)


def move_rule(*, rule: RoutingRule, up: bool, user: User | None) -> bool:
    """Let a rule change places with the one before or behind it, inside tenant(); say whether it moved."""
    locked_settings(rule.organization_id)
    rules = rules_of(rule.organization_id)
    here = next((number for number, other in enumerate(rules) if other.pk == rule.pk), None)
    if here is None:
        return False
    there = here + (-1 if up else 1)
    if not 0 <= there < len(rules):
        return False
    rules[here], rules[there] = rules[there], rules[here]
    rules[there].updated_by = user
    _number(rules)
    return True


def switch_rule(*, rule: RoutingRule, enabled: bool, user: User | None) -> None:
    """Switch a rule on or off, inside tenant().

    Raises:
        RuleInvalid: the rule was removed.
    """
    locked_settings(rule.organization_id)
    current = _locked(rule)
    current.enabled, current.updated_by = enabled, user
    current.save(update_fields=["enabled", "updated_by", "updated_at"])


def remove_rule(*, rule: RoutingRule) -> None:
    """Remove a rule, inside tenant(); messages it chose a connection for keep that connection."""
    locked_settings(rule.organization_id)
    for found in RoutingRule.objects.of(rule.organization_id).select_for_update().filter(pk=rule.pk):
        found.delete()
    _number(rules_of(rule.organization_id))


def switch_routing(*, organization: Organization, enabled: bool) -> None:
    """Let rules choose, or leave every message to the order of connections, inside tenant()."""
    mail = locked_settings(organization.pk)
    mail.routing_enabled = enabled
    mail.save(update_fields=["routing_enabled"])


def rules_using(connection: Connection) -> list[RoutingRule]:
    """Give the rules that choose this connection, in their order, inside tenant()."""
    return [rule for rule in rules_of(connection.organization_id) if rule.connection_id == connection.pk]


def repoint(rules: Iterable[RoutingRule], connection: Connection, user: User | None) -> None:
    """Let rules choose another connection from now on, inside tenant().

    Raises:
        RuleInvalid: the connection is not one of the rules' organization, or a rule was removed.
    """
    for rule in rules:
        locked_settings(rule.organization_id)
        current = _locked(rule)
        current.connection, current.updated_by = _own(rule.organization_id, connection), user
        current.save(update_fields=["connection", "updated_by", "updated_at"])


def _save(
    rule: RoutingRule,
    others: list[RoutingRule],
    connection: Connection,
    groups: Groups,
    *,
    falls_back: bool,
    enabled: bool,
    user: User | None,
) -> RoutingRule:
    """Check and store what a form decides."""
    check_groups(groups)
    stored = sum(len(group) for other in others for group in read_groups(other.groups))
    if stored + sum(map(len, groups)) > CONDITIONS_IN_ALL:
        words = _("All rules together may have at most %(count)d conditions.")
        raise RuleInvalid(words % {"count": CONDITIONS_IN_ALL})
    rule.connection = _own(rule.organization_id, connection)
    rule.groups = [[condition.as_json() for condition in group] for group in groups]
    rule.falls_back, rule.enabled, rule.updated_by = falls_back, enabled, user
    rule.save()
    return rule


def _own(organization_id: UUID, connection: Connection) -> Connection:
    """See that a connection is there and the organization's own."""
    found = Connection.objects.of(organization_id).filter(pk=connection.pk).first()
    if found is None:
        raise RuleInvalid(_("Choose one of the connections."))
    return found


def _locked(rule: RoutingRule) -> RoutingRule:
    """Lock a rule; messages that are being queued by it right now are waited for."""
    found = RoutingRule.objects.of(rule.organization_id).select_for_update().filter(pk=rule.pk).first()
    if found is None:
        raise RuleInvalid(_("This rule was removed."))
    return found


def _number(rules: list[RoutingRule]) -> None:
    """Store the places 1, 2, 3 of rules in this order."""
    moved = [(rule, place) for place, rule in enumerate(rules, 1) if rule.place != place]
    for rule, place in moved:
        rule.place = place
        rule.save(update_fields=["place", "updated_by", "updated_at"])
