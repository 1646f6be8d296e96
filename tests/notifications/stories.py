"""What the stories of the outbox do again and again: connect an organization, queue mail, look at rows."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import UUID

from celery import current_app
from django.db import connections
from django.utils import timezone
from kombu import pools

from mailsettings.egress import egress
from mailsettings.models import Connection, MailSettings
from mailsettings.services import save_connection
from mailsettings.ways import Way, mail_settings, way_out
from notifications.drain import drain
from notifications.models import ConnectionLimit, DeliveryAttempt, Notification, Status
from notifications.services import enqueue
from orgs.models import Organization
from orgs.tenancy import tenant
from providers import SecretText, provider
from sandbox.smtp import SmtpServer

PASSWORD = "correct horse"


def connect(
    organization: Organization,
    *,
    port: int = 2525,
    sender: str = "",
    password: str = PASSWORD,
    force_sender: bool = True,
    allowed_senders: str = "",
    doubtful: str = "resend",
) -> None:
    """Save a Custom SMTP connection to the sandbox's server and switch SMTP on."""
    chosen = provider("smtp")
    typed = {
        "sender_email": sender or f"notify@{organization.slug}.example",
        "sender_name": organization.name,
        "force_sender": force_sender,
        "allowed_senders": allowed_senders,
        "host": "127.0.0.1",
        "port": str(port),
        "tls_option": "starttls",
        "authentication": True,
        "username": "user",
        "password": SecretText(password),
    }
    with tenant(organization):
        save_connection(
            organization=organization,
            chosen=chosen,
            settings=chosen.parse(typed, egress()),
            typed={"password": SecretText(password)},
            user=None,
            expected_version=mail_settings(organization.pk).version,
        )
        MailSettings.objects.of(organization).update(doubtful=doubtful)


def connect_to(organization: Organization, server: SmtpServer, **options: Any) -> None:
    """Save a connection to a running server."""
    connect(organization, port=server.port, **options)


def queue(organization: Organization, *, to: str = "reader@example.com", **message: Any) -> Notification:
    """Queue one message."""
    return enqueue(organization=organization, to=to, **{"subject": "Hello", "text": "Hello there"} | message)


def look(row: Notification) -> Notification:
    """Read a row again."""
    with tenant(row.organization_id):
        return Notification.objects.of(row.organization_id).get(pk=row.pk)


def attempts(row: Notification) -> list[DeliveryAttempt]:
    """Read the attempts of a row, oldest first."""
    with tenant(row.organization_id):
        rows = DeliveryAttempt.objects.of(row.organization_id).filter(notification=row)
        return list(rows.order_by("number"))


def change(row: Notification, **columns: object) -> None:
    """Put a row into the state a story begins with."""
    with tenant(row.organization_id):
        Notification.objects.of(row.organization_id).filter(pk=row.pk).update(**columns)


def states(organization: Organization) -> Counter[str]:
    """Count the notifications by state; tests and verifications are left out."""
    with tenant(organization):
        rows = Notification.objects.of(organization).filter(kind="notification")
        return Counter(rows.values_list("status", flat=True))


def accepted(organization: Organization) -> int:
    """Count what was accepted."""
    return states(organization)[Status.ACCEPTED]


def all_accepted(organization: Organization) -> bool:
    """Say whether every notification has been accepted."""
    return set(states(organization)) <= {Status.ACCEPTED}


def limit(organization: Organization, **columns: object) -> None:
    """Give the organization's only connection limits of its own."""
    with tenant(organization):
        connection = Connection.objects.of(organization).get()
        ConnectionLimit.objects.of(organization).update_or_create(
            connection=connection, organization=organization, defaults=columns
        )


def drain_all(organization: Organization) -> None:
    """Take turns until nothing is due."""
    while drain(organization.pk):
        pass


def make_due(organization: Organization) -> None:
    """Let every pause be over."""
    with tenant(organization):
        Notification.objects.of(organization).filter(status="queued").update(next_at=timezone.now())


def way(organization: Organization) -> Way:
    """Read the way out."""
    return way_out(organization.pk)


def eventually(is_so: Callable[[], Any], *, seconds: float = 10.0) -> Any:
    """Wait until something is so; fail when it does not become so in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = is_so()
        if answer:
            return answer
        threading.Event().wait(0.02)
    raise AssertionError("It did not become so in time.")


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Run several works at the same moment, each with connections of its own; give what they gave."""
    start = threading.Barrier(len(works))
    given: list[Any] = [None] * len(works)
    failed: list[BaseException] = []

    def run(place: int, work: Callable[[], Any]) -> None:
        try:
            start.wait(10)
            given[place] = work()
        except BaseException as error:  # noqa: BLE001  # handed to the test's own thread
            failed.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=item) for item in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if failed:
        raise failed[0]
    return given


def ids(rows: list[Notification]) -> list[UUID]:
    """Name rows."""
    return [row.pk for row in rows]


def rewire(address: str) -> None:
    """Point the app at another broker."""
    app: Any = current_app
    pools.reset()
    app.conf.broker_url = app.conf.broker_write_url = address
    app._pool = None
    app.amqp._producer_pool = None
