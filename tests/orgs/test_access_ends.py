"""When a door closes, and how a super admin comes through it (C-TEN-8)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.test import Client
from pytest_django.fixtures import Settings

from orgs.access import ACTING, Permission
from orgs.models import ActingAs, AuditEntry, Membership, Organization, User
from orgs.services import enter_organization, leave_organization
from orgs.tenancy import tenant
from tests import factories

pytestmark = [pytest.mark.urls("tests.orgs.urls_access"), pytest.mark.django_db]
SignIn = Callable[[User], Client]
HOME = "/organizations/contoso/"


@pytest.fixture(autouse=True)
def _plain_middleware(settings: Settings) -> None:
    """The little product has no other pages, so nothing looks for them."""
    wanted = ("Session", "Common", "Csrf", "Authentication", "Message", "Htmx")
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if any(word in name for word in wanted)]


def test_a_suspended_organization_is_gone_for_its_members(super_admin: User, client_of: SignIn) -> None:
    closed = factories.organization("Closed", slug="closed", active=False)
    member = factories.user()
    factories.membership(member, closed)
    assert client_of(member).get("/organizations/closed/").status_code == 404
    enter_organization(user=super_admin, organization_id=closed.pk, reason="Case 4471")
    assert client_of(super_admin).get("/organizations/closed/").status_code == 200


def test_a_removed_member_is_out_at_once(owner: User, contoso: Organization, client_of: SignIn) -> None:
    browser = client_of(owner)
    assert browser.get(HOME).status_code == 200
    with tenant(contoso):
        Membership.objects.of(contoso).delete()
    assert browser.get(HOME).status_code == 404


def test_a_disabled_person_is_signed_out(owner: User, contoso: Organization, client_of: SignIn) -> None:
    browser = client_of(owner)
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert browser.get(HOME).status_code == 302


@pytest.mark.control("C-TEN-8")
def test_a_super_admin_acts_as_an_organization_within_bounds(
    super_admin: User, contoso: Organization, fabrikam: Organization, client_of: SignIn
) -> None:
    browser = client_of(super_admin)
    assert browser.get(HOME).status_code == 404
    enter_organization(user=super_admin, organization_id=contoso.pk, reason="Case 4471")
    answer = browser.get(HOME).json()
    assert (answer["acting"], answer["actor"]) == ("Case 4471", "Super admin")
    assert (
        set(answer["may"]) == set(Permission) - {Permission.READ_CONTENT, Permission.MEMBERS} == set(ACTING)
    )
    assert browser.get(f"{HOME}late/").status_code == 403
    assert browser.get("/organizations/fabrikam/").status_code == 404
    browser.post(f"{HOME}change/word/")
    with tenant(contoso):
        entry = AuditEntry.objects.get(action="test.changed")
    assert (entry.actor_id, entry.on_behalf_of) == (super_admin.pk, "Contoso")
    leave_organization(user=super_admin, organization_id=contoso.pk)
    assert browser.get(HOME).status_code == 404


@pytest.mark.control("C-TEN-8")
def test_acting_as_ends_with_the_office(super_admin: User, contoso: Organization, client_of: SignIn) -> None:
    browser = client_of(super_admin)
    enter_organization(user=super_admin, organization_id=contoso.pk, reason="Case 4471")
    assert browser.get(HOME).status_code == 200
    User.objects.filter(pk=super_admin.pk).update(is_super_admin=False)
    assert browser.get(HOME).status_code == 404


@pytest.mark.control("C-TEN-8")
def test_acting_as_ends_by_itself(super_admin: User, contoso: Organization, client_of: SignIn) -> None:
    browser = client_of(super_admin)
    enter_organization(user=super_admin, organization_id=contoso.pk, reason="Case 4471")
    assert browser.get(HOME).status_code == 200
    with tenant(contoso):
        ActingAs.objects.of(contoso).update(
            started_at=Now() - timedelta(minutes=60), expires_at=Now() - timedelta(seconds=1)
        )
    assert browser.get(HOME).status_code == 404


def test_the_console_exists_for_super_admins_only(super_admin: User, owner: User, client_of: SignIn) -> None:
    assert client_of(super_admin).get("/console/3/").content == b"console 3"
    assert client_of(owner).get("/console/3/").status_code == 404
