"""What every test needs: the database under its real roles, and nothing left behind."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connections

pytest_plugins = ["tests.plugin_rows"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A transactional test must name all aliases, or the mirrors are never emptied (foundation notes §5)."""
    for item in items:
        mark = item.get_closest_marker("django_db")
        fixtures = set(getattr(item, "fixturenames", ()))
        if {"transactional_db", "live_server"} & fixtures or (mark and mark.kwargs.get("transaction")):
            every_alias = pytest.mark.django_db(transaction=True, databases="__all__")
            item.add_marker(every_alias, append=False)


@pytest.fixture(scope="session")
def django_db_modify_db_settings_parallel_suffix(
    django_db_modify_db_settings_parallel_suffix: None,
) -> None:
    """Let several test runs on one server stand side by side."""
    suffix = os.environ.get("PYTEST_DB_SUFFIX", "")
    if suffix:
        test = settings.DATABASES["owner"]["TEST"]
        test["NAME"] = f"{test.get('NAME') or 'test_mailroom'}_{suffix}"


@pytest.fixture(scope="session", autouse=True)
def _close_connections_at_the_end(request: pytest.FixtureRequest) -> Iterator[None]:
    """Mirrors keep connections open, and the owner cannot drop a database in use."""
    yield
    connections.close_all()
