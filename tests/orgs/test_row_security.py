"""The walls inside PostgreSQL: every tenant table, every policy, every grant (C-TEN-2, C-TEN-6)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.db import connections, transaction
from django.db.migrations.state import ProjectState
from django.db.models import ForeignKey, Model
from django.db.utils import IntegrityError

from orgs.ids import uuid7
from orgs.models import Organization, TenantModel
from orgs.rls import PersonRows, RowLevelSecurity, TenantForeignKey

FLAGS = "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = to_regclass(%s)"
POLICIES = """
SELECT policyname, permissive, roles::text[], cmd, qual, with_check
FROM pg_policies WHERE schemaname = 'public' AND tablename = %s
"""
WITH_ORGANIZATION = """
SELECT table_name FROM information_schema.columns
WHERE table_schema = 'public' AND column_name = 'organization_id'
"""


def tenant_models() -> list[type[Model]]:
    return [model for model in apps.get_models() if issubclass(model, TenantModel)]


def table_of(model: type[Model]) -> str:
    return model._meta.db_table


def faults_of(table: str, column: str = "organization_id") -> list[str]:
    """Say what is missing in the wall around a table."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(FLAGS, [table])
        enabled, forced = cursor.fetchone()
        cursor.execute(POLICIES, [table])
        policies = {name: rest for name, *rest in cursor.fetchall()}
        cursor.execute("SELECT tableowner FROM pg_tables WHERE tablename = %s", [table])
        owner = cursor.fetchone()[0]
    own = f"({column} = (NULLIF(current_setting('app.org'::text, true), ''::text))::uuid)"
    wanted = {
        "tenant_rows": ["PERMISSIVE", ["app_tenant"], "ALL", own, own],
        "owner_rows": ["PERMISSIVE", [owner], "ALL", "true", "true"],
        "system_rows": ["PERMISSIVE", ["app_system"], "ALL", "true", "true"],
    }
    faults = [
        f"{table}: {name} is {policies.get(name)}" for name in wanted if policies.get(name) != wanted[name]
    ]
    faults += [] if enabled else [f"{table}: row security is off"]
    faults += [] if forced else [f"{table}: row security is not forced"]
    # Policies add up: one more that allows writing would be a door.
    more = {name: rest for name, rest in policies.items() if name not in wanted}
    return faults + [
        f"{table}: {name} allows {rest[2]}" for name, rest in more.items() if rest[2] != "SELECT"
    ]


@pytest.mark.control("C-TEN-2")
@pytest.mark.feature("NEW-17")
@pytest.mark.django_db(databases=["owner"])
def test_every_tenant_table_is_walled_off() -> None:
    models = tenant_models()
    assert len(models) >= 5
    assert [fault for model in models for fault in faults_of(table_of(model))] == []
    assert faults_of(table_of(Organization), "id") == []


@pytest.mark.control("C-TEN-2")
@pytest.mark.django_db(databases=["owner"])
def test_a_table_that_names_an_organization_is_a_tenant_model_or_closed_to_everyone() -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(WITH_ORGANIZATION)
        found = {name for (name,) in cursor.fetchall()}
        tenants = {table_of(model) for model in tenant_models()}
        assert tenants <= found
        for table in found - tenants:
            for role in ("app_tenant", "app_web", "app_worker", "app_system"):
                cursor.execute(
                    "SELECT has_table_privilege(%s, %s, 'SELECT, INSERT, UPDATE, DELETE')", [role, table]
                )
                assert (table, role, cursor.fetchone()[0]) == (table, role, False)
            cursor.execute(FLAGS, [table])
            assert (table, cursor.fetchone()) == (table, (True, True))


@pytest.mark.control("C-TEN-2")
@pytest.mark.django_db(databases=["owner"])
def test_only_people_see_more_and_only_three_tables() -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT tablename, cmd, roles::text[] FROM pg_policies WHERE policyname = 'person_rows'"
        )
        found = sorted(cursor.fetchall())
    tables = ("orgs_actingas", "orgs_membership", "orgs_organization")
    assert found == [(table, "SELECT", ["app_tenant"]) for table in tables]


