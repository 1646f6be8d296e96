"""A lane is an organization's mail through one rule's connection, or by the order (WPM-34, WPM-35)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from mailsettings.models import Connection
from mailsettings.services import switch_off
from mailsettings.ways import mail_settings
from notifications.drain import drain, turn
from notifications.lanes import LaneKey
from notifications.models import Lane, Status
from notifications.routes import work_of
from notifications.sweep import due_lanes, due_organizations
from orgs.models import Organization
from orgs.tenancy import tenant
from sandbox.inbox import Inbox
from tests.notifications.backups import Post, alarms_of, let_rests_pass, send_through
from tests.notifications.stories import attempts, change, look, make_due, queue
from tests.plugin_sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)


def test_mail_takes_the_connection_of_its_rule_and_the_rest_follows_the_order(
    contoso: Organization, primary: Post, relay: Post
) -> None:
    plain, routed = queue(contoso, subject="plain"), queue(contoso, subject="routed")
    send_through(routed, relay)
    drain(contoso.pk)
    assert [mail.subject for mail in primary.inbox] == ["plain"]
    assert [mail.subject for mail in relay.inbox] == ["routed"]
    assert (look(routed).way_name, look(routed).took_over) == ("Relay", False)
    assert look(plain).way_name == "Primary"


def test_the_order_takes_over_from_a_rule_only_where_it_may(
    contoso: Organization, primary: Post, relay: Post
) -> None:
    relay.server.rules.refuse("auth", "535 5.7.8 Wrong password")
    strict, falling = queue(contoso, subject="strict"), queue(contoso, subject="falling")
    send_through(strict, relay, route_falls_back=False)
    send_through(falling, relay)
    drain(contoso.pk)
    assert [mail.subject for mail in primary.inbox] == ["falling"]
    assert (look(falling).took_over, look(falling).way_name) == (True, "Primary")
    assert (look(strict).status, look(strict).attempts) == (Status.QUEUED, 0)
    assert alarms_of(contoso) == ["backup.in_use"]
    # What keeps a rule's mail says nothing of the mail that follows the order.
    with tenant(contoso):
        shown = Lane.objects.of(contoso).first()
    assert shown is None or shown.held_code == ""
    relay.server.rules.clear()
    let_rests_pass(contoso)
    drain(contoso.pk)
    assert [mail.subject for mail in relay.inbox] == ["strict"]
    assert alarms_of(contoso) == []


def test_the_whole_order_stands_behind_a_rule(contoso: Organization, primary: Post, relay: Post) -> None:
    for post in (relay, primary):
        post.server.stop()
    row = queue(contoso)
    send_through(row, relay)
    drain(contoso.pk)
    assert look(row).status == Status.QUEUED
    assert [one.way_name for one in attempts(row)] == ["Relay"]
    assert alarms_of(contoso) == ["connections.all_failing"]


def test_mail_of_a_disabled_or_removed_connection_finds_its_way(
    contoso: Organization, primary: Post, relay: Post
) -> None:
    falling, strict = queue(contoso), queue(contoso)
    send_through(falling, relay)
    send_through(strict, relay, route_falls_back=False)
    with tenant(contoso):
        Connection.objects.of(contoso).filter(pk=relay.connection.pk).update(enabled=False)
    drain(contoso.pk)
    assert look(falling).took_over
    assert look(strict).status == Status.QUEUED
    with tenant(contoso):
        Connection.objects.of(contoso).filter(pk=relay.connection.pk).delete()
    drain(contoso.pk)
    assert look(strict).status == Status.ACCEPTED
    assert not relay.server.sessions


def test_with_own_mail_switched_off_only_the_default_mailer_is_used(
    contoso: Organization, primary: Post, relay: Post, sandbox: Sandbox
) -> None:
    platform = sandbox.smtp(inbox=Inbox(None))
    sandbox.default_mailer(platform)
    row = queue(contoso)
    send_through(row, relay, route_falls_back=False)
    with tenant(contoso):
        version = mail_settings(contoso.pk).version
        switch_off(organization=contoso, user=None, expected_version=version)
    drain(contoso.pk)
    assert (look(row).via_default_mailer, look(row).took_over) == (True, False)
    assert not relay.server.sessions


def test_due_lanes_are_named_and_no_others(
    contoso: Organization, fabrikam: Organization, primary: Post, relay: Post
) -> None:
    routed, later = queue(contoso), queue(fabrikam)
    send_through(routed, relay)
    change(later, next_at=timezone.now() + timedelta(hours=1))
    assert due_lanes() == [LaneKey(contoso.pk, relay.connection.pk)]
    assert due_organizations() == [contoso.pk]
    assert work_of(contoso.pk).lanes == (LaneKey(contoso.pk), LaneKey(contoso.pk, relay.connection.pk))
    queue(contoso)
    assert set(due_lanes()) == {LaneKey(contoso.pk), LaneKey(contoso.pk, relay.connection.pk)}
    change(routed, status=Status.CANCELLED, ended_at=timezone.now())
    assert due_lanes() == [LaneKey(contoso.pk)]
    assert work_of(contoso.pk).lanes == (LaneKey(contoso.pk),)
    assert turn(contoso.pk, relay.connection.pk).more is False


def test_a_suspended_organization_has_no_lanes(contoso: Organization, primary: Post, relay: Post) -> None:
    row = queue(contoso)
    send_through(row, relay)
    Organization.objects.using("system").filter(pk=contoso.pk).update(is_active=False)
    assert due_lanes() == []


def test_other_lanes_look_past_mail_that_waits_behind_a_rule(
    contoso: Organization, primary: Post, relay: Post
) -> None:
    """A claim looks into its own lane only, whatever is piled up in another one."""
    relay.server.stop()
    piled = [queue(contoso, priority="high") for _ in range(30)]
    for row in piled:
        send_through(row, relay, route_falls_back=False)
    drain(contoso.pk)
    row = queue(contoso, priority="low")
    make_due(contoso)
    drain(contoso.pk)
    assert look(row).status == Status.ACCEPTED
    assert {look(one).status for one in piled} == {Status.QUEUED}
