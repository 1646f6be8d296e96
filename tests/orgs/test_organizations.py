"""Organizations: made by super admins, entitled by super admins, never without a free address."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connections

from orgs import setup
from orgs.ids import uuid7
from orgs.models import AuditEntry, Membership, Organization, User
from orgs.services import (
    add_member,
    create_organization,
    grant_custom_mail,
    platform_organization_id,
    set_organization_active,
)
from orgs.tenancy import SYSTEM, tenant
from tests import factories

pytestmark = pytest.mark.django_db


def test_the_platform_is_one_reserved_organization() -> None:
    platform = Organization.objects.using(SYSTEM).get(is_platform=True)
    assert platform.pk == platform_organization_id()
    assert (platform.name, platform.slug) == ("Mailroom", "platform")


@pytest.mark.django_db(databases=["default", "system", "owner"])
def test_migrating_again_makes_no_second_platform() -> None:
    setup.create_reserved_rows(using="owner")
    assert Organization.objects.using("owner").filter(is_platform=True).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_new_organization_is_used_like_any_other(super_admin: User) -> None:
    made = create_organization(name="  North   Wind ", actor=super_admin, ip="198.51.100.7")
    assert (made.name, made.slug, made.custom_mail, made.is_active) == (
        "North Wind",
        "north-wind",
        False,
        True,
    )
    member = add_member(organization=made, user=super_admin, role="owner", actor=super_admin)
    with tenant(made):
        assert list(Membership.objects.of(made)) == [member]
        # Saved by way of the organization object, on the web's alias.
        Membership.objects.of(made).delete()
        Membership(organization=made, user=super_admin, role="owner").save()
        actions = [entry.action for entry in AuditEntry.objects.of(made).order_by("seq")]
    assert actions == ["organization.created", "member.added"]


def test_addresses_are_made_from_names_and_stay_free() -> None:
    slugs = [
        create_organization(name=name).slug for name in ("Café Ünïon", "Cafe union", "cafe-union", "株式会社")
    ]
    assert slugs == ["cafe-union", "cafe-union-2", "cafe-union-3", "organization"]
    assert create_organization(name="x" * 150).slug == "x" * 52
    assert create_organization(name="a_b -- c").slug == "a-b-c"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": " \n"}, "name"),
        ({"name": "x" * 151}, "name"),
        ({"name": "North", "slug": ""}, "slug"),
        ({"name": "North", "slug": "no rth"}, "slug"),
        ({"name": "North", "slug": "north_wind"}, "slug"),
        ({"name": "North", "slug": "-north"}, "slug"),
        ({"name": "North", "slug": "nörth"}, "slug"),
        ({"name": "North", "slug": "x" * 61}, "slug"),
        ({"name": "North", "slug": "../north"}, "slug"),
        ({"name": "North", "slug": "platform"}, "slug"),
    ],
)
def test_a_wrong_field_is_named(values: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        create_organization(**values)
    assert list(refused.value.message_dict) == [field]


@pytest.mark.django_db(transaction=True)
def test_one_address_goes_to_one_of_four_at_once() -> None:
    def make(_number: int) -> str:
        try:
            return create_organization(name="North", slug="north").slug
        except ValidationError as refused:
            return str(refused.message_dict["slug"][0])
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(make, range(4)))
    assert answers == ["The address north is taken. Choose another one."] * 3 + ["north"]


def test_only_super_admins_decide(contoso: Organization, owner: User) -> None:
    for decide in (
        lambda: create_organization(name="Mine", actor=owner),
        lambda: grant_custom_mail(organization_id=contoso.pk, granted=True, actor=owner),
        lambda: set_organization_active(organization_id=contoso.pk, active=False, actor=owner),
    ):
        with pytest.raises(PermissionDenied):
            decide()


@pytest.mark.django_db(transaction=True)
def test_the_add_on_is_granted_and_withdrawn(super_admin: User) -> None:
    made = factories.organization()
    for granted in (True, False, True):
        changed = grant_custom_mail(organization_id=made.pk, granted=granted, actor=super_admin)
        assert changed.custom_mail is granted
        with tenant(made):
            assert Organization.objects.get(pk=made.pk).custom_mail is granted


def test_suspending_is_recorded_and_the_platform_cannot_be(contoso: Organization, super_admin: User) -> None:
    assert not set_organization_active(organization_id=contoso.pk, active=False, actor=super_admin).is_active
    entry = AuditEntry.objects.using(SYSTEM).of(contoso).get()
    assert (entry.action, entry.detail["after"]) == ("organization.active_changed", {"is_active": False})
    with pytest.raises(ValidationError, match="platform"):
        set_organization_active(organization_id=platform_organization_id(), active=False, actor=super_admin)


def test_an_absent_organization_cannot_be_decided_on(super_admin: User) -> None:
    with pytest.raises(Organization.DoesNotExist):
        grant_custom_mail(organization_id=uuid7(), granted=True, actor=super_admin)
