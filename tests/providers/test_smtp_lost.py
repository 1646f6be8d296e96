"""Lines that break: what is safe to try again, and what nobody can know."""

from __future__ import annotations

from typing import Any

import pytest

from providers import ProviderError, Trace
from sandbox.inbox import Inbox
from tests.providers.conftest import (
    Rules,
    StartSmtp,
    letter,
)
from tests.providers.test_smtp import USERS, failed, opened


def test_marker_is_asked_between_recipients_and_data(
    start_smtp: StartSmtp, egress_for: Rules, inbox: Inbox
) -> None:
    server = start_smtp(users=USERS)
    seen: list[str] = []

    def marker() -> None:
        seen.extend(server.transcript)

    with opened(server, egress_for) as session:
        session.send(letter(), before_transmit=marker)
    assert any("RCPT TO" in line for line in seen)
    assert not any(line.upper().endswith("DATA") for line in seen)
    assert len(inbox) == 1


def test_marker_that_raises_stops_the_message_and_keeps_the_session(
    start_smtp: StartSmtp, egress_for: Rules, inbox: Inbox
) -> None:
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


def test_lost_answer_after_the_final_dot_is_an_unknown_outcome(
    start_smtp: StartSmtp, egress_for: Rules, inbox: Inbox
) -> None:
    server, trace = start_smtp(users=USERS), Trace()
    server.rules.drop_after_dot(times=1)
    error = failed(server, egress_for, trace)
    assert (error.code, error.outcome_unknown, error.connection_fault) == ("outcome_unknown", True, False)
    assert trace.results[-1].text.startswith("The connection broke before the answer came")
    assert len(inbox.wait_for(1)) == 1


def test_silence_after_the_final_dot_is_an_unknown_outcome_too(
    start_smtp: StartSmtp, egress_for: Rules
) -> None:
    server = start_smtp(users=USERS)
    server.rules.delay("dot", 30)
    with pytest.raises(ProviderError) as caught, opened(server, egress_for, limit=1.0) as session:
        session.send(letter())
    assert caught.value.outcome_unknown


@pytest.mark.parametrize("stage", ["greeting", "ehlo", "auth", "mail", "data"])
def test_cut_before_the_final_dot_is_safe_to_try_again(
    start_smtp: StartSmtp, egress_for: Rules, inbox: Inbox, stage: Any
) -> None:
    server = start_smtp(users=USERS)
    server.rules.drop(stage)
    error = failed(server, egress_for)
    assert (error.code, error.transient, error.outcome_unknown) == ("connection_lost", True, False)
    assert len(inbox) == 0


def test_session_that_the_server_ended_is_opened_anew_once(
    start_smtp: StartSmtp, egress_for: Rules, inbox: Inbox
) -> None:
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


def test_session_is_usable_after_it_was_lost(start_smtp: StartSmtp, egress_for: Rules, inbox: Inbox) -> None:
    server = start_smtp(users=USERS)
    with opened(server, egress_for) as session:
        server.rules.drop("mail", times=1)
        with pytest.raises(ProviderError):
            session.send(letter())
        session.send(letter())
    assert len(inbox.wait_for(1)) == 1
