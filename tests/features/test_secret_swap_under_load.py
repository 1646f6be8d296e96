"""A client secret ends while hundreds of messages are on their way: the next one takes over at once."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from mailsettings.models import Connection
from mailsettings.secret_slots import store_next
from mailsettings.secret_swap import SWAPPED, locked
from notifications.models import ConnectionLimit, DeliveryAttempt, Status
from orgs.models import AuditEntry, Event, Organization
from orgs.tenancy import tenant
from providers import SecretText
from sandbox.microsoft import Microsoft
from tests import factories
from tests.notifications.stories import eventually, queue, states
from tests.plugin_sandbox import CLIENT_ID, CLIENT_SECRET, TENANT_ID, Sandbox, graph_values
from tests.plugin_worker import StartWorker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
NEXT = "Q~8the-next-secret-of-the-tests-4567"
COUNT = 600


@pytest.fixture
def microsoft(sandbox: Sandbox) -> Microsoft:
    """Microsoft, whose tokens last two seconds only: each worker asks again and again in mid-queue."""
    server = sandbox.microsoft()
    server.entra.token_seconds = 2
    server.add_app(TENANT_ID, CLIENT_ID, NEXT)
    return server


@pytest.fixture
def ready(contoso: Organization, microsoft: Microsoft) -> Connection:
    """A connection with a next secret that nobody tested: not its day, the refusal alone brings it in."""
    saved = factories.connection(contoso, "graph", graph_values(microsoft))
    with tenant(contoso):
        _mail, row = locked(contoso.pk, saved.pk)
        assert row is not None
        day = timezone.now().date() + timedelta(days=700)
        ConnectionLimit.objects.create(organization=contoso, connection=row, per_minute=0, sessions=4)
        store_next(connection=row, secret=SecretText(NEXT), expires_on=day, version=row.version, user=None)
    return saved


@pytest.mark.feature("NEW-5")
def test_a_secret_that_ends_in_mid_queue_loses_nothing_and_holds_nothing(
    contoso: Organization,
    ready: Connection,
    microsoft: Microsoft,
    sandbox: Sandbox,
    start_worker: StartWorker,
) -> None:
    for number in range(COUNT):
        queue(contoso, subject=f"Mail {number}")
    start_worker()
    start_worker()
    sandbox.inbox.wait_for(COUNT // 6, timeout=60)
    microsoft.add_app(TENANT_ID, CLIENT_ID, CLIENT_SECRET, secret_expired=True)
    eventually(lambda: states(contoso) == {Status.ACCEPTED: COUNT}, seconds=120)
    assert sorted(Counter(mail.subject for mail in sandbox.inbox).values()) == [1] * COUNT
    with tenant(contoso):
        told = list(Event.objects.of(contoso).values_list("kind", "detail__reason"))
        assert told == [(SWAPPED, "refused")]
        assert AuditEntry.objects.of(contoso).filter(action=SWAPPED).count() == 1
        assert DeliveryAttempt.objects.of(contoso).count() == COUNT
        row = Connection.objects.of(contoso).get(pk=ready.pk)
        assert (row.version, row.held_code) == (2, "")
    refused = [one for one in microsoft.token_requests if one.error_code == 7000222]
    # Each worker asked with the old one at most once more for each of its sessions.
    assert 1 <= len(refused) <= 8
