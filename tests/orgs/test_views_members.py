"""Members and invitations on the screen: owners only, one owner stays, links open once."""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import uuid4

import pytest
from django.core import mail
from django.test import Client

from orgs.models import AuditEntry, Invitation, Membership, Organization, Role, User
from orgs.tenancy import tenant
from tests import factories

ClientOf = Callable[[User], Client]
Capture = Callable[..., object]
MEMBERS = "/organizations/contoso/members/"


def membership_of(person: User, organization: Organization) -> Membership:
    with tenant(organization):
        return Membership.objects.of(organization).get(user=person)


def invited(client: Client, capture: Capture, *, email: str, role: str) -> str:
    with capture(execute=True):  # type: ignore[attr-defined]
        answer = client.post(MEMBERS, {"email": email, "role": role})
    assert answer.status_code == 302, answer.content.decode()
    link = re.search(r"https?://[^/\s]+(/invitations/\S+)", str(mail.outbox[-1].body))
    assert link
    return link[1]


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.OWNER, 200), (Role.MAIL_ADMIN, 403), (Role.DELIVERIES, 403), (Role.READ_ONLY, 403)],
)
def test_members_are_for_owners(client_of: ClientOf, contoso: Organization, role: Role, status: int) -> None:
    person = factories.user()
    factories.membership(person, contoso, role)
    answer = client_of(person).get(MEMBERS)
    assert answer.status_code == status
    if status == 403:
        assert "An owner of the organization can change your role." in answer.content.decode()


def test_strangers_find_nothing(
    client_of: ClientOf, owner: User, teammate: User, stranger: User, contoso: Organization
) -> None:
    client, mine = client_of(stranger), membership_of(teammate, contoso).pk
    for path in (MEMBERS, f"{MEMBERS}{mine}/remove/"):
        assert client.get(path).status_code == 404
    for path in (MEMBERS, f"{MEMBERS}{mine}/role/", f"{MEMBERS}{mine}/remove/"):
        assert client.post(path, {"role": "owner"}).status_code == 404
    # The same id at their own organization does not exist either.
    elsewhere = f"/organizations/fabrikam/members/{mine}/"
    assert client.post(f"{elsewhere}role/", {"role": "owner"}).status_code == 404
    assert client.post(f"{elsewhere}remove/").status_code == 404
    assert membership_of(teammate, contoso).role == Role.DELIVERIES


@pytest.mark.control("C-WEB-6")
def test_changes_take_a_post_with_a_token(owner: User, teammate: User, contoso: Organization) -> None:
    place = membership_of(teammate, contoso).pk
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(owner)
    assert strict.get(f"{MEMBERS}{place}/role/").status_code == 405
    assert strict.get(f"{MEMBERS}invitations/{uuid4()}/withdraw/").status_code == 405
    for path in (MEMBERS, f"{MEMBERS}{place}/role/", f"{MEMBERS}{place}/remove/"):
        answer = strict.post(path, {"role": "owner"})
        assert answer.status_code == 403
        assert "This form is too old" in answer.content.decode()


def test_role_is_changed_and_recorded(
    client_of: ClientOf, owner: User, teammate: User, contoso: Organization
) -> None:
    place = membership_of(teammate, contoso)
    page = client_of(owner).post(f"{MEMBERS}{place.pk}/role/", {"role": "mail_admin"}, follow=True)
    assert "Service desk: Mail admin." in page.content.decode()
    assert membership_of(teammate, contoso).role == Role.MAIL_ADMIN
    with tenant(contoso):
        entry = AuditEntry.objects.of(contoso).get(action="member.role_changed")
    assert entry.actor_id == owner.pk


@pytest.mark.parametrize("wanted", ["", "god", "owner\x00"])
def test_unknown_role_is_refused_with_a_sentence(
    client_of: ClientOf, owner: User, teammate: User, contoso: Organization, wanted: str
) -> None:
    place = membership_of(teammate, contoso)
    page = client_of(owner).post(f"{MEMBERS}{place.pk}/role/", {"role": wanted}, follow=True)
    assert "Choose one of the roles of the list." in page.content.decode()
    assert membership_of(teammate, contoso).role == Role.DELIVERIES


