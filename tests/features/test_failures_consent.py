"""The walk, part 5: connected accounts, from the consent page to grants that end later."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from io import StringIO

import pytest

from sandbox.smtp_rules import Stage
from tests.features.failures import Admin, Servers, leaked
from tests.plugin_consent import Admin as Connector
from tests.typed_values import ACCOUNT, account_values

pytestmark = pytest.mark.django_db
Break = Callable[[Servers], object]
SIGN_IN, PERMISSION = "Sign-in", "Permission"


@pytest.fixture
def connector(walker: Admin, servers: Servers) -> Connector:
    """The same admin, who can go to Microsoft's consent page and back."""
    return Connector(walker.organization, walker.browser, servers.microsoft)


def ends(number: int) -> Break:
    """Let the access token be refused, and the refresh token answer with this number."""

    def prepare(servers: Servers) -> None:
        servers.microsoft.end_access_tokens(ACCOUNT)
        servers.microsoft.fail_tokens(number)

    return prepare


def says(at: Stage, reply: str) -> Break:
    """Let Exchange answer this."""
    return lambda servers: servers.exchange.rules.refuse(at, reply)


REFRESHES = [
    (50076, "Two-step sign-in", "you", "MFA"),
    (50079, "Two-step sign-in", "you", "MFA"),
    (50173, "connect again", "you", "password"),
    (50133, "connect again", "you", "password"),
    (50132, "connection was ended", "you", "Reconnect"),
    (50055, "password of the account has expired", "you", "Reconnect"),
    (70008, "has to be connected again", "you", "MFA"),
    (700082, "not used for 90 days", "you", "Reconnect"),
    (700084, "registered for another kind of app", "you", "/oauth/microsoft/callback/"),
    (70043, "policy wants a new sign-in", "microsoft_admin", "sign-in frequency"),
    (65001, "consent was taken back", "you", "consent link"),
    (50057, "account is disabled", "microsoft_admin", "unblock the sign-in"),
    (50053, "locked for the moment", "microsoft_admin", "Sign-in logs"),
    (50034, "not in the directory", "you", "Reconnect"),
    (53003, "Not allowed", "microsoft_admin", "Sign-in logs"),
    (7000215, "client secret is wrong", "you", "Value"),
    (90033, "has trouble", "nobody", "Wait"),
]


@pytest.mark.feature("NEW-2", "WPM-42", "WPM-48", "HIR-17", "HIR-19")
@pytest.mark.parametrize(("number", "title", "fixer", "word"), REFRESHES, ids=lambda value: str(value)[:20])
def test_a_refused_refresh_names_why_and_who(
    number: int,
    title: str,
    fixer: str,
    word: str,
    walker: Admin,
    connector: Connector,
    servers: Servers,
    every_word: StringIO,
) -> None:
    values = account_values(servers.exchange)
    connector.connect(values)
    ends(number)(servers)
    page = walker.test("microsoft_account", values | {"client_secret": ""})
    assert (page.failing_step, page.fixer) == (SIGN_IN, fixer), (page.title, page.kept)
    assert title in page.title, page.kept
    assert word in unescape(page.html)
    assert f"AADSTS{number}" in page.html
    assert leaked(page.html, page.kept, every_word.getvalue()) == []


ANSWERS: list[tuple[str, Break, str, str, str, str]] = [
    (
        "a token that is refused",
        says("auth", "535 5.7.3 Authentication unsuccessful"),
        SIGN_IN,
        "sign-in was refused",
        "you",
        "SMTP.Send",
    ),
    (
        "SMTP AUTH off",
        says("auth", "535 5.7.139 SmtpClientAuthentication is disabled for the Mailbox."),
        SIGN_IN,
        f"Not allowed: SMTP AUTH is switched off for {ACCOUNT}",
        "microsoft_admin",
        "Authenticated SMTP",
    ),
    (
        "send as denied",
        says("mail", "554 5.2.252 SendAsDenied"),
        PERMISSION,
        f"Not allowed to send as {ACCOUNT}",
        "microsoft_admin",
        "alias",
    ),
]


@pytest.mark.feature("NEW-2", "HIR-11", "HIR-17", "HIR-19", "WPM-55")
@pytest.mark.parametrize("row", ANSWERS, ids=lambda row: row[0])
def test_a_refusal_of_the_mail_server_names_what_the_account_lacks(
    row: tuple[str, Break, str, str, str, str], walker: Admin, connector: Connector, servers: Servers
) -> None:
    _name, prepare, step, title, fixer, word = row
    values = account_values(servers.exchange)
    connector.connect(values)
    prepare(servers)
    page = walker.test("microsoft_account", values | {"client_secret": ""})
    assert (page.failing_step, page.fixer) == (step, fixer), (page.title, page.kept)
    assert title in page.title
    assert word in unescape(page.html)
    assert "Reconnect" in page.steps or step != SIGN_IN or fixer != "you"
    assert leaked(page.html, page.kept) == []


