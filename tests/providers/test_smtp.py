"""The SMTP wire against a real server: sessions, verdicts, markers, lost answers."""

from __future__ import annotations

import threading

import pytest

from providers import Address, Attachment, MemoryTokenStore, ProviderError, Trace, WireContext, provider
from sandbox.smtp import SmtpServer
from tests.providers.conftest import (
    MAILBOX,
    PASSWORD,
    context_of,
    letter,
    smtp_settings,
)

USERS = {"user@contoso.com": PASSWORD}


def opened(server: SmtpServer, egress_for, trace=None, *, limit=20.0, **changes):
    egress = egress_for(server)
    settings = smtp_settings(server, egress, **changes)
    context = WireContext(egress, trace or Trace(), MemoryTokenStore(), "key", limit)
    return provider("smtp").open(settings, context)


def failed(server, egress_for, trace=None, message=None, **changes) -> ProviderError:
    with pytest.raises(ProviderError) as caught, opened(server, egress_for, trace, **changes) as session:
        session.send(message or letter())
    error = caught.value
    seen = f"{error!r} {error} {vars(error)} {trace.results if trace else ''}"
    assert PASSWORD not in seen
    return error


@pytest.mark.feature("COG-28")
@pytest.mark.parametrize("mode", ["starttls", "tls"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
def test_sends_signed_in_by_every_mechanism(start_smtp, egress_for, inbox, mode, mechanism):
    server = start_smtp(mode=mode, users=USERS)
    server.rules.auth_mechanisms = (mechanism,)
    with opened(server, egress_for) as session:
        receipt = session.send(letter())
    assert receipt.accepted == ("orgadmin@contoso.com",)
    mail = inbox.wait_for(1)[0]
    assert mail.signed_in_as == "user@contoso.com"
    assert (mail.envelope_from, mail.envelope_to) == (MAILBOX, ("orgadmin@contoso.com",))
    assert mail.text.replace("\r\n", "\n") == "First line\nsecond line\n"
    assert receipt.provider_id
    assert receipt.provider_id in receipt.reply


def test_ladder_of_a_success_reads_well(start_smtp, egress_for):
    server, trace = start_smtp(users=USERS), Trace()
    with opened(server, egress_for, trace) as session:
        session.send(letter())
    assert [(row.stage.value, row.verdict) for row in trace.results] == [
        (stage, "ok")
        for stage in "name_lookup connect greeting tls sign_in sender recipient message accepted".split()
    ]
    texts = {row.stage.value: row.text for row in trace.results}
    assert texts["name_lookup"] == "localhost was found (127.0.0.1)"
    assert texts["connect"] == f"Connected to localhost, port {server.port}"
    assert texts["tls"].startswith("TLS 1.3, certificate valid until ")
    assert texts["sign_in"] == "Signed in as user@contoso.com"
    assert texts["accepted"].startswith("Accepted: 250 2.0.0")


def test_one_session_carries_many_messages(start_smtp, egress_for, inbox):
    server = start_smtp(users=USERS)
    with opened(server, egress_for) as session:
        for number in range(50):
            session.send(letter(subject=f"Number {number}"))
    assert len(inbox.wait_for(50)) == 50
    assert len(server.sessions) == 1


@pytest.mark.parametrize("pipelining", [True, False])
def test_every_recipient_has_a_verdict(start_smtp, egress_for, inbox, pipelining):
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
def test_refused_sender_leaves_the_session_usable(start_smtp, egress_for, inbox, pipelining, sender):
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


def test_marker_is_asked_between_recipients_and_data(start_smtp, egress_for, inbox):
    server = start_smtp(users=USERS)
    seen: list[str] = []

    def marker() -> None:
        seen.extend(server.transcript)

    with opened(server, egress_for) as session:
        session.send(letter(), before_transmit=marker)
    assert any("RCPT TO" in line for line in seen)
    assert not any(line.upper().endswith("DATA") for line in seen)
    assert len(inbox) == 1


def test_marker_that_raises_stops_the_message_and_keeps_the_session(start_smtp, egress_for, inbox):
    server = start_smtp(users=USERS)

    class Withdrawn(Exception):
        pass

    def marker() -> None:
        raise Withdrawn

    with opened(server, egress_for) as session:
        with pytest.raises(Withdrawn):
            session.send(letter(subject="never"), before_transmit=marker)
        session.send(letter(subject="after"))
    assert [mail.subject for mail in inbox.wait_for(1)] == ["after"]
    assert len(server.sessions) == 1


def test_lost_answer_after_the_final_dot_is_an_unknown_outcome(start_smtp, egress_for, inbox):
    server, trace = start_smtp(users=USERS), Trace()
    server.rules.drop_after_dot(times=1)
    error = failed(server, egress_for, trace)
    assert (error.code, error.outcome_unknown, error.connection_fault) == ("outcome_unknown", True, False)
    assert trace.results[-1].text.startswith("The connection broke before the answer came")
    assert len(inbox.wait_for(1)) == 1


def test_silence_after_the_final_dot_is_an_unknown_outcome_too(start_smtp, egress_for):
    server = start_smtp(users=USERS)
    server.rules.delay("dot", 30)
    with pytest.raises(ProviderError) as caught, opened(server, egress_for, limit=1.0) as session:
        session.send(letter())
    assert caught.value.outcome_unknown


@pytest.mark.parametrize("stage", ["greeting", "ehlo", "auth", "mail", "data"])
def test_cut_before_the_final_dot_is_safe_to_try_again(start_smtp, egress_for, inbox, stage):
    server = start_smtp(users=USERS)
    server.rules.drop(stage)
    error = failed(server, egress_for)
    assert (error.code, error.transient, error.outcome_unknown) == ("connection_lost", True, False)
    assert len(inbox) == 0


def test_session_that_the_server_ended_is_opened_anew_once(start_smtp, egress_for, inbox):
    server = start_smtp(users=USERS)
    server.rules.messages_per_session = 2
    asked = 0

    def marker() -> None:
        nonlocal asked
        asked += 1

    with opened(server, egress_for) as session:
        for _ in range(5):
            session.send(letter(), before_transmit=marker)
    assert len(inbox.wait_for(5)) == 5
    assert len(server.sessions) == 3
    assert asked == 5


def test_session_is_usable_after_it_was_lost(start_smtp, egress_for, inbox):
    server = start_smtp(users=USERS)
    with opened(server, egress_for) as session:
        server.rules.drop("mail", times=1)
        with pytest.raises(ProviderError):
            session.send(letter())
        session.send(letter())
    assert len(inbox.wait_for(1)) == 1


@pytest.mark.feature("COG-28")
@pytest.mark.parametrize(
    ("username", "password", "code", "transient"),
    [
        ("user@contoso.com", "wrong-password", "auth_failed", False),
        ("retired@contoso.com", "x-password", "basic_auth_retired", False),
        ("apppassword@contoso.com", "x-password", "auth_app_password", False),
        ("policy@contoso.com", "x-password", "auth_blocked_by_policy", False),
        ("later@contoso.com", "x-password", "auth_temporary", True),
    ],
)
def test_refused_sign_in_is_told_apart_and_tried_once(
    start_smtp, egress_for, username, password, code, transient
):
    server, trace = start_smtp(users=USERS), Trace()
    error = failed(server, egress_for, trace, username=username, password=password)
    assert (error.code, error.stage, error.transient) == (code, "sign_in", transient)
    assert error.connection_fault
    assert error.facts["username"] == username
    assert error.reply
    assert trace.results[-1].verdict == "failed"
    assert server.credentials_received == 1


def test_server_without_a_known_mechanism_gets_no_password(start_smtp, egress_for):
    server = start_smtp(users=USERS)
    server.rules.auth_mechanisms = ("GSSAPI", "XOAUTH2")
    error = failed(server, egress_for)
    assert error.code == "auth_unsupported"
    assert error.facts["offered"] == "GSSAPI, XOAUTH2"
    assert server.credentials_received == 0


def test_message_over_the_announced_size_is_not_sent(start_smtp, egress_for, inbox):
    server = start_smtp(users=USERS)
    server.rules.size_limit = 100_000
    big = letter(attachments=(Attachment("big.bin", "application/octet-stream", b"x" * 100_000),))
    error = failed(server, egress_for, message=big)
    assert (error.code, error.stage, error.connection_fault) == ("message_too_large", "message", False)
    assert error.facts["limit"] == "0.1 MB"
    assert not any("MAIL FROM" in line for line in server.transcript)
    assert len(inbox) == 0


def test_address_beyond_ascii_needs_smtputf8(start_smtp, egress_for, inbox):
    server = start_smtp(users=USERS)
    with opened(server, egress_for) as session:
        session.send(letter("jörg@example.com"))
    assert inbox.wait_for(1)[0].envelope_to == ("jörg@example.com",)
    server.rules.smtp_utf8 = False
    error = failed(server, egress_for, message=letter("jörg@example.com"))
    assert (error.code, error.connection_fault) == ("smtputf8_missing", False)


def test_server_that_knows_no_ehlo_is_greeted_with_helo(start_smtp, egress_for, inbox):
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
def test_no_end_of_data_inside_a_body_smuggles_a_second_message(start_smtp, egress_for, inbox):
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


def test_verify_names_sender_and_recipient_without_sending(start_smtp, egress_for, inbox):
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


def test_two_sessions_side_by_side_do_not_meet(start_smtp, egress_for, inbox):
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


def test_settings_without_a_password_are_told_before_anything_is_said(start_smtp, egress_for):
    server = start_smtp(users=USERS)
    egress = egress_for(server)
    settings = smtp_settings(server, egress)
    object.__setattr__(settings, "password", type(settings.password)(""))  # type: ignore[attr-defined]
    with pytest.raises(ProviderError) as caught:
        provider("smtp").open(settings, context_of(egress))
    assert caught.value.code == "settings_incomplete"
    assert server.credentials_received == 0
