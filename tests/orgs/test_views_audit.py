"""The audit trail on the screen."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from orgs import audit
from orgs.models import Organization, Role, User
from orgs.tenancy import tenant
from orgs.views_audit import PAGE
from orgs.wording import Change, changes, words_of
from tests import factories

ClientOf = Callable[[User], Client]
AUDIT = "/organizations/contoso/audit/"


def write(organization: Organization, actor: User, *, count: int, action: str = "connection.changed") -> None:
    with tenant(organization):
        for number in range(count):
            audit.record(organization=organization, actor=actor, action=action, subject=f"entry {number:03}")


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.OWNER, 200), (Role.MAIL_ADMIN, 200), (Role.DELIVERIES, 403), (Role.READ_ONLY, 200)],
)
def test_audit_follows_the_table_of_roles(
    client_of: ClientOf, contoso: Organization, role: Role, status: int
) -> None:
    person = factories.user()
    factories.membership(person, contoso, role)
    assert client_of(person).get(AUDIT).status_code == status


def test_audit_shows_only_its_own_organization(
    client_of: ClientOf, owner: User, stranger: User, contoso: Organization
) -> None:
    write(contoso, owner, count=1)
    assert client_of(stranger).get(AUDIT).status_code == 404
    assert "entry 000" not in client_of(stranger).get("/organizations/fabrikam/audit/").content.decode()
    assert client_of(owner).post(AUDIT).status_code == 405


def test_audit_pages_by_a_cursor_without_gap_or_repetition(
    client_of: ClientOf, owner: User, contoso: Organization
) -> None:
    write(contoso, owner, count=PAGE + 5)
    client = client_of(owner)
    first = client.get(AUDIT)
    write(contoso, owner, count=1, action="connection.created")
    second = client.get(AUDIT, {"before": first.context["older"]})
    seen = [line.entry.seq for page in (first, second) for line in page.context["entries"]]
    assert seen == sorted(set(seen), reverse=True)
    assert len(seen) == PAGE + 5
    assert second.context["older"] is None


def test_audit_filters_by_action(client_of: ClientOf, owner: User, contoso: Organization) -> None:
    write(contoso, owner, count=2)
    write(contoso, owner, count=1, action="member.removed")
    client = client_of(owner)
    found = client.get(AUDIT, {"action": "member.removed"})
    assert [line.words for line in found.context["entries"]] == ["Removed a member"]
    assert "Nothing matches" in client.get(AUDIT, {"action": "absent"}).content.decode()


@pytest.mark.parametrize("before", ["", "0", "-1", "x", "9" * 40, "1\x00", "٣"])
@pytest.mark.parametrize("action", ["", "\x00", "'; DROP TABLE", "x" * 500])
def test_audit_takes_nonsense_calmly(client_of: ClientOf, owner: User, before: str, action: str) -> None:
    assert client_of(owner).get(AUDIT, {"before": before, "action": action}).status_code == 200


def test_detail_puts_before_and_after_side_by_side() -> None:
    recorded = {
        "before": {"role": "owner", "on": False},
        "after": {"role": "read_only", "on": True},
        "reason": "",
    }
    assert changes(recorded) == [
        Change(label="Role", before="Owner", after="Read only"),
        Change(label="On", before="off", after="on"),
        Change(label="Reason", before="", after="none"),
    ]


def test_action_without_words_is_still_readable() -> None:
    assert words_of("dead_letter.moved_away") == "Dead letter: moved away"
