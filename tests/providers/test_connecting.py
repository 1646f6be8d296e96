"""Reaching a server: one look-up, checked addresses, required encryption, limits against hostile peers."""

from __future__ import annotations

import socket
import ssl
import time
from contextlib import suppress

import pytest

from providers import Egress, ProviderError, Stage, Trace, provider
from providers.errors import failure
from providers.network import connect, http, start_tls, timed, tls
from providers.network.lookup import lookup_failure, system_lookup
from tests.providers.conftest import CLIENT, PASSWORD, TENANT, context_of, letter, smtp_settings
from tests.providers.peers import peer, says

USERS = {"user@contoso.com": PASSWORD}


def lookup_of(*answers: tuple[str, ...]):
    """A resolver double that gives one answer after the other, and counts."""
    asked: list[str] = []

    def look(host: str, port: int, seconds: float) -> tuple[str, ...]:
        asked.append(host)
        return answers[min(len(asked), len(answers)) - 1]

    return look, asked


@pytest.mark.control("C-EGR-2")
def test_name_is_looked_up_once_and_the_checked_address_is_used():
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
def test_forbidden_or_mixed_answer_refuses_the_host_before_any_byte(answers):
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
def test_graph_looks_up_each_host_once(microsoft, egress_for):
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


def test_second_address_is_tried_when_the_first_is_silent():
    with peer(says(b"220 ready\r\n")) as server:
        look, _ = lookup_of(("127.0.0.9", "127.0.0.1"))
        rules = Egress(allow_cidrs=["127.0.0.0/8"], lookup=look)
        with connect("mail.example.com", server.port, rules, Trace()) as opened:
            assert opened.getpeername()[0] == "127.0.0.1"


def test_closed_port_is_told_with_host_and_port():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    trace = Trace()
    with pytest.raises(ProviderError) as caught:
        connect("127.0.0.1", port, Egress(allow_cidrs=["127.0.0.0/8"]), trace)
    assert (caught.value.code, caught.value.transient) == ("connect_refused", True)
    assert trace.results[-1].text == f"Nothing answers at 127.0.0.1, port {port}"


def test_wrong_port_never_connects(egress_for, start_smtp):
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
def test_failed_lookup_is_told_apart(error, code):
    assert lookup_failure("mail.example.com", error).code == code


def test_lookup_that_hangs_is_given_up(monkeypatch):
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


def sink(egress_for, server, **changes) -> ProviderError:
    """Try to send through a server that must not see the password."""
    egress = egress_for(server)
    settings = smtp_settings(server, egress, username="user@contoso.com", password=PASSWORD, **changes)
    with (
        pytest.raises(ProviderError) as caught,
        provider("smtp").open(settings, context_of(egress, time_limit=5.0)) as session,
    ):
        session.send(letter())
    assert server.credentials == []
    assert server.credentials_received == 0
    return caught.value


@pytest.mark.control("C-EGR-6")
@pytest.mark.parametrize("mode", ["starttls", "tls"])
@pytest.mark.parametrize("kind", ["self_signed", "wrong_name", "expired", "unknown_authority"])
def test_wrong_certificate_never_sees_the_password(start_smtp, egress_for, authority, mode, kind):
    server = start_smtp(mode=mode, users=USERS, trap=True, context=getattr(authority, kind)())
    error = sink(egress_for, server)
    assert (error.code, error.stage, error.transient) == ("tls_certificate", "tls", False)
    assert error.facts["reason"]


@pytest.mark.control("C-EGR-6")
def test_missing_starttls_is_no_reason_to_go_on_in_clear(start_smtp, egress_for):
    server = start_smtp(users=USERS, trap=True)
    server.rules.starttls = False
    assert sink(egress_for, server).code == "starttls_missing"


@pytest.mark.control("C-EGR-6")
def test_refused_starttls_is_no_reason_to_go_on_in_clear(start_smtp, egress_for):
    server = start_smtp(users=USERS, trap=True)
    server.rules.refuse("starttls", "502 5.5.1 Unknown command")
    assert sink(egress_for, server).code == "starttls_missing"


