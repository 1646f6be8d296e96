"""A next secret takes over in mid-turn: nobody's mail stops, and no consent comes back by it (NEW-5)."""

from __future__ import annotations

import pytest
from django.utils import timezone

from mailsettings.connections.ordering import choose_rank
from mailsettings.models import Connection, Rank, StoredSecret
from mailsettings.plan import plan_out
from mailsettings.secret_slots import slots, store_next
from mailsettings.ways import still_current, way_out
from orgs.models import Organization, User
from orgs.services import platform_organization_id
from orgs.tenancy import tenant
from providers import SecretText
from sandbox.microsoft import Microsoft
from tests import factories
from tests.mailsettings.next_secret import LATER, NEXT, TODAY
from tests.notifications.backups import join
from tests.plugin_sandbox import Sandbox, graph_values

pytestmark = pytest.mark.django_db(transaction=True)


def ending_today(organization: Organization, microsoft: Microsoft, owner: User) -> Connection:
    """Save a connection whose secret ends today and whose next one passed its test."""
    values = graph_values(microsoft, secret_expires_on=TODAY.isoformat())
    row = factories.connection(organization, "graph", values, by=owner)
    with tenant(organization):
        waiting = store_next(
            connection=row, secret=SecretText(NEXT), expires_on=LATER, version=row.version, user=owner
        )
        slots(organization.pk, row.pk).filter(pk=waiting.pk).update(tested_at=timezone.now())
    return row


def took_over(connection: Connection) -> bool:
    """Say whether the next secret is the current one, alone."""
    with tenant(connection.organization_id):
        rows = StoredSecret.objects.of(connection.organization_id).filter(connection=connection)
        return [row.is_next for row in rows] == [False]


@pytest.mark.feature("NEW-5")
def test_the_day_of_the_default_mailers_secret_stops_nobodys_mail(
    contoso: Organization, owner: User, two_secrets: Microsoft
) -> None:
    with tenant(platform_organization_id()) as key:
        platform = Organization.objects.get(pk=key)
    row = ending_today(platform, two_secrets, owner)
    # SMTP of Contoso is off.
    way = way_out(contoso.pk)
    assert (way.is_default_mailer, way.connection_id) == (True, row.pk)
    assert way.settings.client_secret == SecretText(NEXT)  # type: ignore[attr-defined]  # Graph's settings
    assert took_over(row)
    with tenant(contoso):
        assert still_current(way)


@pytest.mark.control("C-DEL-11")
def test_a_swap_does_not_bring_a_consent_back_that_was_withdrawn_since_the_plan_was_read(
    contoso: Organization, owner: User, two_secrets: Microsoft, sandbox: Sandbox
) -> None:
    row = ending_today(contoso, two_secrets, owner)
    join(contoso, sandbox, "First", Rank.PRIMARY)
    with tenant(contoso):
        choose_rank(connection=row, rank=Rank.BACKUP, user=owner)
    plan = plan_out(contoso.pk)
    assert len(plan) == 2
    with tenant(contoso):
        choose_rank(connection=row, rank=Rank.ADDITIONAL, user=owner)
    backup = plan.way(1)
    assert took_over(row)
    with tenant(contoso):
        assert not still_current(backup)
    assert len(plan_out(contoso.pk)) == 1
