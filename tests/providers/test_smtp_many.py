"""Many messages in few exchanges: the same outcomes and the same deliveries as one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from providers import Address, Answer, Egress, Message, ProviderError, provider
from sandbox.inbox import Inbox
from sandbox.smtp import Fault, SmtpServer
from sandbox.smtp_session import SmtpSession
from sandbox.smtp_wire import Dropped
from tests.providers.conftest import Rules, StartSmtp, context_of, letter, smtp_settings
from tests.providers.peers import peer
from tests.providers.test_smtp import USERS, opened

SIZE_LIMIT = 20_000
# Words before the @ that make trouble: `once` does so the first time only.
MAIL_TROUBLE = ("421mail", "421once", "451mail", "550mail", "dropmail", "droponce")
RCPT_TROUBLE = ("unknown", "busy", "421rcpt", "droprcpt", "550rcpt")
DATA_TROUBLE = ("421data", "451data", "554data", "dropdata")
DOT_TROUBLE = ("421dot", "451dot", "554dot", "dropdot", "keptdot")


class Moody(SmtpServer):
    """Misbehaves as the addresses of a message ask for, so that it does not matter what was asked before."""

    def __init__(self, inbox: Inbox, **options: Any) -> None:
        super().__init__(inbox, mode="plain", **options)
        self._seen: set[str] = set()

    def command(self, session: SmtpSession, line: str) -> None:
        """Answer, or make the trouble that is asked for."""
        verb = line[:4].upper()
        word = line.partition("<")[2].partition("@")[0].partition(".")[0]
        if verb in {"MAIL", "RCPT"} and word[:3] in {"421", "451", "550", "dro"}:
            first = line not in self._seen
            self._seen.add(line)
            if first or not word.endswith("once"):
                return self._trouble(session, word[:3])
        if verb == "DATA" and session.envelope is not None and session.envelope.recipients:
            asked = session.envelope.sender.partition(".")[0]
            if asked.endswith("data"):
                return self._trouble(session, asked[:3])
            if asked.endswith("dot"):
                self._dot(asked[:4])
        return super().command(session, line)

    def _trouble(self, session: SmtpSession, word: str) -> None:
        if word == "dro":
            raise Dropped
        session.say(f"{word} {word[0]}.3.2 No")

    def _dot(self, word: str) -> None:
        if word == "kept":
            self.rules.drop_after_dot(times=1)
        elif word == "drop":
            self.rules.drop("dot", times=1)
        else:
            self.rules.script("dot", Fault(reply=f"{word[:3]} {word[0]}.3.0 No", times=1))


@st.composite
def mails(draw: st.DrawFn) -> list[Message]:
    """Messages of which every second one or so meets trouble somewhere."""
    found = []
    for place in range(draw(st.integers(1, 7))):
        quiet = st.just("ok")
        sender = draw(quiet | st.sampled_from(MAIL_TROUBLE + DATA_TROUBLE + DOT_TROUBLE))
        kinds = draw(st.lists(quiet | quiet | st.sampled_from(RCPT_TROUBLE), min_size=1, max_size=4))
        # The server itself refuses `unknown@` and `busy@`.
        names = (kind if kind in {"unknown", "busy"} else f"{kind}.{place}" for kind in kinds)
        large = draw(st.sampled_from([False] * 5 + [True]))
        found.append(
            letter(
                ", ".join(f"{name}@x{number}.com" for number, name in enumerate(names)),
                sender=Address(f"{sender}.{place}@contoso.com"),
                subject=f"Mail {place}",
                text="line\n.\n" * (SIZE_LIMIT if large else 3),
                message_id=f"<{place}@contoso.com>",
            )
        )
    return found


OFFERS = st.fixed_dictionaries(
    {
        "pipelining": st.sampled_from([True, True, True, False]),
        "data_without_recipients": st.booleans(),
        "messages_per_session": st.sampled_from([None, None, 1, 2, 3]),
        "announce_limits": st.booleans(),
        "recipient_limit": st.sampled_from([500, 2]),
    }
)


def told(receipt: Any, error: ProviderError | None) -> tuple[Any, ...]:
    """What the outbox keeps of an answer; not the name a server gave a message."""
    if error is None:
        return receipt.accepted, {who: (one.code, one.transient) for who, one in receipt.refused.items()}
    refusals = {who: (one.code, one.transient) for who, one in error.refusals.items()}
    return (
        *(error.code, error.stage, error.transient, error.connection_fault, error.outcome_unknown),
        *(error.reply, error.provider_code, refusals),
    )


def alone(session: Any, messages: list[Message], marks: Iterator[int]) -> list[tuple[Any, ...]]:
    said = []
    for message in messages:
        receipt = error = None
        try:
            receipt = session.send(message, before_transmit=lambda: next(marks))
        except ProviderError as caught:
            error = caught
        said.append(told(receipt, error))
    return said


def together(session: Any, messages: list[Message], marks: Iterator[int]) -> list[tuple[Any, ...]]:
    answers: list[Answer] = list(session.send_many(messages, before_transmit=lambda: next(marks)))
    assert [answer.message for answer in answers] == messages
    return [told(answer.receipt, answer.error) for answer in answers]


def ran(way: Any, messages: list[Message], offers: dict[str, Any]) -> tuple[Any, ...]:
    """What came of the messages, what arrived, and whether each dot had its marker."""
    inbox = Inbox()
    with Moody(inbox) as server:
        for name, value in offers.items():
            setattr(server.rules, name, value)
        server.rules.size_limit = SIZE_LIMIT
        egress = Egress(allow_cidrs=("127.0.0.0/8",), allow_ports=(server.port,))
        with provider("smtp").open(smtp_settings(server, egress), context_of(egress)) as session:
            marks = count()
            said = way(session, messages, marks)
    arrived = [(mail.subject, mail.envelope_to, mail.raw) for mail in inbox]
    # A server that wants few recipients at once gets a message in several mails.
    assert next(marks) >= len({subject for subject, _, _ in arrived})
    return said, arrived


@pytest.mark.feature("WPM-43")
@pytest.mark.control("C-DEL")
@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(messages=mails(), offers=OFFERS)
def test_any_mix_of_refusals_ends_as_if_each_message_were_sent_alone(
    messages: list[Message], offers: dict[str, Any]
) -> None:
    one_by_one, in_groups = ran(alone, messages, offers), ran(together, messages, offers)
    assert in_groups[0] == one_by_one[0]
    assert in_groups[1] == one_by_one[1]


def test_a_message_takes_one_exchange_where_the_server_can(
    start_smtp: StartSmtp, egress_for: Rules, inbox: Inbox
) -> None:
    server, writes = start_smtp(users=USERS), []
    with opened(server, egress_for) as session:
        wire = session._wire
        original = wire._opened.send

        def spy(piece: bytes) -> int:
            writes.append(len(piece))
            return int(original(piece))

        wire._opened.send = spy
        answers = list(session.send_many(letter(subject=f"Mail {number}") for number in range(20)))
        assert len(writes) == 21
        written = [line for line in server.transcript if line.startswith("C: ")]
    assert all(answer.receipt for answer in answers)
    assert [mail.subject for mail in inbox] == [f"Mail {number}" for number in range(20)]
    assert len(server.sessions) == 1
    assert not any("RSET" in line for line in written)


def test_content_waits_for_its_marker_and_its_yes(
    start_smtp: StartSmtp, egress_for: Rules, inbox: Inbox
) -> None:
    """Guard 3: nothing of a message but its addresses is out before the marker ran."""
    server, seen = start_smtp(users=USERS), []

    def marker() -> None:
        octets = sum(line.startswith("C: (") for line in server.transcript)
        seen.append((octets, len(inbox)))

    with opened(server, egress_for) as session:
        list(session.send_many([letter() for _ in range(4)], before_transmit=marker))
    assert seen == [(number, number) for number in range(4)]


@pytest.mark.parametrize("stop_after", [1, 2, 3])
def test_who_stops_listening_stops_the_sending(
    start_smtp: StartSmtp, egress_for: Rules, inbox: Inbox, stop_after: int
) -> None:
    server, asked = start_smtp(users=USERS), []

    def letters() -> Iterator[Message]:
        for number in range(6):
            asked.append(number)
            yield letter(subject=f"Mail {number}")

    with opened(server, egress_for) as session:
        answers = session.send_many(letters())
        for _ in range(stop_after):
            assert next(answers).receipt
        answers.close()
        session.send(letter(subject="after"))
    assert [mail.subject for mail in inbox] == [*(f"Mail {number}" for number in range(stop_after)), "after"]
    assert len(asked) <= stop_after + 2


def test_marker_that_raises_lets_nothing_of_its_message_out(
    start_smtp: StartSmtp, egress_for: Rules, inbox: Inbox
) -> None:
    server, marks = start_smtp(users=USERS), count()

    class Stale(Exception):
        pass

    def marker() -> None:
        if next(marks) == 2:
            raise Stale

    with opened(server, egress_for) as session:
        answers = session.send_many((letter(subject=f"Mail {n}") for n in range(5)), before_transmit=marker)
        with pytest.raises(Stale):
            list(answers)
        session.send(letter(subject="after"))
    assert [mail.subject for mail in inbox] == ["Mail 0", "Mail 1", "after"]


def test_silence_behind_the_dot_leaves_the_next_message_untouched(
    start_smtp: StartSmtp, egress_for: Rules, inbox: Inbox
) -> None:
    server = start_smtp(users=USERS)
    with opened(server, egress_for, limit=0.7) as session:
        server.rules.script("dot", Fault(times=1)).delay("dot", 3.0, times=1)
        answers = list(session.send_many(letter(subject=f"Mail {number}") for number in range(4)))
    unknown = answers[1].error
    assert unknown is not None
    assert (unknown.code, unknown.outcome_unknown, unknown.stage) == ("outcome_unknown", True, "accepted")
    assert [bool(answer.receipt) for answer in answers] == [True, False, True, True]


def test_line_that_breaks_inside_a_content_leaves_it_unsent(egress_for: Rules) -> None:
    """The dot stayed with us, so the message is no case of doubt."""

    def talk(connection: Any) -> None:
        connection.setsockopt(1, 8, 2048)
        connection.sendall(b"220 hello ESMTP\r\n")
        connection.recv(4096)
        connection.sendall(b"250-hello\r\n250 PIPELINING\r\n")
        connection.recv(65536)
        connection.sendall(b"250 ok\r\n250 ok\r\n354 go\r\n")
        connection.recv(1000)

    big = letter(text="a line of words\n" * 1_000_000)
    with peer(talk) as other:
        egress = Egress(allow_cidrs=("127.0.0.0/8",), allow_ports=(other.port,))
        values = {
            "sender_email": "a@contoso.com",
            "host": "127.0.0.1",
            "port": str(other.port),
            "tls_option": "none",
            "authentication": False,
        }
        chosen = provider("smtp")
        session = chosen.open(chosen.parse(values, egress), context_of(egress, time_limit=5.0))
        answer = next(session.send_many([big, letter()]))
        session.close()
    assert answer.error is not None
    assert (answer.error.code, answer.error.outcome_unknown) == ("connection_lost", False)
    assert answer.error.stage == "message"


def test_message_whose_making_fails_breaks_nothing_else(
    start_smtp: StartSmtp, egress_for: Rules, inbox: Inbox
) -> None:
    server = start_smtp(users=USERS)

    def letters() -> Iterator[Message]:
        yield letter(subject="first")
        raise LookupError

    with opened(server, egress_for) as session:
        with pytest.raises(LookupError):
            list(session.send_many(letters()))
        session.send(letter(subject="after"))
    assert "after" in [mail.subject for mail in inbox]
