"""tenant(): one organization's rows, for as long as the block lasts (C-TEN-4, foundation notes §4)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError, ProgrammingError

from orgs.entry import memberships_of
from orgs.ids import uuid7
from orgs.models import Event, Membership, Organization, TenantQuerySet, User
from orgs.tenancy import SYSTEM, TenancyError, current_organization_id, tenant


@contextmanager
def nothing_is_visible() -> Iterator[None]:
    """Look with plain SQL, before and after: no organization, no rows."""
    assert visible() == 0
    yield
    assert visible() == 0
    assert current_organization_id() is None


def visible() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM orgs_event")
        found: int = cursor.fetchone()[0]
    return found


def event(of: Organization) -> Event:
    with tenant(of):
        return Event.objects.create(organization=of, kind="test")


def lose(organization: Organization) -> None:
    """Write a row and fail, as a broken view does."""
    Event.objects.create(organization=organization, kind="lost")
    raise Stop


class Stop(Exception):  # a word of this story
    """What a failing view raises."""


@pytest.mark.control("C-TEN-4")
def test_rows_are_visible_inside_their_own_block_only(contoso: Organization, fabrikam: Organization) -> None:
    mine, theirs = event(contoso), event(fabrikam)
    with nothing_is_visible():
        for organization, row in ((contoso, mine), (fabrikam, theirs)):
            with tenant(organization.pk):
                assert list(Event.objects.all()) == [row]
                assert current_organization_id() == organization.pk


@pytest.mark.control("C-TEN-4")
def test_without_a_block_an_insert_is_refused(contoso: Organization) -> None:
    with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
        Event.objects.create(organization=contoso, kind="test")


@pytest.mark.control("C-TEN-4")
def test_inside_a_block_rows_of_others_cannot_be_inserted_moved_or_removed(
    contoso: Organization, fabrikam: Organization
) -> None:
    mine, theirs = event(contoso), event(fabrikam)
    with tenant(contoso):
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            Event.objects.create(organization=fabrikam, kind="test")
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            Event.objects.filter(pk=mine.pk).update(organization=fabrikam)
        assert Event.objects.filter(pk=theirs.pk).update(kind="mine now") == 0
        assert Event.objects.filter(pk=theirs.pk).delete()[0] == 0
    with tenant(fabrikam):
        assert Event.objects.get().kind == "test"


@pytest.mark.control("C-TEN-4")
@pytest.mark.django_db(transaction=True)
def test_nothing_stays_visible_after_commit_rollback_and_exception(contoso: Organization) -> None:
    event(contoso)
    with nothing_is_visible(), tenant(contoso):
        assert visible() == 1
    with nothing_is_visible(), pytest.raises(Stop), tenant(contoso):
        lose(contoso)
    with nothing_is_visible(), pytest.raises(DatabaseError), tenant(contoso), connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")
    with nothing_is_visible(), tenant(contoso):
        transaction.set_rollback(True)
    with tenant(contoso):
        assert [row.kind for row in Event.objects.all()] == ["test"]


@pytest.mark.control("C-TEN-4")
@pytest.mark.django_db(transaction=True)
def test_a_rollback_to_a_savepoint_keeps_the_block(contoso: Organization) -> None:
    event(contoso)
    with nothing_is_visible(), tenant(contoso):
        with pytest.raises(Stop), transaction.atomic():
            lose(contoso)
        assert visible() == 1
        Event.objects.create(organization=contoso, kind="kept")
    with tenant(contoso):
        assert {row.kind for row in Event.objects.all()} == {"test", "kept"}


@pytest.mark.control("C-TEN-4")
def test_under_a_test_case_the_setting_ends_with_the_block(contoso: Organization) -> None:
    """A released savepoint keeps SET LOCAL, so the block itself must end it."""
    event(contoso)
    with nothing_is_visible(), tenant(contoso):
        assert visible() == 1
    with nothing_is_visible(), pytest.raises(Stop), tenant(contoso):
        raise Stop


def test_the_same_organization_joins(contoso: Organization) -> None:
    with tenant(contoso), tenant(contoso.pk) as joined:
        assert joined == contoso.pk
        with transaction.atomic(), tenant(contoso):
            Event.objects.create(organization=contoso, kind="test")
        assert visible() == 1
    assert visible() == 0


@pytest.mark.django_db(transaction=True)
def test_leaving_an_inner_block_does_not_end_the_outer_one(contoso: Organization) -> None:
    with tenant(contoso):
        with tenant(contoso):
            event(contoso)
        assert visible() == 1


def test_another_organization_is_refused(contoso: Organization, fabrikam: Organization) -> None:
    with tenant(contoso), pytest.raises(TenancyError, match="another"), tenant(fabrikam):
        pytest.fail("entered")


@pytest.mark.django_db(transaction=True)
def test_a_foreign_transaction_is_refused(contoso: Organization) -> None:
    with transaction.atomic(), pytest.raises(TenancyError, match="own transaction"), tenant(contoso):
        pytest.fail("entered")


@pytest.mark.django_db(transaction=True)
def test_hooks_after_the_commit_may_open_another_organization(
    contoso: Organization, fabrikam: Organization
) -> None:
    with tenant(contoso):
        transaction.on_commit(lambda: event(fabrikam))
    with tenant(fabrikam):
        assert visible() == 1


@pytest.mark.django_db(transaction=True)
def test_the_person_before_a_block_is_forgotten_inside_it(owner: User, contoso: Organization) -> None:
    assert [place.organization for place in memberships_of(owner)] == [contoso]
    assert not Membership.objects.exists()
    with tenant(contoso), connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(current_setting('app.user', true), '')")
        assert cursor.fetchone()[0] == ""


@pytest.mark.control("C-TEN-1")
@pytest.mark.feature("NEW-17")
def test_each_wall_holds_alone(
    contoso: Organization, fabrikam: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The system's role sees all rows: here the code's filter stands alone.
    shared = Event.objects.using(SYSTEM)
    mine, theirs = (shared.create(organization=one, kind="test") for one in (contoso, fabrikam))
    assert set(shared.filter(pk__in=[mine.pk, theirs.pk])) == {mine, theirs}
    assert list(shared.of(contoso)) == [mine]
    # Here row security does: whatever the code asks for, nothing foreign is seen.
    mine, theirs = event(contoso), event(fabrikam)
    with tenant(contoso):
        monkeypatch.setattr(TenantQuerySet, "of", lambda rows, _organization: rows.all())
        assert list(Event.objects.of(fabrikam)) == [mine]
        assert not Event.objects.of(fabrikam).filter(pk=theirs.pk).exists()


@pytest.mark.django_db
def test_an_unknown_id_shows_nothing() -> None:
    nobody: UUID = uuid7()
    with tenant(nobody):
        assert visible() == 0
