"""The role that sees every organization is used where it must be, and nowhere else (architecture §4)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

ROOMS = ("config", "console", "notifications", "mailsettings", "orgs", "providers")
NAMES = re.compile(r"""\bSYSTEM\b|["'](?:system|owner)["']""")
# Who may name it, and why. Pages and tasks of an organization are not in the list.
ALLOWED = {
    "config/environment.py": "mirrors the owner's database in tests",
    "config/settings.py": "declares the aliases",
    "console/board.py": "lists every organization for super admins",
    "console/hosts.py": "clouds and sign-in hosts belong to no organization",
    "console/services.py": "what super admins decide",
    "notifications/prune.py": "purging",
    "notifications/sweep.py": "finding lanes that are due",
    "notifications/watch.py": "finding alarms that begin or end by the clock",
    "orgs/management/commands/audit_verify.py": "checks every chain",
    "orgs/models/places.py": "a role of people has the name of the owner's alias",
    "orgs/roles.py": "looks at the roles themselves",
    "orgs/services.py": "creating and entitling organizations",
    "orgs/setup.py": "names the owner's alias for `migrate`",
    "orgs/tenancy.py": "names the alias",
}


@pytest.mark.control("C-TEN-3")
def test_only_these_files_name_the_aliases_that_see_everything() -> None:
    every = (path for room in ROOMS for path in (settings.BASE_DIR / room).rglob("*.py"))
    files = [path for path in every if "migrations" not in path.parts]
    assert len(files) > 50
    found = {relative(path) for path in files if NAMES.search(path.read_text(encoding="utf-8"))}
    assert found - set(ALLOWED) == set()


def relative(path: Path) -> str:
    return path.relative_to(settings.BASE_DIR).as_posix()
