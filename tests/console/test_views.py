"""What a super admin does: add, grant, withdraw, suspend, act as; and nobody else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from orgs.models import ActingAs, AuditEntry, Invitation, Organization, User
from orgs.tenancy import tenant

ClientOf = Callable[[User], Client]
CONTOSO = "/console/organizations/contoso/"
GETS = ["/console/", "/console/organizations/new/", CONTOSO] + [
    f"{CONTOSO}{name}/" for name in ("custom-mail", "active", "enter")
]
POSTS = ["/console/organizations/new/", CONTOSO] + [
    f"{CONTOSO}{name}/" for name in ("custom-mail", "active", "enter", "leave")
]

# What the console writes goes through the system's own connection.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def admin(client_of: ClientOf, super_admin: User) -> Client:
    return client_of(super_admin)


def entries(organization: Organization, action: str) -> list[AuditEntry]:
    with tenant(organization):
        return list(AuditEntry.objects.of(organization).filter(action=action).order_by("seq"))


def test_console_does_not_exist_for_members(
    client_of: ClientOf, owner: User, contoso: Organization, client: Client
) -> None:
    mine = client_of(owner)
    assert {mine.get(path).status_code for path in GETS} == {404}
    assert {mine.post(path, {"wanted": "on", "reason": "x"}).status_code for path in POSTS} == {404}
    assert {client.get(path).status_code for path in GETS} == {302}
    now = Organization.objects.using("system").get(pk=contoso.pk)
    assert (now.custom_mail, now.is_active) == (True, True)


@pytest.mark.control("C-WEB-6")
def test_console_changes_take_a_post_with_a_token(super_admin: User, contoso: Organization) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(super_admin)
    assert {strict.post(path).status_code for path in POSTS} == {403}
    assert strict.get(f"{CONTOSO}leave/").status_code == 405


def test_absent_organization_is_a_404(admin: Client, db: None) -> None:
    for path in (*GETS[2:], f"{CONTOSO}leave/"):
        elsewhere = path.replace("contoso", "absent")
        assert admin.post(elsewhere, {"reason": "x", "wanted": "on"}).status_code == 404


def test_added_organization_has_an_address_and_an_invited_owner(admin: Client, super_admin: User) -> None:
    values = {"name": "  North   Wind ", "owner_email": "First@North.example"}
    page = admin.post("/console/organizations/new/", values, follow=True)
    assert page.redirect_chain == [("/console/organizations/north-wind/", 302)]
    assert "North Wind is created, First@North.example is invited." in page.content.decode()
    made = Organization.objects.using("system").get(slug="north-wind")
    with tenant(made):
        assert Invitation.objects.of(made).get().email == "first@north.example"
    assert entries(made, "organization.created")[0].actor_id == super_admin.pk


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": "", "owner_email": "a@b.example"}, "Name"),
        ({"name": "x" * 151, "owner_email": "a@b.example"}, "Name"),
        ({"name": "a\x00b", "owner_email": "a@b.example"}, "Name"),
        ({"name": "North", "owner_email": "nonsense"}, "First owner"),
    ],
)
def test_wrong_organization_names_the_field_and_makes_nothing(
    admin: Client, values: dict[str, str], field: str
) -> None:
    before = Organization.objects.using("system").count()
    answer = admin.post("/console/organizations/new/", values)
    assert answer.status_code == 422
    assert f">{field}: " in answer.content.decode()
    assert Organization.objects.using("system").count() == before


@pytest.mark.feature("CIR-2")
def test_custom_mail_is_withdrawn_and_granted_after_a_question(
    admin: Client, super_admin: User, contoso: Organization
) -> None:
    path = f"{CONTOSO}custom-mail/"
    assert "Withdraw Custom mail from Contoso" in admin.get(path).content.decode()
    admin.post(path, {"wanted": "off"})
    assert not Organization.objects.using("system").get(pk=contoso.pk).custom_mail
    # The same page sent twice says it again and changes nothing.
    admin.post(path, {"wanted": "off"})
    assert "Grant Custom mail to Contoso" in admin.get(path).content.decode()
    admin.post(path, {"wanted": "on"})
    assert Organization.objects.using("system").get(pk=contoso.pk).custom_mail
    written = entries(contoso, "organization.custom_mail_changed")
    assert [entry.detail["after"] for entry in written] == [{"custom_mail": False}, {"custom_mail": True}]
    assert {entry.actor_id for entry in written} == {super_admin.pk}


def test_suspended_organization_is_closed_and_comes_back(
    admin: Client, client_of: ClientOf, owner: User, contoso: Organization
) -> None:
    path = f"{CONTOSO}active/"
    assert "Suspend Contoso" in admin.get(path).content.decode()
    admin.post(path, {"wanted": "off"})
    assert client_of(owner).get("/organizations/contoso/").status_code == 404
    assert "This organization is suspended" in admin.get(CONTOSO).content.decode()
    admin.post(path, {"wanted": "on"})
    assert client_of(owner).get("/organizations/contoso/").status_code == 200


def test_platform_cannot_be_suspended(admin: Client) -> None:
    platform = Organization.objects.using("system").get(is_platform=True)
    page = admin.post(f"/console/organizations/{platform.slug}/active/", {"wanted": "off"}, follow=True)
    assert "cannot be suspended" in page.content.decode()
    platform.refresh_from_db()
    assert platform.is_active


@pytest.mark.control("C-TEN-8")
@pytest.mark.feature("CIR-14")
def test_acting_as_needs_a_reason_is_recorded_and_ends(
    admin: Client, super_admin: User, contoso: Organization
) -> None:
    emails = "/organizations/contoso/emails/"
    assert admin.get(emails).status_code == 404
    refused = admin.post(f"{CONTOSO}enter/?to=emails", {"reason": "  "})
    assert refused.status_code == 422
    assert "1 field needs your attention" in refused.content.decode()
    answer = admin.post(f"{CONTOSO}enter/?to=emails", {"reason": "Support case 4471"})
    assert answer.headers["Location"] == emails
    page = admin.get(emails).content.decode()
    assert "You are acting as Contoso." in page
    assert "Stop acting" in page
    assert "Ends by itself in 60 minutes." in page
    assert admin.get("/organizations/contoso/members/").status_code == 403
    started = entries(contoso, "acting_as.started")[0]
    assert (started.actor_id, started.on_behalf_of) == (super_admin.pk, "Contoso")
    assert started.detail["reason"] == "Support case 4471"
    admin.post(f"{CONTOSO}leave/")
    assert admin.get(emails).status_code == 404
    assert len(entries(contoso, "acting_as.ended")) == 1
    # Leaving twice is no second entry.
    admin.post(f"{CONTOSO}leave/")
    assert len(entries(contoso, "acting_as.ended")) == 1


@pytest.mark.control("C-TEN-8")
def test_acting_as_ends_by_itself(admin: Client, super_admin: User, contoso: Organization) -> None:
    admin.post(f"{CONTOSO}enter/", {"reason": "Support case 4471"})
    assert admin.get("/organizations/contoso/").status_code == 200
    with tenant(contoso):
        switch = ActingAs.objects.of(contoso).get()
        now, hour = timezone.now(), switch.expires_at - switch.started_at
        ActingAs.objects.of(contoso).update(started_at=now - hour, expires_at=now)
    assert admin.get("/organizations/contoso/").status_code == 404


@pytest.mark.control("C-TEN-8")
def test_acting_as_one_organization_opens_no_other(
    admin: Client, contoso: Organization, fabrikam: Organization
) -> None:
    admin.post(f"{CONTOSO}enter/", {"reason": "Support case 4471"})
    assert admin.get("/organizations/fabrikam/").status_code == 404


def test_one_more_owner_is_invited_from_the_console(admin: Client, contoso: Organization) -> None:
    page = admin.post(CONTOSO, {"email": "second@contoso.example"}, follow=True)
    assert "Invitation sent to second@contoso.example." in page.content.decode()
    with tenant(contoso):
        assert Invitation.objects.of(contoso).get().role == "owner"
    assert admin.post(CONTOSO, {"email": "nonsense"}).status_code == 422
