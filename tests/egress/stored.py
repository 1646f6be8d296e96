"""Each provider with a stored, working secret; each destination field it has; each way a value gets in."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.test import Client
from django.urls import reverse

from mailsettings.models import Connection, Draft
from mailsettings.ways import mail_settings
from notifications.drain import drain, run_tests
from notifications.services import enqueue
from orgs.models import Organization, User
from orgs.tenancy import tenant
from providers import provider
from sandbox.google import OAuthServer
from sandbox.microsoft import Microsoft
from sandbox.smtp import SmtpServer
from tests.egress.traps import Trap
from tests.plugin_sandbox import (
    ACCOUNT,
    CLIENT_ID,
    CLIENT_SECRET,
    TENANT_ID,
    Sandbox,
    account_values,
    graph_values,
    microsoft365_values,
    oauth_values,
    smtp_values,
)

Values = dict[str, object]
OTHER_ID = "11111111-2222-4333-8444-555555555555"
FINGERPRINT = ":".join(["AB"] * 32)
SECRETS = ("password", "client_secret", "refresh_token", "access_token")


@dataclass
class World:
    """The servers of one story: the right ones, and the traps."""

    sandbox: Sandbox
    organization: Organization
    owner: User
    browser: Client
    mail_trap: Trap
    web_trap: Trap
    servers: list[SmtpServer | Microsoft | OAuthServer] = field(default_factory=list)

    @property
    def contacts(self) -> tuple[int, int]:
        """How often anybody was spoken to: the right servers, and the traps."""
        right = 0
        for server in self.servers:
            if isinstance(server, SmtpServer):
                right += len(server.sessions)
            else:
                right += len(server.token_requests) + len(getattr(server, "requests", ()))
        return right, self.mail_trap.callers + self.web_trap.callers

    def url(self, name: str, *more: object) -> str:
        """Give an address of the organization."""
        return reverse(name, args=[self.organization.slug, *more])

    def post(self, page: str, case: Case, values: Values, *more: object, **extra: object) -> Any:
        """Post a form as its page would."""
        with tenant(self.organization):
            version = mail_settings(self.organization.pk).version
        shown = {"provider": case.key, "shown": case.key, "version": version, "smtp_enabled": "on"}
        return self.browser.post(self.url(page, *more), {**shown, **values, **extra})

    def connection(self, case: Case) -> Connection:
        """Give the saved connection."""
        with tenant(self.organization):
            rows = Connection.objects.of(self.organization).select_related("organization")
            return rows.get(provider=case.key)


@dataclass(frozen=True)
class Case:
    """One provider: what is stored for it, and another value for each field that decides the destination."""

    key: str
    name: str
    values: Values
    changes: Mapping[str, object]

    def without_secrets(self, **changes: object) -> Values:
        """Give what a browser posts when nobody types a secret again."""
        return {**self.values, **dict.fromkeys(SECRETS, ""), **changes}


def make_case(world: World, name: str) -> Case:
    """Start the right servers for one provider and say what is typed for it."""
    box = world.sandbox
    if name == "smtp":
        server = box.smtp()
        world.servers.append(server)
        return Case("smtp", name, smtp_values(server), mail_fields(world))
    if name == "oauth_smtp":
        issuer = box.google()
        server = box.smtp(tokens=issuer)
        world.servers += [issuer, server]
        box.settings.OAUTH_ALLOW_HOSTS = (*box.settings.OAUTH_ALLOW_HOSTS, world.web_trap.host)
        changes = mail_fields(world) | {
            "access_url": f"https://{world.web_trap.host}/token",
            "client_id": "other.apps.example.com",
        }
        return Case("oauth_smtp", name, oauth_values(issuer, server), changes)
    microsoft = box.microsoft()
    microsoft.add_app(TENANT_ID, CLIENT_ID, CLIENT_SECRET, roles=("Mail.Send", "SMTP.SendAsApp"))
    server = box.smtp(tokens=microsoft)
    world.servers += [microsoft, server]
    offer_trap_cloud(world, microsoft)
    trap_url = f"https://{world.web_trap.host}{urlsplit(microsoft.access_url('contoso.com')).path}"
    app = {"client_id": OTHER_ID}
    mail = mail_fields(world)
    del mail["tls_option"]
    if name == "graph":
        return Case("graph", name, graph_values(microsoft), app | {"access_url": trap_url, "cloud": "trap"})
    if name == "microsoft365_smtp":
        values = microsoft365_values(microsoft, server)
        return Case(name, name, values, app | mail | {"access_url": trap_url, "cloud": "trap"})
    more = app | {"cloud": "trap", "tenant": "contoso.com"}
    if name == "microsoft_account by smtp":
        return Case("microsoft_account", name, account_values(server), more | mail | {"method": "graph"})
    return Case("microsoft_account", name, account_values(), more | {"method": "smtp"})


CASES = (
    "smtp",
    "graph",
    "microsoft365_smtp",
    "microsoft_account by smtp",
    "microsoft_account by graph",
    "oauth_smtp",
)


def mail_fields(world: World) -> dict[str, object]:
    """Other mail servers: the trap behind another port, the same server under another name or trust."""
    return {
        "host": "localhost",
        "port": str(world.mail_trap.port),
        "tls_option": "tls",
        "certificate": FINGERPRINT,
    }


def offer_trap_cloud(world: World, microsoft: Microsoft) -> None:
    """Let the operator list the trap as a cloud, so that only the binding keeps the secret from it."""
    host = world.web_trap.host
    trap = {
        **microsoft.cloud_row(),
        "key": "trap",
        "label": "Trap",
        "login_hosts": [host],
        "graph_host": host,
    }
    file = world.sandbox.folder / "clouds.json"
    file.write_text(json.dumps([microsoft.cloud_row(), trap]), encoding="utf-8")
    world.sandbox.refresh()


def store(world: World, case: Case) -> None:
    """Save the case's values, connect its account where it has one, and see that mail leaves."""
    if provider(case.key).needs_consent:
        microsoft = next(server for server in world.servers if isinstance(server, Microsoft))
        answer = world.browser.post(
            world.url("mailsettings:emails"),
            {"provider": case.key, "shown": case.key, "version": 1, "smtp_enabled": "on", **case.values}
            | {"action": "connect"},
            headers={"HX-Request": "true"},
        )
        parts = urlsplit(microsoft.accept(str(answer["HX-Redirect"]), ACCOUNT))
        world.browser.get(f"{parts.path}?{parts.query}")
    else:
        answer = world.post("mailsettings:emails", case, case.values, action="save_unverified")
        assert answer.status_code == 302, answer.content.decode()
    send(world)
    assert len(world.sandbox.inbox) == 1


