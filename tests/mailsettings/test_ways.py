"""Which way mail leaves: the organization's own connection, the default mailer, or none yet."""

from __future__ import annotations

import pytest

from mailsettings.models import Connection, StoredSecret
from mailsettings.services import switch_off
from mailsettings.ways import NoWayOut, mail_settings, still_current, way_out
from notifications.drain import drain
from notifications.models import Notification, Status
from notifications.services import enqueue
from orgs.models import Organization, User
from orgs.services import grant_custom_mail
from orgs.tenancy import tenant
from sandbox.inbox import Inbox
from tests import factories
from tests.plugin_sandbox import Sandbox, smtp_values


def send(organization: Organization) -> None:
    """Queue one notification and let a worker take its turn."""
    enqueue(organization=organization, to="reader@example.com", subject="Hello", text="x")
    drain(organization.pk)


@pytest.mark.feature("CIR-2", "CIR-23")
@pytest.mark.django_db(transaction=True)
def test_the_add_on_decides_in_both_directions_and_nothing_stored_is_lost(
    contoso: Organization, owner: User, super_admin: User, sandbox: Sandbox
) -> None:
    own, platform = Inbox(None), Inbox(None)
    sandbox.default_mailer(sandbox.smtp(inbox=platform))
    factories.connection(contoso, "smtp", smtp_values(sandbox.smtp(inbox=own)), by=owner)
    send(contoso)
    assert (len(own), len(platform)) == (1, 0)
    grant_custom_mail(organization_id=contoso.pk, granted=False, actor=super_admin)
    send(contoso)
    assert (len(own), len(platform)) == (1, 1)
    assert platform[0].envelope_from == "platform@mailroom.example"
    with tenant(contoso):
        assert Connection.objects.of(contoso).count() == StoredSecret.objects.of(contoso).count() == 1
    grant_custom_mail(organization_id=contoso.pk, granted=True, actor=super_admin)
    send(contoso)
    assert (len(own), len(platform)) == (2, 1)


@pytest.mark.feature("CIR-1", "CIR-23")
@pytest.mark.django_db
def test_with_the_switch_off_mail_goes_by_the_default_mailer(
    contoso: Organization, owner: User, sandbox: Sandbox
) -> None:
    own, platform = Inbox(None), Inbox(None)
    sandbox.default_mailer(sandbox.smtp(inbox=platform))
    factories.connection(contoso, "smtp", smtp_values(sandbox.smtp(inbox=own)), by=owner)
    before = way_out(contoso.pk)
    with tenant(contoso):
        version = mail_settings(contoso.pk).version
        assert still_current(before)
        switch_off(organization=contoso, user=owner, expected_version=version)
        assert not still_current(before)
    send(contoso)
    assert (len(own), len(platform)) == (0, 1)


@pytest.mark.django_db
def test_without_a_default_mailer_mail_is_held_with_that_reason_and_never_failed(
    contoso: Organization,
) -> None:
    send(contoso)
    with pytest.raises(NoWayOut) as closed:
        way_out(contoso.pk)
    assert closed.value.code == "default_mailer_missing"
    with tenant(contoso):
        row = Notification.objects.of(contoso).get()
        assert (row.status, row.attempts) == (Status.QUEUED, 0)


@pytest.mark.django_db
def test_switched_on_without_a_connection_nothing_falls_back_in_silence(
    contoso: Organization, owner: User, sandbox: Sandbox
) -> None:
    platform = Inbox(None)
    sandbox.default_mailer(sandbox.smtp(inbox=platform))
    factories.connection(contoso, "smtp", smtp_values(sandbox.smtp()), by=owner)
    with tenant(contoso):
        Connection.objects.of(contoso).delete()
    send(contoso)
    with pytest.raises(NoWayOut) as closed:
        way_out(contoso.pk)
    assert closed.value.code == "no_connection"
    assert len(platform) == 0