def test_last_owner_stays(client_of: ClientOf, owner: User, contoso: Organization) -> None:
    place = membership_of(owner, contoso)
    client = client_of(owner)
    assert f"{place.pk}/remove/" not in client.get(MEMBERS).content.decode()
    for path, values in (("role", {"role": "read_only"}), ("remove", {})):
        page = client.post(f"{MEMBERS}{place.pk}/{path}/", values, follow=True)
        assert "alert bad" in page.content.decode()
    assert membership_of(owner, contoso).role == Role.OWNER


def test_removing_asks_first_as_page_and_as_dialog(
    client_of: ClientOf, owner: User, teammate: User, contoso: Organization
) -> None:
    client, path = client_of(owner), f"{MEMBERS}{membership_of(teammate, contoso).pk}/remove/"
    page = client.get(path).content.decode()
    dialog = client.get(path, headers={"hx-request": "true"}).content.decode()
    assert "<h1>Remove Service desk</h1>" in page
    assert dialog.startswith("<dialog")
    assert "<html" not in dialog
    client.post(path)
    assert client_of(teammate).get("/organizations/contoso/").status_code == 404


def test_invited_newcomer_makes_an_account_and_is_in(
    client_of: ClientOf,
    owner: User,
    contoso: Organization,
    django_capture_on_commit_callbacks: Capture,
) -> None:
    path = invited(
        client_of(owner), django_capture_on_commit_callbacks, email="New@Contoso.example", role="mail_admin"
    )
    assert "new@contoso.example" in client_of(owner).get(MEMBERS).content.decode()
    newcomer = Client()
    page = newcomer.get(path).content.decode()
    assert "Join Contoso" in page
    weak = newcomer.post(path, {"name": "New", "password": "12345678"})
    assert weak.status_code == 422
    assert 'id="id_password_error"' in weak.content.decode()
    done = newcomer.post(path, {"name": "New one", "password": factories.PASSWORD}, follow=True)
    assert "You are now a member of Contoso." in done.content.decode()
    assert membership_of(User.objects.get(email="new@contoso.example"), contoso).role == Role.MAIL_ADMIN
    again = Client().get(path)
    assert again.status_code == 410
    assert "This invitation does not work" in again.content.decode()


def test_invited_person_with_an_account_signs_in_and_accepts(
    client_of: ClientOf,
    owner: User,
    stranger: User,
    contoso: Organization,
    django_capture_on_commit_callbacks: Capture,
) -> None:
    path = invited(
        client_of(owner), django_capture_on_commit_callbacks, email=stranger.email, role="read_only"
    )
    page = Client().get(path).content.decode()
    assert f"/accounts/login/?next={path}" in page
    assert 'name="password"' not in page
    other = client_of(owner).post(path)
    assert "You are signed in as" in other.content.decode()
    theirs = client_of(stranger)
    assert "Accept invitation" in theirs.get(path).content.decode()
    theirs.post(path)
    assert membership_of(stranger, contoso).role == Role.READ_ONLY


def test_withdrawn_invitation_opens_nothing(
    client_of: ClientOf,
    owner: User,
    contoso: Organization,
    django_capture_on_commit_callbacks: Capture,
) -> None:
    client = client_of(owner)
    path = invited(client, django_capture_on_commit_callbacks, email="it@contoso.example", role="deliveries")
    with tenant(contoso):
        invitation = Invitation.objects.of(contoso).get(email="it@contoso.example")
    withdraw = f"{MEMBERS}invitations/{invitation.pk}/withdraw/"
    assert client.post(withdraw).status_code == 302
    assert client.post(withdraw).status_code == 404
    assert Client().get(path).status_code == 410


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"email": "", "role": "owner"}, "This field is required."),
        ({"email": "nonsense", "role": "owner"}, "Enter a valid email address."),
        ({"email": "it@contoso.example", "role": "god"}, "Select a valid choice."),
        ({"email": "teammate@contoso.example", "role": "owner"}, "This person is a member already."),
    ],
)
def test_wrong_invitation_names_the_field(
    client_of: ClientOf, owner: User, teammate: User, values: dict[str, str], sentence: str
) -> None:
    answer = client_of(owner).post(MEMBERS, values)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "1 field needs your attention" in page
    assert sentence in page
    assert 'aria-invalid="true"' in page
