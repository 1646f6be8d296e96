"""Pressing twice, or two people at once: everybody gets an answer, and there is one open row."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from orgs import invitations
from orgs.models import ActingAs, Invitation, Organization, User
from orgs.services import enter_organization, invite
from orgs.tenancy import tenant

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 6


def at_once(act: Callable[[], object]) -> None:
    """Do the same in several threads; a failure of one is raised here."""

    def run() -> None:
        try:
            act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for done in [pool.submit(run) for _ in range(AT_ONCE)]:
            done.result(timeout=30)


def test_one_address_is_invited_by_many_at_once(
    contoso: Organization, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invitations, "_send_after_commit", lambda _mail: None)
    at_once(lambda: invite(organization=contoso, email="new@example.com", role="read_only", actor=owner))
    with tenant(contoso):
        rows = Invitation.objects.of(contoso)
        assert (rows.count(), rows.filter(withdrawn_at=None).count()) == (AT_ONCE, 1)


@pytest.mark.control("C-TEN-8")
def test_a_super_admin_who_presses_many_times_acts_once(contoso: Organization, super_admin: User) -> None:
    at_once(lambda: enter_organization(user=super_admin, organization_id=contoso.pk, reason="Case 4471"))
    with tenant(contoso):
        rows = ActingAs.objects.of(contoso)
        assert (rows.count(), rows.filter(ended_at=None).count()) == (AT_ONCE, 1)