@pytest.mark.control("C-EGR-6")
def test_words_slipped_in_behind_starttls_end_the_session(start_smtp, egress_for):
    server = start_smtp(users=USERS, trap=True)
    server.rules.starttls_injection = b"250-AUTH PLAIN\r\n250 OK\r\n"
    assert sink(egress_for, server).code == "tls_mode"


@pytest.mark.control("C-EGR-6")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_tls_is_not_spoken(start_smtp, egress_for, tmp_path, version):
    from sandbox.tls import Authority  # noqa: PLC0415 - its own, since the context is changed

    old = Authority(tmp_path).context("127.0.0.1", "localhost")
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = old.maximum_version = version
    server = start_smtp(mode="tls", users=USERS, trap=True, context=old)
    assert sink(egress_for, server).code == "tls_version"


@pytest.mark.control("C-EGR-6")
def test_password_is_not_said_in_clear_to_an_address_nobody_listed(start_smtp, egress_for):
    class Unlisted(Egress):
        """Lets everything be connected to, and lists nothing."""

        def is_listed(self, address):
            return False

        def allows(self, address):
            return True

    server = start_smtp(mode="plain", users=USERS, trap=True)
    settings = smtp_settings(server, egress_for(server), host="127.0.0.1")
    rules = Unlisted(allow_ports=(server.port,))
    with pytest.raises(ProviderError) as caught:
        provider("smtp").open(settings, context_of(rules))
    assert caught.value.code == "address_refused"
    assert server.credentials_received == 0
    with provider("smtp").open(settings, context_of(egress_for(server))):
        assert server.credentials_received == 1


def test_tls_spoken_to_a_starttls_port_is_told(start_smtp, egress_for):
    server = start_smtp(users=USERS)
    assert sink(egress_for, server, tls_option="tls").code == "tls_mode"


def test_the_operators_own_authority_is_what_makes_it_trusted(start_smtp, egress_for):
    server = start_smtp(mode="tls", users=USERS)
    egress = egress_for(server, ca_bundle=None)
    settings = smtp_settings(server, egress)
    with pytest.raises(ProviderError) as caught:
        provider("smtp").open(settings, context_of(egress))
    assert caught.value.code == "tls_certificate"


