"""Reaching a server: one look-up, checked addresses, required encryption, limits against hostile peers."""

from __future__ import annotations

import socket
import time
from typing import Any

import pytest

from providers import Egress, ProviderError, Stage, Trace, provider
from providers.network import connect
from providers.network.lookup import lookup_failure, system_lookup
from sandbox.microsoft import Microsoft
from tests.providers.conftest import (
    CLIENT,
    PASSWORD,
    TENANT,
    Rules,
    StartSmtp,
    context_of,
    letter,
    smtp_settings,
)
from tests.providers.peers import peer, says

USERS = {"user@contoso.com": PASSWORD}


def lookup_of(*answers: tuple[str, ...]) -> Any:
    """A resolver double that gives one answer after the other, and counts."""
    asked: list[str] = []

    def look(host: str, port: int, seconds: float) -> tuple[str, ...]:
        asked.append(host)
        return answers[min(len(asked), len(answers)) - 1]

    return look, asked


@pytest.mark.control("C-EGR-2")
def test_name_is_looked_up_once_and_the_checked_address_is_used() -> None:
    with peer(says(b"220 ready\r\n")) as trap:
        look, asked = lookup_of(("127.0.0.1",), ("10.0.0.1",))
        rules = Egress(allow_cidrs=["127.0.0.0/8"], allow_ports=(trap.port,), lookup=look)
        trace = Trace()
        with connect("mail.example.com", trap.port, rules, trace) as opened:
            assert opened.getpeername()[0] == "127.0.0.1"
        assert asked == ["mail.example.com"]
        assert trace.results[0].text == "mail.example.com was found (127.0.0.1)"


@pytest.mark.control("C-EGR-2")
@pytest.mark.parametrize(
    "answers",
    [
        ("127.0.0.1",),
        ("8.8.8.8", "127.0.0.1"),
        ("127.0.0.1", "8.8.8.8"),
        ("8.8.8.8", "::1"),
        ("::ffff:127.0.0.1",),
        ("169.254.169.254",),
        ("64:ff9b::7f00:1", "8.8.8.8"),
        ("not an address",),
        ("fe80::1%lo",),
    ],
)
def test_forbidden_or_mixed_answer_refuses_the_host_before_any_byte(answers: tuple[str, ...]) -> None:
    with peer(says(b"220 ready\r\n")) as trap:
        look, asked = lookup_of(answers)
        trace = Trace()
        with pytest.raises(ProviderError) as caught:
            connect("mail.example.com", trap.port, Egress(lookup=look), trace)
        assert trap.connections == 0
    error = caught.value
    assert (error.code, error.stage, error.transient) == ("address_refused", "address_policy", False)
    assert asked == ["mail.example.com"]
    # One message for every refused address, which never repeats it.
    assert [(row.stage, row.verdict) for row in trace.results] == [(Stage.ADDRESS_POLICY, "failed")]
    assert trace.results[0].text == "mail.example.com may not be connected to from here"
    assert all(answer not in f"{vars(error)}{trace.results}" for answer in answers)


@pytest.mark.control("C-EGR-2")
def test_graph_looks_up_each_host_once(microsoft: Microsoft, egress_for: Rules) -> None:
    look, asked = lookup_of(("127.0.0.1",))
    port = microsoft.port
    rules = egress_for(microsoft, lookup=look)
    cloud = rules.clouds[-1]
    object.__setattr__(cloud, "login_hosts", (f"localhost:{port}",))
    values = {
        "sender_email": "notifications@contoso.com",
        "client_id": CLIENT,
        "client_secret": "Q~8.right_secret-value-0123456789abcdef",
        "access_url": f"https://localhost:{port}/{TENANT}",
    }
    settings = provider("graph").parse(values, rules)
    with provider("graph").open(settings, context_of(rules)) as session:
        for _ in range(3):
            session.send(letter())
    assert asked == ["localhost"]


def test_second_address_is_tried_when_the_first_is_silent() -> None:
    with peer(says(b"220 ready\r\n")) as server:
        look, _ = lookup_of(("127.0.0.9", "127.0.0.1"))
        rules = Egress(allow_cidrs=["127.0.0.0/8"], lookup=look)
        with connect("mail.example.com", server.port, rules, Trace()) as opened:
            assert opened.getpeername()[0] == "127.0.0.1"


def test_closed_port_is_told_with_host_and_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    trace = Trace()
    with pytest.raises(ProviderError) as caught:
        connect("127.0.0.1", port, Egress(allow_cidrs=["127.0.0.0/8"]), trace)
    assert (caught.value.code, caught.value.transient) == ("connect_refused", True)
    assert trace.results[-1].text == f"Nothing answers at 127.0.0.1, port {port}"


def test_wrong_port_never_connects(egress_for: Rules, start_smtp: StartSmtp) -> None:
    server = start_smtp(users=USERS)
    settings = smtp_settings(server, egress_for(server))
    trace = Trace()
    with pytest.raises(ProviderError) as caught:
        provider("smtp").open(settings, context_of(egress_for(), trace))
    assert caught.value.code == "address_refused"
    assert server.sessions == []
    assert trace.results[-1].verdict == "failed"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (socket.gaierror(socket.EAI_NONAME, "x"), "dns_not_found"),
        (socket.gaierror(socket.EAI_AGAIN, "x"), "dns_unavailable"),
        (socket.gaierror(socket.EAI_FAIL, "x"), "dns_unavailable"),
        (UnicodeError("label too long"), "dns_not_found"),
        (OSError("x"), "dns_unavailable"),
    ],
)
def test_failed_lookup_is_told_apart(error: Exception, code: str) -> None:
    assert lookup_failure("mail.example.com", error).code == code


def test_lookup_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> Any:
    released = []

    def hang(*arguments: object, **options: object) -> list[object]:
        time.sleep(0.5)
        released.append(True)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    started = time.monotonic()
    with pytest.raises(ProviderError) as caught:
        system_lookup("mail.example.com", 25, 0.05)
    assert caught.value.code == "dns_unavailable"
    assert time.monotonic() - started < 0.4
