"""Whoever removes a next secret while it takes over never leaves a connection without any (NEW-5)."""

from __future__ import annotations

import threading

import pytest
from django.db import connections

from mailsettings.models import StoredSecret
from mailsettings.secret_slots import drop_next
from orgs.tenancy import tenant
from tests.mailsettings.next_secret import SecretAdmin
from tests.notifications.stories import at_once, eventually

pytestmark = pytest.mark.django_db(transaction=True)


WAITING = """
SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')
"""


def somebody_waits() -> bool:
    """Say whether a transaction waits for what another one locked."""
    with connections["default"].cursor() as cursor:
        # Within a transaction the view shows what it showed first.
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(WAITING)
        return bool(cursor.fetchone()[0])


@pytest.mark.feature("NEW-5")
def test_a_next_secret_removed_while_it_takes_over_leaves_the_current_one(keeper: SecretAdmin) -> None:
    keeper.tested(keeper.store())
    removed = threading.Event()

    def remove() -> None:
        with tenant(keeper.organization):
            assert drop_next(keeper.connection)
            removed.set()
            eventually(somebody_waits)

    def use() -> None:
        assert removed.wait(10)
        keeper.use()

    at_once(remove, use)
    assert set(keeper.slots()) == {False}
    assert keeper.read().version == 1


@pytest.mark.feature("NEW-5")
def test_a_next_secret_that_takes_over_while_it_is_removed_stays(keeper: SecretAdmin) -> None:
    keeper.tested(keeper.store())
    swapped = threading.Event()

    def swap() -> None:
        with tenant(keeper.organization):
            rows = StoredSecret.objects.of(keeper.organization)
            rows.filter(is_next=False).delete()
            rows.update(is_next=False)
            swapped.set()
            eventually(somebody_waits)

    def remove() -> None:
        assert swapped.wait(10)
        keeper.browser.post(keeper.url("remove_next_secret"))

    at_once(swap, remove)
    assert set(keeper.slots()) == {False}
