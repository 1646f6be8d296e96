"""The fields of Microsoft Graph API: ids, secret, its last day."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from providers import SecretText, provider, specs
from tests.providers.conftest import CLIENT, TENANT
from tests.providers.test_contract import parsed
from tests.providers.test_settings import refused


def test_graph_declares_its_fields_with_the_words_of_the_screen() -> None:
    found = [one.marker.label for one in specs(provider("graph").settings_type) if one.marker.section]
    assert found == [
        "Client ID",
        "Client Secret",
        "Secret expires on",
        "Cloud",
        "Access URL",
        "Keep a copy in Sent Items",
    ]


@pytest.mark.feature("CIR-17")
@pytest.mark.parametrize("typed", [CLIENT, f" {CLIENT} \n", CLIENT.upper()])
def test_client_id_is_trimmed_and_lowered(typed: Any) -> None:
    assert parsed("graph", client_id=typed).client_id == CLIENT  # type: ignore[attr-defined]


@pytest.mark.feature("CIR-17")
@pytest.mark.parametrize(
    "typed",
    ["Mailroom", CLIENT[:-1], CLIENT + "0", "{" + CLIENT + "}", CLIENT.replace("-", ""), "g" + CLIENT[1:]],
)
def test_client_id_must_be_a_guid(typed: Any) -> None:
    assert "Application (client) ID" in refused("graph", client_id=typed)["client_id"]


def test_secret_id_pasted_as_secret_is_a_warning() -> None:
    settings = parsed("graph", client_secret=CLIENT)
    assert "Paste the secret’s Value" in provider("graph").warnings(settings)["client_secret"]
    assert provider("graph").warnings(parsed("graph")) == {}


@pytest.mark.parametrize("typed", ["abc…def", "***", "Q8~***", "•••", "with blank inside", "ümlaut~secret"])
def test_shortened_secret_is_refused(typed: Any) -> None:
    errors = refused("graph", client_secret=typed)
    assert set(errors) == {"client_secret"}
    assert typed not in errors["client_secret"]


def test_blanks_around_a_secret_are_cut_off() -> None:
    assert parsed("graph", client_secret="  Q8~value \n").client_secret == SecretText("Q8~value")  # type: ignore[attr-defined]


@pytest.mark.parametrize(("typed", "day"), [("", "None"), (None, "None"), ("2027-03-31", "2027-03-31")])
def test_secret_may_carry_its_last_day(typed: Any, day: str) -> None:
    assert str(parsed("graph", secret_expires_on=typed).secret_expires_on) == day  # type: ignore[attr-defined]


def test_wrong_or_past_day_is_told() -> None:
    assert "like 2027-03-31" in refused("graph", secret_expires_on="31.03.2027")["secret_expires_on"]
    warned = provider("graph").warnings(parsed("graph", secret_expires_on="2020-01-01"))
    assert "has passed" in warned["secret_expires_on"]


def test_name_of_the_sender_cannot_be_forced_at_microsoft() -> None:
    spec = next(one for one in specs(provider("graph").settings_type) if one.name == "sender_name")
    assert "display name" in spec.marker.help


def test_destination_of_graph_is_token_host_tenant_app_and_cloud() -> None:
    assert provider("graph").destination(parsed("graph")) == (
        "oauth",
        "login.microsoftonline.com",
        "5b8c21f0-6a3e-47d9-9f10-c2d4e6a8b013",
        CLIENT,
        "worldwide",
    )


def test_clouds_that_share_a_login_host_are_told_apart_by_choice() -> None:
    url = f"https://login.microsoftonline.us/{TENANT}/oauth2/v2.0/token"
    found = {
        cloud: parsed("graph", access_url=url, cloud=cloud) for cloud in ("", "us_government", "us_defense")
    }
    assert [provider("graph").destination(one)[-1] for one in found.values()] == [
        "us_government",
        "us_government",
        "us_defense",
    ]
    assert "another cloud" in refused("graph", access_url=url, cloud="china")["access_url"]
    assert "another cloud" in refused("graph", cloud="us_defense")["access_url"]
    bare = parsed("graph", access_url=TENANT, cloud="china")
    assert bare.access_url == f"https://login.partner.microsoftonline.cn/{TENANT}/oauth2/v2.0/token"  # type: ignore[attr-defined]


def test_settings_saved_before_there_was_a_choice_keep_their_destination() -> None:
    now, blank = parsed("graph"), {"cloud": ""}
    before = dataclasses.replace(now, **blank)  # type: ignore[arg-type]
    assert provider("graph").destination(before) == provider("graph").destination(now)
