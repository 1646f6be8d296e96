"""Invitations: one address, one link, one place, once."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.conf import settings as product
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import connections
from django.db.models.functions import Now
from pytest_django.fixtures import Settings

from orgs import invitations
from orgs.entry import organization_of_invitation
from orgs.models import AuditEntry, Invitation, Membership, Organization, User
from orgs.services import (
    accept_invitation,
    find_invitation,
    invite,
    register_invited,
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


def test_the_mail_goes_to_the_address_with_a_link_of_ours(send: Send, contoso: Organization) -> None:
    token = send(" New@Contoso.example ")
    message = mail.outbox[0]
    assert message.to == ["new@contoso.example"]
    assert message.subject == f"Your invitation to Contoso on {product.PRODUCT_NAME}"
    assert "Org admin invites you to Contoso" in message.body
    assert f"{product.BASE_URL}/invitations/{token}/" in message.body
    with tenant(contoso):
        row = Invitation.objects.of(contoso).get()
        assert bytes(row.token_hash) not in token.encode()
        assert len(bytes(row.token_hash)) == 32
        assert [entry.action for entry in AuditEntry.objects.of(contoso)] == ["member.invited"]


def test_a_newline_in_a_name_stays_out_of_the_subject(
    owner: User, django_capture_on_commit_callbacks: Capture
) -> None:
    organization = factories.organization("Con\r\nBcc: all@example.com")
    with django_capture_on_commit_callbacks(execute=True):
        invite(organization=organization, email="a@contoso.example", role="owner", actor=owner)
    assert "\n" not in mail.outbox[0].subject
    assert mail.outbox[0].recipients() == ["a@contoso.example"]


@pytest.mark.parametrize("email", ["", "nobody", "a@b@c", "a@contoso.example\nb@contoso.example"])
def test_what_is_no_address_is_refused(contoso: Organization, owner: User, email: str) -> None:
    with pytest.raises(ValidationError) as refused:
        invite(organization=contoso, email=email, role="owner", actor=owner)
    assert refused.value.message_dict == {"email": ["Enter an address like name@example.com."]}


def test_a_member_is_not_invited_again(contoso: Organization, owner: User) -> None:
    with pytest.raises(ValidationError, match="member already"):
        invite(organization=contoso, email="OWNER@contoso.example", role="owner", actor=owner)


def test_a_day_has_its_limit(contoso: Organization, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invitations, "DAILY_LIMIT", 2)
    for number in range(2):
        invite(organization=contoso, email=f"a{number}@contoso.example", role="owner", actor=owner)
    with pytest.raises(ValidationError, match="2 invitations were sent in the last 24 hours"):
        invite(organization=contoso, email="a3@contoso.example", role="owner", actor=owner)


def test_accepting_gives_the_place_once(send: Send, contoso: Organization) -> None:
    person = factories.user("new@contoso.example")
    token = send()
    found = find_invitation(token)
    assert found
    assert (found.organization.name, found.email, found.role) == ("Contoso", person.email, "mail_admin")
    membership = accept_invitation(token=token, user=person)
    assert (membership.organization_id, membership.role) == (contoso.pk, "mail_admin")
    assert find_invitation(token) is None
    with pytest.raises(ValidationError, match="was used"):
        accept_invitation(token=token, user=person)


def test_another_address_cannot_accept(send: Send, contoso: Organization, stranger: User) -> None:
    token = send()
    with pytest.raises(ValidationError, match=r"is for new@contoso\.example"):
        accept_invitation(token=token, user=stranger)
    assert find_invitation(token) is not None


def test_registering_makes_the_account_and_the_place(send: Send, contoso: Organization) -> None:
    token = send("New.Person@contoso.example")
    person = register_invited(token=token, name=" New person ", password=factories.PASSWORD)
    assert (person.email, person.name) == ("new.person@contoso.example", "New person")
    assert person.check_password(factories.PASSWORD)
    assert not person.is_super_admin
    with tenant(contoso):
        assert Membership.objects.of(contoso).get(user=person).role == "mail_admin"


def test_registering_names_the_field_of_a_weak_password(send: Send) -> None:
    token = send()
    with pytest.raises(ValidationError) as refused:
        register_invited(token=token, name="New", password="password")
    assert list(refused.value.message_dict) == ["password"]
    assert not User.objects.filter(email="new@contoso.example").exists()
    assert find_invitation(token) is not None


def test_registering_twice_is_refused(send: Send) -> None:
    factories.user("new@contoso.example")
    with pytest.raises(ValidationError, match="Sign in to accept"):
        register_invited(token=send(), name="New", password=factories.PASSWORD)


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
