"""The SMTP stand-in misbehaves on demand."""

from __future__ import annotations

import smtplib
import socket
import time
from collections.abc import Callable
from typing import get_args

import pytest

from sandbox.inbox import Inbox
from sandbox.listener import STOP_SECONDS
from sandbox.smtp import Rules, SmtpServer
from sandbox.smtp_rules import Stage

RAW = b"Subject: Hello\r\n\r\nHello\r\n"
Start = Callable[..., SmtpServer]
Connect = Callable[..., smtplib.SMTP]


def walk(server: SmtpServer, stage: str, connect: Connect) -> tuple[int, bytes]:
    """Go on until the stage and give its reply."""
    if stage == "greeting":
        with (
            socket.create_connection(("127.0.0.1", server.port), timeout=5) as raw,
            raw.makefile("rb") as wire,
        ):
            line = wire.readline()
            if not line:
                raise smtplib.SMTPServerDisconnected("no greeting")
            return int(line[:3]), line[4:].rstrip()
    client = connect(server, secure=False)
    steps: dict[str, Callable[[], tuple[int, bytes]]] = {
        "helo": client.helo,
        "ehlo": client.ehlo,
        "noop": client.noop,
        "starttls": lambda: client.docmd("STARTTLS"),
        "auth": lambda: client.docmd("AUTH", "PLAIN AGFubgByaWdodA=="),
        "mail": lambda: client.mail("a@contoso.com"),
        "rcpt": lambda: client.rcpt("b@fabrikam.com"),
        "data": lambda: client.docmd("DATA"),
        "dot": lambda: client.docmd("."),
        "rset": client.rset,
        "quit": client.quit,
    }
    order = ["ehlo", "mail", "rcpt", "data", "dot"]
    before = order[: order.index(stage)] if stage in order else ["ehlo"]
    for name in before:
        steps[name]()
    return steps[stage]()


def walking(smtp_server: Start, stage: str, rules: Rules) -> SmtpServer:
    rules.auth_without_tls, rules.auth_required = True, False
    if stage in {"auth", "starttls"}:
        return smtp_server(rules=rules, users={"ann": "right"})
    return smtp_server(mode="plain", rules=rules)


@pytest.mark.parametrize("stage", get_args(Stage))
def test_every_stage_can_refuse(smtp_server: Start, connect: Connect, inbox: Inbox, stage: Stage) -> None:
    server = walking(smtp_server, stage, Rules().refuse(stage, "554 5.7.1 <script>no</script>"))
    assert walk(server, stage, connect) == (554, b"5.7.1 <script>no</script>")
    assert len(inbox) == 0


@pytest.mark.parametrize("stage", get_args(Stage))
def test_every_stage_can_cut_the_connection(
    smtp_server: Start, connect: Connect, inbox: Inbox, stage: Stage
) -> None:
    server = walking(smtp_server, stage, Rules().drop(stage))
    with pytest.raises(smtplib.SMTPServerDisconnected):
        walk(server, stage, connect)
    assert len(inbox) == 0


def test_a_delay_and_a_drip_slow_the_answer(smtp_server: Start, connect: Connect) -> None:
    rules = Rules().delay("noop", 0.1, times=1).drip("noop", "250 ok", every=0.02, times=1)
    client = connect(smtp_server(mode="plain", rules=rules))
    for _ in range(2):
        begun = time.monotonic()
        assert client.noop()[0] == 250
        assert time.monotonic() - begun >= 0.1
    assert rules.fault("noop") is None


def test_a_delay_does_not_keep_the_server_from_stopping(smtp_server: Start) -> None:
    server = smtp_server(mode="plain", rules=Rules().delay("greeting", 30))
    with socket.create_connection(("127.0.0.1", server.port), timeout=5):
        server.stop()
    assert server.open_sessions == 0


def test_an_idle_tls_session_does_not_keep_the_server_from_stopping(
    smtp_server: Start, connect: Connect
) -> None:
    server = smtp_server()
    connect(server)
    begun = time.monotonic()
    server.stop()
    assert time.monotonic() - begun < STOP_SECONDS


def test_the_mail_is_kept_though_the_client_never_hears_of_it(
    smtp_server: Start, connect: Connect, inbox: Inbox
) -> None:
    server = smtp_server(rules=Rules().drop_after_dot(times=1))
    with pytest.raises(smtplib.SMTPServerDisconnected):
        connect(server).sendmail("a@contoso.com", ["b@fabrikam.com"], RAW)
    assert len(inbox) == 1
    connect(server).sendmail("a@contoso.com", ["b@fabrikam.com"], RAW)
    assert len(inbox) == 2


def test_a_fault_with_times_is_used_up(smtp_server: Start, connect: Connect) -> None:
    rules = Rules().refuse("mail", "451 4.3.0 later", times=2).refuse("mail", "452 4.3.1 full", times=1)
    client = connect(smtp_server(mode="plain", rules=rules))
    client.ehlo()
    assert [client.mail("a@contoso.com")[0] for _ in range(4)] == [451, 451, 452, 250]


def test_an_unknown_stage_is_named() -> None:
    with pytest.raises(ValueError, match="No stage is called 'hello'; the stages are greeting, ehlo"):
        Rules().refuse("hello", "550 no")  # type: ignore[arg-type]


def test_a_trap_offers_sign_in_without_tls_and_keeps_what_it_gets(
    smtp_server: Start, connect: Connect
) -> None:
    trap = smtp_server(mode="plain", trap=True)
    client = connect(trap)
    client.ehlo()
    assert client.has_extn("auth")
    assert trap.credentials_received == 0
    assert client.docmd("AUTH", "PLAIN AGFubgByaWdodA==")[0] == 535
    assert trap.credentials == ["AGFubgByaWdodA=="]


def test_starttls_can_be_stripped_or_injected_into(smtp_server: Start, connect: Connect) -> None:
    stripped = connect(smtp_server(rules=Rules(starttls=False)), secure=False)
    stripped.ehlo()
    assert not stripped.has_extn("starttls")
    assert stripped.docmd("STARTTLS")[0] == 502
    server = smtp_server(rules=Rules(starttls_injection=b"250 injected\r\n"))
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as raw, raw.makefile("rb") as wire:
        wire.readline()
        raw.sendall(b"EHLO client.test\r\n")
        while wire.readline()[3:4] == b"-":
            pass
        raw.sendall(b"STARTTLS\r\n")
        assert wire.readline() == b"220 2.0.0 Ready to start TLS\r\n"
        assert wire.readline() == b"250 injected\r\n"


def test_limits_of_sessions_and_messages_are_kept(smtp_server: Start, connect: Connect) -> None:
    server = smtp_server(mode="plain", rules=Rules(session_limit=1, messages_per_session=1))
    client = connect(server)
    client.sendmail("a@contoso.com", ["b@fabrikam.com"], RAW)
    with pytest.raises(smtplib.SMTPConnectError) as refused:
        connect(server)
    assert refused.value.smtp_code == 421
    with pytest.raises(smtplib.SMTPSenderRefused):
        client.sendmail("a@contoso.com", ["b@fabrikam.com"], RAW)


def test_data_can_be_granted_though_nobody_was_accepted(
    smtp_server: Start, connect: Connect, inbox: Inbox
) -> None:
    client = connect(smtp_server(mode="plain", rules=Rules(data_without_recipients=True)))
    client.ehlo()
    client.mail("a@contoso.com")
    client.rcpt("unknown@fabrikam.com")
    assert client.docmd("DATA")[0] == 354
    assert client.docmd(".")[0] == 554
    assert len(inbox) == 0
