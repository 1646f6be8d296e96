"""Tokens and credentials of a connection, used by several worker processes at once (COG-18, 22, 27)."""

from __future__ import annotations

import time

import pytest

from mailsettings.models import ConnectionToken
from notifications.models import Notification, Status
from orgs.models import Organization
from orgs.tenancy import tenant
from sandbox.microsoft import Microsoft
from tests import factories
from tests.notifications.graph_mail import send_by_graph
from tests.notifications.stories import eventually, limit, queue
from tests.plugin_sandbox import (
    CLIENT_ID,
    CLIENT_SECRET,
    OAUTH_CLIENT_ID,
    OAUTH_MAILBOX,
    TENANT_ID,
    Sandbox,
    graph_values,
    microsoft365_values,
    oauth_values,
)
from tests.plugin_worker import StartWorker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
OTHER_CLIENT = "7d1f0c52-93ab-4c1e-b0a7-000000000027"
OTHER_SECRET = "Q~8other-secret-of-the-tests-9876543210"


def send(organization: Organization, number: int, word: str) -> None:
    """Queue messages and wait until the workers had all of them accepted."""
    for _ in range(number):
        queue(organization, subject=word)

    def all_accepted() -> bool:
        with tenant(organization):
            rows = Notification.objects.of(organization).filter(subject=word)
            return not rows.exclude(status=Status.ACCEPTED).exists()

    eventually(all_accepted, seconds=60)


@pytest.mark.feature("COG-18")
@pytest.mark.parametrize("key", ["graph", "microsoft365_smtp"])
def test_fifty_messages_of_two_worker_processes_need_exactly_one_token(
    contoso: Organization, sandbox: Sandbox, start_worker: StartWorker, key: str
) -> None:
    microsoft = sandbox.microsoft()
    microsoft.add_app(TENANT_ID, CLIENT_ID, CLIENT_SECRET, ("Mail.Send", "SMTP.SendAsApp"))
    server = sandbox.smtp(tokens=microsoft)
    values = graph_values(microsoft) if key == "graph" else microsoft365_values(microsoft, server)
    factories.connection(contoso, key, values)
    limit(contoso, per_minute=0)
    for _process in range(2):
        start_worker()
    for word in ("first", "second"):
        send(contoso, 25, word)
    assert len(sandbox.inbox) == 50
    assert [one.grant_type for one in microsoft.token_requests] == ["client_credentials"]
    assert microsoft.graph.busiest <= 4


@pytest.mark.feature("COG-22")
def test_an_ended_or_refused_token_is_refreshed_once_for_two_worker_processes(
    contoso: Organization, sandbox: Sandbox, start_worker: StartWorker
) -> None:
    google = sandbox.google()
    google.tokens.rotates = True
    server = sandbox.smtp(tokens=google)
    typed = {
        "method": "legacy",
        "scope": "",
        "access_token": "ya29.ended-token-of-the-tests",
        "expiry_date": str(int(time.time() * 1000) - 1000),
        "refresh_token": google.refresh_token(OAUTH_CLIENT_ID, OAUTH_MAILBOX),
    }
    factories.connection(contoso, "oauth_smtp", oauth_values(google, server, **typed))
    for _process in range(2):
        start_worker()
    send(contoso, 30, "ended")
    assert [one.grant_type for one in google.token_requests] == ["refresh_token"]
    assert not any("535" in line for line in server.transcript), "refreshed before connecting"
    # Every open session ends; the next sign-in is refused, and one more refresh helps.
    google.end_access_tokens()
    send(contoso, 30, "refused")
    assert [one.grant_type for one in google.token_requests] == ["refresh_token"] * 2
    assert any("535" in line for line in server.transcript)
    assert len(sandbox.inbox) == 60
    with tenant(contoso):
        assert ConnectionToken.objects.of(contoso).get().generation == 2, "each rotated token was stored"


@pytest.mark.feature("COG-27")
def test_a_changed_graph_connection_is_used_by_all_workers_for_the_next_message(
    contoso: Organization, sandbox: Sandbox, start_worker: StartWorker
) -> None:
    microsoft: Microsoft = send_by_graph(contoso, sandbox)
    microsoft.add_app(TENANT_ID, OTHER_CLIENT, OTHER_SECRET)
    for _process in range(2):
        start_worker()
    send(contoso, 20, "before")
    changed = graph_values(microsoft, client_id=OTHER_CLIENT, client_secret=OTHER_SECRET)
    factories.connection(contoso, "graph", changed)
    limit(contoso, per_minute=0)
    send(contoso, 20, "after")
    assert {(mail.subject, mail.signed_in_as) for mail in sandbox.inbox} == {
        ("before", f"app {CLIENT_ID}"),
        ("after", f"app {OTHER_CLIENT}"),
    }
    assert len(sandbox.inbox) == 40
    assert [one.client_id for one in microsoft.token_requests] == [CLIENT_ID, OTHER_CLIENT]
