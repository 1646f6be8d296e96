"""The sandbox's mail server and access tokens: who gets in, and how somebody is refused."""

from __future__ import annotations

import base64
import json
import smtplib
from collections.abc import Callable

import pytest

from sandbox.smtp import SmtpServer

Start = Callable[..., SmtpServer]
Connect = Callable[..., smtplib.SMTP]
USER, TOKEN = "notifications@contoso.com", "right-token"


def accepts(user: str, token: str) -> bool:
    """Let the one user in with the one token."""
    return (user, token) == (USER, TOKEN)


def greeted(client: smtplib.SMTP) -> smtplib.SMTP:
    """A client that knows what the server offers inside TLS."""
    client.ehlo()
    return client


def words(mechanism: str, token: str) -> str:
    """What a client says with a mechanism."""
    bearer = f"auth=Bearer {token}\1\1"
    text = f"user={USER}\1{bearer}" if mechanism == "XOAUTH2" else f"n,a={USER},\1host=h\1port=25\1{bearer}"
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
@pytest.mark.parametrize("at_once", [True, False])
def test_right_token_gets_in(smtp_server: Start, connect: Connect, mechanism: str, *, at_once: bool) -> None:
    server = smtp_server(tokens=accepts)
    client = greeted(connect(server))
    said = words(mechanism, TOKEN)
    if at_once:
        code, _ = client.docmd("AUTH", f"{mechanism} {said}")
    else:
        assert client.docmd("AUTH", mechanism)[0] == 334
        code, _ = client.docmd(said)
    assert code == 235
    assert server.signed_in == [USER]
    assert TOKEN not in " ".join(server.transcript)
    assert said not in " ".join(server.transcript)


@pytest.mark.parametrize(("mechanism", "end"), [("XOAUTH2", ""), ("OAUTHBEARER", "AQ==")])
def test_wrong_token_is_refused_after_a_challenge_that_says_why(
    smtp_server: Start, connect: Connect, mechanism: str, end: str
) -> None:
    server = smtp_server(tokens=accepts)
    client = greeted(connect(server))
    code, challenge = client.docmd("AUTH", f"{mechanism} {words(mechanism, 'wrong')}")
    assert (code, json.loads(base64.b64decode(challenge))["status"]) == (334, "401")
    assert client.docmd(end)[0] == 535
    assert server.signed_in == []


def test_challenge_wants_its_own_answer(smtp_server: Start, connect: Connect) -> None:
    client = greeted(connect(smtp_server(tokens=accepts)))
    client.docmd("AUTH", f"XOAUTH2 {words('XOAUTH2', 'wrong')}")
    assert client.docmd("something else")[0] == 501


def test_refusal_can_come_at_once(smtp_server: Start, connect: Connect) -> None:
    server = smtp_server(tokens=accepts)
    server.rules.token_challenge = False
    assert greeted(connect(server)).docmd("AUTH", f"XOAUTH2 {words('XOAUTH2', 'wrong')}")[0] == 535


def test_tokens_and_passwords_are_offered_as_they_are_known(smtp_server: Start, connect: Connect) -> None:
    assert greeted(connect(smtp_server(tokens=accepts))).esmtp_features["auth"].split() == [
        "XOAUTH2",
        "OAUTHBEARER",
    ]
    both = greeted(connect(smtp_server(tokens=accepts, users={USER: "password"})))
    assert both.esmtp_features["auth"].split() == ["PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER"]
    assert greeted(connect(smtp_server(users={USER: "password"}))).docmd("AUTH", "XOAUTH2 xx")[0] == 504


@pytest.mark.parametrize("said", ["!!", "dXNlcj1h", base64.b64encode(b"user=a\1auth=Basic x\1\1").decode()])
def test_what_is_no_token_is_a_syntax_error(smtp_server: Start, connect: Connect, said: str) -> None:
    assert greeted(connect(smtp_server(tokens=accepts))).docmd("AUTH", f"XOAUTH2 {said}")[0] == 501


def test_limits_are_announced_where_wanted(smtp_server: Start, connect: Connect) -> None:
    server = smtp_server(users={USER: "password"})
    server.rules.announce_limits, server.rules.recipient_limit = True, 7
    server.rules.messages_per_session = 3
    assert greeted(connect(server)).esmtp_features["limits"].strip() == "RCPTMAX=7 MAILMAX=3"
