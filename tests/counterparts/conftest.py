"""The foreign servers, each started once for all tests of a process, and skipped where it cannot run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from sandbox.tls import Authority
from tests.counterparts.aiosmtpd_server import aiosmtpd
from tests.counterparts.counterpart import Counterpart, NotHere, leave_out
from tests.counterparts.nodemailer import nodemailer
from tests.counterparts.postfix import postfix

Find = Callable[[str], Counterpart]


@pytest.fixture(scope="session")
def find_counterpart(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Find]:
    """Start a server by its name, once; NotHere where it cannot run, once for all as well."""
    known: dict[str, Counterpart | NotHere] = {}

    with ExitStack() as stack:
        starts = {
            "aiosmtpd": lambda: aiosmtpd(authority),
            "nodemailer": lambda: nodemailer(authority, tmp_path_factory.mktemp("nodemailer")),
            "postfix": lambda: postfix(authority),
        }

        def find(name: str) -> Counterpart:
            if name not in known:
                try:
                    known[name] = stack.enter_context(starts[name]())
                except NotHere as missing:
                    known[name] = missing
            found = known[name]
            if isinstance(found, NotHere):
                raise found
            return found

        yield find


@pytest.fixture(params=["aiosmtpd", "nodemailer", "postfix"])
def counterpart(request: pytest.FixtureRequest, find_counterpart: Find) -> Counterpart:
    """Each of the foreign servers in turn."""
    try:
        return find_counterpart(request.param)
    except NotHere as missing:
        leave_out(missing)
