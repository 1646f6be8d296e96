"""What stories about routing do again and again: conditions, rules, and one more connection."""

from __future__ import annotations

from typing import Any

from mailsettings.egress import egress
from mailsettings.models import Connection, RoutingRule
from mailsettings.routing.conditions import read_groups
from mailsettings.routing.services import add_rule
from mailsettings.services import save_connection
from mailsettings.ways import mail_settings
from orgs.models import Organization
from orgs.tenancy import tenant
from providers import SecretText, provider
from tests.notifications.stories import PASSWORD

Stored = dict[str, str]


def when(field: str, operator: str, value: str, header: str = "") -> Stored:
    """Write a condition as it is stored."""
    stored = {"field": field, "operator": operator, "value": value}
    return {**stored, "header": header} if header else stored


def rule(*groups: list[Stored], **columns: Any) -> RoutingRule:
    """Make a rule that is not stored."""
    return RoutingRule(**{"place": 1, "groups": list(groups), **columns})


def extra(organization: Organization, name: str, *, port: int = 2525, **values: Any) -> Connection:
    """Save one more connection, which only rules use."""
    chosen = provider("smtp")
    typed = {
        "sender_email": f"relay@{organization.slug}.example",
        "sender_name": name,
        "host": "127.0.0.1",
        "port": str(port),
        "tls_option": "starttls",
        "authentication": True,
        "username": "user",
        "password": SecretText(PASSWORD),
        **values,
    }
    with tenant(organization):
        saved = save_connection(
            organization=organization,
            chosen=chosen,
            settings=chosen.parse(typed, egress()),
            typed={"password": SecretText(PASSWORD)},
            user=None,
            expected_version=mail_settings(organization.pk).version,
            name=name,
            activate=False,
        )
    return saved.connection


def store(
    organization: Organization, connection: Connection, *groups: list[Stored], **options: Any
) -> RoutingRule:
    """Add a rule as the page would."""
    with tenant(organization):
        return add_rule(
            organization=organization,
            connection=connection,
            groups=read_groups(list(groups)),
            user=None,
            **options,
        )
