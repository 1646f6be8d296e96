"""Servers that say how many recipients and mails they take at once (RFC 9422 LIMITS)."""

from __future__ import annotations

import pytest

from providers import ProviderError
from sandbox.inbox import Inbox
from tests.providers.conftest import Rules, StartSmtp, letter
from tests.providers.test_smtp import USERS, opened

MANY = ", ".join(f"r{number}@x.com" for number in range(7))


@pytest.mark.parametrize("pipelining", [True, False])
def test_recipients_beyond_the_announced_number_go_in_further_mails(
    start_smtp: StartSmtp, egress_for: Rules, inbox: Inbox, *, pipelining: bool
) -> None:
    server = start_smtp(users=USERS)
    server.rules.announce_limits, server.rules.recipient_limit = True, 3
    server.rules.pipelining = pipelining
    asked: list[bool] = []
    with opened(server, egress_for) as session:
        receipt = session.send(letter(MANY), before_transmit=lambda: asked.append(True))
    assert [len(mail.envelope_to) for mail in inbox.wait_for(3)] == [3, 3, 1]
    assert receipt.accepted == tuple(MANY.split(", "))
    assert len({mail.raw for mail in inbox}) == 1
    assert asked == [True]


def test_what_meets_a_later_mail_is_a_verdict_on_its_recipients(
    start_smtp: StartSmtp, egress_for: Rules, inbox: Inbox
) -> None:
    server = start_smtp(users=USERS)
    server.rules.announce_limits, server.rules.recipient_limit = True, 3
    server.rules.refuse("data", "354 Go on", times=1).refuse("data", "451 4.3.0 Not now", times=1)
    with opened(server, egress_for) as session:
        receipt = session.send(letter(MANY.replace("r1@", "unknown@")))
    assert receipt.accepted == ("r0@x.com", "r2@x.com", "r6@x.com")
    assert {email: (one.code, one.transient) for email, one in receipt.refused.items()} == {
        "unknown@x.com": ("recipient_refused", False),
        **dict.fromkeys(("r3@x.com", "r4@x.com", "r5@x.com"), ("server_busy", True)),
    }
    assert len(inbox) == 2


def test_answer_lost_for_a_later_mail_is_not_asked_for_again(
    start_smtp: StartSmtp, egress_for: Rules, inbox: Inbox
) -> None:
    """Its recipients may have it: they count as refused for good, under a name that says so."""
    server = start_smtp(users=USERS)
    server.rules.announce_limits, server.rules.recipient_limit = True, 4
    server.rules.refuse("dot", "250 2.0.0 Ok", times=1).drop("dot", times=1)
    with opened(server, egress_for) as session:
        receipt = session.send(letter(MANY))
    assert len(receipt.accepted) == 4
    assert {(one.code, one.transient) for one in receipt.refused.values()} == {("outcome_unknown", False)}


def test_first_group_that_is_refused_does_not_keep_the_others_from_theirs(
    start_smtp: StartSmtp, egress_for: Rules, inbox: Inbox
) -> None:
    server = start_smtp(users=USERS)
    server.rules.announce_limits, server.rules.recipient_limit = True, 1
    with opened(server, egress_for) as session:
        receipt = session.send(letter("unknown@x.com, good@x.com"))
        with pytest.raises(ProviderError) as caught:
            session.send(letter("unknown@x.com, disabled@x.com"))
    assert (receipt.accepted, set(receipt.refused)) == (("good@x.com",), {"unknown@x.com"})
    assert set(caught.value.refusals) == {"unknown@x.com", "disabled@x.com"}
    assert caught.value.transient is False


def test_session_ends_after_the_announced_number_of_mails(
    start_smtp: StartSmtp, egress_for: Rules, inbox: Inbox
) -> None:
    server = start_smtp(users=USERS)
    server.rules.announce_limits, server.rules.messages_per_session = True, 2
    with opened(server, egress_for) as session:
        for number in range(5):
            session.send(letter(subject=f"Number {number}"))
    assert [session.mails for session in server.sessions] == [2, 2, 1]
    assert "421" not in " ".join(server.transcript)
    assert len(inbox.wait_for(5)) == 5
