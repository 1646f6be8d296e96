"""Every kind of connection by the same rules: one look-up, listed ports, no redirects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from mailsettings.egress import egress
from providers import (
    Egress,
    MemoryTokenStore,
    ProviderError,
    Settings,
    SettingsInvalid,
    Trace,
    WireContext,
    provider,
)
from providers.network import HttpClient
from sandbox.tls import Authority
from tests.egress.traps import Trap
from tests.plugin_sandbox import (
    CLIENT_ID,
    CLIENT_SECRET,
    TENANT_ID,
    Sandbox,
    microsoft365_values,
    oauth_values,
    smtp_values,
)
from tests.providers.conftest import letter
from tests.providers.test_addresses import ENCODED, PUBLIC, REFUSED
from tests.providers.token_servers import ScriptedEndpoint

pytestmark = pytest.mark.django_db
# What the product asks over HTTPS, by its method.
HTTPS_KINDS = {"discovery": "GET", "token": "POST", "Graph": "POST", "uploadUrl": "PUT", "abort": "DELETE"}


class Answers:
    """A resolver double: one answer after the other, the last one over and over."""

    def __init__(self, *answers: tuple[str, ...]) -> None:
        self.answers, self.asked = list(answers), list[str]()

    def __call__(self, host: str, _port: int, _seconds: float) -> tuple[str, ...]:
        """Answer one look-up."""
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


# First an allowed address, then one that would be forbidden: whoever asked twice would go there.
def rebinding() -> Answers:
    return Answers(("127.0.0.1",), ("10.66.66.66",))


def context(rules: Egress) -> WireContext:
    return WireContext(egress=rules, trace=Trace(), tokens=MemoryTokenStore(), connection_key="key")


@contextmanager
def endpoint(authority: Authority) -> Iterator[ScriptedEndpoint]:
    server = ScriptedEndpoint(authority)
    server.say({})
    with server:
        yield server


@pytest.mark.control("C-EGR-2")
@pytest.mark.parametrize("kind", HTTPS_KINDS)
def test_https_of_every_kind_looks_up_once(authority: Authority, kind: str) -> None:
    with endpoint(authority) as server:
        look = rebinding()
        host = f"localhost:{server.port}"
        rules = Egress(
            allow_cidrs=["127.0.0.0/8"], oauth_allow_hosts=(host,), ca_bundle=authority.ca_file, lookup=look
        )
        client = HttpClient(rules, Trace())
        for _ in range(3):
            reply = client.request(HTTPS_KINDS[kind], host, "/x", headers={}, body=b"{}", seconds=5)
            assert reply.status_code == 200
        client.close()
        assert look.asked == ["localhost"]
        assert len(server.asked) == 3


@pytest.mark.control("C-EGR-2")
@pytest.mark.parametrize("kind", HTTPS_KINDS)
@pytest.mark.parametrize(
    "answer", [("10.0.0.1",), ("127.0.0.1", "10.0.0.1"), ("169.254.169.254", "127.0.0.1")]
)
def test_https_of_every_kind_refuses_a_mixed_answer(
    authority: Authority, kind: str, answer: tuple[str, ...]
) -> None:
    with Trap(authority, "https") as trap:
        look = Answers(answer)
        host = f"localhost:{trap.port}"
        rules = Egress(
            allow_cidrs=["127.0.0.0/8"], oauth_allow_hosts=(host,), ca_bundle=authority.ca_file, lookup=look
        )
        with pytest.raises(ProviderError) as caught:
            HttpClient(rules, Trace()).request(HTTPS_KINDS[kind], host, "/x", headers={}, seconds=5)
        assert caught.value.code == "address_refused"
        assert (trap.callers, look.asked) == (0, ["localhost"])


def by_smtp(kind: str, sandbox: Sandbox) -> tuple[Settings, Egress]:
    """Give settings of one kind of SMTP whose server has a name."""
    if kind == "smtp":
        values = smtp_values(sandbox.smtp(), host="localhost")
    elif kind == "oauth_smtp":
        issuer = sandbox.google()
        values = oauth_values(issuer, sandbox.smtp(tokens=issuer), host="localhost")
    else:
        microsoft = sandbox.microsoft()
        microsoft.add_app(TENANT_ID, CLIENT_ID, CLIENT_SECRET, roles=("SMTP.SendAsApp",))
        values = microsoft365_values(microsoft, sandbox.smtp(tokens=microsoft), host="localhost")
    rules = egress()
    return provider(kind).parse(values, rules), rules


@pytest.mark.control("C-EGR-2")
@pytest.mark.parametrize("kind", ["smtp", "oauth_smtp", "microsoft365_smtp"])
def test_smtp_of_every_kind_looks_up_once(sandbox: Sandbox, kind: str) -> None:
    settings, rules = by_smtp(kind, sandbox)
    look = rebinding()
    with provider(kind).open(settings, context(replace(rules, lookup=look))) as session:
        for _ in range(3):
            session.send(letter(sender=letter().sender))
    assert look.asked == ["localhost"]
    assert len(sandbox.inbox) == 3


@pytest.mark.control("C-EGR-2")
@pytest.mark.parametrize("kind", ["smtp", "oauth_smtp", "microsoft365_smtp"])
def test_smtp_of_every_kind_refuses_a_mixed_answer(sandbox: Sandbox, kind: str) -> None:
    settings, rules = by_smtp(kind, sandbox)
    server = next(one for one in sandbox.started if hasattr(one, "sessions"))
    look = Answers(("127.0.0.1", "192.168.0.1"))
    with pytest.raises(ProviderError) as caught:
        provider(kind).open(settings, context(replace(rules, lookup=look)))
    assert caught.value.code == "address_refused"
    assert server.sessions == []


def let_through(check: Callable[[int], None]) -> set[int]:
    """Try every port there is."""
    found = set()
    for port in range(1, 65536):
        try:
            check(port)
        except ProviderError:
            continue
        found.add(port)
    return found


@pytest.mark.control("C-EGR-3")
@pytest.mark.parametrize("more", [(), (2587, 10025)])
def test_of_all_ports_only_the_listed_ones_are_let_through(more: tuple[int, ...]) -> None:
    rules = Egress(allow_ports=more, oauth_allow_hosts=("login.example.com",))
    assert let_through(rules.check_port) == {25, 465, 587, 2525, *more}
    assert let_through(lambda port: rules.check_https("login.example.com", port)) == {443}


@pytest.mark.control("C-EGR-3")
def test_a_port_nobody_listed_is_not_connected_to(authority: Authority, sandbox: Sandbox) -> None:
    settings, rules = by_smtp("smtp", sandbox)
    server = next(one for one in sandbox.started if hasattr(one, "sessions"))
    with pytest.raises(ProviderError) as caught:
        provider("smtp").open(settings, context(replace(rules, allow_ports=())))
    assert caught.value.code == "address_refused"
    assert server.sessions == []
    with Trap(authority, "https") as trap, pytest.raises(ProviderError):
        HttpClient(rules, Trace()).request("GET", trap.host, "/", headers={}, seconds=5)
    assert trap.callers == 0


@pytest.mark.control("C-EGR-5")
@pytest.mark.parametrize("kind", HTTPS_KINDS)
@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 305, 307, 308])
def test_a_redirect_is_an_answer_like_any_other(authority: Authority, kind: str, status: int) -> None:
    with endpoint(authority) as server, Trap(authority, "https") as trap:
        server.answers.clear()
        server.say(
            b"", status, {"Location": f"https://{trap.host}/", "Refresh": f"0; url=https://{trap.host}/"}
        )
        hosts = (server.host, trap.host)
        rules = Egress(allow_cidrs=["127.0.0.0/8"], oauth_allow_hosts=hosts, ca_bundle=authority.ca_file)
        client = HttpClient(rules, Trace())
        reply = client.request(
            HTTPS_KINDS[kind],
            server.host,
            "/",
            headers={"Authorization": "Bearer x"},
            body=b"secret",
            seconds=5,
        )
        client.close()
        assert (reply.status_code, len(server.asked), trap.callers) == (status, 1, 0)


@pytest.mark.control("C-EGR-1")
@pytest.mark.parametrize("kind", ["smtp", "oauth_smtp", "microsoft365_smtp"])
def test_no_form_takes_a_forbidden_address_as_mail_server(kind: str) -> None:
    """The table of addresses again, as somebody types it into Host of each provider."""
    typed: dict[str, Any] = {
        "smtp": {
            "host": "",
            "port": "587",
            "username": "a",
            "password": "b",
            "sender_email": "a@example.com",
        },
        "oauth_smtp": {
            "service": "other",
            "username": "a@example.com",
            "client_id": "x",
            "client_secret": "y",
        },
        "microsoft365_smtp": {
            "username": "a@example.com",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
        },
    }[kind]
    for text in [*REFUSED, *ENCODED]:
        with pytest.raises(SettingsInvalid) as caught:
            provider(kind).parse({**typed, "host": text}, Egress())
        assert "host" in caught.value.errors, text
    for text in PUBLIC:
        try:
            provider(kind).parse({**typed, "host": text}, Egress())
        except SettingsInvalid as error:
            assert "host" not in error.errors, text  # noqa: PT017  # other fields may be wrong


@pytest.mark.control("C-EGR-1")
def test_no_name_leads_to_a_forbidden_address(authority: Authority) -> None:
    """The table once more, as name servers answer it."""
    for text in REFUSED:
        look = Answers((text,))
        rules = Egress(oauth_allow_hosts=("login.example.com",), lookup=look)
        with pytest.raises(ProviderError) as caught:
            HttpClient(rules, Trace()).request("GET", "login.example.com", "/", headers={}, seconds=1)
        assert caught.value.code == "address_refused", text
