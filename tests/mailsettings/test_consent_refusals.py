"""Answers that do not belong to the trip of this very person and session: refused, nothing asked or kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from mailsettings.models import Connection, ConsentRequest
from orgs.models import Membership, Organization, Role, User
from orgs.services import grant_custom_mail
from orgs.tenancy import tenant
from tests import factories
from tests.plugin_consent import OTHER, PROVIDER, Admin, asked
from tests.plugin_sandbox import ACCOUNT, CLIENT_ID, TENANT_ID

pytestmark = pytest.mark.django_db(transaction=True)
Form = dict[str, object]
ClientOf = Callable[[User], Client]


@pytest.fixture
def answer(connector: Admin, account_form: Form) -> str:
    """The address Microsoft sends the owner back to."""
    connector.post(account_form)
    return connector.microsoft.accept(connector.leave(account_form), ACCOUNT)


def changed(address: str, **changes: str) -> str:
    """Give an address with other parameters; an empty value takes one away."""
    parts = urlsplit(address)
    asked = {**dict(parse_qsl(parts.query)), **changes}
    return parts._replace(query=urlencode({name: text for name, text in asked.items() if text})).geturl()


def open_as(browser: Client, address: str) -> Any:
    parts = urlsplit(address)
    return browser.get(f"{parts.path}?{parts.query}")


def assert_nothing_happened(connector: Admin, page: Any, words: str) -> None:
    """The page explains, no token was asked for, and nothing was stored."""
    assert page.status_code == 400
    html = page.content.decode()
    assert "Nothing was connected" in html
    assert words in html
    assert connector.microsoft.token_requests == []
    assert (connector.account(), connector.tokens()) == (None, None)


def without_state(case: Case) -> Any:
    return case.admin.come_back(changed(case.address, state=""))


def with_an_unknown_state(case: Case) -> Any:
    return case.admin.come_back(changed(case.address, state="x" * 43))


def in_another_session(case: Case) -> Any:
    return open_as(case.client_of(case.owner), case.address)


def as_another_person(case: Case) -> Any:
    teammate = factories.user("second@contoso.example")
    factories.membership(teammate, case.admin.organization, Role.OWNER)
    return open_as(case.client_of(teammate), case.address)


def as_somebody_of_another_organization(case: Case) -> Any:
    return open_as(case.client_of(case.stranger), case.address)


def signed_out(case: Case) -> Any:
    return open_as(Client(), case.address)


def without_the_place(case: Case) -> Any:
    with tenant(case.admin.organization):
        Membership.objects.of(case.admin.organization).filter(user=case.owner).update(role=Role.READ_ONLY)
    return case.admin.come_back(case.address)


def too_late(case: Case) -> Any:
    with tenant(case.admin.organization):
        rows = ConsentRequest.objects.of(case.admin.organization)
        rows.update(expires_at=timezone.now() - timedelta(seconds=1))
    return case.admin.come_back(case.address)


def for_another_connection(case: Case) -> Any:
    with tenant(case.admin.organization):
        other = case.admin.connection
        other.pk, other.name, other.rank = None, "Another", "additional"
        other.id = Connection._meta.get_field("id").get_default()
        other.save(force_insert=True)
        ConsentRequest.objects.of(case.admin.organization).update(connection=other)
    return case.admin.come_back(case.address)


def after_the_settings_changed(case: Case) -> Any:
    case.admin.post(case.form | {"client_secret": "", "sender_name": "Later"}, action="save_unverified")
    return case.admin.come_back(case.address)


def at_another_providers_address(case: Case) -> Any:
    return case.admin.come_back(case.address.replace("/oauth/microsoft/", "/oauth/google/"))


class Case:
    """What each wrong way back needs."""

    def __init__(
        self, connector: Admin, form: Form, address: str, client_of: ClientOf, owner: User, stranger: User
    ) -> None:
        self.admin, self.form, self.address = connector, form, address
        self.client_of, self.owner, self.stranger = client_of, owner, stranger


WAYS = [
    (without_state, "does not belong to a sign-in"),
    (with_an_unknown_state, "does not belong to a sign-in"),
    (in_another_session, "in another browser"),
    (as_another_person, "begun by somebody else"),
    (as_somebody_of_another_organization, "You may not change the mail settings"),
    (signed_out, "not signed in"),
    (without_the_place, "You may not change the mail settings"),
    (too_late, "longer than ten minutes"),
    (for_another_connection, "another connection"),
    (after_the_settings_changed, "were changed after the sign-in"),
    (at_another_providers_address, "address of another provider"),
]


@pytest.mark.control("C-OAU-1")
@pytest.mark.feature("HIR-9")
@pytest.mark.parametrize(("way", "words"), WAYS, ids=[way.__name__ for way, _ in WAYS])
def test_a_wrong_way_back_is_refused(
    connector: Admin,
    account_form: Form,
    answer: str,
    client_of: ClientOf,
    owner: User,
    stranger: User,
    way: Callable[[Case], Any],
    words: str,
) -> None:
    case = Case(connector, account_form, answer, client_of, owner, stranger)
    assert_nothing_happened(connector, way(case), words)


@pytest.mark.control("C-OAU-1")
@pytest.mark.feature("HIR-9")
def test_an_answer_counts_once(connector: Admin, answer: str) -> None:
    connector.come_back(answer)
    requests, tokens = len(connector.microsoft.token_requests), connector.tokens()
    again = connector.come_back(answer)
    assert again.status_code == 400
    assert "was used already" in again.content.decode()
    assert len(connector.microsoft.token_requests) == requests
    after = connector.tokens()
    assert tokens is not None
    assert after is not None
    assert after.generation == tokens.generation


@pytest.mark.control("C-OAU-1")
def test_what_is_kept_of_a_trip_tells_nothing(connector: Admin, account_form: Form) -> None:
    connector.post(account_form)
    question = asked(connector.leave(account_form))
    [trip] = connector.trips
    kept = b"".join((bytes(trip.state_hash), bytes(trip.session_hash), bytes(trip.sealed_flow)))
    assert question["state"].encode() not in kept
    assert trip.issuer
    assert trip.expires_at - timezone.now() <= timedelta(minutes=10)
    other = asked(connector.leave(account_form | {"client_secret": ""}))
    assert other["state"] != question["state"]
    assert other["code_challenge"] != question["code_challenge"]


@pytest.mark.control("C-OAU-2")
@pytest.mark.parametrize(
    "issuer", ["https://evil.example/v2.0", f"https://login.microsoftonline.com/{TENANT_ID}/v2.0"]
)
def test_the_answer_of_another_issuer_is_refused(connector: Admin, answer: str, issuer: str) -> None:
    page = connector.read(connector.come_back(changed(answer, iss=issuer)))
    assert "does not belong to your request" in page
    assert connector.microsoft.token_requests == []
    assert connector.account() is None


@pytest.mark.control("C-OAU-3")
@pytest.mark.feature("WPM-18")
@pytest.mark.parametrize(
    "headers",
    [
        {"HTTP_HOST": "localhost"},
        {"HTTP_X_FORWARDED_HOST": "evil.example"},
        {"HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_PORT": "444"},
        {"HTTP_FORWARDED": "host=evil.example;proto=https"},
    ],
    ids=" ".join,
)
def test_the_redirect_address_is_a_constant(
    connector: Admin, account_form: Form, headers: dict[str, str], settings: Settings
) -> None:
    settings.BASE_URL = "https://mailroom.example"
    connector.post(account_form)
    connector.browser.defaults.update(headers)
    question = asked(connector.leave(account_form | {"client_secret": ""}))
    assert question["redirect_uri"] == "https://mailroom.example/oauth/microsoft/callback/"
    page = connector.read(connector.browser.get(f"{connector.emails}?provider={PROVIDER}"))
    assert 'value="https://mailroom.example/oauth/microsoft/callback/"' in page


@pytest.mark.feature("WPM-2")
def test_without_https_nobody_is_sent_away(connector: Admin, account_form: Form, settings: Settings) -> None:
    connector.post(account_form)
    settings.BASE_URL = "http://mailroom.example"
    page = connector.read(connector.browser.get(f"{connector.emails}?provider={PROVIDER}"))
    assert "a public address that starts with https" in page
    answer = connector.post(account_form | {"client_secret": ""}, action="connect", htmx=True)
    assert urlsplit(answer["HX-Redirect"]).path == connector.emails
    page = connector.read(connector.browser.get(connector.emails))
    assert "a public address that starts with https" in page
    assert connector.trips == []


@pytest.mark.feature("WPM-19")
def test_an_unregistered_redirect_address_is_repeated(connector: Admin, account_form: Form) -> None:
    connector.post(account_form)
    connector.microsoft.fail_authorize(50011)
    page = connector.read(
        connector.come_back(connector.microsoft.accept(connector.leave(account_form), ACCOUNT))
    )
    assert "The redirect URI is not registered" in page
    assert page.count("http://127.0.0.1:8000/oauth/microsoft/callback/") >= 2


@pytest.mark.feature("WPM-53")
def test_where_people_may_not_consent_the_link_for_an_administrator_is_given(
    connector: Admin, account_form: Form
) -> None:
    connector.post(account_form)
    connector.microsoft.account(ACCOUNT).needs_approval = True
    page = connector.read(
        connector.come_back(connector.microsoft.accept(connector.leave(account_form), ACCOUNT))
    )
    assert "Link for the administrator" in page
    link = page.partition('id="id_admin_consent"')[2].partition('value="')[2].partition('"')[0]
    link = link.replace("&amp;", "&")
    assert link.startswith(f"{connector.microsoft.base_url}/organizations/v2.0/adminconsent?")
    assert asked(link)["client_id"] == CLIENT_ID
    assert connector.account() is None

    # The administrator need not know this platform: no session, no trip.
    back = connector.microsoft.accept(link, OTHER)
    told = open_as(Client(), back)
    assert told.status_code == 200
    assert "The app is approved" in told.content.decode()
    declined = open_as(Client(), connector.microsoft.decline(link, OTHER))
    assert declined.status_code == 400
    assert "was not approved" in declined.content.decode()

    connector.read(connector.come_back(connector.microsoft.accept(connector.leave_again(), ACCOUNT)))
    account = connector.account()
    assert account is not None
    assert account.email == ACCOUNT


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (65001, "dministrator"),
        (50105, "not assigned"),
        (53003, "policy"),
        (50020, "Who may sign in"),
        (50034, "not in the directory"),
        (50194, "Who may sign in"),
        (90002, "directory"),
    ],
)
def test_every_error_of_the_consent_page_is_explained(
    connector: Admin, account_form: Form, number: int, words: str
) -> None:
    connector.post(account_form)
    connector.microsoft.fail_authorize(number)
    answer = connector.come_back(connector.microsoft.accept(connector.leave(account_form), ACCOUNT))
    page = connector.read(answer)
    assert answer.status_code == 302
    assert words in page
    assert f"AADSTS{number}" in page
    assert "Try again" in page
    assert connector.account() is None


def test_a_refusal_while_redeeming_is_explained(connector: Admin, answer: str) -> None:
    connector.microsoft.fail_tokens(7000222)
    page = connector.read(connector.come_back(answer))
    assert "client secret has expired" in page
    assert connector.account() is None


@pytest.mark.feature("WPM-26")
def test_nobody_leaves_without_a_saved_secret(
    contoso: Organization, connector: Admin, account_form: Form
) -> None:
    answer = connector.post(account_form | {"client_secret": ""}, action="connect")
    assert answer.status_code == 422
    assert connector.trips == []


def test_without_the_add_on_nothing_is_begun(connector: Admin, account_form: Form, super_admin: User) -> None:
    connector.post(account_form)
    grant_custom_mail(organization_id=connector.organization.pk, granted=False, actor=super_admin)
    assert connector.browser.post(connector.page("connect")).status_code == 403
    assert connector.trips == []
