"""Health: what a load balancer and an alarm read."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest
from django.conf import LazySettings
from django.db import connections
from django.test import Client

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def deaf_server() -> Iterator[str]:
    """A broker that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


@pytest.fixture
def closed_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"redis://127.0.0.1:{server.getsockname()[1]}/0"


def test_process_answers_without_database(client: Client) -> None:
    with connections["default"].execute_wrapper(_refuse):
        answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def _refuse(*_args: object) -> None:
    raise AssertionError("The process check asked the database.")


def test_ready_when_database_and_broker_answer(client: Client) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "database": "ok", "broker": "ok", "oldest_due_seconds": 0}


def test_not_ready_within_two_seconds_when_the_broker_is_silent(
    client: Client, settings: LazySettings, deaf_server: str
) -> None:
    settings.REDIS_URL = deaf_server
    started = time.monotonic()
    answer = client.get("/readyz")
    assert time.monotonic() - started < 2
    assert answer.status_code == 503
    assert answer.json()["broker"] == "no answer"


def test_not_ready_when_the_broker_is_gone_and_nothing_is_leaked(
    client: Client, settings: LazySettings, closed_port: str
) -> None:
    settings.REDIS_URL = closed_port
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert set(answer.json()) == {"status", "database", "broker", "oldest_due_seconds"}
    assert "127.0.0.1" not in answer.content.decode()


def test_health_takes_no_post_and_is_kept_by_nobody(client: Client) -> None:
    for path in ("/healthz", "/readyz"):
        assert client.post(path).status_code == 405
        assert "no-store" in client.get(path).headers["Cache-Control"]
