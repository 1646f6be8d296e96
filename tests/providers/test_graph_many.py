"""Several messages under way to Graph at a time: each fares as if it were sent alone."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from providers import Address, Answer, Attachment, Message, Session
from sandbox.inbox import Inbox
from sandbox.microsoft import Microsoft
from tests.providers.conftest import MAILBOX, Rules, letter
from tests.providers.graph_ways import account_session, app_session

WAYS = pytest.mark.parametrize("open_way", [app_session, account_session])
POST = "sendmail"


class Stale(Exception):
    """The marker of the tests does not pass."""


def letters(number: int, **changes: Any) -> list[Message]:
    return [letter(subject=f"Mail {place}", **changes) for place in range(number)]


def codes(answers: list[Answer]) -> dict[str, str]:
    """What each message came to, by its subject."""
    return {one.message.subject: one.error.code if one.error else "" for one in answers}


def sent(session: Session, messages: list[Message], **options: Any) -> list[Answer]:
    return list(session.send_many(messages, at_once=4, **options))


def heard(answers: Iterator[Answer], error: type[Exception]) -> list[Answer]:
    """The answers that came before the error."""
    taken: list[Answer] = []

    def listen() -> None:
        taken.extend(answers)

    with pytest.raises(error):
        listen()
    return taken


def posts(microsoft: Microsoft) -> int:
    return sum(one.operation == POST for one in microsoft.requests)


@WAYS
def test_four_are_under_way_at_a_time_and_never_more(
    microsoft: Microsoft, egress_for: Rules, inbox: Inbox, open_way: Any
) -> None:
    microsoft.graph.seconds = 0.02
    with open_way(microsoft, egress_for(microsoft)) as session:
        microsoft.token_requests.clear()
        answers = sent(session, letters(40))
    assert microsoft.graph.busiest == 4
    assert codes(answers) == {f"Mail {place}": "" for place in range(40)}
    assert {one.receipt.provider_id for one in answers if one.receipt} == {
        one.request_id for one in microsoft.requests
    }
    assert sorted(mail.subject for mail in inbox) == sorted(codes(answers))
    assert microsoft.token_requests == []


def test_connections_are_kept_for_the_next_messages(microsoft: Microsoft, egress_for: Rules) -> None:
    microsoft.graph.seconds = 0.01
    opened: list[object] = []
    converse = microsoft.converse

    def counted(connection: Any) -> None:
        opened.append(connection)
        converse(connection)

    microsoft.converse = counted  # type: ignore[method-assign]
    with app_session(microsoft, egress_for(microsoft)) as session:
        for _ in range(3):
            sent(session, letters(12))
    # Four for mail, and one for the tokens, whose host is another in earnest.
    assert len(opened) == 5


def test_one_at_a_time_where_no_more_are_allowed(
    microsoft: Microsoft, egress_for: Rules, inbox: Inbox
) -> None:
    with app_session(microsoft, egress_for(microsoft)) as session:
        list(session.send_many(letters(6), at_once=1))
        assert microsoft.graph.busiest == 1
        microsoft.graph.seconds = 0.02
        list(session.send_many(letters(9), at_once=2))
        assert microsoft.graph.busiest == 2
    assert [mail.subject for mail in inbox][:6] == [f"Mail {place}" for place in range(6)]


def test_each_message_is_marked_before_its_post_and_no_other_is(
    microsoft: Microsoft, egress_for: Rules
) -> None:
    microsoft.graph.seconds = 0.02
    marks, handed = count(1), count(1)
    seen: list[tuple[int, int, int]] = []
    last = 0

    def messages() -> Iterator[Message]:
        nonlocal last
        for message in letters(10):
            last = next(handed)
            yield message

    def marker() -> None:
        seen.append((next(marks), last, posts(microsoft)))

    with app_session(microsoft, egress_for(microsoft)) as session:
        list(session.send_many(messages(), before_transmit=marker, at_once=4))
    assert [mark for mark, _, _ in seen] == list(range(1, 11))
    assert all(mark == asked and posted < mark for mark, asked, posted in seen)


@WAYS
def test_a_refused_token_is_renewed_once_for_all(
    microsoft: Microsoft, egress_for: Rules, inbox: Inbox, open_way: Any
) -> None:
    microsoft.graph.seconds = 0.02
    with open_way(microsoft, egress_for(microsoft)) as session:
        sent(session, letters(4))
        microsoft.token_requests.clear()
        microsoft.directory.mint.revoke()
        answers = sent(session, letters(20))
    assert len(microsoft.token_requests) == 1
    assert set(codes(answers).values()) == {""}
    assert len(inbox) == 24
    assert [one.status for one in microsoft.requests].count(401) <= 4


def test_a_renewal_that_fails_is_tried_once_and_ends_the_run(
    microsoft: Microsoft, egress_for: Rules, inbox: Inbox
) -> None:
    microsoft.graph.seconds = 0.02
    with app_session(microsoft, egress_for(microsoft)) as session:
        microsoft.token_requests.clear()
        microsoft.directory.mint.revoke()
        microsoft.fail_tokens(7000215, times=9)
        answers = sent(session, letters(20))
    assert len(microsoft.token_requests) == 1
    assert posts(microsoft) == len(answers) == 4
    assert sorted(codes(answers).values()) == [*["connection_lost"] * 3, "token_secret_wrong"]
    assert all(one.error and not one.error.outcome_unknown for one in answers)
    assert len(inbox) == 0


@pytest.mark.parametrize(
    ("fault", "code"), [("throttle", "graph_throttled"), ("unavailable", "graph_unavailable")]
)
def test_when_graph_asks_to_wait_nobody_starts_another(
    microsoft: Microsoft, egress_for: Rules, inbox: Inbox, fault: str, code: str
) -> None:
    with app_session(microsoft, egress_for(microsoft)) as session:
        sent(session, letters(8))
        microsoft.graph.seconds = 0.1
        getattr(microsoft, fault)(retry_after=17)
        answers = sent(session, letters(20))
    assert posts(microsoft) == 8 + len(answers)
    assert len(answers) <= 4
    # What was under way beside it is answered, and the fault is said last.
    assert [bool(one.receipt) for one in answers] == [*[True] * (len(answers) - 1), False]
    error = answers[-1].error
    assert error is not None
    assert (error.code, error.retry_after, error.transient) == (code, 17.0, True)
    assert len(inbox) == 8 + len(answers) - 1


def test_only_the_message_whose_answer_was_lost_is_in_doubt(
    microsoft: Microsoft, egress_for: Rules, inbox: Inbox
) -> None:
    microsoft.graph.seconds = 0.05
    with app_session(microsoft, egress_for(microsoft)) as session:
        microsoft.drop_after_accept()
        answers = sent(session, letters(20))
    doubted = [one for one in answers if one.error is not None]
    assert [(one.error.code, one.error.outcome_unknown) for one in doubted if one.error] == [
        ("outcome_unknown", True)
    ]
    assert answers[-1] is doubted[0]
    assert len(inbox) == posts(microsoft) == len(answers) <= 5


def test_whoever_cannot_be_sent_keeps_nobody_else(
    microsoft: Microsoft, egress_for: Rules, inbox: Inbox
) -> None:
    microsoft.graph.seconds = 0.01
    messages = letters(12)
    messages[3] = letter("nobody@grün.example", subject="Mail 3")
    messages[5] = letter("jürgen@example.com", subject="Mail 5")
    with app_session(microsoft, egress_for(microsoft)) as session:
        microsoft.refuse(400, "ErrorInvalidRecipients")
        answers = sent(session, messages)
    said = codes(answers)
    assert said.pop("Mail 5") == "smtputf8_missing"
    assert sorted(said.values()) == [*[""] * 10, "recipient_refused"]
    assert len(inbox) == 10


def test_a_name_of_the_mailbox_is_found_out_for_each_message(
    microsoft: Microsoft, egress_for: Rules, inbox: Inbox
) -> None:
    """A From without a mailbox of its own goes through the connection's, marked once."""
    microsoft.graph.seconds = 0.01
    microsoft.add_mailbox(MAILBOX, send_as=["orders@contoso.com"])
    marks = count()
    with app_session(microsoft, egress_for(microsoft)) as session:
        answers = sent(
            session,
            letters(9, sender=Address("orders@contoso.com")),
            before_transmit=lambda: next(marks) and None,
        )
    assert set(codes(answers).values()) == {""}
    assert {mail.header("From") for mail in inbox} == {"orders@contoso.com"}
    assert next(marks) == 9