@pytest.mark.feature("NEW-2", "HIR-10", "HIR-20")
def test_an_account_that_was_never_connected_is_said_so(
    walker: Admin, connector: Connector, servers: Servers
) -> None:
    values = account_values(servers.exchange)
    connector.post(values, action="save_unverified")
    page = walker.test("microsoft_account", values | {"client_secret": ""})
    assert page.title == "No account is connected"
    assert (page.failing_step, page.fixer) == (SIGN_IN, "you")
    assert "Connect" in page.steps
    assert servers.exchange.sessions == []


def graph_page(walker: Admin, connector: Connector) -> tuple[str, str, str]:
    """Connect by Graph and read what a test says: failing step, title and fixer."""
    values = account_values()
    connector.connect(values)
    page = walker.test("microsoft_account", values | {"client_secret": ""})
    assert leaked(page.html, page.kept) == []
    return page.failing_step, page.title, page.fixer


@pytest.mark.feature("NEW-2", "WPM-55", "WPM-57")
@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (403, "ErrorAccessDenied", (PERMISSION, "The connected account may not send this way", "you")),
        (403, "ErrorSendAsDenied", (PERMISSION, f"Not allowed to send as {ACCOUNT}", "microsoft_admin")),
        (
            404,
            "MailboxNotEnabledForRESTAPI",
            (PERMISSION, f"{ACCOUNT} has no Microsoft 365 mailbox", "microsoft_admin"),
        ),
    ],
)
def test_a_connected_account_at_graph(
    status: int,
    code: str,
    expected: tuple[str, str, str],
    walker: Admin,
    connector: Connector,
    servers: Servers,
) -> None:
    servers.microsoft.refuse(status, code, times=2)
    assert graph_page(walker, connector) == expected


CALLBACKS = [
    (65004, "The consent was refused", "approve"),
    (90094, "An administrator has to approve first", "consent link"),
    (50105, "not assigned to the app", "Users and groups"),
    (53003, "Not allowed", "Sign-in logs"),
    (50020, "does not fit the app", "Who may sign in"),
    (50194, "does not fit the app", "Supported account types"),
    (50034, "not in the directory", "organization"),
    (50011, "The redirect URI is not registered", "/oauth/microsoft/callback/"),
    (700016, "does not know this Client ID", "Application (client) ID"),
    (90008, "lacks the permission", "API permissions"),
]


@pytest.mark.feature("NEW-2", "WPM-53", "WPM-19", "WPM-17", "HIR-10")
@pytest.mark.parametrize(("number", "title", "word"), CALLBACKS, ids=lambda value: str(value)[:24])
def test_a_refusal_on_the_way_back_is_explained(
    number: int, title: str, word: str, connector: Connector, servers: Servers, every_word: StringIO
) -> None:
    servers.microsoft.fail_authorize(number)
    url = connector.leave(account_values(servers.exchange))
    html = connector.read(connector.come_back(servers.microsoft.accept(url, ACCOUNT)))
    text = unescape(re.sub(r"<[^>]+>", "", html))
    assert title in text
    assert word in text
    assert connector.account() is None
    assert leaked(html, every_word.getvalue()) == []


REDEEMS = [
    (54005, "This sign-in was used already", "once more"),
    (7000215, "The client secret is wrong", "Value"),
    (700005, "This sign-in was used already", "once more"),
]


@pytest.mark.feature("NEW-2")
@pytest.mark.parametrize(("number", "title", "word"), REDEEMS, ids=lambda value: str(value)[:24])
def test_a_code_that_is_not_redeemed_is_explained(
    number: int, title: str, word: str, connector: Connector, servers: Servers
) -> None:
    url = connector.leave(account_values(servers.exchange))
    back = servers.microsoft.accept(url, ACCOUNT)
    servers.microsoft.fail_tokens(number)
    text = unescape(re.sub(r"<[^>]+>", "", connector.read(connector.come_back(back))))
    assert title in text
    assert word in text


@pytest.mark.feature("NEW-2", "HIR-11")
def test_a_permission_left_out_at_the_consent_page_is_named(connector: Connector, servers: Servers) -> None:
    url = connector.leave(account_values(servers.exchange))
    back = servers.microsoft.accept(url, ACCOUNT, scopes=())
    text = unescape(re.sub(r"<[^>]+>", "", connector.read(connector.come_back(back))))
    assert "SMTP.Send" in text
    assert "Reconnect" in text
