"""Microsoft 365 SMTP and generic OAuth2 SMTP: what is typed, what is refused, and converting."""

from __future__ import annotations

import time
from typing import Any

import pytest

from providers import Egress, MemoryTokenStore, ProviderError, SecretText, SettingsInvalid, provider
from providers.oauth_smtp_rules import convert_to_client_credentials
from providers.token_url import GOOGLE_DEFAULT
from tests.providers.conftest import CLIENT, SECRET, TENANT, context_of
from tests.providers.test_access_url import TOKEN

OTHER = Egress(oauth_allow_hosts=("id.example.com",))
LEGACY: dict[str, Any] = {
    "username": "a@contoso.com",
    "method": "legacy",
    "client_id": "client.apps",
    "client_secret": SECRET,
    "refresh_token": "1//0refresh",
}
OWN: dict[str, Any] = {
    "service": "other",
    "host": "smtp.example.com",
    "username": "a@contoso.com",
    "client_id": "client.apps",
    "client_secret": SECRET,
    "access_url": "https://id.example.com/token",
}
APP: dict[str, Any] = {
    "username": "a@contoso.com",
    "client_id": CLIENT,
    "client_secret": SECRET,
    "access_url": TOKEN,
}


def generic(values: dict[str, Any], **changes: Any) -> Any:
    return provider("oauth_smtp").parse({**values, **changes}, OTHER)


def microsoft365(**changes: Any) -> Any:
    return provider("microsoft365_smtp").parse({**APP, **changes}, Egress())


def errors(key: str, values: dict[str, Any], **changes: Any) -> dict[str, str]:
    with pytest.raises(SettingsInvalid) as caught:
        provider(key).parse({**values, **changes}, OTHER)
    return caught.value.errors


@pytest.mark.feature("COG-14")
@pytest.mark.feature("COG-15")
@pytest.mark.feature("COG-17")
@pytest.mark.feature("COG-20")
@pytest.mark.parametrize(
    ("key", "values"), [("microsoft365_smtp", APP), ("oauth_smtp", LEGACY), ("oauth_smtp", OWN)]
)
@pytest.mark.parametrize("name", ["username", "client_id", "client_secret"])
def test_user_client_id_and_secret_are_required(key: str, values: dict[str, Any], name: str) -> None:
    for empty in ("", " ", None):
        assert set(errors(key, values, **{name: empty})) == {name}
    assert set(errors(key, values, username="not an address")) == {"username"}


@pytest.mark.feature("COG-17")
@pytest.mark.parametrize(("key", "values"), [("microsoft365_smtp", APP), ("oauth_smtp", LEGACY)])
def test_user_is_the_sender_unless_another_is_given(key: str, values: dict[str, Any]) -> None:
    settings: Any = provider(key).parse(values, OTHER)
    assert settings.sender_email == "a@contoso.com"
    assert "sender_email" not in provider(key).warnings(settings)
    other: Any = provider(key).parse({**values, "sender_email": "b@contoso.com"}, OTHER)
    assert other.sender_email == "b@contoso.com"
    assert "a@contoso.com" in provider(key).warnings(other)["sender_email"]
    picture = provider(key).identity_picture(other)
    assert (picture.signs_in, picture.from_address) == ("a@contoso.com", "b@contoso.com")
    assert len(picture.conflicts) == 1
    assert provider(key).identity_picture(settings).conflicts == ()


@pytest.mark.feature("COG-24")
@pytest.mark.parametrize("typed", ["", None, GOOGLE_DEFAULT])
def test_empty_access_url_is_googles_and_the_request_goes_there(typed: Any) -> None:
    settings = generic(LEGACY, access_url=typed)
    assert settings.access_url == GOOGLE_DEFAULT == "https://accounts.google.com/o/oauth2/token"
    asked: list[str] = []

    def find(host: str, port: int, seconds: float) -> tuple[str, ...]:
        asked.append(f"{host}:{port}")
        return ()

    with pytest.raises(ProviderError, match="dns_not_found"):
        provider("oauth_smtp").open(settings, context_of(Egress(lookup=find)))
    assert asked == ["accounts.google.com:443"]


