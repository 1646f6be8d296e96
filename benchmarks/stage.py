"""What a benchmark or a chaos run plays on: servers of its own, organizations, rows, worker processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from devtools.environment import ROOT
from devtools.postgres import Postgres
from devtools.processes import Children
from devtools.servers import start_servers

if TYPE_CHECKING:
    from notifications.services import NewMessage

KEYRING = "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"


def environment(children: Children, *, data: Path, smtp_port: int, fsync: bool = True) -> dict[str, str]:
    """Start private servers, and give the environment of processes that use them."""
    given = {name: os.environ.pop(name, None) for name in list(os.environ) if name.startswith("DATABASE_")}
    os.environ.pop("REDIS_URL", None)
    servers = start_servers(children, data=data, for_tests=not fsync)
    del given
    return (
        os.environ
        | servers.environment
        | {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "WORKER_DATABASE_URL": servers.worker_database_url,
            "SECRET_KEY": "benchmarks-only-0123456789abcdef-0123456789abcdef-0123456789",
            "SECRETS_KEYRING": KEYRING,
            "BASE_URL": "http://127.0.0.1:8000",
            "ALLOWED_HOSTS": "127.0.0.1",
            "EGRESS_ALLOW_CIDRS": "127.0.0.0/8",
            "EGRESS_ALLOW_PORTS": str(smtp_port),
            "PYTHONPATH": str(ROOT),
            "LOG_LEVEL": "WARNING",
        }
    )


def set_up(variables: Mapping[str, str]) -> None:
    """Migrate, and make this process one of the product's."""
    migrate = [sys.executable, "manage.py", "migrate", "-v0"]
    subprocess.run(migrate, cwd=ROOT, env=dict(variables), check=True)  # noqa: S603  # our own command
    os.environ.update(variables)
    import django  # noqa: PLC0415  # reads the environment made above

    django.setup()


def start_worker(
    variables: Mapping[str, str], *, log: Path, extra: Mapping[str, str], app: str = "benchmarks.worker"
) -> subprocess.Popen[bytes]:
    """Start one worker process under the worker's own role."""
    command = [sys.executable, "-m", "celery", "-A", app, "worker", "--concurrency", "2", "-l", "WARNING"]
    own = dict(variables) | {"DATABASE_URL": variables["WORKER_DATABASE_URL"]} | dict(extra)
    with log.open("ab") as file:
        return subprocess.Popen(command, cwd=ROOT, env=own, stdout=file, stderr=file)  # noqa: S603


def make_organizations(
    number: int, *, host: str, port: int, doubtful: Sequence[str] = ("resend",)
) -> list[UUID]:
    """Make organizations, each with a plain connection to the sink."""
    from mailsettings.egress import egress  # noqa: PLC0415  # after `set_up`
    from mailsettings.models import MailSettings  # noqa: PLC0415
    from mailsettings.services import save_connection  # noqa: PLC0415
    from mailsettings.ways import mail_settings  # noqa: PLC0415
    from orgs.models import Organization  # noqa: PLC0415
    from orgs.tenancy import tenant  # noqa: PLC0415
    from providers import provider  # noqa: PLC0415

    chosen, made = provider("smtp"), []
    for place in range(number):
        organization = Organization.objects.using("system").create(
            name=f"Organization {place}", slug=f"organization-{place}", custom_mail=True
        )
        typed = {
            "sender_email": f"notify@organization-{place}.example",
            "sender_name": "Notifications",
            "force_sender": True,
            "host": host,
            "port": str(port),
            "tls_option": "none",
            "authentication": False,
        }
        with tenant(organization.pk):
            save_connection(
                organization=organization,
                chosen=chosen,
                settings=chosen.parse(typed, egress()),
                typed={},
                user=None,
                expected_version=mail_settings(organization.pk).version,
            )
            policy = doubtful[place % len(doubtful)]
            MailSettings.objects.of(organization.pk).update(doubtful=policy)
        made.append(organization.pk)
    return made


def queue_rows(organization_id: UUID, number: int, *, size: int, later: float = 0.0) -> None:
    """Queue many messages at once; `later` seconds from now they are due."""
    from datetime import timedelta  # noqa: PLC0415

    from django.db.models import F  # noqa: PLC0415

    from notifications.models import Notification  # noqa: PLC0415
    from notifications.services import enqueue_many  # noqa: PLC0415
    from orgs.tenancy import tenant  # noqa: PLC0415

    with tenant(organization_id):
        enqueue_many(organization=organization_id, messages=messages(number, size=size))
        if later:
            rows = Notification.objects.of(organization_id)
            rows.filter(status="queued").update(next_at=F("created_at") + timedelta(seconds=later))


def messages(number: int, *, size: int) -> Iterator[NewMessage]:
    """Write messages of `size` bytes, text and HTML together, each to a reader of its own."""
    from notifications.services import NewMessage  # noqa: PLC0415

    text, html = bodies(size)
    for place in range(number):
        yield NewMessage(to=f"reader{place}@example.com", subject=f"Order {place}", text=text, html=html)


def bodies(size: int) -> tuple[str, str]:
    """Give text and HTML of half the size each."""
    text = ("Your order has been sent and will arrive soon. " * (size // 47 + 1))[: size // 2]
    return text, f"<html><body><p>{text}</p></body></html>"


def stop_postgres_now(server: Postgres, data: Path) -> None:
    """Stop the database as a power cut would (immediate shutdown)."""
    del server
    pid = int((data / "postgres" / "postmaster.pid").read_text().splitlines()[0])
    import signal  # noqa: PLC0415

    os.kill(pid, signal.SIGQUIT)
