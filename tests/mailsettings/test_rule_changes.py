"""What can be done to rules as a whole: their order, on and off, removal; and what the card says of them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mailsettings.models import Connection, RoutingRule
from mailsettings.ways import mail_settings
from notifications.models import Notification
from notifications.services import enqueue
from orgs.models import Organization
from orgs.tenancy import tenant
from tests.mailsettings.admin import Admin
from tests.mailsettings.routing_stories import store, when
from tests.mailsettings.rule_page_stories import card, last, rules, words
from tests.order_stories import GMAIL, M365, RELAY, named

pytestmark = pytest.mark.django_db


def ruled(admin: Admin, *names: str) -> list[RoutingRule]:
    """Make a rule for each connection; rule n chooses the type "type n"."""
    return [
        store(
            admin.organization,
            named(admin.organization, name),
            [when("notification_type", "is", f"type {number}")],
        )
        for number, name in enumerate(names, 1)
    ]


def queue(organization: Organization, number: int) -> Notification:
    """Queue a message that rule n chooses a connection for."""
    return enqueue(
        organization=organization,
        to="reader@example.com",
        subject="Hello",
        text="x",
        notification_type=f"type {number}",
    )


def names(organization: Organization) -> list[str]:
    return [rule.connection.name for rule in rules(organization)]


@pytest.mark.feature("WPM-34")
def test_rules_are_put_in_order(three: Admin) -> None:
    first, second = ruled(three, RELAY, M365)
    url = three.url("mailsettings:move_rule", second.pk)
    html = three.browser.post(url, {"direction": "up"}, follow=True).content.decode()
    assert "It is rule 1 now." in html
    assert names(three.organization) == [M365, RELAY]
    entry = last(three.organization)
    assert (entry.action, entry.detail) == ("rule.moved", {"before": {"place": 2}, "after": {"place": 1}})
    html = three.browser.post(url, {"direction": "up"}, follow=True).content.decode()
    assert "The rule cannot move further." in html
    assert last(three.organization).pk == entry.pk
    three.browser.post(three.url("mailsettings:move_rule", first.pk), {"direction": "x"})
    assert names(three.organization) == [M365, RELAY]


@pytest.mark.feature("WPM-34")
def test_a_rule_is_switched_off_and_on_and_stays_in_its_place(three: Admin) -> None:
    rule, _other = ruled(three, RELAY, M365)
    url = three.url("mailsettings:switch_rule", rule.pk)
    html = three.browser.post(url, {"wanted": "off"}, follow=True).content.decode()
    assert "Rule 1 is off. It is kept." in html
    assert last(three.organization).action == "rule.disabled"
    assert queue(three.organization, 1).route_id is None
    before = last(three.organization).pk
    three.browser.post(url, {"wanted": "off"})
    assert last(three.organization).pk == before
    html = three.browser.post(url, {"wanted": "on"}, follow=True).content.decode()
    assert "Rule 1 is on." in html
    assert last(three.organization).action == "rule.enabled"
    assert queue(three.organization, 1).rule_id == rule.pk


@pytest.mark.feature("WPM-34")
def test_a_rule_is_removed_after_a_question_that_names_the_way_back(three: Admin) -> None:
    rule, _other = ruled(three, RELAY, M365)
    waiting = queue(three.organization, 1)
    url = three.url("mailsettings:remove_rule", rule.pk)
    for headers in ({}, {"HX-Request": "true"}):
        asked = three.browser.get(url, headers=headers).content.decode()
        assert ("<dialog" in asked) is bool(headers)
        assert "Remove rule 1" in asked
        assert f"send with {RELAY}" in asked
        assert "switch the rule off instead" in asked
    assert len(rules(three.organization)) == 2
    html = three.browser.post(url, follow=True).content.decode()
    assert "Rule 1 is removed." in html
    assert [(row.place, row.connection.name) for row in rules(three.organization)] == [(1, M365)]
    entry = last(three.organization)
    assert (entry.action, entry.subject) == ("rule.removed", "Rule 1")
    assert "“type 1”" in entry.detail["rule"]
    with tenant(three.organization):
        kept = Notification.objects.of(three.organization).get(pk=waiting.pk)
    assert (kept.route_id, kept.rule_id, kept.rule_place) == (rule.connection_id, None, 1)
    assert three.browser.post(url).status_code == 404


@pytest.mark.feature("WPM-34")
def test_routing_is_switched_off_as_a_whole_and_its_rules_are_kept(three: Admin) -> None:
    ruled(three, RELAY)
    url = three.url("mailsettings:switch_routing")
    html = three.browser.post(url, {"wanted": "off"}, follow=True).content.decode()
    assert "Smart routing is off." in html
    assert 'aria-checked="false"' in html
    assert last(three.organization).action == "routing.disabled"
    assert queue(three.organization, 1).route_id is None
    three.browser.post(url, {"wanted": "on"})
    assert last(three.organization).action == "routing.enabled"
    with tenant(three.organization):
        assert mail_settings(three.organization.pk).routing_enabled
    assert queue(three.organization, 1).rule_place == 1


def test_the_card_says_which_connections_fail_and_which_are_disabled(three: Admin) -> None:
    ruled(three, RELAY, GMAIL)
    said = card(three)
    assert f"{GMAIL} Connection failing" in said
    assert f"{RELAY} 0 this week" in said
    with tenant(three.organization):
        relay = Connection.objects.of(three.organization).filter(name=RELAY)
        relay.update(held_code="auth_failed", held_since=timezone.now())
    assert f"{RELAY} Connection failing" in card(three)
    with tenant(three.organization):
        relay.update(enabled=False)
    assert f"{RELAY} Connection disabled" in card(three)
    page = three.browser.get(three.url("mailsettings:add_rule")).content.decode()
    assert f"{RELAY} (disabled)" in words(page)


@pytest.mark.feature("WPM-34")
def test_the_card_counts_the_week_of_all_rules_by_one_query(three: Admin) -> None:
    def asked() -> list[str]:
        with CaptureQueriesContext(connections["default"]) as queries:
            three.browser.get(three.url("mailsettings:connections"))
        # What the shell reads is kept for seconds, so it differs from page to page.
        rooms = ("mailsettings_routingrule", "mailsettings_connection", "notifications_")
        return [query["sql"] for query in queries if any(room in query["sql"] for room in rooms)]

    ruled(three, RELAY)
    few = asked()
    ruled(three, M365, GMAIL, RELAY, M365)
    many = asked()
    assert len(many) == len(few)
    assert sum("rule_id" in sql and "COUNT" in sql for sql in many) == 1
    for number in (1, 1, 1, 2):
        queue(three.organization, number)
    old = queue(three.organization, 2)
    with tenant(three.organization):
        rows = Notification.objects.of(three.organization).filter(pk=old.pk)
        rows.update(created_at=timezone.now() - timedelta(days=8))
    said = card(three)
    assert f"type 1 send with {RELAY} 3 this week" in said
    assert f"type 2 send with {GMAIL} Connection failing 1 this week" in said
