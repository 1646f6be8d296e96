"""The SMTP wire against a real server: sessions, verdicts, markers, lost answers."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from providers import (
    Address,
    MemoryTokenStore,
    Message,
    ProviderError,
    Trace,
    WireContext,
    provider,
)
from sandbox.inbox import Inbox
from sandbox.smtp import SmtpServer
from tests.providers.conftest import (
    PASSWORD,
    Rules,
    StartSmtp,
    letter,
    smtp_settings,
    words,
)

USERS = {"user@contoso.com": PASSWORD}


def opened(
    server: SmtpServer, egress_for: Rules, trace: Trace | None = None, *, limit: float = 20.0, **changes: Any
) -> Any:
    egress = egress_for(server)
    settings = smtp_settings(server, egress, **changes)
    context = WireContext(egress, trace or Trace(), MemoryTokenStore(), "key", limit)
    return provider("smtp").open(settings, context)


def failed(
    server: Any, egress_for: Rules, trace: Trace | None = None, message: Message | None = None, **changes: Any
) -> ProviderError:
    with pytest.raises(ProviderError) as caught, opened(server, egress_for, trace, **changes) as session:
        session.send(message or letter())
    error = caught.value
    seen = f"{error!r} {error} {vars(error)} {trace.results if trace else ''}"
    assert PASSWORD not in seen
    return error


def test_ladder_of_a_success_reads_well(start_smtp: StartSmtp, egress_for: Rules) -> None:
    server, trace = start_smtp(users=USERS), Trace()
    with opened(server, egress_for, trace) as session:
        session.send(letter())
    assert [(row.stage.value, row.verdict) for row in trace.results] == [
        (stage, "ok")
        for stage in words("name_lookup connect greeting tls sign_in sender recipient message accepted")
    ]
    texts = {row.stage.value: row.text for row in trace.results}
    assert texts["name_lookup"] == "localhost was found (127.0.0.1)"
    assert texts["connect"] == f"Connected to localhost, port {server.port}"
    assert texts["tls"].startswith("TLS 1.3, certificate valid until ")
    assert texts["sign_in"] == "Signed in as user@contoso.com"
    assert texts["accepted"].startswith("Accepted: 250 2.0.0")


def test_one_session_carries_many_messages(start_smtp: StartSmtp, egress_for: Rules, inbox: Inbox) -> None:
    server = start_smtp(users=USERS)
    with opened(server, egress_for) as session:
        for number in range(50):
            session.send(letter(subject=f"Number {number}"))
    assert len(inbox.wait_for(50)) == 50
    assert len(server.sessions) == 1


@pytest.mark.parametrize("pipelining", [True, False])
def test_every_recipient_has_a_verdict(
    start_smtp: StartSmtp, egress_for: Rules, inbox: Inbox, *, pipelining: bool
) -> None:
    server = start_smtp(users=USERS)
    server.rules.pipelining = pipelining
    with opened(server, egress_for) as session:
        receipt = session.send(
            letter("good@x.com, unknown@x.com, busy@x.com", bcc=(Address("hidden@x.com"),))
        )
        assert receipt.accepted == ("good@x.com", "hidden@x.com")
        assert {email: (one.code, one.transient) for email, one in receipt.refused.items()} == {
            "unknown@x.com": ("recipient_refused", False),
            "busy@x.com": ("recipient_temporary", True),
        }
        error = None
        try:
            session.send(letter("unknown@x.com, busy@x.com"))
        except ProviderError as caught:
            error = caught
        assert error is not None
        assert (error.code, error.transient, error.connection_fault) == ("recipient_temporary", True, False)
        assert set(error.refusals) == {"unknown@x.com", "busy@x.com"}
        session.send(letter())
    assert len(server.sessions) == 1
    assert len(inbox.wait_for(2)) == 2
    assert b"hidden@x.com" not in inbox[0].raw


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize("sender", ["intruder", "blocked"])
def test_refused_sender_leaves_the_session_usable(
    start_smtp: StartSmtp, egress_for: Rules, inbox: Inbox, *, pipelining: bool, sender: str
) -> None:
    server, trace = start_smtp(users=USERS), Trace()
    server.rules.pipelining = pipelining
    with opened(server, egress_for, trace) as session:
        with pytest.raises(ProviderError) as caught:
            session.send(letter(sender=Address(f"{sender}@contoso.com")))
        assert caught.value.stage == "sender"
        assert caught.value.code == {"intruder": "sender_refused", "blocked": "sender_blocked"}[sender]
        assert trace.results[-1].verdict == "failed"
        session.send(letter())
    assert len(server.sessions) == 1
    assert len(inbox) == 1


def test_server_that_knows_no_ehlo_is_greeted_with_helo(
    start_smtp: StartSmtp, egress_for: Rules, inbox: Inbox
) -> None:
    server = start_smtp(mode="plain")
    server.rules.extensions = False
    with opened(server, egress_for) as session:
        session.send(letter())
    assert len(inbox.wait_for(1)) == 1


def test_two_sessions_side_by_side_do_not_meet(
    start_smtp: StartSmtp, egress_for: Rules, inbox: Inbox
) -> None:
    server = start_smtp(users=USERS)

    def work(name: str) -> None:
        with opened(server, egress_for) as session:
            for _ in range(20):
                session.send(letter(f"{name}@x.com", subject=name))

    threads = [threading.Thread(target=work, args=(name,)) for name in ("one", "two", "three")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(inbox.wait_for(60)) == 60
    assert all(mail.envelope_to == (f"{mail.subject}@x.com",) for mail in inbox)
