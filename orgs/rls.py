"""Migration operations that wall tenants off inside PostgreSQL (threat model §3)."""

from __future__ import annotations

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation, OperationCategory
from django.db.migrations.state import ProjectState

TENANT_ROLE = "app_tenant"
SYSTEM_ROLE = "app_system"
CURRENT_ORGANIZATION = "nullif(current_setting('app.org', true), '')::uuid"
CURRENT_PERSON = "nullif(current_setting('app.user', true), '')::uuid"


class SqlOperation(Operation):
    """An operation that changes the database and leaves Django's state alone."""

    reduces_to_sql = True
    reversible = True
    category = OperationCategory.SQL

    def forwards(self) -> list[str]:
        """Statements that apply the operation."""
        raise NotImplementedError

    def backwards(self) -> list[str]:
        """Statements that undo it."""
        raise NotImplementedError

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Nothing changes for the models."""

    def database_forwards(
        self,
        app_label: str,  # noqa: ARG002  # Django’s signature
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,  # noqa: ARG002  # Django’s signature
        to_state: ProjectState,  # noqa: ARG002  # Django’s signature
    ) -> None:
        """Run the statements."""
        for statement in self.forwards():
            schema_editor.execute(statement, params=None)

    def database_backwards(
        self,
        app_label: str,  # noqa: ARG002  # Django’s signature
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,  # noqa: ARG002  # Django’s signature
        to_state: ProjectState,  # noqa: ARG002  # Django’s signature
    ) -> None:
        """Undo the statements."""
        for statement in self.backwards():
            schema_editor.execute(statement, params=None)


class RowLevelSecurity(SqlOperation):
    """Enable and force row security: a tenant role sees its own organization, owner and system see all."""

    def __init__(self, table: str, column: str = "organization_id") -> None:
        self.table = table
        self.column = column

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """Name the operation for the autodetector."""
        return self.__class__.__name__, [self.table, self.column], {}

    def describe(self) -> str:
        """Say what it does, for `migrate --plan`."""
        return f"Wall off the rows of {self.table}"

    def forwards(self) -> list[str]:
        """Enable, force and the three policies."""
        own = f'"{self.column}" = {CURRENT_ORGANIZATION}'
        return [
            f'ALTER TABLE "{self.table}" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY',
            f'CREATE POLICY tenant_rows ON "{self.table}" TO {TENANT_ROLE} USING ({own}) WITH CHECK ({own})',
            f'CREATE POLICY owner_rows ON "{self.table}" TO CURRENT_USER USING (true) WITH CHECK (true)',
            f'CREATE POLICY system_rows ON "{self.table}" TO {SYSTEM_ROLE} USING (true) WITH CHECK (true)',
        ]

    def backwards(self) -> list[str]:
        """Drop the policies and open the table."""
        return [
            *(
                f'DROP POLICY {name} ON "{self.table}"'
                for name in ("tenant_rows", "owner_rows", "system_rows")
            ),
            f'ALTER TABLE "{self.table}" NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY',
        ]


class PersonRows(SqlOperation):
    """Let a person read the rows that meet `condition` before an organization is known.

    `{person}` in the condition stands for the id of the person who is signed in.
    """

    def __init__(self, table: str, condition: str) -> None:
        self.table = table
        self.condition = condition

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """Name the operation for the autodetector."""
        return self.__class__.__name__, [self.table, self.condition], {}

    def describe(self) -> str:
        """Say what it does, for `migrate --plan`."""
        return f"Show people their own rows of {self.table}"

    def forwards(self) -> list[str]:
        """Add the policy."""
        policy = f'CREATE POLICY person_rows ON "{self.table}" FOR SELECT TO {TENANT_ROLE}'
        return [f"{policy} USING ({self.condition.replace('{person}', CURRENT_PERSON)})"]

    def backwards(self) -> list[str]:
        """Drop the policy."""
        return [f'DROP POLICY person_rows ON "{self.table}"']


class TenantForeignKey(SqlOperation):
    """A foreign key that includes the organization, so that no row can point into another tenant."""

    def __init__(self, table: str, column: str, parent: str) -> None:
        self.table = table
        self.column = column
        self.parent = parent

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """Name the operation for the autodetector."""
        return self.__class__.__name__, [self.table, self.column, self.parent], {}

    def describe(self) -> str:
        """Say what it does, for `migrate --plan`."""
        return f"Tie {self.table}.{self.column} to the same organization's {self.parent}"

    @property
    def name(self) -> str:
        """Name of the constraint."""
        return f"{self.table}_{self.column}_same_tenant"

    def forwards(self) -> list[str]:
        """Make the key of the parent when it is missing, then the foreign key."""
        key = f"{self.parent}_tenant_key"
        return [
            f"""DO $$ BEGIN
            IF NOT EXISTS (SELECT FROM pg_constraint
                           WHERE conname = '{key}' AND conrelid = '"{self.parent}"'::regclass) THEN
                ALTER TABLE "{self.parent}" ADD CONSTRAINT "{key}" UNIQUE (organization_id, id);
            END IF; END $$""",
            f"""ALTER TABLE "{self.table}" ADD CONSTRAINT "{self.name}"
            FOREIGN KEY (organization_id, "{self.column}")
            REFERENCES "{self.parent}" (organization_id, id) DEFERRABLE INITIALLY DEFERRED""",
        ]

    def backwards(self) -> list[str]:
        """Drop the foreign key; the parent's key stays, others may use it."""
        return [f'ALTER TABLE "{self.table}" DROP CONSTRAINT "{self.name}"']
