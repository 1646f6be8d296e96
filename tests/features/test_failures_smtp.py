"""The walk, part 1: names, connections, encryption, and everything a mail server may answer."""

from __future__ import annotations

from collections.abc import Callable
from html import unescape
from io import StringIO
from typing import Any

import pytest

from mailsettings.advice import FIXERS
from sandbox.smtp import SmtpServer
from sandbox.smtp_rules import Stage
from tests.features.failures import Admin, Case, Servers, check
from tests.features.test_failures_graph import CODES, WIRE
from tests.features.test_failures_oauth import EXCHANGE, GENERIC
from tests.features.test_failures_tokens import NUMBERS, REAL
from tests.typed_values import PASSWORD, smtp_values

pytestmark = pytest.mark.django_db
Break = Callable[[Servers], None]


def replies(at: Stage, reply: str, step: str, title: str, fixer: str, **more: Any) -> Case:
    """Make the case of one reply at one stage of the conversation."""

    def make(servers: Servers) -> tuple[str, dict[str, object]]:
        servers.mail.rules.refuse(at, reply)
        return "smtp", smtp_values(servers.mail)

    return Case(f"{at}: {reply[:100]}", step, title, fixer, make, **more)


def values(name: str, step: str, title: str, fixer: str, says: str = "", **changes: object) -> Case:
    """Make the case of settings that lead nowhere."""

    def make(servers: Servers) -> tuple[str, dict[str, object]]:
        found = {key: value(servers) if callable(value) else value for key, value in changes.items()}
        return "smtp", smtp_values(servers.mail, **found)

    return Case(name, step, title, fixer, make, says)


def broken(
    name: str,
    step: str,
    title: str,
    fixer: str,
    prepare: Break,
    of: Callable[[Servers], SmtpServer] = lambda servers: servers.mail,
    **changes: object,
) -> Case:
    """Make the case of a server that is wrong."""

    def make(servers: Servers) -> tuple[str, dict[str, object]]:
        prepare(servers)
        return "smtp", smtp_values(of(servers), **changes)

    return Case(name, step, title, fixer, make)


def rules(**wanted: object) -> Break:
    """Change what the server offers."""

    def prepare(servers: Servers) -> None:
        for name, value in wanted.items():
            setattr(servers.mail.rules, name, value)

    return prepare


def certificate(kind: str) -> Break:
    """Give the server a certificate that is wrong in one way."""

    def prepare(servers: Servers) -> None:
        servers.mail.context = getattr(servers.authority, kind)()

    return prepare


def drops(at: Stage) -> Break:
    """Let the server hang up instead of answering."""

    def prepare(servers: Servers) -> None:
        servers.mail.rules.drop(at)

    return prepare


