"""A mail server on loopback that the product may reach, with a certificate it trusts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mailsettings.egress import egress
from mailsettings.models import Rank
from notifications import hints, tasks
from notifications.context import workers_silent
from notifications.process import stopping
from notifications.worker import MailLoopStep
from orgs.models import Organization
from sandbox.inbox import Inbox
from sandbox.smtp import SmtpServer
from sandbox.tls import Authority
from tests.notifications.backups import Post, join
from tests.notifications.stories import PASSWORD, connect_to
from tests.plugin_sandbox import Sandbox


@pytest.fixture
def inbox() -> Inbox:
    """What arrived."""
    return Inbox(None)


@pytest.fixture
def server(inbox: Inbox, authority: Authority, reachable: Any) -> Iterator[SmtpServer]:
    """A mail server whose user may send."""
    running = SmtpServer(inbox, mode="starttls", authority=authority, users={"user": PASSWORD})
    running.start()
    reachable(running.port)
    yield running
    running.stop()


@pytest.fixture
def second(authority: Authority, reachable: Any) -> Iterator[SmtpServer]:
    """Another mail server with an inbox of its own."""
    running = SmtpServer(Inbox(None), mode="starttls", authority=authority, users={"user": PASSWORD})
    running.start()
    reachable(running.port)
    yield running
    running.stop()


@pytest.fixture
def ready(contoso: Organization, server: SmtpServer) -> Organization:
    """An organization that sends through the sandbox."""
    connect_to(contoso, server)
    return contoso


@pytest.fixture
def primary(contoso: Organization, sandbox: Sandbox) -> Post:
    """The connection meant for the mail, with a server of its own."""
    return join(contoso, sandbox, "Primary", Rank.PRIMARY)


@pytest.fixture
def backup(contoso: Organization, primary: Post, sandbox: Sandbox) -> Post:
    """The one the organization agreed to use when the primary one fails."""
    return join(contoso, sandbox, "Backup", Rank.BACKUP)


@pytest.fixture
def relay(contoso: Organization, primary: Post, sandbox: Sandbox) -> Post:
    """What only rules choose."""
    return join(contoso, sandbox, "Relay", Rank.ADDITIONAL)


@pytest.fixture
def reachable(settings: Any, authority: Authority) -> Iterator[Any]:
    """Let the product reach ports of the sandbox and trust its authority."""
    settings.EXTRA_CA_BUNDLE = str(Path(authority.ca_file))
    settings.EGRESS_ALLOW_PORTS = (2525,)

    def allow(port: int) -> None:
        settings.EGRESS_ALLOW_PORTS = (*settings.EGRESS_ALLOW_PORTS, port)
        egress.cache_clear()

    allow(2525)
    yield allow
    egress.cache_clear()


@pytest.fixture
def ring(transactional_db: None) -> Iterator[Callable[[Organization], None]]:
    """Run the mail loop of a worker in this process; rings for an organization as the broker would."""
    step = MailLoopStep(None)
    step.start(None)
    yield lambda organization: tasks.drain(str(organization.pk))
    stopping.set()
    step.stop(None)
    if step.loop is not None:
        step.loop.join(10)


@pytest.fixture(autouse=True)
def _fresh_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Forget what the process remembers between tests."""
    hints.breaker.close()
    hints.counts.clear()
    workers_silent.forget()
    stopping.clear()
    yield
    stopping.clear()
