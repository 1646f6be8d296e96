"""The one door to a tenant's rows: `with tenant(organization):`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from orgs.models import Organization

ALIAS = "default"
# The console, claiming and purging only; a test names every file that uses it.
SYSTEM = "system"
_OPEN = "_mailroom_organization_id"
OrganizationKey = Organization | UUID


class TenancyError(RuntimeError):
    """Rows of an organization were asked for in a place where it cannot be done safely."""


def organization_key(organization: OrganizationKey) -> UUID:
    """Give the id of an organization that is named by itself or by its id."""
    return organization.pk if isinstance(organization, Organization) else organization


@contextmanager
def tenant(organization: OrganizationKey) -> Iterator[UUID]:
    """Open the transaction in which exactly this organization's rows are visible.

    The same organization joins the open block; another one, or a foreign transaction, is refused.
    """
    organization_id = organization_key(organization)
    opened = current_organization_id()
    if opened is not None:
        if opened != organization_id:
            raise TenancyError("tenant() of one organization was opened inside tenant() of another.")
        yield organization_id
        return
    connection = connections[ALIAS]
    with outermost(connection), _setting(connection, "app.org", organization_id):
        setattr(connection, _OPEN, organization_id)
        try:
            yield organization_id
        finally:
            # Before the commit, so that its hooks may open a tenant of their own.
            setattr(connection, _OPEN, None)


def current_organization_id() -> UUID | None:
    """Tell whose rows are visible on this connection now."""
    # Kept on the connection: it belongs to the thread that holds the transaction, a context variable may not.
    organization_id: UUID | None = getattr(connections[ALIAS], _OPEN, None)
    return organization_id


def one_at_a_time(matter: str) -> None:
    """Wait, inside tenant(), until no other transaction of this organization is at the same matter."""
    organization_id = current_organization_id()
    if organization_id is None:
        raise TenancyError("one_at_a_time() is for transactions of an organization: open tenant() first.")
    with connections[ALIAS].cursor() as cursor:
        key = f"{matter} {organization_id}"
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])


@contextmanager
def person(user_id: UUID) -> Iterator[None]:
    """Open a transaction that shows a person's own memberships and live acting-as (`orgs.entry` only)."""
    connection = connections[ALIAS]
    with outermost(connection), _setting(connection, "app.user", user_id):
        yield


@contextmanager
def outermost(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Open the outermost transaction of this connection, or say who is in the way."""
    blocks = connection.atomic_blocks
    # Django lets a durable block pass under the transaction of its own test case, and only there.
    if blocks and not getattr(blocks[-1], "_from_testcase", False):
        raise TenancyError("tenant() opens its own transaction and cannot be used inside another one.")
    with transaction.atomic(using=connection.alias, durable=True):
        yield


@contextmanager
def _setting(connection: BaseDatabaseWrapper, name: str, value: UUID) -> Iterator[None]:
    """Set a variable of the policies for the rest of the transaction."""
    _set(connection, name, str(value))
    yield
    # Under a test case the block is only a savepoint, and a released savepoint keeps the value.
    if len(connection.atomic_blocks) > 1 and not connection.needs_rollback:
        _set(connection, name, "")


def _set(connection: BaseDatabaseWrapper, name: str, value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [name, value])
