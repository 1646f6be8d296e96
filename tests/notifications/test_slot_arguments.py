"""The database's own functions for slots take no argument that would harm who else uses a connection."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connections
from django.utils import timezone

from mailsettings.models import Connection
from mailsettings.ways import Way
from notifications import slots
from notifications.models import ConnectionGrant, ConnectionLimit, ConnectionSlot
from orgs.models import Organization
from orgs.services import platform_organization_id
from orgs.tenancy import tenant
from tests.notifications.stories import connect, way

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("reachable"),
    pytest.mark.control("C-TEN-5"),
]
HOUR = 3600


@pytest.fixture
def shared(contoso: Organization, fabrikam: Organization, settings: Any) -> Way:
    """The default mailer with ten messages a minute, as Contoso uses it."""
    settings.DEFAULT_MAILER_URL = "smtp://user:secret@127.0.0.1:2525?from=platform@mailroom.example"
    chosen = way(contoso)
    platform = platform_organization_id()
    with tenant(platform):
        row = Connection.objects.of(platform).get()
        ConnectionLimit.objects.create(connection=row, organization_id=platform, per_minute=10)
    return chosen


def enter(chosen: Way, *, wanted: int = 1) -> tuple[UUID, int]:
    """Take a session; gives its token and the permits."""
    token = uuid4()
    with tenant(chosen.user_id):
        return token, slots.enter(chosen, token, wanted=wanted).permits


def call(chosen: Way, statement: str, *told: UUID | None) -> None:
    """Call a function past everything that is careful."""
    with tenant(chosen.user_id), connections["default"].cursor() as cursor:
        cursor.execute(statement, told)


def owned(model: Any) -> Any:
    return model.objects.using("owner")


def test_nobody_keeps_a_session_of_the_default_mailer_for_days(shared: Way, settings: Any) -> None:
    settings.DELIVERY_LEASE_SECONDS = 30 * 24 * HOUR
    enter(shared)
    soon = timezone.now() + timedelta(seconds=HOUR + 61)
    assert owned(ConnectionSlot).get().until < soon
    assert owned(ConnectionGrant).get().until < soon


@pytest.mark.parametrize("wanted", [-1000, 0])
def test_who_wants_less_than_nothing_makes_no_room(shared: Way, wanted: int) -> None:
    assert enter(shared, wanted=wanted)[1] == 0
    assert not owned(ConnectionGrant).filter(amount__lt=0).exists()
    assert enter(shared, wanted=50)[1] == 10


def test_spending_and_reserving_less_than_nothing_makes_no_room(shared: Way) -> None:
    token, given = enter(shared, wanted=10)
    assert given == 10
    call(shared, "SELECT spend_permits(%s, %s, -500, -500)", shared.connection_id, token)
    call(shared, "SELECT reserve_upload(%s, %s, -500, 150, 60)", shared.connection_id, token)
    assert not owned(ConnectionGrant).filter(amount__lt=0).exists()
    assert max(owned(ConnectionGrant).values_list("amount", flat=True)) == 10


def test_a_session_spends_permits_of_its_own_connection_only(shared: Way, fabrikam: Organization) -> None:
    connect(fabrikam)
    token, _given = enter(shared)
    other = way(fabrikam)
    call(shared, "SELECT spend_permits(%s, %s, 1000000, 1000000)", other.connection_id, token)
    assert not owned(ConnectionGrant).filter(connection_id=other.connection_id).exists()


def test_a_rest_without_an_end_is_over_in_a_day(shared: Way) -> None:
    token, _given = enter(shared)
    with tenant(shared.user_id):
        slots.rest(shared, token, float("inf"))
    platform = owned(ConnectionLimit).get()
    assert platform.rest_until < timezone.now() + timedelta(seconds=24 * HOUR + 1)
