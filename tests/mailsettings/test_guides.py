"""Help and guides: every provider's steps on a page, filled with the organization's own values."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest
from django.test import Client

from mailsettings.advice.catalogue import catalogue
from mailsettings.guides.steps import guide_of
from orgs.models import Organization, User
from providers import PROVIDERS
from providers.guides import MICROSOFT365_SMTP_GUIDE, MICROSOFT_ACCOUNT_GUIDE
from tests import factories
from tests.plugin_sandbox import CLIENT_ID, CLIENT_SECRET, MAILBOX, Sandbox, graph_values

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]


def text_of(html: str) -> str:
    """Read a page as people do."""
    body = html[html.index("<main") :]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def in_order(text: str, *words: str) -> None:
    """Fail unless the words stand in the text in this order."""
    place = 0
    for each in words:
        found = text.find(each, place)
        assert found >= 0, each
        place = found + len(each)


@pytest.fixture
def browser(owner: User, client_of: ClientOf) -> Client:
    return client_of(owner)


def page(browser: Client, provider: str) -> str:
    answer = browser.get(f"/organizations/contoso/guides/{provider}/")
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_help_is_in_the_sidebar_and_lists_every_provider(browser: Client, contoso: Organization) -> None:
    overview = browser.get("/organizations/contoso/").content.decode()
    assert 'href="/organizations/contoso/guides/"' in overview
    html = browser.get("/organizations/contoso/guides/").content.decode()
    for one in PROVIDERS:
        assert one.label in html
        assert f'href="/organizations/contoso/guides/{one.key}/"' in html


def test_small_roles_and_people_without_an_organization_get_the_general_pages(
    teammate: User, super_admin: User, client_of: ClientOf, contoso: Organization
) -> None:
    browser = client_of(teammate)
    assert browser.get("/organizations/contoso/guides/").status_code == 403
    assert 'href="/guides/"' in browser.get("/organizations/contoso/").content.decode()
    for person in (teammate, super_admin):
        for path in ("/guides/", "/guides/graph/", "/guides/failures/"):
            assert client_of(person).get(path).status_code == 200
    assert Client().get("/guides/").status_code == 302
    assert browser.get("/guides/nothing/").status_code == 404


@pytest.mark.feature("CIR-8", "CIR-9", "CIR-10", "CIR-11", "CIR-12", "CIR-13", "CIR-7")
def test_the_guide_for_graph_is_in_order(browser: Client, contoso: Organization) -> None:
    in_order(
        text_of(page(browser, "graph")),
        *("Microsoft Entra ID", "App registrations", "New registration", "name", "Register"),
        *("API permissions", "Microsoft Graph", "Application permissions", "not Delegated", "Mail.Send"),
        *("Grant admin consent", "New client secret", "expiry", "Add", "new secret has to be generated"),
        *("Value", "shown only once", "Application (client) ID", "OAuth 2.0 token endpoint (v2)"),
        "Microsoft support",
    )


@pytest.mark.feature("NEW-15")
def test_the_commands_limit_the_app_to_exactly_this_sender(
    browser: Client, contoso: Organization, owner: User, sandbox: Sandbox
) -> None:
    factories.connection(contoso, "graph", graph_values(sandbox.microsoft()), by=owner)
    html = page(browser, "graph")
    text = text_of(html)
    in_order(
        text,
        f"Get-MgServicePrincipal -Filter \"AppId eq '{CLIENT_ID}'\"",
        f"$sender = '{MAILBOX}'",
        f"New-ServicePrincipal -AppId '{CLIENT_ID}' -ObjectId $app.Id",
        "New-ManagementScope",
        "PrimarySmtpAddress -eq '$sender'",
        f"New-ManagementRoleAssignment -App '{CLIENT_ID}' -Role 'Application Mail.Send'",
        f"Test-ServicePrincipalAuthorization -Identity '{CLIENT_ID}' -Resource $sender",
        f"New-ApplicationAccessPolicy -AppId '{CLIENT_ID}'",
        "-AccessRight RestrictAccess",
        f"Test-ApplicationAccessPolicy -AppId '{CLIENT_ID}' -Identity '{MAILBOX}'",
    )
    assert "With your saved values" in text
    assert "Copy commands" in text
    assert f"/CallAnAPI/appId/{CLIENT_ID}" in html
    assert "adminconsent?client_id=" in html
    assert CLIENT_SECRET not in html


def test_without_saved_values_the_commands_hold_placeholders(browser: Client, contoso: Organization) -> None:
    text = text_of(page(browser, "graph"))
    assert "'APPLICATION-ID'" in text
    assert "'SENDER-ADDRESS'" in text
    assert "{" not in text


@pytest.mark.feature(
    "WPM-3", "WPM-6", "WPM-7", *(f"WPM-{number}" for number in (15, 16, 18, 19, 20, 21, 22, 23, 24))
)
def test_the_guide_for_a_microsoft_account_is_in_order(browser: Client, contoso: Organization) -> None:
    text = told("microsoft_account", browser)
    in_order(
        text,
        *("free", "credit card", "hosted by Microsoft", "own domain with a paid Microsoft 365 plan"),
        *("search for App registrations", "New registration", "name", "Mailroom"),
        "any organizational directory and personal Microsoft accounts",
        "Accounts in any organizational directory",
        *("Redirect URI", "Web", "Register", "Authentication", "redirect URI must stand there"),
        *("Application (client) ID", "Client ID", "New client secret", "description"),
        *("730 days (24 months)", "Value", "not Secret ID", "Client Secret", "cannot be seen again"),
        *("SMTP.Send", "Connect Microsoft account", "consent link", "changed password", "MFA"),
    )


@pytest.mark.feature("COG-47", "COG-48", "COG-49", "COG-52", "COG-53", "COG-54")
def test_the_guide_for_microsoft_365_smtp_is_in_order(browser: Client, contoso: Organization) -> None:
    text = told("microsoft365_smtp", browser)
    in_order(
        text,
        *("Application Developer", "Cloud Application Administrator", "Global Administrator"),
        *("Exchange Online", "SMTP AUTH", "name", "any organizational directory (Multitenant)"),
        *("Leave Redirect URI empty", "Application (client) ID", "Directory (tenant) ID"),
        *("description", "expiry", "Value", "shown only once", "new secret has to be generated"),
        *("Office 365 Exchange Online", "Application permissions", "SMTP.SendAsApp", "Grant admin consent"),
        *("service principal", "enterprise application", "New-ServicePrincipal -AppId"),
        *("-ObjectId $app.Id", "Add-MailboxPermission", "FullAccess"),
        *("Authenticated SMTP", "Set-CASMailbox", "SmtpClientAuthenticationDisabled $false", "SendAs"),
    )


def told(key: str, browser: Client) -> str:
    """Read a guide on its page."""
    return text_of(page(browser, key))


def test_the_guides_of_all_clouds_fill_their_own_portal(contoso: Organization) -> None:
    for one in PROVIDERS:
        for step in guide_of(one):
            assert "{" not in step.text + step.script + step.link
            assert step.link == "" or step.link.startswith("https://")
    assert MICROSOFT365_SMTP_GUIDE
    assert MICROSOFT_ACCOUNT_GUIDE


@pytest.mark.feature("NEW-2")
def test_the_list_of_failures_is_searched_by_code_and_by_words(
    browser: Client, contoso: Organization
) -> None:
    path = "/organizations/contoso/guides/failures/"
    everything = browser.get(path).content.decode()
    titles = [entry.advice.title for group in catalogue() for entry in group.entries]
    assert len(titles) > 150
    assert len(everything) < 140_000
    shown = unescape(everything)
    assert [title for title in titles if title not in shown] == []
    one = browser.get(path, {"q": "50105 assigned"}).content.decode()
    assert "not assigned to the app" in one
    assert 'class="steps' in one
    assert "The certificate of" not in one
    part = browser.get(path, {"q": "certificate expired"}, headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith('<div class="stack" id="failures">')
    assert "has expired" in part
    assert "Nothing matches" in browser.get(path, {"q": "zzzz"}).content.decode()
    for sign in ("AADSTS7000215", "535", "5.7.139", "ErrorSendAsDenied", "AADSTS50076", "550 5.1.1"):
        assert "Nothing matches" not in browser.get(path, {"q": sign}).content.decode(), sign
    alone = browser.get(path, {"code": "token_secret_wrong"}).content.decode()
    assert "The client secret is wrong" in alone
    assert "How to fix" not in alone
    assert "<script>" not in browser.get(path, {"q": "<script>x</script>"}).content.decode()
