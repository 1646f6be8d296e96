"""What a server offers or limits in its EHLO, and who stands in the envelope."""

from __future__ import annotations

from typing import Any

import pytest

from providers import Address, Attachment, ProviderError, SettingsInvalid
from sandbox.inbox import Inbox
from sandbox.smtp import SmtpServer
from tests.providers.conftest import MAILBOX, Rules, StartSmtp, letter
from tests.providers.test_contract import parsed
from tests.providers.test_smtp import USERS, opened

BOUNCES = "bounces@contoso.com"
MANY = ", ".join(f"r{number}@x.com" for number in range(7))


def said(server: SmtpServer, verb: str) -> list[str]:
    """What the client said with this command."""
    return [line[3:] for line in server.transcript if line.startswith(f"C: {verb}")]


def test_bounces_go_to_the_envelope_sender(start_smtp: StartSmtp, egress_for: Rules, inbox: Inbox) -> None:
    server = start_smtp(users=USERS)
    with opened(server, egress_for, envelope_sender=BOUNCES) as session:
        session.send(letter())
        session.verify(MAILBOX, "orgadmin@contoso.com")
    mail = inbox.wait_for(1)[0]
    assert mail.envelope_from == BOUNCES
    assert MAILBOX.encode() in mail.raw
    assert BOUNCES.encode() not in mail.raw
    assert all(line.startswith(f"MAIL FROM:<{BOUNCES}>") for line in said(server, "MAIL"))


def test_envelope_sender_has_to_be_an_address() -> None:
    for typed in ("bounces", "a@b.com\r\nRCPT TO:<x@y.com>", "a@b.com, c@d.com"):
        with pytest.raises(SettingsInvalid) as caught:
            parsed("smtp", envelope_sender=typed)
        assert set(caught.value.errors) == {"envelope_sender"}


@pytest.mark.feature("WPM-43")
def test_size_is_announced_and_respected_before_data(start_smtp: StartSmtp, egress_for: Rules) -> None:
    server = start_smtp(users=USERS)
    server.rules.size_limit = 50_000
    big = Attachment("a.bin", "application/octet-stream", bytes(60_000))
    with opened(server, egress_for) as session:
        with pytest.raises(ProviderError) as caught:
            session.send(letter(attachments=(big,)))
        session.send(letter())
    assert (caught.value.code, caught.value.stage) == ("message_too_large", "message")
    assert caught.value.connection_fault is False
    assert len(said(server, "DATA")) == 1
    assert " SIZE=" in said(server, "MAIL")[0]


def test_server_that_states_no_size_is_told_none(start_smtp: StartSmtp, egress_for: Rules) -> None:
    server = start_smtp(users=USERS)
    server.rules.announce_size = False
    with opened(server, egress_for) as session:
        session.send(letter(text="ä" * 2000))
    assert said(server, "MAIL") == [f"MAIL FROM:<{MAILBOX}>"]


def test_foreign_letters_before_the_at_need_smtputf8(
    start_smtp: StartSmtp, egress_for: Rules, inbox: Inbox
) -> None:
    server = start_smtp(users=USERS)
    with opened(server, egress_for) as session:
        session.send(letter("jörg@x.com"))
    assert inbox.wait_for(1)[0].envelope_to == ("jörg@x.com",)
    assert said(server, "MAIL")[0].endswith(" SMTPUTF8 BODY=8BITMIME")


@pytest.mark.parametrize("lacks", ["smtp_utf8", "eight_bit_mime"])
def test_address_with_foreign_letters_is_refused_where_the_server_knows_none(
    start_smtp: StartSmtp, egress_for: Rules, lacks: str
) -> None:
    server = start_smtp(users=USERS)
    setattr(server.rules, lacks, False)
    with opened(server, egress_for) as session, pytest.raises(ProviderError) as caught:
        session.send(letter("jörg@x.com"))
    assert (caught.value.code, caught.value.connection_fault) == ("smtputf8_missing", False)
    assert said(server, "MAIL") == []


def test_old_way_of_offering_sign_in_is_understood(start_smtp: StartSmtp, egress_for: Rules) -> None:
    server = start_smtp(users=USERS)
    server.rules.auth_old_form = True
    opened(server, egress_for).close()
    assert server.signed_in == ["user@contoso.com"]


def test_too_many_recipients_said_with_552_is_for_later(start_smtp: StartSmtp, egress_for: Rules) -> None:
    server = start_smtp(users=USERS)
    server.rules.recipients["r3"] = "552 Too many recipients"
    with opened(server, egress_for) as session:
        receipt = session.send(letter(MANY))
    assert {email: one.transient for email, one in receipt.refused.items()} == {"r3@x.com": True}


def test_server_that_closes_at_ehlo_says_why(start_smtp: StartSmtp, egress_for: Rules) -> None:
    server = start_smtp(users=USERS)
    server.rules.refuse("ehlo", "421 4.3.2 Too many concurrent connections")
    with pytest.raises(ProviderError) as caught:
        opened(server, egress_for)
    assert (caught.value.code, caught.value.stage) == ("too_many_connections", "greeting")


@pytest.mark.feature("COG-45")
def test_priority_is_written_as_mail_programs_read_it(
    start_smtp: StartSmtp, egress_for: Rules, inbox: Inbox
) -> None:
    server = start_smtp(users=USERS)
    with opened(server, egress_for) as session:
        for priority in ("high", "normal", "low"):
            session.send(letter(priority=priority))
    marks: list[Any] = [
        [line for line in mail.raw.decode().splitlines() if "Priority" in line or "Importance" in line]
        for mail in inbox.wait_for(3)
    ]
    assert marks == [
        ["X-Priority: 1 (Highest)", "X-MSMail-Priority: High", "Importance: high"],
        [],
        ["X-Priority: 5 (Lowest)", "X-MSMail-Priority: Low", "Importance: low"],
    ]


@pytest.mark.feature("COG-42", "COG-43")
def test_hidden_copies_stand_in_the_envelope_only(
    start_smtp: StartSmtp, egress_for: Rules, inbox: Inbox
) -> None:
    server = start_smtp(users=USERS)
    message = letter(
        cc=(Address("copy@x.com"),),
        bcc=(Address("hidden@x.com"),),
        reply_to=(Address("answers@contoso.com"), Address("desk@contoso.com")),
    )
    with opened(server, egress_for) as session:
        session.send(message)
    mail = inbox.wait_for(1)[0]
    assert mail.envelope_to == ("orgadmin@contoso.com", "copy@x.com", "hidden@x.com")
    assert b"Cc: copy@x.com" in mail.raw
    assert b"hidden" not in mail.raw
    assert b"Reply-To: answers@contoso.com, desk@contoso.com" in mail.raw
