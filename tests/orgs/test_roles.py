"""Under which database role the product serves, and which it refuses (C-TEN-3)."""

from __future__ import annotations

from unittest.mock import MagicMock

import pytest
from django.conf import settings
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import CommandError, SystemCheckError
from django.db import connections

from orgs import roles
from orgs.startup import verify_start

pytestmark = pytest.mark.django_db(databases=["default", "system", "owner"])


HARMLESS = {
    "name": "app_web",
    "super": False,
    "bypass": False,
    "owns": False,
    "belongs": True,
    "crosses": False,
}


def test_web_and_system_may_serve() -> None:
    assert [roles.role_fault(alias) for alias in ("default", "system")] == [None, None]
    verify_start()
    assert run_checks(databases=["default", "system"]) == []


@pytest.mark.control("C-TEN-3")
def test_the_owner_of_the_tables_may_not_serve(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        roles, "connections", {"default": connections["owner"], "system": connections["system"]}
    )
    fault = roles.role_fault("default")
    assert fault == ("DATABASE_URL signs in as 'app_owner', which owns the tables. Use a role like app_web.")
    with pytest.raises(ImproperlyConfigured, match="owns the tables"):
        verify_start()


@pytest.mark.control("C-TEN-3")
def test_web_and_system_cannot_be_exchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        roles, "connections", {"default": connections["system"], "system": connections["default"]}
    )
    assert "'app_system', which may become app_system" in str(roles.role_fault("default"))
    assert "'app_web', which may become app_tenant" in str(roles.role_fault("system"))


@pytest.mark.control("C-TEN-3")
@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"super": True}, "is a superuser"),
        ({"bypass": True}, "has BYPASSRLS"),
        ({"owns": True}, "owns the tables"),
        ({"crosses": True}, "may become app_system"),
        ({"belongs": False}, "does not belong to app_tenant"),
    ],
)
def test_each_power_too_much_is_named(
    monkeypatch: pytest.MonkeyPatch, changed: dict[str, bool], words: str
) -> None:
    # No role of the tests has these powers, and giving one needs a superuser: the answer is made up.
    cursor = MagicMock()
    cursor.fetchone.return_value = tuple({**HARMLESS, **changed}.values())
    connection = MagicMock()
    connection.cursor.return_value.__enter__.return_value = cursor
    monkeypatch.setattr(roles, "connections", {"default": connection})
    assert words in str(roles.role_fault("default"))


def test_atomic_requests_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings.DATABASES["default"], "ATOMIC_REQUESTS", True)
    with pytest.raises(SystemCheckError, match=r"orgs\.E002.*'default'"):
        call_command("check", tags=["security"])


@pytest.fixture
def scratch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Role names this cluster does not have; what is made goes with the test's transaction."""
    monkeypatch.setattr(roles, "TENANT_ROLE", "scratch_tenant")
    monkeypatch.setattr(roles, "MEMBERS", ("scratch_web", "scratch_worker"))
    monkeypatch.setattr(roles, "LOGINS", ("scratch_web", "scratch_worker", "scratch_system"))
    monkeypatch.setitem(connections["default"].settings_dict, "USER", "scratch_web")
    monkeypatch.setitem(connections["default"].settings_dict, "PASSWORD", "it's a 'secret'")


def test_missing_roles_are_made_with_their_passwords(scratch: None) -> None:
    made = ["scratch_tenant", "scratch_web", "scratch_worker", "scratch_system"]
    assert roles.make_roles(using="owner") == made
    assert roles.make_roles(using="owner") == []
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT rolname, rolcanlogin, rolsuper OR rolbypassrls OR rolcreaterole,"
            " pg_has_role(rolname, 'scratch_tenant', 'USAGE')"
            " FROM pg_roles WHERE rolname = ANY(%s) ORDER BY 1",
            [made],
        )
        assert cursor.fetchall() == [
            ("scratch_system", True, False, False),
            ("scratch_tenant", False, False, True),
            ("scratch_web", True, False, True),
            ("scratch_worker", True, False, True),
        ]


def test_a_password_never_travels_in_clear(scratch: None) -> None:
    statement = roles._create("scratch_web", "owner")
    assert "SCRAM-SHA-256$" in statement
    assert "secret" not in statement


def test_an_owner_who_may_not_make_roles_is_told_what_to_run(scratch: None) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"docker/roles\.sql"):
        roles.make_roles(using="default")


def test_migrate_says_it_in_one_sentence(scratch: None, monkeypatch: pytest.MonkeyPatch) -> None:
    both = dict.fromkeys(("owner", "default"), connections["default"])
    monkeypatch.setattr(roles, "connections", both)
    monkeypatch.setattr(roles, "_create", lambda *_words: pytest.fail("made a role"))
    with pytest.raises(CommandError, match="may not create it"):
        call_command("migrate", verbosity=0)
