"""tenant(): one organization's rows, for exactly as long as the block lasts (C-TEN-4)."""

from __future__ import annotations

import pytest

from orgs.models import Membership, Organization, Role, User
from orgs.tenancy import tenant
from tests import factories


def test_members_are_visible_in_their_own_organization_only(
    owner: User, stranger: User, contoso: Organization, fabrikam: Organization
) -> None:
    with tenant(contoso):
        assert [row.user_id for row in Membership.objects.all()] == [owner.pk]
    assert not Membership.objects.exists()
