"""The daily renewal of connected accounts: what nobody uses lives on, and what ended is told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from mailsettings.models import AccountState, ConnectionToken, ConsentRequest
from notifications.prune import prune
from orgs.models import Event
from orgs.tenancy import tenant
from tests.plugin_consent import Admin
from tests.plugin_sandbox import ACCOUNT

pytestmark = pytest.mark.django_db(transaction=True)


def grow_old(connector: Admin, **age: float) -> None:
    """Let the last renewal be some time ago."""
    with tenant(connector.organization):
        rows = ConnectionToken.objects.of(connector.organization)
        rows.update(renewed_at=timezone.now() - timedelta(**age))


def renewals(connector: Admin) -> int:
    return sum(one.grant_type == "refresh_token" for one in connector.microsoft.token_requests)


def kinds(connector: Admin) -> list[str]:
    with tenant(connector.organization):
        return list(Event.objects.of(connector.organization).values_list("kind", flat=True))


@pytest.mark.feature("HIR-22")
def test_the_daily_round_renews_what_was_not_renewed_for_a_day(connected: Admin) -> None:
    prune()
    assert renewals(connected) == 0
    grow_old(connected, days=1)
    before = connected.tokens()
    prune()
    after = connected.tokens()
    assert renewals(connected) == 1
    assert before is not None
    assert after is not None
    assert after.generation == before.generation + 1
    assert bytes(after.refresh or b"") != bytes(before.refresh or b"")
    assert after.renewed_at is not None
    assert after.renewed_at > timezone.now() - timedelta(minutes=1)
    prune()
    assert renewals(connected) == 1
    assert "connection.renewal_failed" not in kinds(connected)


@pytest.mark.feature("WPM-42", "WPM-48")
def test_consent_that_ended_unnoticed_is_told_by_the_round(connected: Admin) -> None:
    connected.microsoft.revoke(ACCOUNT)
    grow_old(connected, days=1)
    prune()
    grow_old(connected, days=1)
    prune()
    account = connected.account()
    assert account is not None
    assert account.state == AccountState.NEEDS_RECONNECT
    assert connected.connection.held_code == "token_reconnect"
    assert kinds(connected).count("connection.needs_reconnect") == 1


def test_trouble_at_microsoft_is_told_and_tried_again_the_next_day(connected: Admin) -> None:
    connected.microsoft.fail_tokens(90033)
    grow_old(connected, days=1)
    prune()
    assert kinds(connected) == ["connection.renewal_failed"]
    account = connected.account()
    assert account is not None
    assert account.state == AccountState.CONNECTED
    prune()
    assert renewals(connected) == 2
    tokens = connected.tokens()
    assert tokens is not None
    assert tokens.generation == 2


def test_old_trips_are_forgotten(connected: Admin) -> None:
    with tenant(connected.organization):
        rows = ConsentRequest.objects.of(connected.organization)
        rows.update(expires_at=timezone.now() - timedelta(days=2))
    prune()
    assert connected.trips == []
