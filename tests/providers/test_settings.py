"""The fields of the two providers: what each refuses, and with which words."""

from __future__ import annotations

from typing import Any

import pytest

from providers import Egress, ProviderError, SecretText, SettingsInvalid, provider, specs
from tests.providers.test_contract import VALID, parsed

LOOPBACK = Egress(allow_cidrs=["127.0.0.0/8"])


def refused(key: str, rules: Egress | None = None, **changes: object) -> dict[str, str]:
    with pytest.raises(SettingsInvalid) as caught:
        provider(key).parse({**VALID[key], **changes}, rules or Egress())
    return caught.value.errors


def test_custom_smtp_declares_its_fields_with_the_words_of_the_screen() -> None:
    found = {
        one.name: (one.marker.label, one.marker.section) for one in specs(provider("smtp").settings_type)
    }
    assert found == {
        "sender_email": ("Sender email", ""),
        "sender_name": ("Sender name", ""),
        "service": ("Email service", "Server"),
        "region": ("Region", "Server"),
        "host": ("Host", "Server"),
        "port": ("Port", "Server"),
        "tls_option": ("TLS option", "Server"),
        "authentication": ("Authentication", "Sign-in"),
        "plain_confirmed": ("I understand that the password travels unencrypted", "Sign-in"),
        "username": ("Username", "Sign-in"),
        "password": ("Password", "Sign-in"),
        "envelope_sender": ("Envelope sender", "Advanced"),
        "certificate": ("Certificate", "Advanced"),
        "force_sender": ("Always use this sender", ""),
        "allowed_senders": ("Additional allowed senders", ""),
    }


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"host": ""}, "host", "Enter the Host"),
        ({"host": "10.0.0.5"}, "host", "EGRESS_ALLOW_CIDRS"),
        ({"host": "localhost"}, "host", "EGRESS_ALLOW_CIDRS"),
        ({"host": "smtp://x.example.com"}, "host", "without smtp://"),
        ({"port": "0"}, "port", "from 1 to 65535"),
        ({"port": "65536"}, "port", "from 1 to 65535"),
        ({"port": "-1"}, "port", "from 1 to 65535"),
        ({"port": "abc"}, "port", "from 1 to 65535"),
        ({"port": "5 87"}, "port", "from 1 to 65535"),
        ({"port": ""}, "port", "Enter the Port"),
        ({"port": "6379"}, "port", "25, 465, 587, 2525"),
        ({"port": "443"}, "port", "25, 465, 587, 2525"),
        ({"tls_option": "maybe"}, "tls_option", "TLS, STARTTLS, None"),
        ({"tls_option": "none"}, "tls_option", "Choose TLS or STARTTLS"),
        ({"username": ""}, "username", "Enter the Username"),
        ({"password": ""}, "password", "Enter the Password"),
        ({"sender_email": "notifications"}, "sender_email", "full address"),
        ({"sender_email": "jörg@contoso.com"}, "sender_email", "plain letters"),
        ({"sender_email": "a@contoso.com, b@contoso.com"}, "sender_email", "@"),
        ({"sender_name": "x" * 201}, "sender_name", "longer than 200"),
        ({"sender_name": "Contoso\r\nBcc: x@y.example"}, "sender_name", "line break"),
    ],
)
def test_wrong_value_of_custom_smtp_is_named_with_the_fix(
    changes: dict[str, Any], field: str, says: str
) -> None:
    errors = refused("smtp", **changes)
    assert set(errors) == {field}
    assert says in errors[field]


def test_sign_in_counts_only_with_authentication() -> None:
    settings = parsed("smtp", authentication=False, username="", password="")
    assert settings.username == ""  # type: ignore[attr-defined]
    settings = parsed("smtp", authentication="", username="left over", password="left over")
    assert settings.username == ""  # type: ignore[attr-defined]
    assert settings.password == SecretText("")  # type: ignore[attr-defined]


@pytest.mark.control("C-EGR-6")
@pytest.mark.feature("COG-25", "COG-29")
def test_password_without_encryption_needs_a_listed_address_and_a_confirmation() -> None:
    for host in ("localhost", "smtp.example.com"):
        changes = {"host": host, "tls_option": "none", "plain_confirmed": "on"}
        assert set(refused("smtp", LOOPBACK, **changes)) == {"tls_option"}
    listed = {"host": "127.0.0.1", "tls_option": "none"}
    assert set(refused("smtp", LOOPBACK, **listed)) == {"plain_confirmed"}
    settings = provider("smtp").parse({**VALID["smtp"], **listed, "plain_confirmed": "on"}, LOOPBACK)
    assert "your password can be read" in provider("smtp").warnings(settings)["tls_option"]


def test_nothing_is_to_be_confirmed_where_no_password_travels() -> None:
    for changes in ({"authentication": False, "tls_option": "none"}, {"tls_option": "tls"}):
        chosen = {**VALID["smtp"], "host": "127.0.0.1", **changes}
        assert provider("smtp").parse({**chosen, "plain_confirmed": "on"}, LOOPBACK)
        assert provider("smtp").parse(chosen, LOOPBACK).plain_confirmed is False  # type: ignore[attr-defined]


@pytest.mark.control("C-EGR-3")
def test_of_all_ports_only_the_listed_ones_pass() -> None:
    rules = Egress(allow_ports=(2465,))
    assert [port for port in range(1, 65536) if passes(rules, port)] == [25, 465, 587, 2465, 2525]
    assert parsed("smtp", port="2525").port == 2525  # type: ignore[attr-defined]


def passes(rules: Egress, port: int) -> bool:
    try:
        rules.check_port(port)
    except ProviderError:
        return False
    return True


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"tls_option": "tls", "port": "587"}, "tls_option"),
        ({"tls_option": "starttls", "port": "465"}, "tls_option"),
        ({"tls_option": "none", "authentication": False}, "tls_option"),
        ({"host": "smtp.office365.com"}, "host"),
    ],
)
def test_what_deserves_a_second_look_is_a_warning(changes: dict[str, Any], field: str) -> None:
    assert set(provider("smtp").warnings(parsed("smtp", **changes))) == {field}


def test_usual_settings_warn_of_nothing() -> None:
    assert provider("smtp").warnings(parsed("smtp")) == {}
    assert provider("graph").warnings(parsed("graph")) == {}


def test_blanks_inside_and_around_a_password_stay() -> None:
    assert parsed("smtp", password=" pass word ").password == SecretText(" pass word ")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"host": "SMTP.example.com."}, True),
        ({"username": "other"}, True),
        ({"sender_email": "b@contoso.com"}, True),
        ({"host": "smtp2.example.com"}, False),
        ({"port": "465"}, False),
        ({"tls_option": "tls"}, False),
    ],
)
def test_destination_follows_server_not_user(changes: dict[str, Any], *, same: bool) -> None:
    one = provider("smtp")
    assert (one.destination(parsed("smtp")) == one.destination(parsed("smtp", **changes))) is same