@pytest.mark.parametrize(
    ("service", "host", "port", "tls_option"),
    [
        ("gmail", "smtp.gmail.com", 465, "tls"),
        ("Google Workspace", "smtp.gmail.com", 465, "tls"),
        ("yahoo", "smtp.mail.yahoo.com", 465, "tls"),
        ("microsoft365", "smtp.office365.com", 587, "starttls"),
    ],
)
def test_service_fixes_the_server(service: str, host: str, port: int, tls_option: str) -> None:
    url = TENANT if service == "microsoft365" else GOOGLE_DEFAULT
    settings = generic(LEGACY, service=service, host="smtp.evil.example", port="25", access_url=url)
    assert (settings.host, settings.port, settings.tls_option) == (host, port, tls_option)


@pytest.mark.feature("COG-16")
@pytest.mark.feature("COG-51")
def test_microsoft_as_a_service_takes_a_tenant_and_knows_its_scope() -> None:
    settings = generic(OWN, service="microsoft365", access_url=TENANT, client_id=CLIENT)
    assert settings.access_url == TOKEN
    assert settings.scope == "https://outlook.office365.com/.default"
    china = f"https://login.partner.microsoftonline.cn/{TENANT}"
    abroad = generic(OWN, service="microsoft365", access_url=china)
    assert (abroad.host, abroad.scope) == ("smtp.partner.outlook.cn", "https://partner.outlook.cn/.default")
    assert generic(OWN, scope="").scope == ""
    assert set(errors("oauth_smtp", OWN, service="microsoft365", access_url="")) == {"access_url"}


@pytest.mark.feature("COG-16")
@pytest.mark.parametrize(
    ("scope", "warns"),
    [
        ("", False),
        ("https://outlook.office365.com/.default", False),
        ("https://graph.microsoft.com/.default", True),
        ("https://GRAPH.microsoft.us/Mail.Send", True),
        ("https://outlook.office365.com/SMTP.Send", True),
    ],
)
def test_scope_of_another_resource_is_a_warning_before_save(scope: str, *, warns: bool) -> None:
    settings = microsoft365(scope=scope)
    assert ("scope" in provider("microsoft365_smtp").warnings(settings)) is warns
    typed = generic(OWN, service="microsoft365", access_url=TENANT, scope=scope)
    assert ("scope" in provider("oauth_smtp").warnings(typed)) is warns


@pytest.mark.feature("COG-10")
def test_client_credentials_come_first_and_google_has_none() -> None:
    assert generic(OWN).method == "client_credentials"
    said = errors("oauth_smtp", {**OWN, "service": "gmail", "access_url": ""})
    assert set(said) == {"method"}
    assert "Connect with Google" in said["method"]
    assert "legacy" in provider("oauth_smtp").warnings(generic(LEGACY))["method"]
    assert "method" not in provider("oauth_smtp").warnings(generic(OWN))


@pytest.mark.feature("COG-21")
def test_legacy_needs_one_of_both_tokens() -> None:
    without = {**LEGACY, "refresh_token": ""}
    assert set(errors("oauth_smtp", without)) == {"refresh_token"}
    assert generic(without, access_token="ya29.x").access_token == SecretText("ya29.x")
    assert generic(OWN).refresh_token == SecretText("")


@pytest.mark.feature("COG-23")
@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("1793000000", "In milliseconds it is 1793000000000"),
        ("99999999999", "looks like seconds"),
        ("soon", "13 digits"),
        ("-1", "13 digits"),
        ("1793000000000.5", "13 digits"),
        ("１793000000000", "13 digits"),  # noqa: RUF001 - a digit of another alphabet
        ("9" * 15, "13 digits"),
        ("1e13", "13 digits"),
    ],
)
def test_expiry_date_in_seconds_is_refused_with_the_right_number(typed: str, says: str) -> None:
    said = errors("oauth_smtp", LEGACY, access_token="ya29.x", expiry_date=typed)
    assert set(said) == {"expiry_date"}
    assert says in said["expiry_date"]


@pytest.mark.feature("COG-23")
def test_expiry_date_in_milliseconds_ends_the_access_token() -> None:
    assert generic(LEGACY, expiry_date="1793000000000").expiry_date == "1793000000000"
    over = str(int(time.time() * 1000) - 1)
    settings = generic({**LEGACY, "refresh_token": ""}, access_token="ya29.x", expiry_date=over)
    with pytest.raises(ProviderError) as caught:
        provider("oauth_smtp").open(settings, context_of(Egress(), tokens=MemoryTokenStore()))
    assert caught.value.code == "token_expired"


