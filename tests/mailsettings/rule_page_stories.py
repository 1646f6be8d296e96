"""What stories about the pages of rules do again and again."""

from __future__ import annotations

from typing import Any

from django.utils.html import strip_tags

from mailsettings.models import RoutingRule
from mailsettings.routing.services import rules_of
from orgs.models import AuditEntry, Organization
from orgs.tenancy import tenant
from tests.mailsettings.admin import Admin
from tests.mailsettings.routing_stories import Stored
from tests.order_stories import RELAY, named


def typed(*groups: list[Stored], **more: str) -> dict[str, str]:
    """Give what a browser sends from the page of a rule."""
    form = {"failing": "order", "enabled": "on"}
    for number, group in enumerate(groups):
        for place, condition in enumerate(group):
            form |= {f"condition-{number}-{place}-{part}": text for part, text in condition.items()}
    return {**form, **more}


def add(admin: Admin, *groups: list[Stored], to: str = RELAY, **more: str) -> Any:
    """Press Save on the page of a new rule."""
    key = str(named(admin.organization, to).pk)
    form = typed(*groups, connection=key) | more
    return admin.browser.post(admin.url("mailsettings:add_rule"), form)


def rules(organization: Organization) -> list[RoutingRule]:
    """Read the rules in their order."""
    with tenant(organization):
        return rules_of(organization)


def card(admin: Admin) -> str:
    """Read the words of the card on the page of the connections."""
    html = admin.browser.get(admin.url("mailsettings:connections")).content.decode()
    return words(html[html.index('id="routing"') :])


def words(html: str) -> str:
    """Give the words of a page, with single blanks."""
    return " ".join(strip_tags(html).replace("\xa0", " ").replace("&nbsp;", " ").split())


def last(organization: Organization) -> AuditEntry:
    """Read the newest entry of the audit trail."""
    with tenant(organization):
        return AuditEntry.objects.of(organization).order_by("-seq")[0]


def tried(admin: Admin, **sample: str) -> str:
    """Press Try; give the words of the outcome."""
    answer = admin.browser.post(admin.url("mailsettings:try_rules"), sample)
    assert answer.status_code == 200, words(answer.content.decode())
    return outcome(answer)


def outcome(answer: Any) -> str:
    html: str = answer.content.decode()
    return words(html[html.index('id="outcome"') : html.index('id="message-heading"')])
