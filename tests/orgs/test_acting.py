"""Acting as an organization: explicit, reasoned, short, recorded (C-TEN-8)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.utils import IntegrityError
from django.utils import timezone

from orgs.entry import acting_as_of, memberships_of
from orgs.ids import uuid7
from orgs.models import ActingAs, AuditEntry, Organization, User
from orgs.services import enter_organization, leave_organization, platform_organization_id
from orgs.tenancy import tenant

pytestmark = pytest.mark.django_db
REASON = "Support case 4471"


@pytest.mark.control("C-TEN-8")
def test_entering_is_recorded_with_reason_and_both_names(super_admin: User, contoso: Organization) -> None:
    switch = enter_organization(
        user=super_admin, organization_id=contoso.pk, reason=f"  {REASON} ", ip="198.51.100.7"
    )
    assert switch.reason == REASON
    assert switch.expires_at - switch.started_at == timedelta(minutes=60)
    with tenant(contoso):
        entry = AuditEntry.objects.of(contoso).get()
    assert (entry.action, entry.actor_id, entry.ip) == ("acting_as.started", super_admin.pk, "198.51.100.7")
    assert (entry.actor_label, entry.on_behalf_of) == ("Super admin", "Contoso")
    assert entry.detail["reason"] == REASON


@pytest.mark.control("C-TEN-8")
def test_only_active_super_admins_enter(owner: User, super_admin: User, contoso: Organization) -> None:
    super_admin.is_active = False
    for person in (owner, super_admin):
        with pytest.raises(PermissionDenied):
            enter_organization(user=person, organization_id=contoso.pk, reason=REASON)
    with tenant(contoso):
        assert not ActingAs.objects.exists()


@pytest.mark.control("C-TEN-8")
@pytest.mark.parametrize(("reason", "words"), [("", "Say why"), ("  \n ", "Say why"), ("x" * 201, "200")])
def test_a_reason_is_wanted(super_admin: User, contoso: Organization, reason: str, words: str) -> None:
    with pytest.raises(ValidationError) as refused:
        enter_organization(user=super_admin, organization_id=contoso.pk, reason=reason)
    assert words in refused.value.message_dict["reason"][0]


def test_an_organization_that_does_not_exist_cannot_be_entered(super_admin: User) -> None:
    with pytest.raises(Organization.DoesNotExist):
        enter_organization(user=super_admin, organization_id=uuid7(), reason=REASON)


def test_entering_again_starts_the_hour_anew(super_admin: User, contoso: Organization) -> None:
    first = enter_organization(user=super_admin, organization_id=contoso.pk, reason=REASON)
    second = enter_organization(user=super_admin, organization_id=contoso.pk, reason="Case 4472")
    assert acting_as_of(super_admin) == [second]
    with tenant(contoso):
        assert ActingAs.objects.of(contoso).get(pk=first.pk).ended_at is not None


def test_leaving_ends_it_once(super_admin: User, contoso: Organization) -> None:
    enter_organization(user=super_admin, organization_id=contoso.pk, reason=REASON)
    assert leave_organization(user=super_admin, organization_id=contoso.pk)
    assert not leave_organization(user=super_admin, organization_id=contoso.pk)
    assert acting_as_of(super_admin) == []
    with tenant(contoso):
        actions = [entry.action for entry in AuditEntry.objects.of(contoso).order_by("seq")]
    assert actions == ["acting_as.started", "acting_as.ended"]


def test_the_platform_itself_can_be_entered(super_admin: User) -> None:
    enter_organization(user=super_admin, organization_id=platform_organization_id(), reason=REASON)
    assert acting_as_of(super_admin)[0].organization.is_platform


def test_people_see_their_own_places_and_switches_only(
    super_admin: User, owner: User, stranger: User, contoso: Organization, fabrikam: Organization
) -> None:
    enter_organization(user=super_admin, organization_id=contoso.pk, reason=REASON)
    assert [place.organization for place in memberships_of(owner)] == [contoso]
    assert [place.organization for place in memberships_of(stranger)] == [fabrikam]
    assert memberships_of(super_admin) == []
    assert [switch.organization for switch in acting_as_of(super_admin)] == [contoso]
    assert acting_as_of(owner) == []


@pytest.mark.control("C-TEN-8")
@pytest.mark.parametrize("limit", [timedelta(minutes=61), timedelta(0), timedelta(minutes=-1)])
def test_the_database_keeps_the_hour(super_admin: User, contoso: Organization, limit: timedelta) -> None:
    now = timezone.now()
    with tenant(contoso), pytest.raises(IntegrityError, match="acting_as_is_short"), transaction.atomic():
        ActingAs.objects.create(
            organization=contoso, user=super_admin, reason=REASON, started_at=now, expires_at=now + limit
        )
