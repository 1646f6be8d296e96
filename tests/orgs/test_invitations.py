"""Invitations: one address, one link, one place, once."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.conf import settings as product
from django.core import mail
from django.core.exceptions import ValidationError
from pytest_django.fixtures import Settings

from orgs import invitations
from orgs.models import AuditEntry, Invitation, Membership, Organization, User
from orgs.services import (
    accept_invitation,
    find_invitation,
    invite,
    register_invited,
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


@pytest.mark.parametrize(
    "email",
    [
        "",
        "nobody",
        "a@b@c",
        "a@contoso.example\nb@contoso.example",
        "a\0@contoso.example",
        '"a"@contoso.example',
        "a@[127.0.0.1]",
        "a@localhost",
        f"{'a' * 65}@contoso.example",
        f"a@{'b.' * 130}example",
    ],
)
def test_what_is_no_address_is_refused(contoso: Organization, owner: User, email: str) -> None:
    with pytest.raises(ValidationError) as refused:
        invite(organization=contoso, email=email, role="owner", actor=owner)
    assert refused.value.message_dict == {"email": ["Enter an address like name@example.com."]}


def test_the_longest_address_is_invited_and_written_down(contoso: Organization, owner: User) -> None:
    email = f"{'a' * 64}@{'.'.join(['b' * 61] * 3)}.cc"
    assert len(email) == 253
    invite(organization=contoso, email=email, role="read_only", actor=owner)
    with tenant(contoso):
        assert AuditEntry.objects.of(contoso).filter(subject=email).count() == 1


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
