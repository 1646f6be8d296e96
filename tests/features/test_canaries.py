"""Marker secrets are typed wherever one can be typed, and then looked for everywhere (C-CRY-7, C-CRY-10)."""

from __future__ import annotations

import logging
import os
from base64 import b64encode
from collections.abc import Callable, Iterator
from io import StringIO
from urllib.parse import quote

import psycopg
import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse
from psycopg.sql import SQL, Identifier

from mailsettings.models import Connection, Draft
from mailsettings.ways import mail_settings
from notifications.drain import drain, run_tests
from notifications.models import Notification
from notifications.services import enqueue
from orgs.models import Organization, Role, User
from orgs.tenancy import tenant
from tests import factories
from tests.features.addresses import addresses
from tests.plugin_sandbox import CLIENT_ID, TENANT_ID, Sandbox, graph_values, smtp_values


def marker() -> str:
    """Make a secret nobody types by accident; every form of it is told apart from other text."""
    return f'Mk/{os.urandom(9).hex()}+"é'


def spellings(secret: str) -> Iterator[bytes]:
    """Give the secret as it could hide: plain, percent-encoded, JSON-escaped, base64 at each offset."""
    raw = secret.encode()
    core = secret[3:21]  # the hexadecimal middle survives every escaping
    yield raw
    yield core.encode()
    yield quote(secret, safe="").encode()
    yield core.encode().hex().encode()
    for offset in range(3):
        # Without the first and last characters, which depend on the neighbours.
        yield b64encode(b"x" * offset + core.encode())[4:-4]


def leaks(secrets: list[str], haystack: bytes) -> list[str]:
    return [secret for secret in secrets if any(form in haystack for form in spellings(secret))]


@pytest.fixture
def log() -> Iterator[StringIO]:
    """Everything any logger says, down to DEBUG."""
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def type_them(
    organization: Organization, owner: User, browser: Client, sandbox: Sandbox, count: int, *, good: bool
) -> list[str]:
    """Save and test `count` passwords and client secrets, each typed once; wrong ones unless `good`."""
    server, microsoft = sandbox.smtp(), sandbox.microsoft()
    typed: list[str] = []
    for number in range(count):
        # A client secret with a foreign letter would be refused, not stored.
        secret = marker().removesuffix("é") if number % 2 else marker()
        typed.append(secret)
        if number % 2:
            if good:
                microsoft.add_app(TENANT_ID, CLIENT_ID, secret)
            provider, values = "graph", graph_values(microsoft, client_secret=secret)
        else:
            if good:
                server.users["notifications@fabrikam.com"] = secret
            provider, values = "smtp", smtp_values(server, password=secret)
        with tenant(organization):
            version = mail_settings(organization.pk).version
        form = {"smtp_enabled": "on", "provider": provider, "shown": provider, "version": version, **values}
        if number % 3 == 2:
            browser.post(
                reverse("notifications:test", args=[organization.slug]), form | {"test_to": owner.email}
            )
            run_tests(organization.pk)
        else:
            save = {"action": "save_unverified"} if number % 4 else {}
            browser.post(reverse("mailsettings:emails", args=[organization.slug]), form | save)
            run_tests(organization.pk)
        enqueue(organization=organization, to="reader@example.com", subject="Hello", text="x")
        drain(organization.pk)
    return typed


def store_next(organization: Organization, browser: Client) -> str:
    """Store and test a next secret beside the current one of a connection."""
    secret = marker().removesuffix("é")
    with tenant(organization):
        connection = Connection.objects.of(organization).get(provider="graph")
    form = {"next_secret": secret, "expires_on": "2100-01-01", "version": connection.version}
    address = reverse("notifications:store_next_secret", args=[organization.slug, connection.pk])
    assert browser.post(address, form).status_code == 302
    run_tests(organization.pk)
    return secret


def crawl(organization: Organization, people: list[Client]) -> bytes:
    """Read every page of the organization as everybody."""
    with tenant(organization):
        rows = list(Notification.objects.of(organization).values_list("pk", flat=True)[:3])
        drafts = list(Draft.objects.of(organization).values_list("pk", flat=True)[:2])
    seen: list[bytes] = []
    for address in addresses():
        if set(address.parameters) - {"slug", "notification_id"}:
            continue
        for key in rows if "notification_id" in address.parameters else [None]:
            path = address.fill({"slug": organization.slug, "notification_id": key})
            queries: list[dict[str, str]] = [{}]
            if path.endswith("/emails/"):
                queries += [{"draft": str(draft)} for draft in drafts]
            seen += [browser.get(path, query).content for browser in people for query in queries]
    return b"\n".join(seen)


def dump() -> bytes:
    """Give every row of every table as text, as somebody with a dump of the database would read it."""
    parameters = connections["owner"].get_connection_params()
    known = {k: parameters[k] for k in ("dbname", "user", "password", "host", "port") if k in parameters}
    with psycopg.connect(**known) as connection, connection.cursor() as cursor:
        tables = cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        text = []
        for (table,) in tables:
            statement = SQL("COPY {} TO STDOUT").format(Identifier(table))
            with cursor.copy(statement) as copy:
                text += [bytes(chunk) for chunk in copy]
    return b"".join(text)


@pytest.mark.feature("CIR-13", "WPM-41")
@pytest.mark.control("C-CRY-7", "C-CRY-10")
@pytest.mark.django_db(transaction=True)
def test_fifty_marker_secrets_are_found_nowhere_but_sealed(
    contoso: Organization,
    fabrikam: Organization,
    owner: User,
    teammate: User,
    stranger: User,
    super_admin: User,
    client_of: Callable[[User], Client],
    sandbox: Sandbox,
    log: StringIO,
    caplog: pytest.LogCaptureFixture,
) -> None:
    auditor = factories.user()
    factories.membership(auditor, contoso, Role.READ_ONLY)
    secrets = type_them(contoso, owner, client_of(owner), sandbox, 25, good=True)
    secrets += type_them(fabrikam, stranger, client_of(stranger), sandbox, 25, good=False)
    secrets.append(store_next(contoso, client_of(owner)))
    body = marker()
    enqueue(
        organization=contoso, to="reader@example.com", subject="A letter", text=body, html=f"<p>{body}</p>"
    )
    people = [client_of(person) for person in (owner, teammate, auditor, stranger, super_admin)]
    pages = crawl(contoso, people) + crawl(fabrikam, people[-2:])
    assert len(pages) > 100_000
    assert leaks(secrets, pages) == []
    assert leaks(secrets, (log.getvalue() + caplog.text).encode()) == []
    mails = b"".join(mail.raw for mail in sandbox.inbox)
    assert len(sandbox.inbox) > 10
    assert leaks(secrets, mails) == []
    everything = dump()
    assert len(everything) > 10_000
    assert leaks([*secrets, body], everything) == []
    assert leaks([body], log.getvalue().encode()) == []
