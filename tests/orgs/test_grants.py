"""What the role of web and worker may not do, whatever the code says (C-TEN-3)."""

from __future__ import annotations

import pytest
from django.db import connections, transaction
from django.db.utils import ProgrammingError

from orgs.models import Organization, User
from orgs.tenancy import tenant
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.mark.control("C-TEN-3")
@pytest.mark.parametrize(
    "change", ["custom_mail = true", "is_active = false", "slug = 'mine'", "is_platform = true"]
)
def test_the_web_cannot_change_what_an_organization_is_entitled_to(change: str) -> None:
    organization = factories.organization()
    with tenant(organization), connections["default"].cursor() as cursor:
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            cursor.execute(f"UPDATE orgs_organization SET {change}")  # noqa: S608  # the table above
        cursor.execute("UPDATE orgs_organization SET name = 'Renamed'")
        assert cursor.rowcount == 1


@pytest.mark.control("C-TEN-3")
@pytest.mark.parametrize("statement", ["DELETE FROM orgs_organization", "TRUNCATE orgs_event"])
def test_the_web_cannot_remove_organizations_or_empty_tables(statement: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        connections["default"].cursor().execute(statement)


@pytest.mark.control("C-TEN-3")
def test_the_web_cannot_make_an_organization() -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        Organization.objects.create(name="Mine", slug="mine", custom_mail=True)


@pytest.mark.control("C-TEN-3")
@pytest.mark.parametrize("statement", ["SET ROLE app_system", "SET ROLE app_owner"])
def test_the_web_cannot_become_another_role(statement: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        connections["default"].cursor().execute(statement)


@pytest.mark.control("C-TEN-3")
def test_the_web_cannot_switch_row_security_off() -> None:
    with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
        connections["default"].cursor().execute("SET LOCAL row_security = off; SELECT * FROM orgs_event")


@pytest.mark.control("C-TEN-3", "C-WEB-10")
def test_the_web_makes_nobody_a_super_admin() -> None:
    person = factories.user()
    with pytest.raises(ProgrammingError, match="system role only"), transaction.atomic():
        User.objects.filter(pk=person.pk).update(is_super_admin=True)
    with pytest.raises(ProgrammingError, match="system role only"), transaction.atomic():
        User.objects.create(email="mine@example.com", is_super_admin=True)
    person.name = "Renamed"
    person.save()


@pytest.mark.control("C-TEN-3")
@pytest.mark.parametrize("alias", ["default", "system"])
@pytest.mark.parametrize(
    "table", ["django_migrations", "django_content_type", "auth_permission", "auth_group"]
)
def test_what_only_migrations_write_is_written_by_nobody_else(alias: str, table: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic(using=alias):
        connections[alias].cursor().execute(f"DELETE FROM {table}")  # noqa: S608  # the table above
