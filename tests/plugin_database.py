"""Keeps the tests' database clean, and can take away the first of the two walls around a tenant."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from orgs.models import TenantQuerySet
from orgs.tenancy import ALIAS
from tests import factories

SWITCH = "--without-code-filter"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer the second run of C-TEN-1: the same suite, held by row security alone."""
    parser.addoption(SWITCH, action="store_true", help="scope no query in code; row security must hold alone")


def pytest_configure(config: pytest.Config) -> None:
    """Patch the code's own filter out, but not for the system's role, which sees all rows."""
    if not config.getoption(SWITCH):
        return
    scoped = TenantQuerySet.of

    def unscoped(rows: TenantQuerySet[Any], organization: Any) -> TenantQuerySet[Any]:
        return rows.all() if rows.db == ALIAS else scoped(rows, organization)

    TenantQuerySet.of = unscoped  # type: ignore[assignment, method-assign]  # the point


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, None, None]:
    """Remove committed organizations when the fixtures, and with them the test's transaction, are gone."""
    yield
    # After the last test the database itself is gone (`django_db_setup` has the last word).
    if nextitem is not None:
        factories.forget()
