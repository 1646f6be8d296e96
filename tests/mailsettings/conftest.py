"""The admin of these stories."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from orgs.models import Organization, User
from tests.mailsettings.admin import Admin
from tests.mailsettings.routing_stories import store, when
from tests.order_stories import GMAIL, M365, RELAY, named, three_connections


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
