"""Hints: rung once, after the commit, never waited for, and never with anything but ids (C-CRY-9)."""

from __future__ import annotations

import ast
import json
import socket
import threading
import time
from base64 import b64decode
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import current_app
from django.conf import settings as product
from django.test import TestCase

from notifications import hints, tasks
from orgs.models import Organization
from orgs.tenancy import tenant
from tests.notifications.stories import queue, rewire

ROOT = Path(tasks.__file__).parent


@pytest.fixture
def broker(settings: Any) -> Any:
    """A queue of the real Redis that no worker listens to."""
    name = f"test-{time.monotonic_ns()}"
    before = current_app.conf.task_default_queue
    current_app.conf.task_default_queue = name
    current_app.amqp.__dict__.pop("queues", None)
    wire = redis.Redis.from_url(product.REDIS_URL)
    yield lambda: [json.loads(item) for item in wire.lrange(name, 0, -1)]
    wire.delete(name)
    wire.close()
    current_app.conf.task_default_queue = before
    current_app.amqp.__dict__.pop("queues", None)


@pytest.mark.control("C-CRY-9")
@pytest.mark.django_db(transaction=True)
def test_a_hint_holds_the_id_of_the_organization_and_nothing_else(contoso: Organization, broker: Any) -> None:
    with tenant(contoso):
        for number in range(20):
            queue(contoso, to=f"secret{number}@example.com", subject="secret", text="secret")
        assert broker() == []
    (message,) = broker()
    arguments = json.loads(b64decode(message["body"]))
    assert arguments[0] == [str(contoso.pk)]
    assert "secret" not in json.dumps(message)
    assert hints.counts == {"published": 1}


@pytest.mark.django_db
def test_nothing_is_rung_for_what_was_rolled_back(contoso: Organization) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with TestCase.captureOnCommitCallbacks() as rung, suppress(ZeroDivisionError), tenant(contoso):
        queue(contoso)
        fail()
    assert rung == []


@pytest.fixture
def frozen_broker() -> Any:
    """A broker that takes connections and never says a word, as a stopped Redis does."""
    listener = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()
    taken: list[socket.socket] = []

    def take() -> None:
        listener.settimeout(0.1)
        while not stop.is_set():
            try:
                taken.append(listener.accept()[0])
            except TimeoutError:
                continue

    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    before = current_app.conf.broker_url
    rewire(f"redis://127.0.0.1:{listener.getsockname()[1]}/0")
    yield
    rewire(before)
    stop.set()
    thread.join(5)
    for one in (*taken, listener):
        one.close()


@pytest.mark.django_db(transaction=True)
def test_a_frozen_broker_costs_one_second_once(contoso: Organization, frozen_broker: None) -> None:
    started = time.monotonic()
    queue(contoso)
    first = time.monotonic() - started
    started = time.monotonic()
    for _ in range(20):
        queue(contoso)
    rest = time.monotonic() - started
    assert first < 2.0
    assert rest < 1.0
    assert hints.counts["failed"] == 1
    assert hints.counts["skipped"] == 20


@pytest.mark.django_db(transaction=True)
def test_an_absent_broker_costs_nothing(contoso: Organization) -> None:
    before = current_app.conf.broker_url
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    rewire(f"redis://127.0.0.1:{port}/0")
    try:
        started = time.monotonic()
        row = queue(contoso)
        assert time.monotonic() - started < 0.5
    finally:
        rewire(before)
    assert row.pk
    assert hints.counts["failed"] == 1


@pytest.mark.control("C-CRY-9")
def test_tasks_take_ids_only_and_are_short() -> None:
    tree = ast.parse((ROOT / "tasks.py").read_text(encoding="utf-8"))
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert {task.name for task in found} == {"drain", "sweep", "prune"}
    for task in found:
        assert all(argument.arg.endswith("_id") for argument in task.args.args)
        assert len(task.body) <= 5
    config = current_app.conf
    assert config.task_serializer == "json"
    assert list(config.accept_content) == ["json"]
    assert config.task_ignore_result
    assert not config.result_backend


@pytest.mark.control("C-CRY-9")
def test_only_hints_publish() -> None:
    publishers = [
        path.name
        for path in ROOT.rglob("*.py")
        if any(word in path.read_text(encoding="utf-8") for word in ("send_task(", ".delay(", "apply_async("))
    ]
    assert publishers == ["hints.py"]
