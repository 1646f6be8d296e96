"""Keeps the tests' database clean, and can take away the first of the two walls around a tenant."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import pytest
from django.core.management.color import Style
from django.db.backends.postgresql.operations import DatabaseOperations

from orgs.models import TenantQuerySet
from orgs.tenancy import ALIAS
from tests import factories

SWITCH = "--without-code-filter"
# Its rows cannot be deleted one by one, not even by the owner.
AUDIT_TRAIL = "orgs_auditentry"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer the second run of C-TEN-1: the same suite, held by row security alone."""
    parser.addoption(SWITCH, action="store_true", help="scope no query in code; row security must hold alone")


def pytest_configure(config: pytest.Config) -> None:
    """Empty only tables that have rows, which takes milliseconds where truncating all takes half a second.

    With the switch, patch the code's own filter out, but not for the system's role, which sees all rows.
    """
    DatabaseOperations.sql_flush = _empty_what_has_rows  # type: ignore[assignment]  # the point
    if not config.getoption(SWITCH):
        return
    scoped = TenantQuerySet.of

    def unscoped(rows: TenantQuerySet[Any], organization: Any) -> TenantQuerySet[Any]:
        return rows.all() if rows.db == ALIAS else scoped(rows, organization)

    TenantQuerySet.of = unscoped  # type: ignore[assignment, method-assign]  # the point


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out of the second run what proves nothing in it."""
    if config.getoption(SWITCH):
        left_out = [item for item in items if not _sees_rows(item)]
        items[:] = [item for item in items if item not in set(left_out)]
        config.hook.pytest_deselected(items=left_out)


def _sees_rows(item: pytest.Item) -> bool:
    """Say whether a test reads rows in this process: worker processes run code that nobody patched."""
    fixtures = set(getattr(item, "fixturenames", ()))
    reads = item.get_closest_marker("django_db") or fixtures & {"db", "transactional_db"}
    return bool(reads) and "start_worker" not in fixtures and not item.get_closest_marker("slow")


def _empty_what_has_rows(
    self: DatabaseOperations, _style: Style, tables: Sequence[str], **_options: bool
) -> list[str]:
    names = [self.quote_name(table) for table in tables]
    with self.connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(f"EXISTS (SELECT FROM {name})" for name in names))  # noqa: S608  # names of tables
        filled = [name for name, has_rows in zip(names, cursor.fetchone(), strict=True) if has_rows]
    trail = self.quote_name(AUDIT_TRAIL)
    return [f"TRUNCATE {name}" if name == trail else f"DELETE FROM {name}" for name in filled]  # noqa: S608  # the same


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, None, None]:
    """Remove committed organizations when the fixtures, and with them the test's transaction, are gone."""
    yield
    # After the last test the database itself is gone (`django_db_setup` has the last word).
    if nextitem is not None:
        factories.forget()
