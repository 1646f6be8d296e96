"""Refused addresses look the same whatever is there, and what servers say is made harmless (C-EGR-7)."""

from __future__ import annotations

import socket
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

import pytest

from providers import Egress, ProviderError, Trace, provider
from sandbox.inbox import Inbox
from tests.providers.conftest import Rules, StartSmtp, context_of, letter
from tests.providers.peers import Peer, peer, says
from tests.providers.test_smtp import USERS, failed, opened

PRIVATE: Final = ("127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "::1")
NAMES: Final = ("mail.inside.example", "127.0.0.1")
PUBLIC: Final = "203.0.114.9"
# However it went on the other side, the answer was ours alone; a connection would take longer.
AT_ONCE: Final = 0.2


@contextmanager
def filtered() -> Iterator[int]:
    """A port whose connections get no answer: the queue of a listener that accepts nobody is full."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(2):
            caller = stack.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(listener.getsockname())
        yield int(listener.getsockname()[1])


@pytest.fixture
def ports() -> Iterator[dict[str, int | Peer]]:
    """What may wait inside a network: mail, other services, nothing, silence."""
    with ExitStack() as stack:
        found: dict[str, int | Peer] = {
            "mail": stack.enter_context(peer(says(b"220 inside ESMTP\r\n", b"250 inside\r\n"))),
            "redis": stack.enter_context(peer(says(b"-ERR unknown command\r\n"))),
            "http": stack.enter_context(peer(says(b"HTTP/1.1 200 OK\r\n\r\n"))),
            "silent": stack.enter_context(peer(says(b""))),
            "filtered": stack.enter_context(filtered()),
        }
        closed = socket.create_server(("127.0.0.1", 0))
        found["closed"] = int(closed.getsockname()[1])
        closed.close()
        yield found


def outcome(host: str, port: int, rules: Egress) -> tuple[object, ...]:
    """All that somebody outside can see of a try, and how long it took."""
    chosen, trace = provider("smtp"), Trace()
    # As saved before the rule came, or by a name that leads elsewhere today.
    values = {"sender_email": "a@contoso.com", "host": "smtp.example.com", "authentication": False}
    settings = chosen.parse(values, rules)
    object.__setattr__(settings, "host", host)
    object.__setattr__(settings, "port", port)
    started = time.monotonic()
    with pytest.raises(ProviderError) as caught:
        chosen.open(settings, context_of(rules, trace, time_limit=5.0))
    seconds = time.monotonic() - started
    error = caught.value
    seen = {name: value for name, value in vars(error).items() if name != "host"}
    ladder = [(row.stage, row.verdict, row.text) for row in trace.results]
    return repr(seen), str(error), error.category, repr(ladder), seconds


@pytest.mark.control("C-EGR-7")
@pytest.mark.parametrize("host", NAMES)
def test_refused_address_has_one_outcome_whatever_is_there(ports: dict[str, int | Peer], host: str) -> None:
    numbers = {kind: one if isinstance(one, int) else one.port for kind, one in ports.items()}
    rules = Egress(allow_ports=tuple(numbers.values()), lookup=lambda *_: ("127.0.0.1",))
    seen = {kind: [outcome(host, port, rules) for _ in range(5)] for kind, port in numbers.items()}
    assert len({one[:4] for tries in seen.values() for one in tries}) == 1
    assert next(iter(seen.values()))[0][1].startswith("address_refused")  # type: ignore[attr-defined]
    times = {kind: statistics.median(float(one[4]) for one in tries) for kind, tries in seen.items()}  # type: ignore[arg-type]
    assert max(times.values()) < AT_ONCE, times
    assert all(one.connections == 0 for one in ports.values() if isinstance(one, Peer))


@pytest.mark.control("C-EGR-7")
def test_all_refused_addresses_have_one_outcome() -> None:
    seen = set()
    for address in PRIVATE:
        rules = Egress(lookup=lambda *_, address=address: (address,))
        seen.add(outcome("mail.inside.example", 587, rules)[:4])
    rules = Egress(lookup=lambda *_: (PUBLIC, "10.0.0.1"))
    seen.add(outcome("mail.inside.example", 587, rules)[:4])
    assert len(seen) == 1


@pytest.mark.control("C-EGR-7")
@pytest.mark.parametrize("kind", ["redis", "http", "silent"])
def test_strangers_banner_is_never_shown(ports: dict[str, int | Peer], kind: str) -> None:
    stranger = ports[kind]
    assert isinstance(stranger, Peer)
    rules = Egress(allow_cidrs=("127.0.0.0/8",), allow_ports=(stranger.port,))
    trace = Trace()
    chosen = provider("smtp")
    values: dict[str, Any] = {
        "sender_email": "a@contoso.com",
        "host": "127.0.0.1",
        "port": str(stranger.port),
        "authentication": False,
    }
    with pytest.raises(ProviderError) as caught:
        chosen.open(chosen.parse(values, rules), context_of(rules, trace, time_limit=0.5))
    seen = f"{vars(caught.value)} {trace.results}"
    assert "ERR" not in seen
    assert "HTTP/1.1" not in seen
    assert caught.value.category in {"server", "timeout", "connect"}


HOSTILE: Final = {
    "script": "550 5.7.1 <script>alert(1)</script>",
    "template": "550 5.7.1 {{ 7*7 }} {% debug %} ${7*7}",
    "ansi": "550 5.7.1 \x1b[31mred\x1b[0m\x07 \x1b]0;title\x07",
    "bidi": "550 5.7.1 \u202eevil\u202c \u200bzero\u2066",
    "many lines": "550 5.7.1 " + "\n".join(["a line of words"] * 90),
    "long": "550 5.7.1 " + "y" * 1900,
}


@pytest.mark.control("C-EGR-7")
@pytest.mark.parametrize("stage", ["auth", "mail", "rcpt", "data", "dot"])
@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_reply_is_shown_short_and_printable(
    start_smtp: StartSmtp, egress_for: Rules, stage: Any, kind: str
) -> None:
    server, trace = start_smtp(users=USERS), Trace()
    server.rules.refuse(stage, HOSTILE[kind])
    error = failed(server, egress_for, trace)
    texts = [
        error.reply,
        *(row.text for row in trace.results),
        *(one.reply for one in error.refusals.values()),
    ]
    assert all(text.isprintable() and len(text) <= 500 for text in texts)
    assert error.reply.startswith("550 5.7.1")
    assert "49" not in error.reply


@pytest.mark.control("C-EGR-7")
@pytest.mark.parametrize("stage", ["greeting", "auth", "mail", "rcpt", "data"])
def test_reply_of_ten_megabytes_is_no_reply(start_smtp: StartSmtp, egress_for: Rules, stage: Any) -> None:
    server = start_smtp(users=USERS)
    server.rules.refuse(stage, "550 5.7.1 " + "x" * 10_000_000)
    error = failed(server, egress_for)
    assert (error.code, error.reply) == ("unknown_reply", "")


@pytest.mark.control("C-EGR-7")
def test_hostile_yes_is_harmless_too(start_smtp: StartSmtp, egress_for: Rules, inbox: Inbox) -> None:
    server, trace = start_smtp(users=USERS), Trace()
    server.rules.refuse("dot", "250 2.0.0 \x1b[2J<b>queued as</b> {{ x }}\u202e")
    with opened(server, egress_for, trace) as session:
        receipt = session.send(letter())
    assert receipt.reply.isprintable()
    assert all(row.text.isprintable() for row in trace.results)
    assert len(inbox) == 1
