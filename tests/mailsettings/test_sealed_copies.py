"""A sealed secret copied to another row by raw SQL opens nowhere, sends nothing, and is audited (C-CRY-2)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse

from mailsettings.models import Connection, StoredSecret
from notifications.drain import drain, run_tests
from notifications.models import Notification, Status
from notifications.services import enqueue
from orgs.models import AuditEntry, Organization, User
from orgs.tenancy import tenant
from tests import factories
from tests.plugin_sandbox import Sandbox, graph_values, smtp_values

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]


def secret_of(connection: Connection) -> StoredSecret:
    with tenant(connection.organization_id):
        return StoredSecret.objects.of(connection.organization_id).get(connection=connection)


def copy(blob: bytes, *, into: StoredSecret) -> None:
    """Put a blob into another row, as somebody who can write the tables would."""
    with tenant(into.organization_id), connections["default"].cursor() as cursor:
        cursor.execute("UPDATE mailsettings_storedsecret SET blob = %s WHERE id = %s", [blob, into.pk])
        assert cursor.rowcount == 1


def send(organization: Organization) -> Notification:
    """Queue one message and let the worker's code run."""
    row = enqueue(organization=organization, to="reader@example.com", subject="Hello", text="x")
    drain(organization.pk)
    with tenant(organization):
        return Notification.objects.of(organization).get(pk=row.pk)


def state(connection: Connection) -> str:
    with tenant(connection.organization_id):
        return Connection.objects.of(connection.organization_id).get(pk=connection.pk).held_code


def told(organization: Organization) -> int:
    with tenant(organization):
        return AuditEntry.objects.of(organization).filter(action="secret.unreadable").count()


@pytest.mark.control("C-CRY-2")
def test_a_password_of_another_organization_opens_nothing_and_is_audited(
    contoso: Organization, fabrikam: Organization, sandbox: Sandbox
) -> None:
    server = sandbox.smtp()
    theirs = factories.connection(fabrikam, "smtp", smtp_values(server))
    own = factories.connection(contoso, "smtp", smtp_values(server, password="not the password"))
    copy(bytes(secret_of(theirs).blob), into=secret_of(own))
    row = send(contoso)
    assert row.status == Status.QUEUED
    assert row.attempts == 0
    assert state(own) == "secret_unreadable"
    assert (len(sandbox.inbox), server.sessions) == (0, [])
    # Told once, however much mail waits.
    assert told(contoso) == 1
    send(contoso)
    assert (told(contoso), told(fabrikam)) == (1, 0)
    assert send(fabrikam).status == Status.ACCEPTED


@pytest.mark.control("C-CRY-2")
def test_a_secret_of_another_connection_of_the_same_organization_opens_nothing(
    contoso: Organization, sandbox: Sandbox
) -> None:
    server, microsoft = sandbox.smtp(), sandbox.microsoft()
    first = factories.connection(contoso, "graph", graph_values(microsoft))
    second = factories.connection(contoso, "smtp", smtp_values(server))
    copy(bytes(secret_of(first).blob), into=secret_of(second))
    assert send(contoso).status == Status.QUEUED
    assert state(second) == "secret_unreadable"
    assert (server.sessions, microsoft.token_requests, told(contoso)) == ([], [], 1)


@pytest.mark.control("C-CRY-2")
def test_a_destination_changed_by_sql_receives_no_password(contoso: Organization, sandbox: Sandbox) -> None:
    server, trap = sandbox.smtp(), sandbox.smtp()
    own = factories.connection(contoso, "smtp", smtp_values(server))
    with tenant(contoso), connections["default"].cursor() as cursor:
        cursor.execute(
            "UPDATE mailsettings_connection SET settings = jsonb_set(settings, '{port}', %s) WHERE id = %s",
            [str(trap.port), own.pk],
        )
    assert send(contoso).status == Status.QUEUED
    assert state(own) == "secret_unreadable"
    assert (trap.sessions, told(contoso)) == ([], 1)


@pytest.mark.control("C-CRY-2", "C-CRY-3")
def test_an_unreadable_secret_fails_its_test_and_has_to_be_typed_again(
    contoso: Organization, owner: User, client_of: ClientOf, sandbox: Sandbox
) -> None:
    server, browser = sandbox.smtp(), client_of(owner)
    own = factories.connection(contoso, "smtp", smtp_values(server))
    blob = bytearray(secret_of(own).blob)
    blob[-1] ^= 1
    copy(bytes(blob), into=secret_of(own))
    page = reverse("notifications:test", args=[contoso.slug])
    answer = browser.post(page, {"connection": str(own.pk), "test_to": owner.email})
    run_tests(contoso.pk)
    assert ">Success</h2>" not in browser.get(answer["Location"]).content.decode()
    assert state(own) == "secret_unreadable"
    form = {"smtp_enabled": "on", "provider": "smtp", "shown": "smtp", "version": 2, **smtp_values(server)}
    emails = reverse("mailsettings:emails", args=[contoso.slug])
    refused = browser.post(emails, {**form, "password": ""})
    assert refused.status_code == 422
    assert "cannot be read" in refused.content.decode()
    assert browser.post(emails, form).status_code == 302
    assert send(contoso).status == Status.ACCEPTED
    assert len(sandbox.inbox) == 1
