"""The admin of these stories."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from orgs.models import Organization, User
from tests.mailsettings.admin import Admin
from tests.order_stories import three_connections


@pytest.fixture
def admin(contoso: Organization, owner: User, client_of: Callable[[User], Client]) -> Admin:
    """An owner of Contoso at the pages of mail settings."""
    return Admin(contoso, client_of(owner))


@pytest.fixture
def three(admin: Admin) -> Admin:
    """The admin of an organization with the connections of mock-up 05."""
    three_connections(admin.organization)
    return admin
