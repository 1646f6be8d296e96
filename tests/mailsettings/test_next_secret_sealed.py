"""A next secret opens in its own slot, for its own destination, and nowhere else (C-CRY-2, C-CRY-3)."""

from __future__ import annotations

import pytest
from django.db import connections

from mailsettings.models import StoredSecret
from notifications.models import Status
from orgs.models import Organization, User
from orgs.tenancy import tenant
from sandbox.microsoft import Microsoft
from tests import factories
from tests.mailsettings.next_secret import SecretAdmin, send
from tests.plugin_sandbox import CLIENT_ID, CLIENT_SECRET, graph_values

pytestmark = pytest.mark.django_db


@pytest.mark.feature("NEW-5")
@pytest.mark.control("C-CRY-3")
def test_a_changed_destination_drops_the_next_secret(
    keeper: SecretAdmin, contoso: Organization, owner: User, two_secrets: Microsoft
) -> None:
    keeper.tested(keeper.store())
    other = two_secrets.add_tenant("22222222-aaaa-4bbb-8ccc-333333333333", "elsewhere.example")
    two_secrets.add_app(other, CLIENT_ID, CLIENT_SECRET)
    moved = graph_values(two_secrets, access_url=other.id)
    factories.connection(contoso, "graph", moved, by=owner)
    assert set(keeper.slots()) == {False}
    # A page from before the move stores nothing for a place its reader has not seen.
    assert keeper.store(version=1).status_code == 409
    assert set(keeper.slots()) == {False}


def swapped_blobs(keeper: SecretAdmin, *, from_next: bool) -> None:
    """Copy the sealed secret of one slot into the other, as somebody who can write the tables would."""
    slots = keeper.slots()
    with tenant(keeper.organization), connections["default"].cursor() as cursor:
        cursor.execute(
            "UPDATE mailsettings_storedsecret SET blob = %s WHERE id = %s",
            [bytes(slots[from_next].blob), slots[not from_next].pk],
        )


@pytest.mark.feature("NEW-5")
@pytest.mark.control("C-CRY-2")
def test_a_sealed_secret_of_one_slot_opens_nothing_in_the_other(
    keeper: SecretAdmin, two_secrets: Microsoft
) -> None:
    keeper.tested(keeper.store())
    swapped_blobs(keeper, from_next=False)
    assert "There is no next secret any more" in keeper.use()
    assert set(keeper.slots()) == {False}
    assert keeper.audited()[0] == "secret.unreadable"
    keeper.store()
    swapped_blobs(keeper, from_next=True)
    assert [row.status for row in send(keeper)] == [Status.QUEUED]
    assert keeper.read().held_code == "secret_unreadable"
    tokens_asked = len(two_secrets.token_requests)
    send(keeper)
    assert len(two_secrets.token_requests) == tokens_asked


@pytest.mark.feature("NEW-5")
@pytest.mark.control("C-CRY-2")
def test_a_next_secret_made_the_current_one_by_sql_opens_nothing(keeper: SecretAdmin) -> None:
    keeper.tested(keeper.store())
    with tenant(keeper.organization):
        rows = StoredSecret.objects.of(keeper.organization)
        rows.filter(is_next=False).delete()
        rows.update(is_next=False)
    assert [row.status for row in send(keeper)] == [Status.QUEUED]
    assert keeper.read().held_code == "secret_unreadable"
