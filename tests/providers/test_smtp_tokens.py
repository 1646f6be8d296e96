"""Signing in by SMTP with access tokens: the exchange of both mechanisms, one renewal, one more try."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest

from providers import MemoryTokenStore, ProviderError, SecretText, Token, Trace, WireContext
from providers.tokens import TokenSource
from providers.transports.smtp import SmtpServer as Target
from providers.transports.smtp import SmtpSession, TokenLogin, open_smtp
from sandbox.inbox import Inbox
from sandbox.smtp import SmtpServer
from tests.providers.conftest import MAILBOX, Rules, SmtpMode, StartSmtp, letter, words

GOOD: Final = "good-token-0123456789"


class Tokens(TokenSource):
    """A source that hands out the given tokens, one after the other, and counts."""

    permission = "SMTP.Send"
    delegated = True
    host = ""
    label = "the tests"
    facts: Mapping[str, str] = {"client_id": "tests"}

    def __init__(self, *tokens: str, scopes: tuple[str, ...] = ()) -> None:
        self._tokens = tokens
        self._scopes = scopes
        self.fetched = 0

    def fetch(self, *_asked: object) -> Token:
        """Give the next token, the last one again and again."""
        value = self._tokens[min(self.fetched, len(self._tokens) - 1)]
        self.fetched += 1
        return Token(SecretText(value), time.time() + 3600, scopes=self._scopes)


def only(token: str) -> Callable[[str, str], bool]:
    """A server's rule: this token for the mailbox, no other."""
    return lambda user, shown: (user, shown) == (MAILBOX, token)


def opened(
    server: SmtpServer, egress_for: Rules, source: Tokens, trace: Trace | None = None, **changes: Any
) -> SmtpSession:
    """Open a session that signs in with tokens of the source."""
    options = {"username": MAILBOX, "tokens": MemoryTokenStore(), **changes}
    context = WireContext(egress_for(server), trace or Trace(), options["tokens"], "key", 20.0)
    target = Target("localhost", server.port, {"plain": "none"}.get(server.mode, server.mode))
    return open_smtp(target, TokenLogin(options["username"], source), context)


def refused(server: SmtpServer, egress_for: Rules, source: Tokens, **changes: Any) -> ProviderError:
    """Try to sign in; no token may be told by the error or the ladder."""
    trace = Trace()
    with pytest.raises(ProviderError) as caught:
        opened(server, egress_for, source, trace, **changes)
    error = caught.value
    assert "token-" not in f"{error!r} {vars(error)} {trace.results}"
    return error


@pytest.mark.feature("HIR-1")
@pytest.mark.parametrize("mode", ["starttls", "tls"])
@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
def test_sends_signed_in_by_token(
    start_smtp: StartSmtp, egress_for: Rules, inbox: Inbox, mode: SmtpMode, mechanism: str
) -> None:
    server, trace, source = start_smtp(mode=mode, tokens=only(GOOD)), Trace(), Tokens(GOOD)
    server.rules.token_mechanisms = (mechanism,)
    with opened(server, egress_for, source, trace) as session:
        session.send(letter())
    mail = inbox.wait_for(1)[0]
    assert (mail.signed_in_as, mail.envelope_from) == (MAILBOX, MAILBOX)
    assert f"C: AUTH {mechanism}" in server.transcript
    assert source.fetched == 1
    stages = [row.stage.value for row in trace.results]
    assert stages[0] == "token"
    assert {row.verdict for row in trace.results} == {"ok"}


def test_xoauth2_is_preferred_where_both_are_offered(start_smtp: StartSmtp, egress_for: Rules) -> None:
    server = start_smtp(tokens=only(GOOD))
    server.rules.token_mechanisms = ("OAUTHBEARER", "XOAUTH2")
    opened(server, egress_for, Tokens(GOOD)).close()
    assert "C: AUTH XOAUTH2" in server.transcript


@pytest.mark.parametrize("challenge", [True, False], ids=["as Google", "as Microsoft"])
@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
def test_refused_token_is_renewed_once_and_tried_once_more(
    start_smtp: StartSmtp, egress_for: Rules, mechanism: str, *, challenge: bool
) -> None:
    server, source, trace = start_smtp(tokens=only(GOOD)), Tokens("stale-token-01", GOOD), Trace()
    server.rules.token_mechanisms, server.rules.token_challenge = (mechanism,), challenge
    opened(server, egress_for, source, trace).close()
    assert source.fetched == 2
    assert [session.sign_ins_tried for session in server.sessions] == [1, 1]
    assert server.signed_in == [MAILBOX]
    assert {row.verdict for row in trace.results} == {"ok"}


