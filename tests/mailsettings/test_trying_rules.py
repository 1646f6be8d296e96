"""The dry run: which rule a message hits, why, and where it would go; and what it never does (WPM-34)."""

from __future__ import annotations

import pytest
from django.utils import timezone

from mailsettings.models import Connection, MailSettings, RoutingRule
from mailsettings.routing.sample import Sample
from mailsettings.routing.trying import try_sample
from mailsettings.ways import plan_out
from notifications.models import Notification
from notifications.services import enqueue
from orgs.models import Organization
from orgs.tenancy import tenant
from tests.mailsettings.admin import Admin
from tests.mailsettings.routing_stories import store, when
from tests.mailsettings.rule_page_stories import outcome, tried
from tests.order_stories import M365, RELAY, named

pytestmark = pytest.mark.django_db


def change(organization: Organization, name: str, **columns: object) -> None:
    with tenant(organization):
        Connection.objects.of(organization).filter(name=name).update(**columns)


def settle(organization: Organization, **columns: object) -> None:
    with tenant(organization):
        MailSettings.objects.of(organization).update(**columns)


@pytest.mark.feature("WPM-34")
def test_it_says_which_rule_decides_and_why_each_condition_holds_or_not(ruled: Admin) -> None:
    said = tried(
        ruled,
        to="Reader <reader@fabrikam.com>, other@tailspin.example",
        subject="Newsletter of May",
        notification_type="invoice",
        headers="X-Campaign: autumn\nX-Other: spring-1",
    )
    assert "Rule 1 decides" in said
    assert f"The message would go through {RELAY} now." in said
    assert "Holds: Notification type is invoice Found “invoice”." in said
    domains = "Found “fabrikam.com”, “tailspin.example”."
    assert f"Holds: Recipient domain is fabrikam.com {domains}" in said
    assert "Would match too" in said
    assert "Holds: Subject contains newsletter Found “Newsletter of May”." in said
    assert "Does not hold: Header X-Campaign matches spring-* Found “autumn”." in said
    # Without a sender the primary connection's own counts, as in the queue.
    assert "Does not hold: From ends with @legal.contoso.com Found “notifications@contoso.com”." in said


@pytest.mark.feature("WPM-34")
def test_it_lists_the_connections_in_turn_as_they_stand_now(ruled: Admin) -> None:
    invoice = {"to": "a@fabrikam.com", "notification_type": "invoice"}
    said = tried(ruled, **invoice)
    assert f"{RELAY} Rule 1 Healthy Used now {M365} Primary Healthy 1 If" in said
    change(ruled.organization, RELAY, held_code="server_busy", held_since=timezone.now())
    settle(ruled.organization, default_mailer_last=True)
    said = tried(ruled, **invoice)
    assert f"The message would go through {M365} now." in said
    assert f"{RELAY} Rule 1 Paused {M365} Primary Healthy Used now System default mailer 1 If" in said
    change(ruled.organization, M365, held_code="server_busy", held_since=timezone.now())
    assert "The message would go through the system default mailer now." in tried(ruled, **invoice)
    settle(ruled.organization, default_mailer_last=False)
    assert "The message would wait: none of its connections works now." in tried(ruled, **invoice)


@pytest.mark.feature("WPM-34")
def test_a_rule_that_waits_for_its_connection_names_no_other(ruled: Admin) -> None:
    said = tried(ruled, to="a@example.com", subject="Our newsletter")
    assert "Rule 2 decides The message would wait" in said
    assert "If it fails, the message waits for it." in said
    assert f"{M365} Primary" not in said


@pytest.mark.feature("WPM-34")
def test_without_a_match_or_behind_a_disabled_connection_the_order_is_used(ruled: Admin) -> None:
    said = tried(ruled, to="a@example.com", subject="Hello")
    assert f"No rule matches The message would go through {M365} now." in said
    assert f"{M365} Primary Healthy Used now {RELAY} Backup Healthy 1 If" in said
    change(ruled.organization, RELAY, enabled=False)
    said = tried(ruled, to="a@fabrikam.com", notification_type="invoice")
    assert f"through {M365} now. {RELAY} is disabled, so the order of connections is used." in said


