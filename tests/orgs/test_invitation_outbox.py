"""An invitation's mail lies in the platform's outbox, sealed, and not in the inviting organization's."""

from __future__ import annotations

import pytest
from pytest_django.fixtures import Settings

from notifications.models import Notification
from orgs.models import Organization, User
from orgs.services import invite, platform_organization_id
from orgs.tenancy import tenant


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("email", ["new@contoso.example", "o'neil+x@contoso.example", "a@müller.example"])
def test_the_mail_of_an_invitation_is_the_platforms_and_its_text_stays_secret(
    contoso: Organization, owner: User, settings: Settings, email: str
) -> None:
    settings.EMAIL_BACKEND = "notifications.backend.OutboxBackend"
    invite(organization=contoso, email=email, role="owner", actor=owner)
    with tenant(contoso):
        assert not Notification.objects.of(contoso).exists()
    platform = platform_organization_id()
    with tenant(platform):
        queued = Notification.objects.of(platform).get()
    assert queued.subject.startswith("Your invitation to Contoso")
    assert queued.secret_content
