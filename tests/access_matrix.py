"""What the access matrix is made from: every address of the resolver, people, and fresh objects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver
from django.utils import timezone

from mailsettings.models import (
    AccountState,
    ConnectedAccount,
    Connection,
    CustomCloud,
    Draft,
    Rank,
    RoutingRule,
    SignInHost,
)
from mailsettings.routing.conditions import read_groups
from mailsettings.routing.services import add_rule
from notifications.models import Notification, Purpose, SharedResult
from notifications.services import enqueue
from orgs.ids import uuid7
from orgs.models import Invitation, Organization, Role, User
from orgs.tenancy import SYSTEM, tenant
from tests import factories

# What the notification of an address is, where it is no mail.
KINDS = {
    "notifications:test_result": "test",
    "notifications:share": "test",
    "notifications:saving": "verification",
    "notifications:next_secret_result": "verification",
}
# A page behind one of these has a second key that nobody can guess.
SECOND_KEYS = {"token": "no-such-token"}
# Words of an address that name no object of anybody.
WORDS = {"provider": "graph"}
ABSENT_SLUG = "no-such-organization"


@dataclass(frozen=True)
class Address:
    """One address of the product and who may call it how."""

    name: str
    parameters: tuple[str, ...]
    view: Any

    @property
    def ids(self) -> tuple[str, ...]:
        """Names of the objects besides the organization."""
        return tuple(name for name in self.parameters if name not in {"slug", *SECOND_KEYS, *WORDS})


def addresses(patterns: list[Any] | None = None, space: str = "") -> Iterator[Address]:
    """Walk the resolver."""
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(entry, URLPattern):
            yield Address(f"{space}{entry.name}", tuple(entry.pattern.converters), entry.callback)
        else:
            inner = f"{space}{entry.namespace}:" if entry.namespace else space
            yield from addresses(entry.url_patterns, inner)


EVERY = list(addresses())
GUARDED = [address for address in EVERY if hasattr(address.view, "super_admins_only")]
TENANTS = [address for address in GUARDED if not address.view.super_admins_only]
CONSOLE = [address for address in GUARDED if address.view.super_admins_only]


def names(chosen: list[Address]) -> list[str]:
    return [address.name for address in chosen]


@dataclass
class Stage:
    """Two organizations, five people, and fresh objects for each case."""

    contoso: Organization
    fabrikam: Organization
    people: dict[str, User | None]
    browsers: dict[str, Client]

    def role(self, person: str, slug: str) -> Role | None:
        """Tell the place a person has at an address."""
        places = {
            ("member A", "contoso"): Role.DELIVERIES,
            ("admin A", "contoso"): Role.OWNER,
            ("admin B", "fabrikam"): Role.OWNER,
        }
        return places.get((person, slug))

    def draft(self, of: Organization) -> Draft:
        """Make values that were typed and not saved."""
        typed = {"sender_email": "a@example.com", "host": "smtp.example.com"}
        return Draft.objects.create(organization=of, provider="smtp", settings=typed, base_version=1)

    def connection(self, of: Organization) -> Connection:
        """Make a connection with an account."""
        made = Connection.objects.create(
            organization=of,
            name=f"Connection {uuid7().hex}",
            provider="microsoft_account",
            settings={"sender_email": "a@example.com"},
            rank=Rank.ADDITIONAL,
        )
        ConnectedAccount.objects.create(
            organization=of, connection=made, state=AccountState.CONNECTED, connected_at=timezone.now()
        )
        return made

    def rule(self, of: Organization) -> RoutingRule:
        """Make a rule of its own connection."""
        groups = read_groups([[{"field": "subject", "operator": "is", "value": "Hello"}]])
        return add_rule(organization=of, connection=self.connection(of), groups=groups, user=None)

    def of_the_console(self, address: Address, *, present: bool) -> dict[str, object]:
        """Fill an address of the console with things that exist, or with things that do not."""
        made: dict[str, Callable[[], object]] = {
            "slug": lambda: "contoso",
            "host_id": lambda: SignInHost.objects.using(SYSTEM).create(host=f"{uuid7().hex}.example").pk,
            "cloud_id": lambda: CustomCloud.objects.using(SYSTEM).create(key=uuid7().hex, label="Cloud").pk,
        }
        absent: dict[str, object] = {"slug": ABSENT_SLUG, "host_id": uuid7(), "cloud_id": uuid7()}
        return {name: made[name]() if present else absent[name] for name in address.parameters}

    def objects(self, of: Organization, address: Address) -> dict[str, UUID]:
        """Make the objects an address names, which belong together."""
        made = {name: self.make(name, of, address) for name in address.ids}
        if address.name == "notifications:next_secret_result":
            with tenant(of):
                tests = Notification.objects.of(of).filter(pk=made["notification_id"])
                tests.update(notification_type=Purpose.NEXT_SECRET)
                drafts = Draft.objects.of(of).filter(pk__in=tests.values("draft"))
                drafts.update(connection=made["connection_id"])
        return made

    def make(self, name: str, of: Organization, address: Address) -> UUID:
        """Make an object of an organization, as the parameter of an address names it."""
        if name == "membership_id":
            return factories.membership(factories.user(), of, Role.READ_ONLY).pk
        with tenant(of):
            if name == "notification_id":
                kind = KINDS.get(address.name, "notification")
                draft = None if kind == "notification" else self.draft(of)
                return enqueue(
                    organization=of, to="a@example.com", subject="Hello", kind=kind, draft=draft
                ).pk
            if name == "shared_id":
                test = enqueue(organization=of, to="a@example.com", subject="Hello", kind="test")
                return SharedResult.objects.create(
                    organization=of,
                    notification=test,
                    token_hash=uuid7().bytes,
                    expires_at="2100-01-01T00:00:00Z",
                ).pk
            if name in {"connection_id", "draft_id", "rule_id"}:
                made: dict[str, Callable[[Organization], Connection | Draft | RoutingRule]] = {
                    "connection_id": self.connection,
                    "draft_id": self.draft,
                    "rule_id": self.rule,
                }
                return made[name](of).pk
            if name == "invitation_id":
                return Invitation.objects.create(
                    organization=of,
                    email=f"{uuid7().hex}@example.com",
                    role=Role.READ_ONLY,
                    token_hash=uuid7().bytes,
                    expires_at="2100-01-01T00:00:00Z",
                ).pk
        return pytest.fail(f"{name} is a new kind of object: say here how one is made")
