"""The walk, part 4: mail servers that take tokens of an app, of Google, or of any OAuth 2.0 server."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO

import pytest

from sandbox.smtp_rules import Stage
from tests.features.failures import Admin, Case, Servers, check
from tests.typed_values import (
    CLIENT_ID,
    CLIENT_SECRET,
    MAILBOX,
    OAUTH_CLIENT_ID,
    OAUTH_MAILBOX,
    microsoft365_values,
    oauth_values,
)

pytestmark = pytest.mark.django_db
SIGN_IN, PERMISSION = "Sign-in", "Permission"


def exchange(
    name: str,
    step: str,
    title: str,
    fixer: str,
    says: str = "",
    prepare: Callable[[Servers], object] = id,
    **changes: object,
) -> Case:
    """Make a case of Microsoft 365 SMTP."""

    def make(servers: Servers) -> tuple[str, dict[str, object]]:
        prepare(servers)
        return "microsoft365_smtp", microsoft365_values(servers.microsoft, servers.exchange, **changes)

    return Case(f"exchange: {name}", step, title, fixer, make, says)


def replies(at: Stage, reply: str) -> Callable[[Servers], object]:
    """Let Exchange answer this."""
    return lambda servers: servers.exchange.rules.refuse(at, reply)


def roles(*names: str) -> Callable[[Servers], object]:
    """Give the app only these permissions."""
    return lambda servers: servers.microsoft.add_app(servers.tenant, CLIENT_ID, CLIENT_SECRET, roles=names)


def generic(
    name: str,
    title: str,
    fixer: str,
    says: str = "",
    prepare: Callable[[Servers], object] = id,
    *,
    legacy: bool = False,
    step: str = SIGN_IN,
    **changes: object,
) -> Case:
    """Make a case of Google / Generic OAuth2 SMTP."""

    def make(servers: Servers) -> tuple[str, dict[str, object]]:
        token = servers.google.refresh_token(OAUTH_CLIENT_ID, OAUTH_MAILBOX)
        grant = {"method": "legacy", "refresh_token": token} if legacy else {}
        values = oauth_values(servers.google, servers.gmail, **{**grant, **changes})
        prepare(servers)
        return "oauth_smtp", values

    return Case(f"oauth: {name}", step, title, fixer, make, says)


def endpoint(error: str, status: int = 400) -> Callable[[Servers], object]:
    """Let the token endpoint answer this error."""
    return lambda servers: servers.google.fail_tokens(error, f"{error} happened", status=status)


def page(status: int, body: bytes = b"") -> Callable[[Servers], object]:
    """Let the token endpoint answer with something else."""
    return lambda servers: servers.google.answer_tokens(status, body)


UNSUCCESSFUL = "535 5.7.3 Authentication unsuccessful"
OFF = "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox."
LOGON = "430 4.2.0 STOREDRV; mailbox logon failure; failure code:MapiExceptionLogonFailed"
DENIED = "550 5.7.60 Client does not have permissions to send as this sender"
OTHER = "news@contoso.com"
EXCHANGE = [
    exchange(
        "no SendAsApp",
        SIGN_IN,
        "permission is missing: SMTP.SendAsApp",
        "microsoft_admin",
        prepare=roles("Mail.Send"),
    ),
    exchange(
        "5.7.3",
        SIGN_IN,
        "sign-in was refused",
        "microsoft_admin",
        "Credential mismatch",
        replies("auth", UNSUCCESSFUL),
    ),
    exchange(
        "5.7.3 with another sender",
        SIGN_IN,
        "sign-in was refused",
        "microsoft_admin",
        f"Custom sender: {MAILBOX} signs in, but Sender email is {OTHER}",
        replies("auth", UNSUCCESSFUL),
        sender_email=OTHER,
    ),
    exchange(
        "SMTP AUTH off",
        SIGN_IN,
        f"switched off for {MAILBOX}",
        "microsoft_admin",
        "Authenticated SMTP",
        replies("auth", OFF),
    ),
    exchange(
        "mailbox logon",
        SIGN_IN,
        f"may not open the mailbox {MAILBOX}",
        "microsoft_admin",
        "FullAccess",
        replies("auth", LOGON),
    ),
    exchange(
        "no XOAUTH2",
        SIGN_IN,
        "offers no sign-in",
        "you",
        prepare=lambda s: setattr(s.exchange.rules, "token_mechanisms", ("NTLM",)),
    ),
    exchange(
        "send as",
        PERMISSION,
        f"Not allowed to send as {OTHER}",
        "microsoft_admin",
        "alias",
        replies("mail", DENIED),
        sender_email=OTHER,
    ),
    exchange(
        "unknown resource",
        SIGN_IN,
        "requested service",
        "microsoft_admin",
        scope="https://example.com/.default",
    ),
    exchange("wrong scope", SIGN_IN, "scope is wrong", "you", scope="Mail.Send"),
    exchange(
        "secret expired", SIGN_IN, "has expired", "you", prepare=lambda s: s.microsoft.fail_tokens(7000222)
    ),
    exchange(
        "three sessions",
        SIGN_IN,
        "Too many connections",
        "nobody",
        prepare=replies("auth", "432 4.3.2 Concurrent connections limit"),
    ),
    exchange(
        "5.7.57",
        PERMISSION,
        "Not allowed: Microsoft",
        "microsoft_admin",
        prepare=replies("mail", "530 5.7.57 Client not authenticated"),
    ),
]
GENERIC = [
    generic("invalid_client", "does not accept Client ID", "you", prepare=endpoint("invalid_client", 401)),
    generic("invalid_grant", "grant was refused", "you", prepare=endpoint("invalid_grant")),
    generic("unauthorized_client", "grant was refused", "you", prepare=endpoint("unauthorized_client")),
    generic(
        "unsupported_grant_type", "does not know this way", "you", prepare=endpoint("unsupported_grant_type")
    ),
    generic("invalid_scope", "scope is wrong", "you", prepare=endpoint("invalid_scope")),
    generic("invalid_request", "not understood", "you", prepare=endpoint("invalid_request")),
    generic("access_denied", "refused the sign-in", "you", prepare=endpoint("access_denied")),
    generic("server_error", "has trouble", "nobody", prepare=endpoint("server_error", 500)),
    generic("slow_down", "slow down", "nobody", prepare=endpoint("slow_down")),
    generic("a page", "does not answer like a token endpoint", "you", prepare=page(404, b"<html>")),
    generic("no token", "answer we do not know", "you", prepare=page(200, b"{}")),
    generic(
        "wrong secret", "does not accept Client ID", "you", client_secret="GOCSPX-another-secret-01234567890"
    ),
    generic(
        "revoked", "connected again", "you", prepare=lambda s: s.google.revoke(OAUTH_MAILBOX), legacy=True
    ),
    generic(
        "only an old access token",
        "expired, and there is no refresh token",
        "you",
        "Convert to client credentials",
        method="legacy",
        access_token="ya29-old-token-of-the-tests-0123456789",
        expiry_date="1700000000000",
    ),
    generic(
        "another mailbox",
        "sign-in was refused",
        "you",
        "must be the account that gave the token",
        legacy=True,
        username="somebody@fabrikam.com",
    ),
]


@pytest.mark.feature("NEW-2", "COG-53", "COG-57", "COG-58", "COG-59", "HIR-19", "WPM-55", "WPM-56")
@pytest.mark.control("C-EGR-7")
@pytest.mark.parametrize("case", [*EXCHANGE, *GENERIC], ids=str)
def test_the_page_names_stage_cause_and_fixer(
    case: Case, walker: Admin, servers: Servers, every_word: StringIO
) -> None:
    provider, values = case.make(servers)
    result = walker.test(provider, values)
    check(case, result, servers, every_word.getvalue())
    for name in ("refresh_token", "access_token"):
        assert not values.get(name) or str(values[name]) not in result.html + result.kept
