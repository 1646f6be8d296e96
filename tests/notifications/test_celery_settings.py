"""Celery is a doorbell: how its settings keep it from being more (threat model §9)."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.test import Client
from django.urls import reverse

from notifications import hints, worker
from notifications.hints import BREAKER_SECONDS, Breaker
from notifications.models import Status
from orgs.models import Organization, User
from tests.notifications.stories import change, queue

ROOT = Path(hints.__file__).parents[1]
OWN = ("config", "console", "notifications", "mailsettings", "orgs")


def own_tasks() -> list[Any]:
    """Give the tasks of the product."""
    return [task for name, task in current_app.tasks.items() if name.startswith(OWN)]


@pytest.mark.control("C-DEL-14")
def test_tasks_are_hints_acknowledged_early_without_results() -> None:
    assert own_tasks()
    for task in own_tasks():
        assert not task.acks_late
        assert task.ignore_result
    config: Any = current_app.conf
    assert not config.task_acks_late
    assert not config.task_reject_on_worker_lost
    assert config.task_ignore_result
    assert config.result_backend is None
    assert config.worker_prefetch_multiplier == 1
    assert (config.task_serializer, list(config.accept_content)) == ("json", ["json"])
    assert "visibility_timeout" not in config.broker_transport_options


@pytest.mark.control("C-DEL-14")
def test_nobody_waits_for_the_broker_longer_than_a_second_and_workers_never_give_up() -> None:
    config = current_app.conf
    options = config.broker_transport_options
    assert (options["socket_timeout"], options["socket_connect_timeout"]) == (1, 1)
    assert options["max_retries"] == 0
    assert config.task_publish_retry is False
    assert config.broker_connection_max_retries is None
    assert config.broker_connection_retry_on_startup
    assert BREAKER_SECONDS == 30.0
    assert worker.STOP_SECONDS == 25.0
    assert worker.ROUND_SECONDS == 5.0


@pytest.mark.control("C-DEL-14")
def test_no_task_is_sent_for_a_later_moment() -> None:
    later = {"eta", "countdown", "apply_async", "delay", "retry_backoff", "autoretry_for"}
    for app in OWN:
        for path in (ROOT / app).rglob("*.py"):
            calls = [
                node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)
            ]
            named = {word.arg for call in calls for word in call.keywords}
            called = {call.func.attr for call in calls if isinstance(call.func, ast.Attribute)}
            assert not (named | called) & later, path


@pytest.mark.control("C-DEL-14")
def test_the_breaker_opens_for_its_time_and_closes_by_itself() -> None:
    breaker = Breaker(0.05)
    assert breaker.allows()
    breaker.open()
    assert not breaker.allows()
    breaker.close()
    assert breaker.allows()
    assert Breaker(0.0).allows()


@pytest.mark.django_db(transaction=True)
@pytest.mark.control("C-DEL-14")
@pytest.mark.parametrize("press", ["compose", "retry", "retry_failed", "send_again"])
def test_a_request_rings_once(
    contoso: Organization, owner: User, client_of: Callable[[User], Client], press: str
) -> None:
    browser = client_of(owner)
    rows = [queue(contoso) for _ in range(5)]
    status = Status.UNCERTAIN if press == "send_again" else Status.FAILED
    for row in rows:
        ended = None if press == "send_again" else row.created_at
        change(row, status=status, ended_at=ended)
    on_one = press in {"retry", "send_again"}
    address = reverse(f"notifications:{press}", args=[contoso.slug, *([rows[0].pk] if on_one else [])])
    typed = {"to": "a@example.com, b@example.com", "subject": "Hi", "text": "Hello", "priority": "normal"}
    hints.counts.clear()
    hints.breaker.close()
    assert browser.post(address, typed).status_code == 302
    assert hints.counts == {"published": 1}
