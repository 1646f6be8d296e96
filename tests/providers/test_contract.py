"""What holds for every provider of the registry, whichever comes next."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from providers import (
    PROVIDERS,
    Choice,
    Egress,
    FieldSpec,
    MemoryTokenStore,
    ProviderError,
    SecretText,
    Settings,
    SettingsInvalid,
    Token,
    provider,
    specs,
)
from providers.values import applies
from tests.providers.conftest import CLIENT, TENANT, context_of

CANARY = "canary-Q8~secret_0123456789"
VALID: dict[str, dict[str, object]] = {
    "smtp": {
        "sender_email": "a@contoso.com",
        "host": "smtp.example.com",
        "username": "user",
        "password": CANARY,
    },
    "graph": {
        "sender_email": "a@contoso.com",
        "client_id": CLIENT,
        "client_secret": CANARY,
        "access_url": f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token",
    },
    "microsoft365_smtp": {
        "username": "a@contoso.com",
        "client_id": CLIENT,
        "client_secret": CANARY,
        "access_url": TENANT,
    },
    "microsoft_account": {
        "sender_email": "a@contoso.com",
        "client_id": CLIENT,
        "client_secret": CANARY,
    },
    "oauth_smtp": {
        "username": "a@contoso.com",
        "method": "legacy",
        "client_id": "client.apps.example",
        "client_secret": CANARY,
        "refresh_token": CANARY,
    },
}
KEYS = [one.key for one in PROVIDERS]


def parsed(key: str, **changes: object) -> Settings:
    return provider(key).parse({**VALID[key], **changes}, Egress())


def connected() -> MemoryTokenStore:
    """The tokens of somebody who consented."""
    tokens = MemoryTokenStore()
    tokens.put("key", Token(SecretText(""), 0.0, refresh=SecretText(CANARY)))
    return tokens


def test_every_provider_has_a_valid_example() -> None:
    assert set(VALID) == set(KEYS)


def test_the_dropdown_holds_the_providers_in_their_order() -> None:
    assert [one.label for one in PROVIDERS] == [
        "Custom SMTP",
        "Microsoft Graph API",
        "Microsoft 365 SMTP (OAuth2 client credentials)",
        "Microsoft account (connect with consent)",
        "Google / Generic OAuth2 SMTP",
    ]
    with pytest.raises(KeyError, match="there are smtp, graph"):
        provider("carrier-pigeon")


@pytest.mark.parametrize("key", KEYS)
def test_every_field_is_labelled_and_typed(key: str) -> None:
    declared = specs(provider(key).settings_type)
    assert [one.name for one in declared][:2] == ["sender_email", "sender_name"]
    assert [one.name for one in declared][-2:] == ["force_sender", "allowed_senders"]
    assert len({one.name for one in declared}) == len(declared)
    for one in declared:
        assert isinstance(one, FieldSpec)
        assert one.marker.label
        assert one.marker.label[0].isupper()
        assert "!" not in one.marker.help
        if one.marker.only_if:
            assert one.marker.only_if[0] in {other.name for other in declared}
        if isinstance(one.marker, Choice):
            assert one.default in {option.value for option in one.marker.options}
    assert set(provider(key).destination_fields) <= {one.name for one in declared}


@pytest.mark.parametrize("key", KEYS)
def test_every_provider_explains_itself(key: str) -> None:
    chosen = provider(key)
    assert chosen.summary
    assert len(chosen.guide) >= 3
    for step in chosen.guide:
        assert step.title
        assert step.text.count("**") % 2 == 0
        assert "!" not in step.text


@pytest.mark.control("C-CRY-8")
@pytest.mark.parametrize("key", KEYS)
def test_no_repr_or_identity_holds_a_secret(key: str) -> None:
    chosen = provider(key)
    settings = parsed(key)
    secrets = [one.name for one in specs(chosen.settings_type) if one.secret]
    assert secrets
    shown = [repr(settings), str(settings), f"{settings}", repr(dataclasses.asdict(settings))]
    shown += [
        repr(chosen.identity(settings)),
        repr(chosen.destination(settings)),
        repr(chosen.warnings(settings)),
    ]
    assert not any(CANARY in text for text in shown)
    for name in secrets:
        assert isinstance(getattr(settings, name), SecretText)


@pytest.mark.parametrize("key", KEYS)
def test_nothing_typed_names_each_required_field(key: str) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        provider(key).parse({}, Egress())
    left_out = dict.fromkeys(one.name for one in specs(provider(key).settings_type))
    chosen = {one.name: one.default for one in specs(provider(key).settings_type)}
    expected = {
        one.name
        for one in specs(provider(key).settings_type)
        if one.required and applies(one, chosen) and one.default in (None, "")
    }
    assert set(caught.value.errors) == expected
    assert set(caught.value.errors) <= set(left_out)
    labels = {one.name: one.marker.label for one in specs(provider(key).settings_type)}
    for name, sentence in caught.value.errors.items():
        assert labels[name].lower() in sentence.lower() or name == "host"


@pytest.mark.parametrize("key", KEYS)
def test_parsing_twice_gives_the_same(key: str) -> None:
    settings = parsed(key)
    again = provider(key).parse(
        {one.name: getattr(settings, one.name) for one in specs(provider(key).settings_type)}, Egress()
    )
    assert again == settings
    assert provider(key).destination(again) == provider(key).destination(settings)
    assert all(isinstance(part, str) for part in provider(key).destination(settings))


@pytest.mark.parametrize("key", KEYS)
def test_name_that_is_not_found_is_transient_and_names_its_stage(key: str) -> Any:
    def nothing(host: str, port: int, seconds: float) -> tuple[str, ...]:
        return ()

    with pytest.raises(ProviderError) as caught:
        provider(key).open(parsed(key), context_of(Egress(lookup=nothing), tokens=connected()))
    assert (caught.value.code, caught.value.transient, caught.value.stage) == (
        "dns_not_found",
        True,
        "name_lookup",
    )
    assert caught.value.category == "dns"


@pytest.mark.parametrize("key", KEYS)
def test_settings_of_another_provider_are_refused(key: str) -> None:
    other = next(one for one in KEYS if one != key)
    with pytest.raises(TypeError):
        provider(key).destination(parsed(other))