def test_a_token_never_travels_in_clear() -> None:
    assert set(errors("oauth_smtp", OWN, tls_option="none")) == {"tls_option"}


@pytest.mark.parametrize(
    ("key", "values", "changes"),
    [
        ("microsoft365_smtp", APP, {"access_url": TOKEN.replace(TENANT, "contoso.com")}),
        ("microsoft365_smtp", APP, {"client_id": CLIENT.replace("7d1f", "ffff")}),
        ("microsoft365_smtp", APP, {"cloud": "us_defense", "access_url": TENANT}),
        ("microsoft365_smtp", APP, {"host": "smtp.evil.example"}),
        ("microsoft365_smtp", APP, {"port": "2525"}),
        ("microsoft365_smtp", APP, {"certificate": ":".join(["AA"] * 32)}),
        ("oauth_smtp", OWN, {"access_url": "https://id.example.com/other"}),
        ("oauth_smtp", OWN, {"client_id": "another"}),
        ("oauth_smtp", OWN, {"host": "smtp.evil.example"}),
        ("oauth_smtp", OWN, {"port": "465"}),
        ("oauth_smtp", OWN, {"tls_option": "tls"}),
        ("oauth_smtp", OWN, {"certificate": ":".join(["AA"] * 32)}),
    ],
)
def test_every_place_a_secret_or_token_goes_to_is_part_of_the_destination(
    key: str, values: dict[str, Any], changes: dict[str, Any]
) -> None:
    chosen = provider(key)
    before = chosen.destination(chosen.parse(values, OTHER))
    assert chosen.destination(chosen.parse({**values, **changes}, OTHER)) != before
    assert chosen.destination(chosen.parse({**values, "sender_email": "b@contoso.com"}, OTHER)) == before


@pytest.mark.parametrize(
    "changes",
    [
        {"cloud": "us_government"},
        {"tenant": TENANT},
        {"client_id": CLIENT.replace("7d1f", "ffff")},
        {"method": "graph"},
        {"host": "smtp.evil.example"},
        {"port": "2525"},
        {"certificate": ":".join(["AA"] * 32)},
    ],
)
def test_the_same_holds_for_a_connected_account(changes: dict[str, Any]) -> None:
    chosen = provider("microsoft_account")
    values = {"client_id": CLIENT, "client_secret": SECRET}
    before = chosen.destination(chosen.parse(values, Egress()))
    assert chosen.destination(chosen.parse({**values, **changes}, Egress())) != before


@pytest.mark.feature("COG-2")
def test_legacy_connection_becomes_one_by_client_credentials() -> None:
    old = generic(LEGACY, service="microsoft365", access_url=TENANT, client_id=CLIENT)
    values = convert_to_client_credentials(old, Egress())
    new = generic({**values, "client_secret": SECRET})
    assert (new.method, new.username, new.client_id) == ("client_credentials", "a@contoso.com", CLIENT)
    assert (new.access_url, new.scope) == (TOKEN, "https://outlook.office365.com/.default")
    assert not {"refresh_token", "access_token", "client_secret"} & set(values)
    # The stored secret goes where it went before, so nobody types it again.
    assert provider("oauth_smtp").destination(new) == provider("oauth_smtp").destination(old)
    assert "method" not in provider("oauth_smtp").warnings(new)


@pytest.mark.feature("COG-2")
@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, "Google gives no mail tokens"),
        (
            {"service": "microsoft365", "access_url": TOKEN.replace(TENANT, "common")},
            "“common” does not work",
        ),
    ],
)
def test_what_cannot_be_converted_says_why(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        convert_to_client_credentials(generic(LEGACY, **changes), OTHER)


def test_legacy_connection_at_another_server_keeps_its_scope() -> None:
    old = generic(
        {**OWN, **LEGACY, "scope": "smtp"}, service="other", access_url="https://id.example.com/token"
    )
    new = generic({**convert_to_client_credentials(old, OTHER), "client_secret": SECRET})
    assert (new.scope, new.host, new.method) == ("smtp", "smtp.example.com", "client_credentials")
