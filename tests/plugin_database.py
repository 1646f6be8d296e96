"""Keeps the tests' database clean: what a test committed is gone before the next one."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from tests import factories


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, None, None]:
    """Remove committed organizations when the fixtures, and with them the test's transaction, are gone."""
    yield
    # After the last test the database itself is gone (`django_db_setup` has the last word).
    if nextitem is not None:
        factories.forget()
