"""The well-known mail services: whatever people call them, and what choosing one fixes."""

from __future__ import annotations

from typing import Any

import pytest

from providers import Egress, Pick, SettingsInvalid, provider, specs
from providers.network.addresses import canonical_host
from providers.services import SERVICES, SES_REGIONS, find_service, guess_service, ses_host
from providers.values import plain_name
from tests.providers.test_contract import VALID, parsed

SMTP = provider("smtp")


def option(name: str) -> Any:
    """The entry of the dropdown with this value."""
    marker = next(one.marker for one in specs(SMTP.settings_type) if one.name == "service")
    assert isinstance(marker, Pick)
    return next(one for one in marker.options if one.value == name)


def chosen(service: str, **changes: object) -> Any:
    """Settings of somebody who chose a service and typed nothing else about the server."""
    values = {**VALID["smtp"], "service": service, **changes}
    return SMTP.parse({name: value for name, value in values.items() if value is not None}, Egress())


def test_every_service_can_be_reached_by_our_rules() -> None:
    for one in SERVICES:
        assert canonical_host(one.host) == one.host
        Egress().check_port(one.port)
        assert one.tls_option == ("tls" if one.port == 465 else "starttls")
        assert not one.note or one.note.endswith(".")
    assert len({one.key for one in SERVICES}) == len(SERVICES) > 60


def test_no_name_leads_to_two_services() -> None:
    names = [
        (plain_name(name), one.key)
        for one in SERVICES
        for name in {one.key, one.label, *one.aliases, *one.domains}
    ]
    by_name: dict[str, str] = {}
    for name, key in names:
        assert by_name.setdefault(name, key) == key, name


@pytest.mark.feature("COG-4")
@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("Gmail", "smtp.gmail.com"),
        ("gmail.com", "smtp.gmail.com"),
        ("Office365", "smtp.office365.com"),
        ("Microsoft 365", "smtp.office365.com"),
        ("OUTLOOK.COM", "smtp-mail.outlook.com"),
        ("Google Workspace Mail", "smtp-relay.gmail.com"),
        ("sendinblue", "smtp-relay.brevo.com"),
        ("elastic-email", "smtp.elasticemail.com"),
        ("Microsoft 365 GCC High", "smtp.office365.us"),
        ("21vianet", "smtp.partner.outlook.cn"),
    ],
)
def test_service_is_found_by_any_of_its_names(name: str, host: str) -> None:
    found = find_service(name)
    assert found is not None
    assert (found.host, chosen(name).service) == (host, found.key)
    assert find_service("no such service") is None


@pytest.mark.feature("COG-4")
@pytest.mark.parametrize(
    ("email", "key"),
    [
        ("somebody@gmail.com", "gmail"),
        ("somebody@GMX.de", "gmx"),
        ("somebody@icloud.com", "icloud"),
        ("somebody@yahoo.com", "yahoo"),
        ("somebody@contoso.com", None),
        ("no address", None),
    ],
)
def test_service_is_guessed_by_the_senders_domain(email: str, key: str | None) -> None:
    found = guess_service(email)
    assert (found.key if found else None) == key


@pytest.mark.feature("COG-4", "COG-6")
def test_listed_service_fixes_the_server_whatever_was_sent() -> None:
    typed = {"host": "evil.example.com", "port": "25", "tls_option": "none"}
    for sent in (typed, {"host": None}, {"host": "", "port": "", "tls_option": ""}):
        settings = chosen("gmail", **sent)
        assert (settings.host, settings.port, settings.tls_option) == ("smtp.gmail.com", 465, "tls")
    assert option("gmail").sets == {"host": "smtp.gmail.com", "port": 465, "tls_option": "tls"}


@pytest.mark.feature("COG-6")
def test_listed_service_asks_for_credentials_only() -> None:
    values = {"sender_email": "a@gmail.com", "service": "gmail"}
    with pytest.raises(SettingsInvalid) as caught:
        SMTP.parse(values, Egress())
    assert set(caught.value.errors) == {"username", "password"}
    assert SMTP.parse({**values, "username": "a@gmail.com", "password": "app password"}, Egress())


@pytest.mark.feature("COG-5", "COG-6")
def test_other_service_asks_for_the_whole_server() -> None:
    settings = chosen("other", host="mail.contoso.com", port="2525", tls_option="tls")
    assert (settings.host, settings.port, settings.tls_option) == ("mail.contoso.com", 2525, "tls")
    with pytest.raises(SettingsInvalid) as caught:
        chosen("other", host="", port="", tls_option="")
    assert set(caught.value.errors) == {"host", "port", "tls_option"}
    assert option("other").sets == {}
    assert parsed("smtp").service == "other"  # type: ignore[attr-defined]


def test_region_chooses_the_host_of_amazon_ses() -> None:
    for region in SES_REGIONS:
        assert chosen("ses", region=region).host == ses_host(region)
    assert chosen("Amazon SES").host == "email-smtp.us-east-1.amazonaws.com"
    with pytest.raises(SettingsInvalid, match="Region"):
        chosen("ses", region="the-moon-1")


def test_unknown_service_is_refused_with_its_name() -> None:
    with pytest.raises(SettingsInvalid, match="“Carrier pigeon” is not in the list"):
        chosen("Carrier pigeon")


@pytest.mark.feature("COG-3")
@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("gmail", ("2-Step Verification", "app password")),
        ("microsoft365", ("SMTP AUTH", "OAuth")),
        ("yahoo", ("app password",)),
        ("icloud", ("app password",)),
        ("zoho", ("app password",)),
        ("sendgrid", ("apikey",)),
        ("ses", ("SMTP credentials",)),
    ],
)
def test_service_that_needs_preparation_says_which(key: str, says: tuple[str, ...]) -> None:
    assert all(word in option(key).hint for word in says)


@pytest.mark.feature("COG-26")
def test_each_tls_option_brings_its_port() -> None:
    marker: Any = next(one.marker for one in specs(SMTP.settings_type) if one.name == "tls_option")
    assert {one.value: one.sets["port"] for one in marker.options} == {
        "tls": 465,
        "starttls": 587,
        "none": 25,
    }
    assert parsed("smtp", tls_option="tls", port="2525").port == 2525  # type: ignore[attr-defined]