@pytest.mark.parametrize("challenge", [True, False], ids=["as Google", "as Microsoft"])
def test_token_that_stays_refused_is_tried_twice_and_no_more(
    start_smtp: StartSmtp, egress_for: Rules, *, challenge: bool
) -> None:
    server, source = start_smtp(tokens=only(GOOD)), Tokens("bad-token-01", "bad-token-02", GOOD)
    server.rules.token_challenge = challenge
    error = refused(server, egress_for, source)
    assert (error.code, error.stage, error.transient) == ("auth_token_refused", "sign_in", False)
    assert error.connection_fault
    assert source.fetched == 2
    assert sum(session.sign_ins_tried for session in server.sessions) == 2
    told = {name: error.facts.get(name) for name in words("username mechanism permission status client_id")}
    assert told == {
        "username": MAILBOX,
        "mechanism": "XOAUTH2",
        "permission": "SMTP.Send",
        "status": "401" if challenge else None,
        "client_id": "tests",
    }
    assert "5.7.3" in error.reply


def test_token_without_the_permission_is_named_as_that(start_smtp: StartSmtp, egress_for: Rules) -> None:
    server = start_smtp(tokens=only(GOOD))
    error = refused(server, egress_for, Tokens("bad-token-01", scopes=("openid", "Mail.Send")))
    assert (error.code, error.facts["missing"]) == ("permission_missing", "SMTP.Send")


def test_token_renewed_by_somebody_else_is_used(start_smtp: StartSmtp, egress_for: Rules) -> None:
    store, source = MemoryTokenStore(), Tokens(GOOD)
    server = start_smtp(tokens=only(GOOD))
    opened(server, egress_for, source, tokens=store).close()
    opened(server, egress_for, source, tokens=store).close()
    assert source.fetched == 1


@pytest.mark.feature("HIR-19")
@pytest.mark.parametrize(
    ("reply", "code", "transient"),
    [
        (
            "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled",
            "auth_blocked_by_policy",
            False,
        ),
        ("430 4.2.0 STOREDRV; mailbox logon failure", "auth_mailbox_permission", False),
        ("454 4.7.0 Temporary authentication failure", "auth_temporary", True),
        ("432 4.3.2 Concurrent connections limit exceeded", "too_many_connections", True),
        ("504 5.5.4 Unrecognized authentication type", "auth_unsupported", False),
    ],
)
def test_refusal_that_is_not_the_tokens_fault_is_told_apart(
    start_smtp: StartSmtp, egress_for: Rules, reply: str, code: str, *, transient: bool
) -> None:
    server, source = start_smtp(tokens=only(GOOD)), Tokens(GOOD)
    server.rules.refuse("auth", reply)
    error = refused(server, egress_for, source)
    assert (error.code, error.transient) == (code, transient)
    assert source.fetched <= 2


def test_server_without_token_sign_in_gets_no_token(start_smtp: StartSmtp, egress_for: Rules) -> None:
    server = start_smtp(users={MAILBOX: "a-password"})
    error = refused(server, egress_for, Tokens(GOOD))
    assert (error.code, error.facts["offered"]) == ("auth_unsupported", "PLAIN, LOGIN")
    assert server.credentials_received == 0


@pytest.mark.parametrize(("octets", "lines"), [(200, 1), (4_000, 1), (9_198, 1), (9_210, 2)])
def test_long_token_arrives_whole(start_smtp: StartSmtp, egress_for: Rules, octets: int, lines: int) -> None:
    """Up to 12288 octets an AUTH line may be; what is longer waits for the server's word (RFC 4954)."""
    token = "t" * (octets - len(f"user={MAILBOX}\1auth=Bearer \1\1"))
    server = start_smtp(tokens=only(token))
    opened(server, egress_for, Tokens(token)).close()
    assert server.signed_in == [MAILBOX]
    assert len([line for line in server.transcript if line in {"C: AUTH XOAUTH2", "C: ***"}]) == lines


@pytest.mark.control("C-EGR-6")
def test_token_is_never_said_without_encryption(start_smtp: StartSmtp, egress_for: Rules) -> None:
    server = start_smtp(mode="plain", tokens=only(GOOD), trap=True)
    error = refused(server, egress_for, Tokens(GOOD))
    assert (error.code, error.stage) == ("settings_incomplete", "sign_in")
    assert server.credentials == []