@pytest.fixture
def scratch() -> Iterator[str]:
    """A parent and a child table that no migration has walled off."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        for statement in (
            "CREATE TABLE scratch_parent (id uuid PRIMARY KEY, organization_id uuid NOT NULL)",
            """CREATE TABLE scratch_child (id uuid PRIMARY KEY, organization_id uuid NOT NULL,
            parent_id uuid REFERENCES scratch_parent (id))""",
        ):
            cursor.execute(statement)
        yield "scratch_child"
        transaction.set_rollback(True, using="owner")


def apply(operation: RowLevelSecurity | PersonRows | TenantForeignKey, *, backwards: bool = False) -> None:
    state = ProjectState()
    with connections["owner"].schema_editor() as editor:
        step = operation.database_backwards if backwards else operation.database_forwards
        step("orgs", editor, state, state)


@pytest.mark.control("C-TEN-2")
@pytest.mark.django_db(databases=["owner"])
def test_a_table_without_its_wall_is_found(scratch: str) -> None:
    assert len(faults_of(scratch)) == 5
    apply(RowLevelSecurity(scratch))
    assert faults_of(scratch) == []
    apply(PersonRows(scratch, "id = {person}"))
    assert faults_of(scratch) == []
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"CREATE POLICY back_door ON {scratch} FOR UPDATE USING (true)")
        assert faults_of(scratch) == [f"{scratch}: back_door allows UPDATE"]
        cursor.execute(f"DROP POLICY back_door ON {scratch}")
    apply(PersonRows(scratch, "id = {person}"), backwards=True)
    apply(RowLevelSecurity(scratch), backwards=True)
    assert len(faults_of(scratch)) == 5


@pytest.mark.control("C-TEN-6")
@pytest.mark.django_db(databases=["owner"])
def test_a_tenant_foreign_key_refuses_a_row_of_another_organization(scratch: str) -> None:
    apply(TenantForeignKey(scratch, "parent_id", "scratch_parent"))
    # A second one finds the parent's key in place.
    apply(TenantForeignKey(scratch, "parent_id", "scratch_parent"), backwards=True)
    apply(TenantForeignKey(scratch, "parent_id", "scratch_parent"))
    mine, theirs, parent = uuid7(), uuid7(), uuid7()
    with connections["owner"].cursor() as cursor:
        cursor.execute("INSERT INTO scratch_parent VALUES (%s, %s)", [parent, mine])
        cursor.execute("INSERT INTO scratch_child VALUES (%s, %s, %s)", [uuid7(), mine, parent])
        cursor.execute("INSERT INTO scratch_child VALUES (%s, %s, NULL)", [uuid7(), theirs])
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(IntegrityError, match="same_tenant"), transaction.atomic(using="owner"):
            cursor.execute("INSERT INTO scratch_child VALUES (%s, %s, %s)", [uuid7(), theirs, parent])


@pytest.mark.control("C-TEN-6")
@pytest.mark.django_db(databases=["owner"])
def test_every_reference_between_tenant_tables_includes_the_organization() -> None:
    missing = []
    for model in tenant_models():
        for field in model._meta.get_fields():
            if not isinstance(field, ForeignKey) or not issubclass(field.related_model, TenantModel):
                continue
            with connections["owner"].cursor() as cursor:
                cursor.execute(
                    "SELECT EXISTS (SELECT FROM pg_constraint WHERE conname = %s AND contype = 'f'"
                    " AND array_length(conkey, 1) = 2)",
                    [f"{table_of(model)}_{field.column}_same_tenant"],
                )
                if not cursor.fetchone()[0]:
                    missing.append(f"{table_of(model)}.{field.column}")
    assert missing == []


@pytest.mark.control("C-TEN-6")
@pytest.mark.django_db(databases=["owner"])
def test_unique_rules_of_tenant_tables_include_the_organization() -> None:
    """Otherwise "exists already" would tell one organization about another's rows."""
    statement = """
        SELECT t.relname, i.relname FROM pg_index x
        JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
        WHERE x.indisunique AND NOT x.indisprimary AND t.relname = ANY(%s) AND NOT EXISTS (
            SELECT FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attname = 'organization_id'
            AND a.attnum = ANY(x.indkey::smallint[]))
    """
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement, [[table_of(model) for model in tenant_models()]])
        assert cursor.fetchall() == []