TAR_PITS = {
    "silent": says(b""),
    "long line": says(b"220 " + b"x" * 5000),
    "endless line": says(b"220 " + b"x" * 10_000_000),
    "endless reply": says(b"220-x\r\n" * 5000),
    "not a number": says(b"hello there\r\n"),
    "http": says(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "binary": says(bytes(range(256)) + b"\r\n"),
    "no space": says(b"220x\r\n"),
    "redis": says(b"-ERR unknown command\r\n"),
    "ssh": says(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "empty lines": says(b"\r\n\r\n\r\n"),
    "hangs up": lambda connection: None,
    "resets": lambda connection: connection.setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0"
    ),
    "bad EHLO": says(b"220 hi\r\n", b"\xff\xfe\r\n"),
    "endless EHLO": says(b"220 hi\r\n", b"250-X\r\n" * 500),
    "greets twice": says(b"220 hi\r\n220 hi\r\n", b"250 ok\r\n"),
}


ENDINGS = {"timeout", "unknown_reply", "connection_lost", "connect_refused", "starttls_missing"}


def drip(connection: socket.socket) -> None:
    with suppress(OSError):
        while True:
            connection.sendall(b"2")
            time.sleep(0.05)


@pytest.mark.parametrize("kind", [*TAR_PITS, "drip"])
def test_hostile_peer_cannot_hold_a_worker(egress_for, kind):
    with peer(TAR_PITS.get(kind, drip)) as pit:
        egress = egress_for(None, allow_ports=(pit.port,))
        values = {
            "sender_email": "a@contoso.com",
            "host": "localhost",
            "port": str(pit.port),
            "authentication": False,
            "tls_option": "starttls",
        }
        settings = provider("smtp").parse(values, egress)
        started = time.monotonic()
        trace = Trace()
        with pytest.raises(ProviderError) as caught:
            provider("smtp").open(settings, context_of(egress, trace, time_limit=0.6))
        assert time.monotonic() - started < 2.5
    assert caught.value.code in ENDINGS
    # Banners of strangers are not echoed: the product is no port scanner.
    assert "OpenSSH" not in f"{vars(caught.value)}{trace.results}"
    assert "ERR" not in f"{vars(caught.value)}{trace.results}"
    assert trace.results[-1].verdict == "failed"
    assert trace.results[-1].text


ODD = [
    OSError("odd"),
    OSError(113, "No route to host"),
    TimeoutError("odd"),
    ConnectionResetError("odd"),
    ConnectionRefusedError("odd"),
    BrokenPipeError("odd"),
    InterruptedError("odd"),
    PermissionError("odd"),
    ssl.SSLError(1, "odd"),
    ssl.SSLEOFError(8, "odd"),
    ssl.SSLZeroReturnError(6, "odd"),
    ssl.SSLCertVerificationError(1, "odd"),
    ValueError("odd"),
    UnicodeError("odd"),
    EOFError("odd"),
    OverflowError("odd"),
]


@pytest.mark.parametrize("odd", ODD, ids=repr)
@pytest.mark.parametrize("place", ["connect", "handshake", "receive", "send"])
def test_every_odd_error_of_the_line_becomes_ours(start_smtp, egress_for, monkeypatch, odd, place):
    server = start_smtp(mode="tls", users=USERS)
    egress = egress_for(server)
    settings = smtp_settings(server, egress)

    def broken(*arguments: object, **options: object) -> None:
        raise odd

    owner, name = {
        "connect": (timed.TimedSocket, "connect"),
        "handshake": (tls, "tls_context"),
        "receive": (timed.TimedTls, "recv"),
        "send": (timed.TimedTls, "send"),
    }[place]
    monkeypatch.setattr(owner, name, broken)
    with pytest.raises(ProviderError) as caught:
        provider("smtp").open(settings, context_of(egress, time_limit=5.0))
    assert caught.value.stage is not None


def test_trace_tells_its_listener_every_change():
    seen: list[list[tuple[str, str]]] = []
    trace = Trace(lambda rows: seen.append([(row.stage.value, row.verdict) for row in rows]))
    with trace.step(Stage.CONNECT) as step:
        step.text = "done"
    with suppress(ProviderError), trace.step(Stage.TLS):
        raise failure("tls_version", host="h")
    assert seen == [
        [("connect", "running")],
        [("connect", "ok")],
        [("connect", "ok"), ("tls", "running")],
        [("connect", "ok"), ("tls", "failed")],
    ]


def test_trace_joins_the_stages_of_two_hosts():
    trace = Trace()
    for host in ("login", "graph"):
        with trace.step(Stage.NAME_LOOKUP) as step:
            step.text = f"{host} was found"
        with trace.step(Stage.TLS) as step:
            step.text = "TLS 1.3"
    assert [(row.stage.value, row.text) for row in trace.results] == [
        ("name_lookup", "login was found; graph was found"),
        ("tls", "TLS 1.3"),
    ]


def test_trace_puts_a_refusal_to_the_stage_it_belongs_to():
    trace = Trace()
    with trace.step(Stage.SENDER) as step:
        step.warn("The token carries no Mail.Send permission")
    with suppress(ProviderError), trace.step(Stage.ACCEPTED):
        raise failure("graph_access_denied", stage=Stage.SENDER, reply="Access is denied.")
    assert [(row.stage.value, row.verdict, row.text) for row in trace.results] == [
        ("sender", "failed", "The token carries no Mail.Send permission. Access is denied.")
    ]


def test_library_parts_this_room_leans_on_are_still_there():
    assert tls.tls_context(None).minimum_version is ssl.TLSVersion.TLSv1_2
    assert tls.tls_context(None).check_hostname
    assert tls.tls_context(None).verify_mode is ssl.CERT_REQUIRED
    assert callable(start_tls)
    assert http.IDLE_SECONDS > 0
