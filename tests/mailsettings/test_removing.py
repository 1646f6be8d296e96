"""Removing connections: rules that send through them, backups that take over, and what is asked before."""

from __future__ import annotations

from typing import Any

import pytest

from mailsettings.models import Connection, RoutingRule
from mailsettings.routing.conditions import read_groups
from mailsettings.routing.services import add_rule
from orgs.models import AuditEntry
from orgs.tenancy import tenant
from tests.mailsettings.admin import Admin
from tests.order_stories import GMAIL, M365, RELAY, named, order, three_connections

pytestmark = pytest.mark.django_db


@pytest.fixture
def ruled(admin: Admin) -> Admin:
    """The connections of mock-up 05, and two rules that send through the relay."""
    three_connections(admin.organization)
    with tenant(admin.organization):
        relay = Connection.objects.of(admin.organization).get(name=RELAY)
        for word in ("invoice", "<b>reminder</b>"):
            add_rule(
                organization=admin.organization,
                connection=relay,
                groups=read_groups([[{"field": "subject", "operator": "contains", "value": word}]]),
                user=None,
            )
    return admin


def remove(admin: Admin, name: str, **form: str) -> Any:
    url = admin.url("mailsettings:remove_connection", named(admin.organization, name).pk)
    return admin.browser.post(url, form)


def rules(admin: Admin) -> list[str]:
    with tenant(admin.organization):
        found = RoutingRule.objects.of(admin.organization).select_related("connection").order_by("place")
        return [rule.connection.name for rule in found]


@pytest.mark.feature("WPM-35")
def test_one_that_rules_use_is_not_removed_without_a_decision(ruled: Admin) -> None:
    url = ruled.url("mailsettings:remove_connection", named(ruled.organization, RELAY).pk)
    for headers in ({}, {"HX-Request": "true"}):
        asked = ruled.browser.get(url, headers=headers).content.decode()
        assert "2 rules send through it:" in asked
        assert "1. If Subject contains “invoice” send with Contoso relay" in asked
        assert "&lt;b&gt;reminder&lt;/b&gt;" in asked
        assert f"Send through {M365}" in asked
        assert f"Send through {RELAY}" not in asked
        assert "is a backup: without it nothing takes its turn" in asked
    for wrong in ("", "nobody", "\x00", str(named(ruled.organization, RELAY).pk)):
        assert remove(ruled, RELAY, rules=wrong).status_code == 422, wrong
    assert rules(ruled) == [RELAY, RELAY]


@pytest.mark.feature("WPM-35")
def test_its_rules_choose_another_connection_from_then_on(ruled: Admin) -> None:
    answer = remove(ruled, RELAY, rules=str(named(ruled.organization, GMAIL).pk))
    assert answer.status_code == 302
    assert rules(ruled) == [GMAIL, GMAIL]
    assert order(ruled.organization) == [(M365, "primary"), (GMAIL, "additional")]
    assert [named(ruled.organization, name).place for name in (M365, GMAIL)] == [1, 2]
    with tenant(ruled.organization):
        entry = AuditEntry.objects.of(ruled.organization).order_by("-seq")[0]
    assert (entry.action, entry.subject) == ("connection.removed", RELAY)
    assert entry.detail == {"after": {"rules": GMAIL}}


@pytest.mark.feature("WPM-35")
def test_its_rules_are_removed_as_well_when_somebody_says_so(ruled: Admin) -> None:
    assert remove(ruled, RELAY, rules="remove").status_code == 302
    assert rules(ruled) == []


def test_rules_never_choose_a_connection_of_another_organization(ruled: Admin, fabrikam: Any) -> None:
    three_connections(fabrikam)
    foreign = named(fabrikam, GMAIL).pk
    assert remove(ruled, RELAY, rules=str(foreign)).status_code == 422
    assert rules(ruled) == [RELAY, RELAY]


@pytest.mark.feature("WPM-33", "WPM-35")
def test_the_first_backup_becomes_the_primary_one_when_that_is_removed(ruled: Admin) -> None:
    url = ruled.url("mailsettings:remove_connection", named(ruled.organization, M365).pk)
    asked = ruled.browser.get(url).content.decode()
    assert f"Without it {RELAY} is the primary connection." in asked
    assert f"Type {M365} to confirm" in asked
    assert remove(ruled, M365).status_code == 422
    assert remove(ruled, M365, typed=M365).status_code == 302
    assert order(ruled.organization) == [(RELAY, "primary"), (GMAIL, "additional")]


@pytest.mark.feature("WPM-33", "WPM-35")
def test_a_backup_is_switched_off_and_on_without_losing_its_rank(ruled: Admin) -> None:
    url = ruled.url("mailsettings:switch_connection", named(ruled.organization, RELAY).pk)
    ruled.browser.post(url, {"wanted": "off"})
    assert named(ruled.organization, RELAY).enabled is False
    assert dict(order(ruled.organization))[RELAY] == "backup"
    ruled.browser.post(url, {"wanted": "on"})
    assert named(ruled.organization, RELAY).enabled
