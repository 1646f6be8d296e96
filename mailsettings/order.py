"""The order of an organization's connections: the primary one first, then the others by their place."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Case, Max, Value, When

from mailsettings.models import Connection, Rank

# By what connections are sorted: the primary one first, then the others by their place.
IN_ORDER = (Case(When(rank=Rank.PRIMARY, then=Value(0)), default=Value(1)), "place", "created_at", "pk")


def ordered(organization_id: UUID) -> list[Connection]:
    """List the connections in their order, whatever their rank and whether they are enabled."""
    return list(Connection.objects.of(organization_id).select_related("updated_by").order_by(*IN_ORDER))


def next_place(organization_id: UUID) -> int:
    """Give the place after the last one, for a new connection."""
    last = Connection.objects.of(organization_id).aggregate(last=Max("place"))["last"]
    return (last or 0) + 1


def course(
    rows: Sequence[Connection], route_id: UUID | None, *, falls_back: bool = True, default_last: bool = False
) -> list[Connection | None]:
    """Give what mail is tried with in turn: a rule's connection, then the order, where that may take over.

    Args:
        rows: the connections as `ordered` lists them.
        route_id: the connection a rule chose, whether or not it is enabled; None is mail of the order.
        falls_back: whether the order may take over from the rule's connection.
        default_last: whether the system default mailer, which is None in the answer, comes at the end.
    """
    first = [row for row in rows if row.pk == route_id]
    if first and not falls_back:
        return [*first]
    order = [row for row in rows if row.enabled and row.rank != Rank.ADDITIONAL and row.pk != route_id]
    found = first + order
    return [*found, None] if found and default_last else [*found]


def make_primary(connection: Connection) -> None:
    """Give a connection the first place; the former primary one takes its place and rank.

    So nothing becomes a backup that nobody made one. The caller holds the lock of the mail settings, and
    saves the connection's row.
    """
    rows = Connection.objects.of(connection.organization_id)
    former = rows.filter(rank=Rank.PRIMARY).exclude(pk=connection.pk).first()
    if former is not None:
        rows.filter(pk=former.pk).update(rank=connection.rank, place=connection.place)
        connection.place = former.place
    connection.rank, connection.enabled = Rank.PRIMARY, True


def number(rows: list[Connection]) -> None:
    """Number the places of connections as they are listed."""
    for place, row in enumerate(rows, 1):
        if row.place != place:
            row.place = place
            Connection.objects.of(row.organization_id).filter(pk=row.pk).update(place=place)
