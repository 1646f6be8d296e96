"""Encryption that is required: no wrong peer ever sees a password (C-EGR-6)."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest

from providers import Egress, ProviderError, provider
from providers.network import http, start_tls, tls
from sandbox.tls import Authority
from tests.providers.conftest import (
    PASSWORD,
    Rules,
    SmtpMode,
    StartSmtp,
    context_of,
    letter,
    smtp_settings,
)
from tests.providers.test_connecting import USERS


def sink(egress_for: Rules, server: Any, **changes: Any) -> ProviderError:
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
def test_wrong_certificate_never_sees_the_password(
    start_smtp: StartSmtp, egress_for: Rules, authority: Authority, mode: SmtpMode, kind: str
) -> None:
    server = start_smtp(mode=mode, users=USERS, trap=True, context=getattr(authority, kind)())
    error = sink(egress_for, server)
    assert (error.code, error.stage, error.transient) == ("tls_certificate", "tls", False)
    assert error.facts["reason"]


@pytest.mark.control("C-EGR-6")
def test_missing_starttls_is_no_reason_to_go_on_in_clear(start_smtp: StartSmtp, egress_for: Rules) -> None:
    server = start_smtp(users=USERS, trap=True)
    server.rules.starttls = False
    assert sink(egress_for, server).code == "starttls_missing"


@pytest.mark.control("C-EGR-6")
def test_refused_starttls_is_no_reason_to_go_on_in_clear(start_smtp: StartSmtp, egress_for: Rules) -> None:
    server = start_smtp(users=USERS, trap=True)
    server.rules.refuse("starttls", "502 5.5.1 Unknown command")
    assert sink(egress_for, server).code == "starttls_missing"


@pytest.mark.control("C-EGR-6")
def test_words_slipped_in_behind_starttls_end_the_session(start_smtp: StartSmtp, egress_for: Rules) -> None:
    server = start_smtp(users=USERS, trap=True)
    server.rules.starttls_injection = b"250-AUTH PLAIN\r\n250 OK\r\n"
    assert sink(egress_for, server).code == "tls_mode"


@pytest.mark.control("C-EGR-6")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_tls_is_not_spoken(
    start_smtp: StartSmtp, egress_for: Rules, tmp_path: Path, version: ssl.TLSVersion
) -> None:
    from sandbox.tls import Authority  # noqa: PLC0415 - its own, since the context is changed

    old = Authority(tmp_path).context("127.0.0.1", "localhost")
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = old.maximum_version = version
    server = start_smtp(mode="tls", users=USERS, trap=True, context=old)
    assert sink(egress_for, server).code == "tls_version"


@pytest.mark.control("C-EGR-6")
def test_password_is_not_said_in_clear_to_an_address_nobody_listed(
    start_smtp: StartSmtp, egress_for: Rules
) -> Any:
    class Unlisted(Egress):
        """Lets everything be connected to, and lists nothing."""

        is_listed = staticmethod(lambda _: False)  # type: ignore[assignment]
        allows = staticmethod(lambda _: True)  # type: ignore[assignment]

    server = start_smtp(mode="plain", users=USERS, trap=True)
    settings = smtp_settings(server, egress_for(server), host="127.0.0.1")
    rules = Unlisted(allow_ports=(server.port,))
    with pytest.raises(ProviderError) as caught:
        provider("smtp").open(settings, context_of(rules))
    assert caught.value.code == "address_refused"
    assert server.credentials_received == 0
    with provider("smtp").open(settings, context_of(egress_for(server))):
        assert server.credentials_received == 1


def test_tls_spoken_to_a_starttls_port_is_told(start_smtp: StartSmtp, egress_for: Rules) -> None:
    server = start_smtp(users=USERS)
    assert sink(egress_for, server, tls_option="tls").code == "tls_mode"


def test_the_operators_own_authority_is_what_makes_it_trusted(
    start_smtp: StartSmtp, egress_for: Rules
) -> None:
    server = start_smtp(mode="tls", users=USERS)
    egress = egress_for(server, ca_bundle=None)
    settings = smtp_settings(server, egress)
    with pytest.raises(ProviderError) as caught:
        provider("smtp").open(settings, context_of(egress))
    assert caught.value.code == "tls_certificate"


def test_library_parts_this_room_leans_on_are_still_there() -> None:
    assert tls.tls_context(None).minimum_version is ssl.TLSVersion.TLSv1_2
    assert tls.tls_context(None).check_hostname
    assert tls.tls_context(None).verify_mode is ssl.CERT_REQUIRED
    assert callable(start_tls)
    assert http.IDLE_SECONDS > 0