SIGN_IN, OFF = "Sign-in", "535 5.7.139 Authentication unsuccessful, "
CONNECTION = [
    values("unknown host", "Name lookup", "was not found", "you", host="mail.does-not-exist.invalid"),
    values("closed port", "Connection", "refused the connection", "you", port=lambda s: str(s.closed_port)),
    values("a web server", "Encryption", "TLS option does not fit", "you", says="STARTTLS", tls_option="tls"),
    broken("hangs up at the greeting", "Connection", "closed the connection", "nobody", drops("greeting")),
    broken("hangs up at EHLO", "Connection", "closed the connection", "nobody", drops("ehlo")),
    broken("self-signed", "Encryption", "vouches for itself", "you", certificate("self_signed")),
    broken("expired", "Encryption", "has expired", "mail_admin", certificate("expired")),
    broken("another name", "Encryption", "made for another name", "you", certificate("wrong_name")),
    broken("unknown authority", "Encryption", "unknown authority", "you", certificate("unknown_authority")),
    broken("old protocol", "Encryption", "outdated encryption", "mail_admin", certificate("old_protocol")),
    broken("no STARTTLS", "Encryption", "does not offer STARTTLS", "you", rules(starttls=False)),
    broken("words before TLS", "Encryption", "TLS option", "you", rules(starttls_injection=b"250 Ok\r\n")),
    replies("greeting", "554 5.7.1 No service for you", "Connection", "does not talk", "mail_admin"),
    replies(
        "greeting", "421 4.3.2 Concurrent connections limit exceeded", "Connection", "Too many", "nobody"
    ),
    replies("greeting", "450 4.7.0 Come back later", "Connection", "is busy", "nobody"),
    replies("greeting", "HTTP/1.1 400 Bad Request", "Connection", "answer we do not know", "you"),
    replies("starttls", "454 4.7.0 TLS not available now", "Encryption", "is busy", "nobody"),
    replies("starttls", "502 5.5.1 Not here", "Encryption", "does not offer STARTTLS", "you"),
]
SIGN_INS = [
    values("wrong password", SIGN_IN, "sign-in was refused", "you", password="not-the-password"),
    broken("no AUTH", SIGN_IN, "offers no sign-in", "you", rules(auth_mechanisms=("NTLM",))),
    replies("auth", "535 5.7.8 Username and Password not accepted", SIGN_IN, "was refused", "you"),
    replies("auth", "535 5.7.3 Authentication unsuccessful", SIGN_IN, "sign-in was refused", "you"),
    replies("auth", "534 5.7.9 Application-specific password required", SIGN_IN, "app password", "you"),
    replies("auth", "534 5.7.14 Please log in via your web browser", SIGN_IN, "with a browser", "you"),
    replies("auth", "454 4.7.0 Temporary authentication failure", SIGN_IN, "could not be checked", "nobody"),
    replies("auth", "432 4.7.12 A password transition is needed", SIGN_IN, "must be renewed", "you"),
    replies("auth", "525 5.7.13 User account disabled", SIGN_IN, "account is disabled", "mail_admin"),
    replies("auth", "538 5.7.11 Encryption required", SIGN_IN, "offers no sign-in", "you"),
    replies("auth", "504 5.5.4 Unrecognized authentication type", SIGN_IN, "offers no sign-in", "you"),
    replies(
        "auth",
        f"{OFF}SmtpClientAuthentication is disabled for the Mailbox.",
        SIGN_IN,
        "Not allowed: SMTP AUTH is switched off for notifications@",
        "microsoft_admin",
        says="Authenticated SMTP",
    ),
    replies(
        "auth",
        f"{OFF}SmtpClientAuthentication is disabled for the Tenant.",
        SIGN_IN,
        "Not allowed: SMTP AUTH is switched off for the whole organization",
        "microsoft_admin",
    ),
    replies(
        "auth",
        f"{OFF}user is locked by your organization's security defaults policy.",
        SIGN_IN,
        "Not allowed: security defaults",
        "microsoft_admin",
    ),
    replies(
        "auth",
        f"{OFF}the request did not meet the criteria to be authenticated successfully.",
        SIGN_IN,
        "Not allowed: an access policy",
        "microsoft_admin",
    ),
    replies("auth", f"{OFF}the user credentials were incorrect.", SIGN_IN, "sign-in was refused", "you"),
    replies("auth", f"{OFF}basic authentication is disabled.", SIGN_IN, "password sign-in is retired", "you"),
    replies("auth", "550 5.7.30 Basic authentication is not supported", SIGN_IN, "is retired", "you"),
    replies("auth", "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit", SIGN_IN, "Too many", "nobody"),
    replies(
        "auth",
        "430 4.2.0 STOREDRV; mailbox logon failure; failure code:MapiExceptionLogonFailed",
        SIGN_IN,
        "may not open the mailbox",
        "microsoft_admin",
    ),
    replies("auth", f"535 5.7.8 {PASSWORD} is wrong", SIGN_IN, "sign-in was refused", "you", says="•••"),
]
SENDER, SEND = "Permission", "Send"
SENDERS = [
    replies("mail", "530 5.7.0 Authentication required", SENDER, "wants a sign-in first", "you"),
    replies(
        "mail", "530 5.7.57 Client not authenticated to send mail", SENDER, "Not allowed", "microsoft_admin"
    ),
    replies("mail", "550 5.7.60 Client does not have permissions", SENDER, "send as", "microsoft_admin"),
    replies("mail", "554 5.2.252 SendAsDenied", SENDER, "Not allowed to send as", "microsoft_admin"),
    replies(
        "mail", "550 5.1.8 Access denied, bad outbound sender", SENDER, "for sending spam", "microsoft_admin"
    ),
    replies(
        "mail",
        "550 5.7.708 Access denied, traffic not accepted",
        SENDER,
        "your organization",
        "microsoft_admin",
    ),
    replies("mail", "550 5.2.254 Sender throttled due to errors", SENDER, "slows", "microsoft_admin"),
    replies("mail", "550 5.7.26 Unauthenticated mail", SENDER, "domain is not authenticated", "dns"),
    replies("mail", "550 5.7.25 No reverse DNS", SENDER, "no reverse name", "mail_admin"),
    replies("mail", "550 5.7.27 Null MX", SENDER, "takes no mail", "dns"),
    replies("mail", "450 4.1.8 Sender domain not found now", SENDER, "could not be checked", "dns"),
    replies("mail", "553 5.1.7 Bad sender address", SENDER, "sender was refused", "you"),
    replies("mail", "554 Message rejected: Email address is not verified", SENDER, "not verified", "you"),
    replies("mail", "451 4.7.500 Server busy", SENDER, "back for some hours", "nobody"),
    replies("mail", "550 5.4.5 Daily sending quota exceeded", SENDER, "Gmail account", "you"),
    replies(
        "mail", "550 5.7.233 Tenant external recipient limit", SENDER, "outside recipients", "microsoft_admin"
    ),
    replies("mail", "452 4.3.1 Out of space", SENDER, "is busy", "nobody"),
    replies("mail", "421 4.7.28 Unusual rate of mail", SENDER, "slow down", "nobody"),
    replies("mail", "555 MAIL FROM parameters not recognized", SENDER, "does not understand", "platform"),
]
RECIPIENTS = [
    replies("rcpt", "550 5.1.1 No such user", SEND, "recipient was refused", "recipient"),
    replies("rcpt", "550 5.1.2 Bad destination system", SEND, "domain takes no mail", "recipient"),
    replies("rcpt", "550 5.2.1 Mailbox disabled", SEND, "mailbox is disabled", "recipient"),
    replies("rcpt", "552 5.2.2 Mailbox full", SEND, "mailbox is full", "recipient"),
    replies(
        "rcpt", "550 5.7.133 Sender not authenticated for group", SEND, "no mail from outside", "recipient"
    ),
    replies("rcpt", "550 5.7.1 Relaying denied", SEND, "does not send to other domains", "you"),
    replies("rcpt", "550 5.7.64 TenantAttribution; Relay Access Denied", SEND, "as your server", "you"),
    replies("rcpt", "550 5.7.1 Service unavailable, blocked using Spamhaus", SEND, "block list", "platform"),
    replies("rcpt", "450 4.2.0 Greylisted, try again", SEND, "come back later", "nobody"),
    replies("rcpt", "452 4.2.2 Mailbox full", SEND, "full for now", "nobody"),
    replies("rcpt", "451 4.3.0 Local trouble", SEND, "cannot take mail now", "nobody"),
    replies("rcpt", "452 4.5.3 Too many recipients", SEND, "Too many recipients", "nobody"),
]
CONTENT = [
    replies("data", "554 5.5.1 No valid recipients", SEND, "does not understand", "platform"),
    replies("dot", "554 5.7.1 Message refused: it looks like spam", SEND, "taken for spam", "mail_admin"),
    replies("dot", "552 5.7.0 This attachment is a security risk", SEND, "attachment of this type", "you"),
    replies("dot", "552 5.3.4 Message size exceeds fixed maximum", SEND, "too large", "you"),
    replies("dot", "554 5.6.0 Message malformed", SEND, "does not understand this message", "platform"),
    replies("dot", "550 5.7.509 Access denied, sending domain fails DMARC", SEND, "not authenticated", "dns"),
    replies("dot", "554 5.3.0 Something else", SEND, "refused the message", "mail_admin"),
    replies("dot", "554 5.9.9 Not this one", SEND, "message was refused", "you"),
    replies("dot", "451 4.3.0 Try later", SEND, "is busy", "nobody"),
    replies("dot", "432 4.3.2 Concurrent connections limit exceeded", SEND, "Too many connections", "nobody"),
    broken("size limit of EHLO", SEND, "too large", "you", rules(size_limit=100)),
    broken("hangs up at the dot", SEND, "last answer was lost", "nobody", drops("dot")),
]
HOSTILE = "<script>alert(1)</script> {{ settings.SECRET_KEY }} {% debug %} \x1b[31mred\x07"
INERT = [
    replies("auth", f"535 5.7.8 {HOSTILE}", SIGN_IN, "sign-in was refused", "you"),
    replies("rcpt", f"550 5.1.1 {HOSTILE}", SEND, "recipient was refused", "recipient"),
    replies("dot", f"554 5.9.9 {HOSTILE}", SEND, "message was refused", "you"),
]
WALK = [*CONNECTION, *SIGN_INS, *SENDERS, *RECIPIENTS, *CONTENT]


