"""The set-up guides name what stands on Microsoft's screens, in the order of the work."""

from __future__ import annotations

import pytest

from providers import provider, specs

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


def test_links_lead_to_microsoft() -> None:
    links = [step.link for step in provider("graph").guide if step.link]
    assert len(links) == 2
    for step in provider("graph").guide:
        assert bool(step.link) == bool(step.link_label)
        assert not step.link or step.link.startswith(
            ("https://entra.microsoft.com/", "https://learn.microsoft.com/")
        )


@pytest.mark.parametrize("name", ["client_id", "client_secret", "access_url", "secret_expires_on"])
def test_each_field_of_graph_says_where_its_value_is_found(name: str) -> None:
    spec = next(one for one in specs(provider("graph").settings_type) if one.name == name)
    assert spec.marker.guide
    assert all(step.count("**") % 2 == 0 for step in spec.marker.guide)
