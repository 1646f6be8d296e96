"""Members and their roles: who may change what, and that one owner stays."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.core.exceptions import ValidationError
from django.db import connections

from orgs.ids import uuid7
from orgs.models import AuditEntry, Membership, Organization, Role, User
from orgs.services import add_member, change_role, remove_member
from orgs.tenancy import tenant
from tests import factories


def place(person: User, of: Organization) -> Membership:
    with tenant(of):
        return Membership.objects.of(of).get(user=person)


def actions(of: Organization) -> list[str]:
    with tenant(of):
        return [entry.action for entry in AuditEntry.objects.of(of).order_by("seq")]


def test_add_member_gives_a_place_and_records_it(contoso: Organization, owner: User) -> None:
    person = factories.user("new@contoso.example")
    made = add_member(organization=contoso, user=person, role=Role.MAIL_ADMIN, actor=owner, ip="203.0.113.9")
    assert place(person, contoso) == made
    with tenant(contoso):
        entry = AuditEntry.objects.get()
    assert (entry.action, entry.subject, entry.ip) == ("member.added", "new@contoso.example", "203.0.113.9")
    assert entry.detail == {"after": {"role": "mail_admin"}}


def test_add_member_refuses_a_second_place_and_an_unknown_role(contoso: Organization, owner: User) -> None:
    with pytest.raises(ValidationError) as refused:
        add_member(organization=contoso, user=owner, role=Role.READ_ONLY)
    assert refused.value.message_dict == {"email": ["This person is a member already."]}
    with pytest.raises(ValidationError) as refused:
        add_member(organization=contoso, user=factories.user(), role="root")
    assert "role" in refused.value.message_dict
    assert actions(contoso) == []


def test_change_role_records_before_and_after(contoso: Organization, owner: User, teammate: User) -> None:
    key = place(teammate, contoso).pk
    changed = change_role(organization=contoso, membership_id=key, role="read_only", actor=owner)
    assert changed.role == place(teammate, contoso).role == Role.READ_ONLY
    change_role(organization=contoso, membership_id=key, role="read_only", actor=owner)
    with tenant(contoso):
        entry = AuditEntry.objects.get()
    assert entry.detail == {"before": {"role": "deliveries"}, "after": {"role": "read_only"}}


def test_nobody_changes_or_removes_themselves(contoso: Organization, owner: User) -> None:
    second = factories.user()
    factories.membership(second, contoso, Role.OWNER)
    key = place(owner, contoso).pk
    with pytest.raises(ValidationError, match="your own role"):
        change_role(organization=contoso, membership_id=key, role="read_only", actor=owner)
    with pytest.raises(ValidationError, match="Ask another owner"):
        remove_member(organization=contoso, membership_id=key, actor=owner)


def test_the_last_owner_stays(contoso: Organization, owner: User, super_admin: User) -> None:
    gone = factories.user(active=False)
    factories.membership(gone, contoso, Role.OWNER)
    key = place(owner, contoso).pk
    with pytest.raises(ValidationError) as refused:
        change_role(organization=contoso, membership_id=key, role="deliveries", actor=super_admin)
    assert "at least one owner" in refused.value.message_dict["role"][0]
    with pytest.raises(ValidationError, match="at least one owner"):
        remove_member(organization=contoso, membership_id=key, actor=super_admin)
    assert place(owner, contoso).role == Role.OWNER
    assert actions(contoso) == []


def test_remove_member_takes_the_place_and_leaves_the_person(
    contoso: Organization, owner: User, teammate: User
) -> None:
    remove_member(organization=contoso, membership_id=place(teammate, contoso).pk, actor=owner)
    with tenant(contoso):
        assert not Membership.objects.of(contoso).filter(user=teammate).exists()
    assert User.objects.filter(pk=teammate.pk).exists()
    assert actions(contoso) == ["member.removed"]


@pytest.mark.control("C-TEN-5")
def test_a_place_elsewhere_is_as_absent_as_none(
    contoso: Organization, owner: User, stranger: User, fabrikam: Organization
) -> None:
    for key in (place(stranger, fabrikam).pk, uuid7()):
        with pytest.raises(Membership.DoesNotExist):
            change_role(organization=contoso, membership_id=key, role="owner", actor=owner)
        with pytest.raises(Membership.DoesNotExist):
            remove_member(organization=contoso, membership_id=key, actor=owner)


@pytest.mark.django_db(transaction=True)
def test_two_owners_cannot_demote_each_other_at_once(contoso: Organization) -> None:
    pair = [factories.user() for _ in range(2)]
    places = [factories.membership(person, contoso, Role.OWNER) for person in pair]
    start = Barrier(2)

    def demote(number: int) -> str:
        start.wait(timeout=30)
        try:
            change_role(
                organization=contoso,
                membership_id=places[1 - number].pk,
                role="read_only",
                actor=pair[number],
            )
        except ValidationError:
            return "refused"
        finally:
            connections.close_all()
        return "done"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(demote, (0, 1))) == ["done", "refused"]
    with tenant(contoso):
        assert Membership.objects.of(contoso).filter(role=Role.OWNER).count() == 1
