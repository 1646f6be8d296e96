"""Organizations with several connections, each to a mail server of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Model
from django.utils import timezone

from mailsettings.connections.ordering import choose_rank
from mailsettings.egress import egress
from mailsettings.models import Connection, Rank
from mailsettings.services import save_connection
from mailsettings.vault import secret_names
from mailsettings.ways import mail_settings
from notifications.models import Alarm, ConnectionLimit, Lane, Notification
from orgs.models import Event, Organization
from orgs.tenancy import tenant
from providers import SecretText, provider
from sandbox.inbox import Inbox
from sandbox.smtp import SmtpServer
from tests.plugin_sandbox import Sandbox, smtp_values


@dataclass(frozen=True, kw_only=True)
class Post:
    """A connection, the server behind it, and what arrived there."""

    connection: Connection
    server: SmtpServer
    inbox: Inbox


def join(organization: Organization, sandbox: Sandbox, name: str, rank: Rank, **values: object) -> Post:
    """Save one more connection of this rank, to a server of its own."""
    server = sandbox.smtp(inbox=Inbox(None))
    chosen = provider("smtp")
    typed = smtp_values(server, sender_email=f"{name.lower()}@{organization.slug}.example", **values)
    secrets = {key: SecretText(str(typed[key])) for key in secret_names(chosen)}
    with tenant(organization):
        saved = save_connection(
            organization=organization,
            chosen=chosen,
            settings=chosen.parse({**typed, **secrets}, egress()),
            typed=secrets,
            user=None,
            expected_version=mail_settings(organization.pk).version,
            name=name,
            activate=rank == Rank.PRIMARY,
        )
        if rank == Rank.BACKUP:
            choose_rank(connection=saved.connection, rank=rank, user=None)
    return Post(connection=saved.connection, server=server, inbox=server.inbox)


def again(post: Post) -> SmtpServer:
    """Start a stopped server again, where it was."""
    old = post.server
    running = SmtpServer(post.inbox, context=old.context, users=old.users, port=old.port, rules=old.rules)
    running.start()
    return running


def events_of(organization: Organization) -> list[str]:
    """Name what was told, oldest first."""
    with tenant(organization):
        return list(Event.objects.of(organization).order_by("pk").values_list("kind", flat=True))


def alarms_of(organization: Organization) -> list[str]:
    """Name what is wrong now."""
    with tenant(organization):
        return sorted(Alarm.objects.of(organization).values_list("kind", flat=True))


def let_rests_pass(organization: Organization) -> None:
    """Let every pause of the organization's connections be over, and every probe be due."""
    past = timezone.now() - timedelta(seconds=1)
    # One by one: workers lock the same rows in an order of their own.
    with tenant(organization):
        limits = list(ConnectionLimit.objects.of(organization).exclude(rest_until=None))
        lanes = list(Lane.objects.of(organization).exclude(resume_at=None))
        held = list(Connection.objects.of(organization).exclude(held_code=""))
    for limit in limits:
        change_alone(organization, limit, rest_until=None)
    for lane in lanes:
        change_alone(organization, lane, resume_at=past)
    for connection in held:
        change_alone(organization, connection, probe_at=past)


def change_alone(organization: Organization, row: Model, **columns: object) -> None:
    """Change one row in a transaction of its own."""
    with tenant(organization):
        type(row)._default_manager.filter(pk=row.pk).update(**columns)


def send_through(row: Notification, post: Post, **columns: Any) -> None:
    """Let a queued message have been chosen a connection by a rule."""
    with tenant(row.organization_id):
        rows = Notification.objects.of(row.organization_id).filter(pk=row.pk)
        rows.update(route=post.connection, **columns)
