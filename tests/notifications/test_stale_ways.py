"""A way that is no longer as it was read gets no session: nobody signs in with what was overtaken."""

from __future__ import annotations

import pytest
from django.utils import timezone

from mailsettings.models import Connection, MailSettings
from notifications.delivery import claim
from notifications.drain import turn
from notifications.models import Status
from notifications.slots import WayChanged
from orgs.models import Organization
from orgs.tenancy import tenant
from sandbox.smtp import SmtpServer
from tests.notifications.stories import connect_to, look, queue, way

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ready(contoso: Organization, server: SmtpServer) -> Organization:
    connect_to(contoso, server)
    return contoso


@pytest.mark.parametrize(
    "changed",
    [
        {"held_code": "auth_failed", "held_since": timezone.now()},
        {"enabled": False},
        # Past the forms, so that the version stays.
        {"settings": {"host": "elsewhere.example"}},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_way_that_changed_meanwhile_gets_no_slot(ready: Organization, changed: dict[str, object]) -> None:
    queue(ready)
    before = way(ready)
    with tenant(ready):
        Connection.objects.of(ready).update(**changed)
    with pytest.raises(WayChanged):
        claim(before)
    assert turn(ready.pk).more is False


@pytest.mark.parametrize("changed", [{"is_active": False}, {"custom_mail": False}], ids=str)
def test_an_organization_that_changed_meanwhile_gets_no_slot(
    ready: Organization, changed: dict[str, object]
) -> None:
    queue(ready)
    before = way(ready)
    Organization.objects.using("owner").filter(pk=ready.pk).update(**changed)
    with pytest.raises(WayChanged):
        claim(before)


def test_settings_that_were_saved_meanwhile_open_no_session(ready: Organization, server: SmtpServer) -> None:
    row = queue(ready)
    before = way(ready)
    with tenant(ready):
        MailSettings.objects.of(ready).update(version=before.settings_version + 1)
    with pytest.raises(WayChanged):
        claim(before)
    assert turn(ready.pk).more is False
    assert look(row).status == Status.ACCEPTED
    assert len(server.sessions) == 1
