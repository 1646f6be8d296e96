"""The admin of these stories."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from orgs.models import Organization, User
from tests.mailsettings.admin import Admin


@pytest.fixture
def admin(contoso: Organization, owner: User, client_of: Callable[[User], Client]) -> Admin:
    """An owner of Contoso at the pages of mail settings."""
    return Admin(contoso, client_of(owner))