@pytest.mark.feature("NEW-2", "CIR-21", "HIR-17", "WPM-54", "COG-59")
@pytest.mark.control("C-EGR-7")
@pytest.mark.parametrize("case", WALK, ids=str)
def test_the_page_names_stage_cause_and_fixer(
    case: Case, walker: Admin, servers: Servers, every_word: StringIO
) -> None:
    page = walker.test(*case.make(servers))
    check(case, page, servers, every_word.getvalue())


@pytest.mark.control("C-EGR-7")
@pytest.mark.parametrize("case", INERT, ids=str)
def test_words_of_a_server_are_inert(
    case: Case, walker: Admin, servers: Servers, every_word: StringIO
) -> None:
    page = walker.test(*case.make(servers))
    check(case, page, servers, every_word.getvalue())
    assert "<script>alert" not in page.html
    assert "&lt;script&gt;alert(1)" in page.html
    assert "{{ settings.SECRET_KEY }}" in unescape(page.html)
    assert not {"\x1b", "\x07"} & set(page.html)
    assert page.attempt is not None
    assert len(page.attempt.reply) <= 500


@pytest.mark.feature("NEW-2")
def test_the_walk_is_long_enough() -> None:
    cases = [*WALK, *NUMBERS, *REAL, *CODES, *WIRE, *EXCHANGE, *GENERIC]
    assert len({(case.step, case.title, case.fixer) for case in cases}) >= 90
    assert len({case.name for case in cases}) == len(cases) >= 190
    assert {case.fixer for case in cases} == set(FIXERS)
