"""Every provider carries every field of a message (field-lessons §2, 38)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from email.utils import getaddresses
from typing import Any

import pytest

from providers import Address, Attachment, Message, Session, provider
from sandbox.google import OAuthServer
from sandbox.inbox import CaughtMail, Inbox
from sandbox.microsoft import Microsoft
from sandbox.tls import Authority
from tests.providers.conftest import (
    CLIENT,
    MAILBOX,
    SECRET,
    TENANT,
    StartSmtp,
    context_of,
    letter,
    smtp_settings,
)
from tests.providers.graph_ways import account_session, app_session
from tests.providers.token_servers import rules

PASSWORD = "pass-of-the-tests"


class Ways:
    """Opens each way out with the servers it needs."""

    def __init__(
        self, microsoft: Microsoft, issuer: OAuthServer, start_smtp: StartSmtp, authority: Authority
    ) -> None:
        self.microsoft, self.issuer = microsoft, issuer
        self.start_smtp, self.authority = start_smtp, authority

    def smtp(self) -> Session:
        """Custom SMTP with a password."""
        server = self.start_smtp(users={MAILBOX: PASSWORD})
        egress = rules(self.authority, server)
        return provider("smtp").open(smtp_settings(server, egress), context_of(egress))

    def graph(self) -> Session:
        """Microsoft Graph API."""
        return app_session(self.microsoft, rules(self.authority, self.microsoft))

    def microsoft365_smtp(self) -> Session:
        """Microsoft 365 SMTP."""
        self.microsoft.add_app(TENANT, CLIENT, SECRET, roles=("SMTP.SendAsApp",))
        server = self.start_smtp(tokens=self.microsoft.accepts)
        egress = rules(self.authority, self.microsoft, server)
        return self._opened("microsoft365_smtp", egress, server, access_url=self.microsoft.access_url(TENANT))

    def microsoft_account_smtp(self) -> Session:
        """Microsoft account by SMTP."""
        server = self.start_smtp(tokens=self.microsoft.accepts)
        egress = rules(self.authority, self.microsoft, server)
        place: dict[str, Any] = {"host": "127.0.0.1", "port": str(server.port)}
        return account_session(self.microsoft, egress, method="smtp", **place)

    def microsoft_account_graph(self) -> Session:
        """Microsoft account by Graph."""
        return account_session(self.microsoft, rules(self.authority, self.microsoft))

    def oauth_smtp(self) -> Session:
        """Generic OAuth2 SMTP with client credentials."""
        self.issuer.add_client(CLIENT, SECRET)
        server = self.start_smtp(tokens=self.issuer.accepts)
        egress = rules(self.authority, self.issuer, server)
        return self._opened("oauth_smtp", egress, server, access_url=self.issuer.access_url)

    def _opened(self, key: str, egress: Any, server: Any, **changes: Any) -> Session:
        values = {
            "username": MAILBOX,
            "cloud": "sandbox",
            "service": "other",
            "host": "127.0.0.1",
            "port": str(server.port),
            "tls_option": "starttls",
            "method": "client_credentials",
            "client_id": CLIENT,
            "client_secret": SECRET,
            **changes,
        }
        return provider(key).open(provider(key).parse(values, egress), context_of(egress))


NAMES = [
    "smtp",
    "graph",
    "microsoft365_smtp",
    "microsoft_account_smtp",
    "microsoft_account_graph",
    "oauth_smtp",
]
NATIVE = {"graph", "microsoft_account_graph"}


@pytest.fixture
def ways(microsoft: Microsoft, start_smtp: StartSmtp, authority: Authority) -> Iterator[Ways]:
    with OAuthServer(authority, google=False) as issuer:
        yield Ways(microsoft, issuer, start_smtp, authority)


def full(**changes: Any) -> Message:
    files = (
        Attachment("logo.png", "image/png", b"\x89PNG\r\n", content_id="logo"),
        Attachment("Büro.csv", "text/csv", b"a;b\r\n1;2\r\n"),
        Attachment("scan.pdf", "application/pdf", bytes(range(256))),
    )
    values: dict[str, Any] = {
        "to": (Address("ann@fabrikam.com", "Ann, Ltd"), Address("ben@fabrikam.com")),
        "cc": (Address("carol@fabrikam.com", "Carol Ö"),),
        "bcc": (Address("dave@fabrikam.com"),),
        "reply_to": (Address("desk@contoso.com", "Desk"), Address("help@contoso.com")),
        "subject": "Rechnung 4711 — größer",
        "text": "Own text\n",
        "html": '<p>Rich</p><img src="cid:logo">',
        "attachments": files,
        "headers": (("X-Tag", "a tag"), ("X-Other", "b")),
        "priority": "high",
    }
    return replace(letter(), **{**values, **changes})


def addresses(mail: CaughtMail, header: str) -> list[str]:
    return [address for _, address in getaddresses([mail.header(header)])]


def arrived(ways: Ways, name: str, inbox: Inbox, message: Message) -> CaughtMail:
    opener: Callable[[], Session] = getattr(ways, name)
    with opener() as session:
        receipt = session.send(message)
    assert set(receipt.accepted) == set(message.recipients)
    return inbox.wait_for(1)[0]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.feature("COG-42")
@pytest.mark.feature("COG-43")
@pytest.mark.feature("COG-44")
@pytest.mark.feature("COG-45")
def test_every_field_arrives(ways: Ways, inbox: Inbox, name: str) -> None:
    message = full()
    mail = arrived(ways, name, inbox, message)
    assert addresses(mail, "From") == [MAILBOX]
    assert addresses(mail, "To") == ["ann@fabrikam.com", "ben@fabrikam.com"]
    assert addresses(mail, "Cc") == ["carol@fabrikam.com"]
    assert addresses(mail, "Reply-To") == ["desk@contoso.com", "help@contoso.com"]
    assert mail.header("Bcc") == ""
    assert set(mail.envelope_to) == set(message.recipients)
    assert mail.subject == "Rechnung 4711 — größer"
    assert (mail.text.strip(), mail.html.strip()) == ("Own text", message.html)
    assert [part.get_filename() for part in mail.attachments] == [one.name for one in message.attachments]
    assert [part.get_payload(decode=True) for part in mail.attachments] == [
        one.content for one in message.attachments
    ]
    assert [str(part.get("Content-ID", "")) for part in mail.attachments] == ["<logo>", "", ""]
    assert (mail.header("X-Tag"), mail.header("X-Other")) == ("a tag", "b")
    assert (mail.header("Importance"), mail.header("X-Priority")[:1]) == ("high", "1")


@pytest.mark.parametrize("name", sorted(NATIVE))
def test_graphs_own_form_carries_the_same(ways: Ways, inbox: Inbox, name: str) -> None:
    message = full(text="")
    mail = arrived(ways, name, inbox, message)
    assert ways.microsoft.requests[-1].content_type == "application/json"
    assert mail.html.strip() == message.html
    assert addresses(mail, "Reply-To") == ["desk@contoso.com", "help@contoso.com"]
    assert (mail.header("Bcc"), set(mail.envelope_to)) == ("", set(message.recipients))
    assert [part.get_payload(decode=True) for part in mail.attachments] == [
        one.content for one in message.attachments
    ]
    assert (mail.header("X-Tag"), mail.header("Importance")) == ("a tag", "high")


@pytest.mark.parametrize("name", sorted(NATIVE))
def test_a_draft_carries_the_same(ways: Ways, inbox: Inbox, name: str) -> None:
    big = Attachment("big.bin", "application/octet-stream", bytes(3_200_000))
    message = full(attachments=(*full().attachments, big), headers=(("List-Id", "<a.example>"),))
    mail = arrived(ways, name, inbox, message)
    assert ways.microsoft.requests[-1].operation == "send"
    assert (mail.text.strip(), mail.html.strip()) == ("Own text", message.html)
    assert addresses(mail, "Reply-To") == ["desk@contoso.com", "help@contoso.com"]
    assert (mail.header("Bcc"), set(mail.envelope_to)) == ("", set(message.recipients))
    assert {part.get_payload(decode=True) for part in mail.attachments} == {
        one.content for one in message.attachments
    }
    assert (mail.header("List-Id"), mail.header("Importance")) == ("<a.example>", "high")


@pytest.mark.feature("COG-45")
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("priority", "importance", "number"), [("normal", "", ""), ("low", "low", "5")])
def test_priority_is_told_only_where_it_is_not_normal(
    ways: Ways, inbox: Inbox, name: str, priority: str, importance: str, number: str
) -> None:
    mail = arrived(ways, name, inbox, full(priority=priority, attachments=()))
    assert (mail.header("Importance"), mail.header("X-Priority")[:1]) == (importance, number)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_added_to_a_plain_mail(ways: Ways, inbox: Inbox, name: str) -> None:
    mail = arrived(ways, name, inbox, letter("ann@fabrikam.com", text="Only text\n"))
    assert mail.text.strip() == "Only text"
    assert (mail.html, mail.attachments, mail.header("Cc"), mail.header("Reply-To")) == ("", (), "", "")
