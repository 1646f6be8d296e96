"""The audit trail: written by one function, changed by nobody, checked by anyone (C-AUD)."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.db import connections, transaction
from django.db.utils import ProgrammingError

from orgs import audit
from orgs.audit_chain import verify_chain
from orgs.models import AuditEntry, Event, Membership, Organization, User
from orgs.services import add_member, grant_custom_mail
from orgs.tenancy import TenancyError, tenant
from tests import factories


def write(organization: Organization | UUID, number: int = 0, actor: User | None = None) -> int:
    return audit.record(
        organization=organization,
        actor=actor,
        action="test.written",
        subject=f"number {number}",
        detail={"after": {"number": number, "word": 'Grüße \u2028 "quoted"', "share": 0.25}},
        ip="203.0.113.24",
    )


@pytest.mark.control("C-AUD-1")
def test_an_entry_holds_who_what_when_and_from_where(contoso: Organization, owner: User) -> None:
    with tenant(contoso):
        seq = audit.record(
            organization=contoso,
            actor=owner,
            action="settings.saved",
            subject="Emails",
            detail={"before": {"port": 25}, "after": {"port": 587}},
            on_behalf_of=contoso,
            ip="2001:db8::7",
        )
        entry = AuditEntry.objects.of(contoso).get(seq=seq)
    assert (entry.actor_id, entry.actor_label, entry.on_behalf_of) == (owner.pk, "Org admin", "Contoso")
    assert (entry.action, entry.subject, entry.ip) == ("settings.saved", "Emails", "2001:db8::7")
    assert entry.detail == {"before": {"port": 25}, "after": {"port": 587}}


def test_what_the_system_does_has_its_name(contoso: Organization) -> None:
    with tenant(contoso):
        write(contoso)
        assert AuditEntry.objects.get().actor_label == "System"
        assert AuditEntry.objects.get().actor_id is None


@pytest.mark.control("C-AUD-1")
@pytest.mark.django_db(transaction=True)
def test_an_entry_exists_when_and_only_when_the_change_does(contoso: Organization) -> None:
    person = factories.user()
    with pytest.raises(ZeroDivisionError), tenant(contoso):
        lose(contoso, person)
    with tenant(contoso):
        assert not AuditEntry.objects.exists()
        assert not Membership.objects.exists()
    add_member(organization=contoso, user=person, role="owner")
    with tenant(contoso):
        assert [entry.action for entry in AuditEntry.objects.all()] == ["member.added"]


def lose(organization: Organization, person: User) -> None:
    add_member(organization=organization, user=person, role="owner")
    raise ZeroDivisionError


@pytest.mark.django_db(transaction=True)
def test_an_entry_outside_a_transaction_is_refused(contoso: Organization) -> None:
    with pytest.raises(TenancyError, match="same transaction"):
        write(contoso)


@pytest.mark.control("C-AUD-1")
def test_an_entry_of_another_organization_is_refused(contoso: Organization, fabrikam: Organization) -> None:
    with tenant(contoso), pytest.raises(ProgrammingError, match="another organization"), transaction.atomic():
        write(fabrikam)
    with pytest.raises(ProgrammingError, match="another organization"), transaction.atomic():
        write(fabrikam)


@pytest.mark.parametrize("value", [float("nan"), b"bytes", object()])
def test_detail_that_has_no_clear_form_is_refused(contoso: Organization, value: object) -> None:
    with tenant(contoso), pytest.raises((TypeError, ValueError)):
        audit.record(
            organization=contoso, actor=None, action="test", subject="", detail={"after": {"value": value}}
        )


@pytest.mark.control("C-AUD-1")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE orgs_auditentry SET subject = 'other'",
        "DELETE FROM orgs_auditentry",
        "TRUNCATE orgs_auditentry",
        "INSERT INTO orgs_auditentry SELECT * FROM orgs_auditentry",
    ],
)
@pytest.mark.parametrize("alias", ["default", "system"])
def test_web_worker_and_system_cannot_write_or_change(
    contoso: Organization, statement: str, alias: str
) -> None:
    with tenant(contoso):
        write(contoso)
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic(using=alias):
            connections[alias].cursor().execute(statement)


@pytest.mark.control("C-AUD-1")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE orgs_auditentry SET subject = 'other'",
        "DELETE FROM orgs_auditentry",
        "TRUNCATE orgs_auditentry",
    ],
)
def test_even_the_owner_is_refused(contoso: Organization, statement: str) -> None:
    with tenant(contoso):
        write(contoso)
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        # The tests' own database lets itself be emptied; here it is as everywhere else.
        cursor.execute("ALTER TABLE orgs_auditentry ENABLE TRIGGER refuse_truncate")
        with pytest.raises(ProgrammingError, match="cannot be changed"), transaction.atomic(using="owner"):
            cursor.execute(statement)
        transaction.set_rollback(True, using="owner")


@pytest.mark.django_db(transaction=True)
def test_the_system_role_writes_entries_of_any_organization(contoso: Organization, super_admin: User) -> None:
    grant_custom_mail(organization_id=contoso.pk, granted=False, actor=super_admin, ip="198.51.100.7")
    grant_custom_mail(organization_id=contoso.pk, granted=False, actor=super_admin)
    with tenant(contoso):
        entry = AuditEntry.objects.of(contoso).get()
        assert (entry.action, entry.ip) == ("organization.custom_mail_changed", "198.51.100.7")
        assert entry.detail == {"before": {"custom_mail": True}, "after": {"custom_mail": False}}
        assert [event.kind for event in Event.objects.of(contoso)] == [entry.action]
        assert verify_chain(contoso.pk).fault == ""


def test_entries_read_as_they_were_written(contoso: Organization) -> None:
    with tenant(contoso):
        write(contoso, 7)
        written = AuditEntry.objects.get().detail
    assert written == {"after": {"number": 7, "word": 'Grüße \u2028 "quoted"', "share": 0.25}}
