"""Kept connections that serve one organization after the other (C-TEN-4)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection, connections

from orgs.models import Event, Organization
from orgs.tenancy import tenant
from tests import factories

COUNT = "SELECT count(*), count(*) FILTER (WHERE organization_id <> %s) FROM orgs_event"


def visible() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM orgs_event")
        found: int = cursor.fetchone()[0]
    return found


def event(of: Organization) -> Event:
    with tenant(of):
        return Event.objects.create(organization=of, kind="test")


@pytest.mark.control("C-TEN-4")
@pytest.mark.django_db(transaction=True)
def test_a_thousand_alternations_on_two_kept_connections_never_cross() -> None:
    """Two threads take turns between two organizations, each on its own re-used connection."""
    both = [factories.organization() for _ in range(2)]
    for number, organization in enumerate(both):
        for _ in range(number + 1):
            event(organization)
    expected = {organization.pk: number + 1 for number, organization in enumerate(both)}
    start = Barrier(2)

    def alternate(first: int) -> tuple[int, int]:
        start.wait(timeout=30)
        wrong, backends = 0, set()
        try:
            for turn in range(500):
                wanted = both[(first + turn) % 2].pk
                backends.add(connections["default"].connection and backend())
                with tenant(wanted), connections["default"].cursor() as cursor:
                    cursor.execute(COUNT, [wanted])
                    rows, foreign = cursor.fetchone()
                wrong += foreign + (rows != expected[wanted]) + visible()
        finally:
            connections.close_all()
        return wrong, len(backends - {None})

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(alternate, (0, 1)))
    assert results == [(0, 1), (0, 1)]


def backend() -> int:
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        number: int = cursor.fetchone()[0]
    return number
