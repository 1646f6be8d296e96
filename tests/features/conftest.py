"""The walk through the failures: servers for the whole session, and somebody who tests."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from io import StringIO

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from mailsettings.egress import egress
from orgs.models import Organization, User
from sandbox.tls import Authority
from tests.features.failures import Admin, Servers


@pytest.fixture(scope="session")
def started_servers(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Every server of the walk, started once."""
    made = Servers(authority, tmp_path_factory.mktemp("walk"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def servers(started_servers: Servers, settings: Settings) -> Iterator[Servers]:
    """The servers, put right, and admitted by the operator."""
    started_servers.put_right()
    started_servers.admit(settings)
    yield started_servers
    egress.cache_clear()


@pytest.fixture
def walker(contoso: Organization, owner: User, client_of: Callable[[User], Client]) -> Admin:
    """An owner of Contoso at the Emails page."""
    return Admin(contoso, client_of(owner))


@pytest.fixture
def every_word() -> Iterator[StringIO]:
    """Everything any logger says, down to DEBUG."""
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)
