"""What a connection was before: every save is a version, without its secrets (COG-27)."""

from __future__ import annotations

from mailsettings.models import Connection, ConnectionVersion
from orgs.models import User


def record_version(connection: Connection, secrets: tuple[str, ...], user: User | None) -> None:
    """Keep this state of a connection for the list of versions; secrets by name only (COG-27)."""
    ConnectionVersion.objects.create(
        organization_id=connection.organization_id,
        connection=connection,
        number=connection.version,
        name=connection.name,
        provider=connection.provider,
        settings=connection.settings,
        changed_secrets=list(secrets),
        saved_by=user,
    )


def record_first_version(connection: Connection) -> None:
    """Keep the state before the first change that is recorded, for connections older than the list."""
    versions = ConnectionVersion.objects.of(connection.organization_id).filter(connection=connection)
    if not versions.exists():
        record_version(connection, (), connection.updated_by)
