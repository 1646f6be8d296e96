"""The chain of the audit trail: whatever an intruder does to it is found (C-AUD-2, C-AUD-3)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connections, transaction

from orgs import audit
from orgs.audit_chain import GENESIS, Head, verify_chain
from orgs.models import AuditEntry, Organization
from orgs.tenancy import tenant
from tests import factories

ENTRIES = 6
pytestmark = pytest.mark.django_db(databases=["default", "system", "owner"])


def write(organization: Organization, number: int, *, using: str = "default") -> int:
    return audit.record(
        organization=organization,
        actor=None,
        action="test",
        subject=f"number {number}",
        detail={"after": {"number": number}},
        ip="203.0.113.24",
        using=using,
    )


def verify(organization: Organization, expected: Head | None = None) -> str:
    return verify_chain(organization.pk, expected=expected, using="owner").fault


@pytest.fixture
def chain(request: pytest.FixtureRequest) -> Organization:
    """An organization with a handful of entries, written in the owner's own transaction."""
    request.getfixturevalue("db")
    organization = factories.organization("Contoso", slug="contoso")
    with transaction.atomic(using="owner"):
        assert [write(organization, number, using="owner") for number in range(ENTRIES)] == [1, 2, 3, 4, 5, 6]
    return organization


def tamper(*statements: str) -> None:
    """Do what an intruder with the owner's password does: take the guard away first."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE orgs_auditentry DISABLE TRIGGER refuse_change")
        for statement in statements:
            cursor.execute(statement)
        cursor.execute("ALTER TABLE orgs_auditentry ENABLE TRIGGER refuse_change")


@pytest.mark.control("C-AUD-2")
def test_a_whole_chain_is_confirmed(chain: Organization) -> None:
    report = verify_chain(chain.pk, using="owner")
    stored = bytes(AuditEntry.objects.using("owner").of(chain)[0].hash)
    assert report.fault == ""
    assert report.head == Head(seq=ENTRIES, hash=stored)
    assert verify(chain, expected=report.head) == ""


def test_an_empty_chain_is_confirmed(contoso: Organization) -> None:
    with tenant(contoso):
        assert verify_chain(contoso.pk).head == Head(seq=0, hash=GENESIS)


@pytest.mark.control("C-AUD-2")
@pytest.mark.parametrize(
    "change",
    [
        "subject = 'other'",
        "actor_label = 'Somebody'",
        "actor_id = gen_random_uuid()",
        "on_behalf_of = 'Nobody'",
        "action = 'other'",
        "ip = '203.0.113.25'",
        "ip = NULL",
        "detail = '{}'",
        "at = at + interval '1 microsecond'",
        "hash = sha256(hash)",
        "prev = sha256(prev)",
    ],
)
def test_an_edited_entry_is_found(chain: Organization, change: str) -> None:
    tamper(f"UPDATE orgs_auditentry SET {change} WHERE seq = 3")  # noqa: S608  # the table above
    assert "entry 3" in verify(chain)


@pytest.mark.control("C-AUD-2")
def test_a_removed_entry_is_found(chain: Organization) -> None:
    tamper("DELETE FROM orgs_auditentry WHERE seq = 3")
    assert verify(chain) == "entry 3 is missing"


@pytest.mark.control("C-AUD-2")
def test_a_removed_entry_is_found_when_the_rest_is_numbered_anew(chain: Organization) -> None:
    tamper(
        "DELETE FROM orgs_auditentry WHERE seq = 3",
        "UPDATE orgs_auditentry SET seq = 3 WHERE seq = 4",
        "UPDATE orgs_auditentry SET seq = 4 WHERE seq = 5",
        "UPDATE orgs_auditentry SET seq = 5 WHERE seq = 6",
    )
    assert verify(chain) == "entry 3 does not follow from the one before"


@pytest.mark.control("C-AUD-2")
def test_an_inserted_entry_is_found(chain: Organization) -> None:
    tamper(
        """INSERT INTO orgs_auditentry (id, organization_id, seq, at, actor_label, on_behalf_of, action,
               subject, detail, prev, hash)
           SELECT gen_random_uuid(), organization_id, seq + 1, at, actor_label, '', action,
               'never happened', detail, hash, sha256(hash) FROM orgs_auditentry ORDER BY seq DESC LIMIT 1"""
    )
    assert verify(chain) == f"entry {ENTRIES + 1} was changed"


@pytest.mark.control("C-AUD-2")
def test_reordered_entries_are_found(chain: Organization) -> None:
    tamper(
        "UPDATE orgs_auditentry SET seq = 99 WHERE seq = 2",
        "UPDATE orgs_auditentry SET seq = 2 WHERE seq = 3",
        "UPDATE orgs_auditentry SET seq = 3 WHERE seq = 99",
    )
    assert verify(chain) == "entry 2 does not follow from the one before"


@pytest.mark.control("C-AUD-2")
def test_a_cut_tail_is_found_against_the_printed_head(chain: Organization) -> None:
    printed = verify_chain(chain.pk, using="owner").head
    tamper("DELETE FROM orgs_auditentry WHERE seq > 4")
    assert verify(chain) == ""
    assert verify(chain, expected=printed) == f"the printed entry {ENTRIES} is not in the chain"


@pytest.mark.control("C-AUD-3")
@pytest.mark.django_db(transaction=True)
def test_eight_parallel_writers_leave_no_gap_and_no_fork(contoso: Organization) -> None:
    def work(writer: int) -> None:
        try:
            for number in range(10):
                with tenant(contoso):
                    write(contoso, writer * 100 + number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    with tenant(contoso):
        report = verify_chain(contoso.pk)
        assert AuditEntry.objects.values("subject").distinct().count() == 80
    assert (report.fault, report.head.seq) == ("", 80)


@pytest.mark.control("C-AUD-2")
@pytest.mark.django_db(transaction=True)
def test_audit_verify_prints_heads_and_finds_faults(chain: Organization) -> None:
    out, err = StringIO(), StringIO()
    call_command("audit_verify", stdout=out)
    line = next(line for line in out.getvalue().splitlines() if line.startswith("contoso:"))
    call_command("audit_verify", "contoso", head=[line], stdout=StringIO())
    tamper("UPDATE orgs_auditentry SET subject = 'other' WHERE seq = 1")
    with pytest.raises(SystemExit) as ended:
        call_command("audit_verify", stdout=out, stderr=err)
    assert ended.value.code == 1
    assert "contoso:0:" in err.getvalue()
    assert "entry 1 was changed" in err.getvalue()


@pytest.mark.django_db
@pytest.mark.parametrize(("options", "words"), [((["nowhere"]), "nowhere"), ((["--head", "x:y"]), "SLUG")])
def test_audit_verify_names_what_it_cannot_read(options: list[str], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("audit_verify", *options)
