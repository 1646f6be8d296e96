"""What every test needs: the database under its real roles, and nothing left behind."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connections
from django.test.utils import setup_databases, teardown_databases
from pytest_django.plugin import DjangoDbBlocker

from tests import factories

pytest_plugins = [
    "tests.plugin_rows",
    "tests.plugin_database",
    "tests.plugin_cast",
    "tests.plugin_sandbox",
    "tests.plugin_consent",
    "tests.plugin_worker",
    "tests.plugin_static",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Name the aliases of every test that touches the database (foundation notes §5).

    A transactional test must name all of them, or the mirrors are never emptied; any other sees what
    web and system see, each in its own transaction.
    """
    for item in items:
        mark = item.get_closest_marker("django_db")
        fixtures = set(getattr(item, "fixturenames", ()))
        if {"transactional_db", "live_server"} & fixtures or (mark and mark.kwargs.get("transaction")):
            every_alias = pytest.mark.django_db(transaction=True, databases="__all__")
            item.add_marker(every_alias, append=False)
        elif "db" in fixtures or (mark and "databases" not in mark.kwargs):
            item.add_marker(pytest.mark.django_db(databases=["default", "system"]), append=False)


@pytest.fixture(scope="session")
def django_db_modify_db_settings_parallel_suffix(
    django_db_modify_db_settings_parallel_suffix: None,
) -> None:
    """Let several test runs on one server stand side by side."""
    suffix = os.environ.get("PYTEST_DB_SUFFIX", "")
    if suffix:
        test = settings.DATABASES["owner"]["TEST"]
        test["NAME"] = f"{test.get('NAME') or 'test_mailroom'}_{suffix}"


@pytest.fixture(scope="session")
def django_db_setup(  # fixtures
    request: pytest.FixtureRequest,
    django_test_environment: None,
    django_db_blocker: DjangoDbBlocker,
    django_db_keepdb: bool,  # noqa: FBT001  # a fixture
    django_db_createdb: bool,  # noqa: FBT001  # a fixture
    django_db_modify_db_settings: None,
) -> Iterator[None]:
    """Make the owner's database, whichever aliases the chosen tests name: the others are mirrors of it.

    pytest-django makes only what the tests name, and mirrors would then join the database of development.
    """
    verbosity = request.config.option.verbose
    with django_db_blocker.unblock():
        databases = setup_databases(
            verbosity=verbosity,
            interactive=False,
            keepdb=django_db_keepdb and not django_db_createdb,
            serialized_aliases=set(),
        )
        with connections["owner"].cursor() as cursor:
            # Two aliases that wait for each other in one test wait forever; let one of them fail.
            name = connections["owner"].ops.quote_name(connections["owner"].settings_dict["NAME"])
            cursor.execute(f"ALTER DATABASE {name} SET lock_timeout = '20s'")
            # Transactional tests empty every table; the tests of the audit trail switch the guard on.
            cursor.execute("ALTER TABLE orgs_auditentry DISABLE TRIGGER refuse_truncate")
    yield
    factories.forget()
    with django_db_blocker.unblock():
        # The owner cannot drop a database in use.
        connections.close_all()
        if not django_db_keepdb:
            teardown_databases(databases, verbosity=verbosity)
