"""Mail servers that mean to hold a worker let it go within the limit, and nobody else waits for them."""

from __future__ import annotations

import threading
import time
from typing import Any, Final

import pytest

from providers import Attachment, ProviderError, Trace, provider
from sandbox.inbox import Inbox
from sandbox.tar_pits import KINDS, TarPit
from sandbox.tls import Authority
from tests.providers.conftest import Rules, StartSmtp, context_of, letter, smtp_settings
from tests.providers.test_connecting import USERS

LIMIT: Final = 0.5
# The threat model allows 5 s more than the limit; a loopback server needs none of that.
GRACE: Final = 2.0
AFTER_DOT: Final = {"says nothing after the dot", "drips its answer to the dot", "floods after the dot"}
ENDINGS: Final = {"timeout", "unknown_reply", "connection_lost", "outcome_unknown"}
TOO_LONG_FOR_THE_WINDOW: Final = Attachment("a.bin", "application/octet-stream", bytes(8_000_000))


def settings_for(pit: TarPit, egress: Any, **changes: object) -> Any:
    """Settings that lead into a tar pit."""
    values = {
        "sender_email": "a@contoso.com",
        "host": "localhost",
        "port": str(pit.port),
        "authentication": False,
        "tls_option": "starttls" if "TLS" in pit.kind or "handshake" in pit.kind else "none",
        **changes,
    }
    return provider("smtp").parse(values, egress)


def held(pit: TarPit, egress: Any) -> ProviderError:
    """Try to send a message into a tar pit."""
    attachments = (TOO_LONG_FOR_THE_WINDOW,) if pit.kind == "does not read the message" else ()
    message = letter(attachments=attachments)
    trace = Trace()
    context = context_of(egress, trace, time_limit=LIMIT)
    with (
        pytest.raises(ProviderError) as caught,
        provider("smtp").open(settings_for(pit, egress), context) as session,
    ):
        session.send(message)
    assert [row.text for row in trace.results if row.verdict == "failed"] != [""]
    return caught.value


@pytest.mark.control("C-EGR-8")
@pytest.mark.parametrize("kind", KINDS)
def test_tar_pit_lets_the_worker_go_within_the_limit(
    egress_for: Rules, authority: Authority, kind: str
) -> None:
    with TarPit(kind, authority=authority) as pit:
        egress = egress_for(None, allow_ports=(pit.port,))
        started = time.monotonic()
        error = held(pit, egress)
        # Opening and sending have a limit each.
        assert time.monotonic() - started < 2 * LIMIT + GRACE
    assert error.code in ENDINGS
    assert error.transient or error.code == "unknown_reply"
    assert error.outcome_unknown is (kind in AFTER_DOT)


def test_there_are_at_least_twelve_kinds_of_tar_pits() -> None:
    assert len(KINDS) >= 12


@pytest.mark.control("C-EGR-8")
def test_nobody_else_waits_for_whoever_is_held(
    start_smtp: StartSmtp, egress_for: Rules, inbox: Inbox
) -> None:
    server = start_smtp(users=USERS)
    held_until: list[float] = []
    with TarPit("drips its greeting") as pit:
        egress = egress_for(None, allow_ports=(pit.port, server.port))

        def fall_in() -> None:
            held(pit, egress)
            held_until.append(time.monotonic())

        stuck = [threading.Thread(target=fall_in) for _ in range(4)]
        for thread in stuck:
            thread.start()
        with provider("smtp").open(smtp_settings(server, egress), context_of(egress)) as session:
            session.send(letter())
        sent_at = time.monotonic()
        for thread in stuck:
            thread.join(10)
    assert len(inbox) == 1
    assert len(held_until) == 4
    assert sent_at < min(held_until)