@pytest.mark.feature("WPM-34")
def test_mail_waits_for_a_disabled_connection_whose_rule_lets_no_other_take_over(ruled: Admin) -> None:
    with tenant(ruled.organization):
        RoutingRule.objects.of(ruled.organization).update(falls_back=False)
    change(ruled.organization, RELAY, enabled=False)
    said = tried(ruled, to="a@fabrikam.com", notification_type="invoice")
    assert "The message would wait: none of its connections works now." in said
    assert f"{RELAY} is disabled, and the rule lets no other connection take over." in said
    assert f"{M365} Primary" not in said


@pytest.mark.feature("WPM-34")
def test_where_no_rule_is_asked_it_says_which_one_would_decide(ruled: Admin) -> None:
    invoice = {"to": "a@fabrikam.com", "notification_type": "invoice"}
    settle(ruled.organization, routing_enabled=False)
    said = tried(ruled, **invoice)
    assert f"Smart routing is off, so no rule is asked The message would go through {M365} now." in said
    assert "Otherwise rule 1 would decide." in said
    settle(ruled.organization, smtp_enabled=False)
    said = tried(ruled, **invoice)
    assert "SMTP is off, so no rule is asked" in said
    assert "The message would go through the system default mailer now." in said


@pytest.mark.feature("WPM-34")
def test_a_past_delivery_is_tried_without_its_body(ruled: Admin) -> None:
    store(ruled.organization, named(ruled.organization, M365), [when("body", "contains", "secret")])
    row = enqueue(
        organization=ruled.organization,
        to="reader@fabrikam.com",
        bcc="archive@contoso.com",
        sender=r'"Legal, \"Contoso\" \\ Law" <law@legal.contoso.com>',
        subject="Contract",
        text="a secret word",
        notification_type="invoice",
        headers={"X-Campaign": "spring-1"},
    )
    url = ruled.url("mailsettings:try_rules")
    assert "Contract, to reader@fabrikam.com" in ruled.browser.get(url).content.decode()
    answer = ruled.browser.get(url, {"delivery": str(row.pk)})
    html, said = answer.content.decode(), outcome(answer)
    assert "Rule 1 decides" in said
    assert "Holds: Header X-Campaign matches spring-* Found “spring-1”." in said
    assert "Does not hold: Body contains secret The message has none." in said
    assert "The body of a delivery is private and was not filled in." in html
    assert "a secret word" not in html
    # What was filled in can be tried again as it stands.
    filled = {field.name: str(field.value() or "") for field in answer.context["form"]}
    assert "Off, would match" in tried(ruled, **filled)


@pytest.mark.feature("WPM-34")
def test_a_dry_run_queues_nothing_and_stores_nothing(ruled: Admin) -> None:
    tried(ruled, to="a@fabrikam.com", notification_type="invoice", body="x")
    with tenant(ruled.organization):
        assert not Notification.objects.of(ruled.organization).exists()


def test_with_no_rules_and_no_connections_the_page_still_answers(admin: Admin) -> None:
    said = tried(admin, to="a@example.com")
    assert "SMTP is off" in said
    assert "There are no rules yet." in said
    settle(admin.organization, smtp_enabled=True)
    assert "No connection is enabled." in tried(admin)


@pytest.mark.feature("WPM-34")
@pytest.mark.parametrize("default_last", [True, False])
@pytest.mark.parametrize("number", [0, 1, 2])
def test_it_names_the_very_connections_a_worker_would_try(
    ruled: Admin, number: int, *, default_last: bool
) -> None:
    settle(ruled.organization, default_mailer_last=default_last)
    sample = [Sample(subject="Hello"), Sample(to=("a@fabrikam.com",), notification_type="invoice")]
    change(ruled.organization, M365, enabled=number < len(sample))
    with tenant(ruled.organization):
        trial = try_sample(ruled.organization, sample[min(number, 1)])
    plan = plan_out(ruled.organization.pk, trial.route.connection_id if trial.route else None)
    named_by_plan = [row.name if row else "" for row in plan._connections]
    assert [stop.line.connection.name if stop.line else "" for stop in trial.stops] == named_by_plan
