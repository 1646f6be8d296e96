"""Proving a server without sending; limits that are known before anything is sent."""

from __future__ import annotations

import pytest

from providers import (
    Attachment,
    ProviderError,
)
from sandbox.inbox import Inbox
from tests.providers.conftest import (
    MAILBOX,
    Rules,
    StartSmtp,
    letter,
)
from tests.providers.test_smtp import USERS, failed, opened


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
