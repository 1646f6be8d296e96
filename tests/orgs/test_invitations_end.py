"""When an invitation no longer opens anything."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import connections
from django.db.models.functions import Now
from pytest_django.fixtures import Settings

from orgs.entry import organization_of_invitation
from orgs.models import Invitation, Organization, User
from orgs.services import (
    accept_invitation,
    find_invitation,
    invite,
    withdraw_invitation,
)
from orgs.tenancy import tenant
from tests import factories

Capture = Callable[..., AbstractContextManager[Any]]
Send = Callable[..., str]


@pytest.fixture(autouse=True)
def _post_box(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


@pytest.fixture
def send(contoso: Organization, owner: User, django_capture_on_commit_callbacks: Capture) -> Send:
    """Invite somebody to Contoso and give the token of the link in the mail."""

    def invited(email: str = "new@contoso.example", role: str = "mail_admin", by: User | None = owner) -> str:
        with django_capture_on_commit_callbacks(execute=True):
            invite(organization=contoso, email=email, role=role, actor=by)
        found = re.search(r"/invitations/([\w-]+)/", str(mail.outbox[-1].body))
        assert found
        return found.group(1)

    return invited


@pytest.mark.parametrize("way", ["withdrawn", "too old", "sent anew", "suspended", "made up"])
def test_a_link_that_ended_opens_nothing(
    send: Send, contoso: Organization, owner: User, way: str, request: pytest.FixtureRequest
) -> None:
    token = send()
    with tenant(contoso):
        row = Invitation.objects.of(contoso).get()
    if way == "withdrawn":
        withdraw_invitation(organization=contoso, invitation_id=row.pk, actor=owner)
    elif way == "too old":
        with tenant(contoso):
            Invitation.objects.of(contoso).update(expires_at=Now() - timedelta(seconds=1))
    elif way == "sent anew":
        assert find_invitation(send()) is not None
    elif way == "suspended":
        request.getfixturevalue("suspend")(contoso)
    else:
        token = "A" * 43
    assert organization_of_invitation(token) is None
    assert find_invitation(token) is None
    with pytest.raises(ValidationError) as refused:
        accept_invitation(token=token, user=factories.user("new@contoso.example"))
    assert refused.value.code == "unusable"


@pytest.fixture
def suspend() -> Callable[[Organization], None]:
    """Suspend at once, on a connection of its own."""

    def now(organization: Organization) -> None:
        with factories._own_connection() as connection:
            connection.execute(
                "UPDATE orgs_organization SET is_active = false WHERE id = %s", [organization.pk]
            )

    return now


def test_an_invitation_elsewhere_cannot_be_withdrawn(
    send: Send, contoso: Organization, fabrikam: Organization, stranger: User
) -> None:
    token = send()
    with tenant(contoso):
        key = Invitation.objects.of(contoso).get().pk
    with pytest.raises(Invitation.DoesNotExist):
        withdraw_invitation(organization=fabrikam, invitation_id=key, actor=stranger)
    assert find_invitation(token) is not None


@pytest.mark.django_db(transaction=True)
def test_a_link_opens_once_when_pressed_twice_at_once(contoso: Organization) -> None:
    person = factories.user("new@contoso.example")
    invite(organization=contoso, email=person.email, role="owner", actor=None)
    found = re.search(r"/invitations/([\w-]+)/", str(mail.outbox[-1].body))
    assert found
    start = Barrier(2)

    def press(_number: int) -> str:
        start.wait(timeout=30)
        try:
            accept_invitation(token=found.group(1), user=person)
        except ValidationError:
            return "refused"
        finally:
            connections.close_all()
        return "done"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(press, (0, 1))) == ["done", "refused"]
