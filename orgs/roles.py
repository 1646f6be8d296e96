"""The database roles: making them when the owner may, and refusing to start under a wrong one (C-TEN-3)."""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from psycopg import sql

from orgs.rls import SYSTEM_ROLE, TENANT_ROLE
from orgs.tenancy import ALIAS, SYSTEM

MEMBERS = ("app_web", "app_worker")
LOGINS = (*MEMBERS, SYSTEM_ROLE)
VARIABLES = {ALIAS: "DATABASE_URL", SYSTEM: "DATABASE_SYSTEM_URL"}

# What a role could do by itself or by becoming a role it is a member of.
POWERS = """
SELECT current_user,
    EXISTS (SELECT FROM pg_roles r WHERE r.rolsuper AND pg_has_role(r.oid, 'MEMBER')),
    EXISTS (SELECT FROM pg_roles r WHERE r.rolbypassrls AND pg_has_role(r.oid, 'MEMBER')),
    EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
            AND c.relkind IN ('r', 'p') AND pg_has_role(c.relowner, 'MEMBER')),
    EXISTS (SELECT FROM pg_roles r WHERE r.rolname = %s AND pg_has_role(r.oid, 'USAGE')),
    EXISTS (SELECT FROM pg_roles r WHERE r.rolname = %s AND pg_has_role(r.oid, 'MEMBER'))
"""


def role_fault(alias: str) -> str | None:
    """Say in one sentence why the role of this alias must not serve; None when it may."""
    wanted, other = (TENANT_ROLE, SYSTEM_ROLE) if alias == ALIAS else (SYSTEM_ROLE, TENANT_ROLE)
    with connections[alias].cursor() as cursor:
        cursor.execute(POWERS, [wanted, other])
        name, superuser, bypasses, owns, belongs, crosses = cursor.fetchone()
    faults = {
        "is a superuser": superuser,
        "has BYPASSRLS": bypasses,
        "owns the tables": owns,
        f"may become {other}": crosses,
        f"does not belong to {wanted}": not belongs,
    }
    for words, found in faults.items():
        if found:
            example = MEMBERS[0] if alias == ALIAS else SYSTEM_ROLE
            return f"{VARIABLES[alias]} signs in as {name!r}, which {words}. Use a role like {example}."
    return None


def verify_roles() -> None:
    """Refuse to serve under a role that would not be held back by row security."""
    for alias in VARIABLES:
        fault = role_fault(alias)
        if fault:
            raise ImproperlyConfigured(fault)


def make_roles(*, using: str) -> list[str]:
    """Create the roles that are missing, when the owner has CREATEROLE; give their names."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [[TENANT_ROLE, *LOGINS]])
        there = {name for (name,) in cursor.fetchall()}
        missing = [name for name in (TENANT_ROLE, *LOGINS) if name not in there]
        if not missing:
            return []
        cursor.execute("SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user")
        if not cursor.fetchone()[0]:
            raise ImproperlyConfigured(
                f"The database has no role {missing[0]!r} and DATABASE_OWNER_URL may not create it. "
                "Run docker/roles.sql once as a superuser."
            )
        for name in missing:
            cursor.execute(_create(name, using))
            if name in MEMBERS:
                cursor.execute(_statement("GRANT {} TO {}", TENANT_ROLE, name))
    return missing


def _create(name: str, using: str) -> str:
    """Word the creation; a login gets the password of the address that names it, already hashed."""
    if name == TENANT_ROLE:
        return _statement("CREATE ROLE {} NOLOGIN", name)
    password = _password_of(name)
    if not password:
        return _statement("CREATE ROLE {} LOGIN", name)
    connection = connections[using].connection
    hashed = connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
    statement = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(name), sql.Literal(hashed))
    return statement.as_string(connection)


def _statement(text: str, *names: str) -> str:
    return sql.SQL(text).format(*(sql.Identifier(name) for name in names)).as_string(None)


def _password_of(name: str) -> str:
    """Find the password of a role; the worker's own address is not known here, so it shares the web's."""
    passwords = {
        connections[alias].settings_dict["USER"]: connections[alias].settings_dict["PASSWORD"]
        for alias in VARIABLES
    }
    return str(passwords.get(name) or (passwords.get(MEMBERS[0], "") if name in MEMBERS else ""))
