"""The set-up guides name what stands on Microsoft's screens, in the order of the work."""

from __future__ import annotations

import re

import pytest

from providers import CLOUDS, PROVIDERS, Cloud, provider, specs
from providers.guides import (
    CUSTOM_SMTP_GUIDE,
    GRAPH_GUIDE,
    MICROSOFT365_SMTP_GUIDE,
    MICROSOFT_ACCOUNT_GUIDE,
    OAUTH_SMTP_GUIDE,
    links_of,
    shell_environment,
)

ORDER = [
    "Entra ID",
    "App registrations",
    "New registration",
    "name",
    "Register",
    "API permissions",
    "Microsoft Graph",
    "Application permissions",
    "not Delegated",
    "Mail.Send",
    "Grant admin consent",
    "Certificates & secrets",
    "New client secret",
    "expiry",
    "Add",
    "new secret has to be generated",
    "Value",
    "shown only once",
    "Overview",
    "Application (client) ID",
    "Endpoints",
    "OAuth 2.0 token endpoint (v2)",
    "Microsoft support",
]


def test_guide_of_graph_tells_everything_in_its_order() -> None:
    guide = " ".join(f"{step.title}. {step.text}" for step in provider("graph").guide)
    place = 0
    for words in ORDER:
        found = guide.find(words, place)
        assert found >= 0, words
        place = found + len(words)


GUIDES = {
    "smtp": CUSTOM_SMTP_GUIDE,
    "graph": GRAPH_GUIDE,
    "microsoft365_smtp": MICROSOFT365_SMTP_GUIDE,
    "microsoft_account": MICROSOFT_ACCOUNT_GUIDE,
    "oauth_smtp": OAUTH_SMTP_GUIDE,
}


def test_every_provider_has_its_guide() -> None:
    assert {one.key: one.guide for one in PROVIDERS} == {one.key: GUIDES[one.key] for one in PROVIDERS}


@pytest.mark.parametrize("key", GUIDES)
def test_every_step_is_whole(key: str) -> None:
    for step in GUIDES[key]:
        assert step.title
        assert step.text.endswith(".")
        assert step.text.count("**") % 2 == 0
        assert bool(step.link) == bool(step.link_label)
        assert re.fullmatch(r"https://\S+|\{(link_\w+|consent_url)\}|", step.link)
        assert all(command.count("'") % 2 == 0 for command in step.commands)


@pytest.mark.parametrize("cloud", CLOUDS, ids=lambda cloud: cloud.key)
def test_links_lead_to_the_portal_of_the_cloud_and_to_the_app(cloud: Cloud) -> None:
    client_id = "7d1f0c52-93ab-4c1e-b0a7-2f5e8c6a1d44"
    links = links_of(cloud, client_id)
    assert links["portal"] == cloud.portal
    for name in ("link_app", "link_secrets", "link_permissions", "link_authentication"):
        assert links[name].startswith(f"{cloud.portal}/#view/")
        assert links[name].endswith(client_id)
        assert links_of(cloud)[name] == links["link_apps"]
    assert links["link_admin"].startswith("https://")
    assert bool(shell_environment(cloud)["exchange_cloud"]) == (cloud.key != "worldwide")


@pytest.mark.parametrize("name", ["client_id", "client_secret", "access_url", "secret_expires_on"])
def test_each_field_of_graph_says_where_its_value_is_found(name: str) -> None:
    spec = next(one for one in specs(provider("graph").settings_type) if one.name == name)
    assert spec.marker.guide
    assert all(step.count("**") % 2 == 0 for step in spec.marker.guide)