def send(world: World) -> None:
    """Queue one notification and let the worker run."""
    enqueue(organization=world.organization, to="reader@example.com", subject="Hello", text="x")
    drain(world.organization.pk)
    run_tests(world.organization.pk)


# --- every way in: each gives the answer of the page, None where a person sees none -----------------------


def by_save(world: World, case: Case, changed: Values) -> Any:
    """Press Save, which verifies."""
    return world.post("mailsettings:emails", case, changed)


def by_save_unverified(world: World, case: Case, changed: Values) -> Any:
    """Press Save without verifying."""
    return world.post("mailsettings:emails", case, changed, action="save_unverified")


def by_test(world: World, case: Case, changed: Values) -> Any:
    """Press Test SMTP."""
    return world.post("notifications:test", case, changed, test_to=world.owner.email)


def by_connection_page(world: World, case: Case, changed: Values) -> Any:
    """Save on the page of the connection."""
    row = world.connection(case)
    return world.post(
        "mailsettings:connection", case, changed, row.pk, name=row.name, action="save_unverified"
    )


def by_test_of_connection_page(world: World, case: Case, changed: Values) -> Any:
    """Press Test SMTP on the page of the connection."""
    row = world.connection(case)
    typed = {**changed, "name": row.name, "place": str(row.pk)}
    return world.post("notifications:test", case, typed, test_to=world.owner.email)


def by_connect(world: World, case: Case, changed: Values) -> Any:
    """Press Connect (providers without consent take it for Save)."""
    return world.post("mailsettings:emails", case, changed, action="connect")


def by_edited_row(world: World, case: Case, changed: Values) -> Any:
    """Write the stored values past every form, as somebody with the database could."""
    row = world.connection(case)
    with tenant(world.organization):
        Connection.objects.of(world.organization).filter(pk=row.pk).update(
            settings={**row.settings, **typed(changed, row.settings)}
        )
    world.browser.post(
        world.url("notifications:test"), {"test_to": world.owner.email, "connection": str(row.pk)}
    )


def by_edited_draft(world: World, case: Case, changed: Values) -> Any:
    """Write the values of a draft past every form, then test and save it."""
    world.post("notifications:test", case, case.without_secrets(), test_to=world.owner.email)
    with tenant(world.organization):
        draft = Draft.objects.of(world.organization).latest("created_at")
        draft.settings = {**draft.settings, **typed(changed, draft.settings)}
        draft.save(update_fields=["settings"])
    run_tests(world.organization.pk)
    world.browser.post(world.url("mailsettings:save_draft", draft.pk))


def by_edited_typed_draft(world: World, case: Case, changed: Values) -> Any:
    """The same with a draft whose secrets were typed."""
    secrets = {name: value for name, value in case.values.items() if name in SECRETS and value}
    world.post("notifications:test", case, case.without_secrets(**secrets), test_to=world.owner.email)
    with tenant(world.organization):
        draft = Draft.objects.of(world.organization).latest("created_at")
        draft.settings = {**draft.settings, **typed(changed, draft.settings)}
        draft.save(update_fields=["settings"])
    run_tests(world.organization.pk)
    world.browser.post(world.url("mailsettings:save_draft", draft.pk))


def typed(changed: Values, stored: Values) -> Values:
    """Give posted values in the types of the stored ones, without secrets."""
    plain = {name: value for name, value in changed.items() if name in stored}
    return {
        name: int(str(value)) if name == "port" else value
        for name, value in plain.items()
        if is_other(value, stored[name])
    }


def is_other(value: object, stored: object) -> bool:
    """Say whether a posted value differs from the stored one."""
    return not isinstance(stored, bool) and str(value) != str(stored)


BY_FORM: tuple[Callable[[World, Case, Values], Any], ...] = (
    by_save,
    by_save_unverified,
    by_test,
    by_connection_page,
    by_test_of_connection_page,
    by_connect,
)
PAST_THE_FORM: tuple[Callable[[World, Case, Values], Any], ...] = (
    by_edited_row,
    by_edited_draft,
    by_edited_typed_draft,
)
