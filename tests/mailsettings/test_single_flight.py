"""Many workers in several processes, one strict token server: one renewal, no token lost (C-OAU-6)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from mailsettings.models import ConnectionToken
from notifications.drain import drain
from notifications.models import Status
from notifications.services import enqueue
from orgs.tenancy import tenant
from sandbox.smtp import SmtpServer
from tests.notifications.stories import look
from tests.plugin_consent import Admin
from tests.plugin_sandbox import ACCOUNT
from tests.plugin_worker import NOBODY, worker_environment

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
PROCESSES, THREADS = 4, 4


@pytest.fixture
def processes(connected: Admin, settings: Settings) -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that wait for the word to open the connection, all at once."""
    key = [str(connected.organization.pk), str(connected.connection.pk), str(THREADS)]
    started = [
        subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "tests.mailsettings.renewing", *key],
            cwd=settings.BASE_DIR,
            env=worker_environment(settings, NOBODY),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    yield started
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.control("C-OAU-6")
@pytest.mark.feature("HIR-22")
def test_sixteen_workers_renew_once_and_lose_no_token(
    connected: Admin, exchange: SmtpServer, processes: list[subprocess.Popen[str]]
) -> None:
    # Each refresh token works once: a second renewal with the old one would end the connection.
    connected.microsoft.entra.grants.rotate_strictly = True
    with tenant(connected.organization):
        ConnectionToken.objects.of(connected.organization).update(access=None, access_expires_at=None)
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60)[0].split() for process in processes]
    assert said == [["ok"] * THREADS] * PROCESSES
    renewals = [one for one in connected.microsoft.token_requests if one.grant_type == "refresh_token"]
    assert len(renewals) == 1
    assert exchange.signed_in.count(ACCOUNT) == PROCESSES * THREADS

    # What was rotated is what is stored: the next renewal works, too.
    connected.microsoft.end_access_tokens(ACCOUNT)
    row = enqueue(organization=connected.organization, to="reader@example.com", subject="Hello", text="x")
    drain(connected.organization.pk)
    assert look(row).status == Status.ACCEPTED
    renewals = [one for one in connected.microsoft.token_requests if one.grant_type == "refresh_token"]
    assert len(renewals) == 2
