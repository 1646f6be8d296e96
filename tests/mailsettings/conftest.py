"""The admin of these stories."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.test import Client

from orgs.models import Organization, User
from sandbox.microsoft import Microsoft
from tests import factories
from tests.mailsettings.admin import Admin
from tests.mailsettings.next_secret import NEXT, TODAY, SecretAdmin
from tests.mailsettings.routing_stories import store, when
from tests.order_stories import GMAIL, M365, RELAY, named, three_connections
from tests.plugin_sandbox import CLIENT_ID, TENANT_ID, Sandbox, graph_values


@pytest.fixture
def admin(contoso: Organization, owner: User, client_of: Callable[[User], Client]) -> Admin:
    """An owner of Contoso at the pages of mail settings."""
    return Admin(contoso, client_of(owner))


@pytest.fixture
def three(admin: Admin) -> Admin:
    """The admin of an organization with the connections of mock-up 05."""
    three_connections(admin.organization)
    return admin


@pytest.fixture
def ruled(three: Admin) -> Admin:
    """Three rules: invoices, newsletters through a connection that fails, legal mail switched off."""
    organization = three.organization
    domain = when("recipient_domain", "is", "fabrikam.com")
    relay, gmail, m365 = (named(organization, name) for name in (RELAY, GMAIL, M365))
    store(organization, relay, [when("notification_type", "is", "invoice"), domain])
    news = when("header_value", "matches", "spring-*", "X-Campaign")
    store(organization, gmail, [when("subject", "contains", "newsletter")], [news], falls_back=False)
    store(organization, m365, [when("from_address", "ends", "@legal.contoso.com")], enabled=False)
    return three


@pytest.fixture
def two_secrets(sandbox: Sandbox) -> Microsoft:
    """Microsoft, where the app has its next secret already."""
    server = sandbox.microsoft()
    server.add_app(TENANT_ID, CLIENT_ID, NEXT)
    return server


@pytest.fixture
def make_keeper(
    contoso: Organization, owner: User, client_of: Callable[[User], Client], two_secrets: Microsoft
) -> Callable[..., SecretAdmin]:
    """Save a connection whose secret ends on a day, and sit down at its page."""

    def make(expires_on: date | None = None) -> SecretAdmin:
        day = {"secret_expires_on": expires_on.isoformat()} if expires_on else {}
        saved = factories.connection(contoso, "graph", graph_values(two_secrets, **day), by=owner)
        return SecretAdmin(contoso, client_of(owner), saved)

    return make


@pytest.fixture
def keeper(make_keeper: Callable[..., SecretAdmin]) -> SecretAdmin:
    """An admin whose secret ends in 12 days."""
    return make_keeper(TODAY + timedelta(days=12))