def test_a_marker_that_does_not_pass_lets_nothing_of_its_message_out(
    microsoft: Microsoft, egress_for: Rules, inbox: Inbox
) -> None:
    microsoft.graph.seconds = 0.05
    marks = count()

    def marker() -> None:
        if next(marks) == 2:
            raise Stale

    with app_session(microsoft, egress_for(microsoft)) as session:
        taken = heard(session.send_many(letters(9), before_transmit=marker, at_once=4), Stale)
    assert [one.message.subject for one in taken] == ["Mail 0", "Mail 1"]
    assert sorted(mail.subject for mail in inbox) == ["Mail 0", "Mail 1"]


def test_a_message_that_cannot_be_made_leaves_those_under_way_their_answers(
    microsoft: Microsoft, egress_for: Rules, inbox: Inbox
) -> None:
    microsoft.graph.seconds = 0.05

    def made() -> Iterator[Message]:
        yield from letters(2)
        raise LookupError

    with app_session(microsoft, egress_for(microsoft)) as session:
        taken = heard(session.send_many(made(), at_once=4), LookupError)
    assert len(taken) == len(inbox) == 2


def test_who_stops_listening_leaves_no_request_behind(
    microsoft: Microsoft, egress_for: Rules, inbox: Inbox
) -> None:
    microsoft.graph.seconds = 0.05
    with app_session(microsoft, egress_for(microsoft)) as session:
        answers = session.send_many(letters(12), at_once=4)
        assert next(answers).receipt
        answers.close()
        assert len(inbox) == posts(microsoft) <= 8
        session.send(letter(subject="after"))
    assert "after" in {mail.subject for mail in inbox}


