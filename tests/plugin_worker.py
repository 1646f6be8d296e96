"""Real Celery workers, one process each, under the worker's own role and on the tests' database."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from django.db import connections
from pytest_django.fixtures import Settings

StartWorker = Callable[..., "subprocess.Popen[bytes]"]
# A broker nobody listens at: the mail loop must do without.
NOBODY = "redis://127.0.0.1:9/0"


def database_url(alias: str, *, user: str = "") -> str:
    """Spell the address of the tests' database, for another process."""
    database = connections[alias].settings_dict
    secret = f":{quote(database['PASSWORD'], safe='')}" if database["PASSWORD"] and not user else ""
    host = quote(database["HOST"], safe="")
    port = f"&port={database['PORT']}" if database["PORT"] else ""
    return f"postgres://{user or database['USER']}{secret}@/{database['NAME']}?host={host}{port}"


def worker_environment(settings: Settings, broker: str) -> dict[str, str]:
    """Give a worker process the operator's settings of this test."""
    role = "app_worker" if connections["default"].settings_dict["USER"] == "app_web" else ""
    return os.environ | {
        "DATABASE_URL": database_url("default", user=role),
        "DATABASE_SYSTEM_URL": database_url("system"),
        "REDIS_URL": broker,
        "DELIVERY_LEASE_SECONDS": "3",
        "DEFAULT_MAILER_URL": settings.DEFAULT_MAILER_URL,
        "CLOUDS_FILE": settings.CLOUDS_FILE,
        "OAUTH_ALLOW_HOSTS": ",".join(settings.OAUTH_ALLOW_HOSTS),
        "EXTRA_CA_BUNDLE": settings.EXTRA_CA_BUNDLE,
        "DNS_SERVERS": ",".join(f"{address}:{port}" for address, port in settings.DNS_SERVERS),
        "EGRESS_ALLOW_CIDRS": "127.0.0.0/8",
        "EGRESS_ALLOW_PORTS": ",".join(str(port) for port in settings.EGRESS_ALLOW_PORTS),
    }


@pytest.fixture
def start_worker(tmp_path: Path, settings: Settings) -> Iterator[StartWorker]:
    """Start workers: `start_worker()`; without a word about its broker a worker lives without one."""
    started: list[subprocess.Popen[bytes]] = []

    def run(broker: str = NOBODY) -> subprocess.Popen[bytes]:
        command = [
            sys.executable,
            "-m",
            "celery",
            "-A",
            "config",
            "worker",
            "--concurrency",
            "2",
            "-l",
            "WARNING",
        ]
        with (tmp_path / f"worker-{len(started)}.log").open("wb") as log:
            worker = subprocess.Popen(  # noqa: S603
                command,
                cwd=settings.BASE_DIR,
                env=worker_environment(settings, broker),
                stdout=log,
                stderr=log,
            )
        started.append(worker)
        return worker

    yield run
    for worker in started:
        if worker.poll() is None:
            worker.kill()
        worker.wait(10)
