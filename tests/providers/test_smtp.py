"""The SMTP wire against a real server: sessions, verdicts, markers, lost answers."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from providers import (
    Address,
    Attachment,
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
    MAILBOX,
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


def test_message_over_the_announced_size_is_not_sent(
    start_smtp: StartSmtp, egress_for: Rules, inbox: Inbox
) -> None:
    server = start_smtp(users=USERS)
    server.rules.size_limit = 100_000
    big = letter(attachments=(Attachment("big.bin", "application/octet-stream", b"x" * 100_000),))
    error = failed(server, egress_for, message=big)
    assert (error.code, error.stage, error.connection_fault) == ("message_too_large", "message", False)
    assert error.facts["limit"] == "0.1 MB"
    assert not any("MAIL FROM" in line for line in server.transcript)
    assert len(inbox) == 0


def test_address_beyond_ascii_needs_smtputf8(start_smtp: StartSmtp, egress_for: Rules, inbox: Inbox) -> None:
    server = start_smtp(users=USERS)
    with opened(server, egress_for) as session:
        session.send(letter("jörg@example.com"))
    assert inbox.wait_for(1)[0].envelope_to == ("jörg@example.com",)
    server.rules.smtp_utf8 = False
    error = failed(server, egress_for, message=letter("jörg@example.com"))
    assert (error.code, error.connection_fault) == ("smtputf8_missing", False)


def test_server_that_knows_no_ehlo_is_greeted_with_helo(
    start_smtp: StartSmtp, egress_for: Rules, inbox: Inbox
) -> None:
    server = start_smtp(mode="plain")
    server.rules.extensions = False
    with opened(server, egress_for) as session:
        session.send(letter())
    assert len(inbox.wait_for(1)) == 1


END_OF_DATA = [
    "\r\n.\r\n",
    "\n.\n",
    "\r.\r",
    "\n.\r\n",
    "\r\n.\n",
    "\r\n.\r",
    "\r.\r\n",
    "\n.\r",
    "\r.\n",
    "\r\r\n.\r\r\n",
]


END_OF_DATA += ["\r\n..\r\n", "\r\n.\r\n.\r\n", "\n\n.\n\n", "\r\n. \r\n", "\r\n\t.\r\n", "\n.\n.\n.\n"]


SMUGGLED = "MAIL FROM:<evil@example.org>\r\nRCPT TO:<victim@example.org>\r\nDATA\r\nSubject: evil\r\n\r\nhi"


@pytest.mark.control("C-MAIL-3")
def test_no_end_of_data_inside_a_body_smuggles_a_second_message(
    start_smtp: StartSmtp, egress_for: Rules, inbox: Inbox
) -> None:
    server = start_smtp(users=USERS)
    variants = [f"before{end}{SMUGGLED}{end}after" for end in END_OF_DATA]
    variants += [f"{end}{SMUGGLED}" for end in END_OF_DATA]
    assert len(variants) >= 30
    with opened(server, egress_for) as session:
        for number, text in enumerate(variants):
            session.send(letter(text=text, html="" if number % 2 else text))
    assert len(inbox.wait_for(len(variants))) == len(variants)
    assert {mail.envelope_to for mail in inbox} == {("orgadmin@contoso.com",)}
    for mail, text in zip(inbox, variants, strict=True):
        assert mail.text.replace("\r\n", "\n").rstrip("\n") == text.replace("\r\n", "\n").replace(
            "\r", "\n"
        ).rstrip("\n")


def test_verify_names_sender_and_recipient_without_sending(
    start_smtp: StartSmtp, egress_for: Rules, inbox: Inbox
) -> None:
    server = start_smtp(users=USERS)
    with opened(server, egress_for) as session:
        session.verify(MAILBOX, "orgadmin@contoso.com")
        with pytest.raises(ProviderError) as caught:
            session.verify("intruder@contoso.com", "orgadmin@contoso.com")
        assert caught.value.stage == "sender"
        with pytest.raises(ProviderError) as caught:
            session.verify(MAILBOX, "unknown@contoso.com")
        assert caught.value.stage == "recipient"
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