@pytest.mark.feature("COG-45")
def test_urgent_messages_have_arrived_before_others_start(
    microsoft: Microsoft, egress_for: Rules, inbox: Inbox
) -> None:
    microsoft.graph.seconds = 0.01
    classes = ("high", "normal", "low")
    messages = [letter(subject=kind, priority=kind) for kind in classes for _ in range(5)]
    with app_session(microsoft, egress_for(microsoft)) as session:
        sent(session, messages)
    assert [mail.subject for mail in inbox] == [kind for kind in classes for _ in range(5)]
    assert microsoft.graph.busiest == 4


def test_a_message_that_needs_a_draft_travels_alone(
    microsoft: Microsoft, egress_for: Rules, inbox: Inbox
) -> None:
    microsoft.graph.seconds = 0.02
    file = Attachment("a.bin", "application/octet-stream", bytes(3_500_000))
    messages = letters(9)
    messages[4] = letter(subject="Mail 4", attachments=(file,))
    running: list[int] = []

    def marker() -> None:
        running.append(sum(microsoft.graph._running.values()))

    with app_session(microsoft, egress_for(microsoft)) as session:
        answers = sent(session, messages, before_transmit=marker)
    assert codes(answers) == {f"Mail {place}": "" for place in range(9)}
    assert running[4] == 0, "the marker of a large message stands right before its draft is sent"
    assert {mail.subject for mail in list(inbox)[:4]} == {f"Mail {place}" for place in range(4)}
    assert inbox[4].subject == "Mail 4"
