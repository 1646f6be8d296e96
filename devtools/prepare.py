"""Brings the database and the static files up to date and tells by its exit code what is in them."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import django
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError
from django.db import DatabaseError

from devtools.demo import SUPER_ADMIN, Prepared
from sandbox.endpoints import Endpoints

# A line of Django's report, such as "?: (orgs.E001) The sentence."
PROBLEM = re.compile(r"^\S+: \([\w.]+\) (.+)$", re.MULTILINE)


def main(arguments: Sequence[str]) -> int:
    """Prepare everything; the last line printed says what went wrong, if something did."""
    try:
        django.setup()
        call_command("check", verbosity=0)
        call_command("migrate", interactive=False, verbosity=0)
        call_command("check", databases=["default", "system"], verbosity=0)
        # The owner makes the table, so that the other roles get their rights on it as on all others.
        call_command("createcachetable", database="owner", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        return state(Path(arguments[0]) if arguments else None)
    except SystemCheckError as error:
        problems = PROBLEM.findall(str(error)) or [" ".join(str(error).split())]
        print(f"Mailroom cannot start: {' '.join(problems)}")
    except (ImproperlyConfigured, CommandError) as error:
        print(f"Mailroom cannot start: {' '.join(str(error).split())}")
    except DatabaseError as error:
        print(f"The database could not be brought up to date: {' '.join(str(error).split())}")
    return 1


def state(sandbox: Path | None) -> Prepared:
    """Seed an empty database if a sandbox's folder is given, and tell who can sign in."""
    from devtools import seed  # noqa: PLC0415  # models can be imported only after django.setup()

    if sandbox is not None and seed.is_empty():
        seed.seed(Endpoints.load(sandbox))
    if seed.person_exists(SUPER_ADMIN.email):
        return Prepared.DEMO
    return Prepared.OWN_DATA if seed.super_admin_exists() else Prepared.NO_SUPER_ADMIN


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
