"""Makes what the stories need: people, organizations, places in them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count

import psycopg
from django.contrib.auth.hashers import make_password
from django.db import connections

from mailsettings.egress import egress
from mailsettings.models import Connection
from mailsettings.services import save_connection
from mailsettings.vault import secret_names
from mailsettings.ways import mail_settings
from orgs.models import Membership, Organization, Role, User
from orgs.tenancy import ALIAS, SYSTEM, tenant
from providers import SecretText, provider

PASSWORD = "Nine-blue-kites-rise"
_numbers = count(1)
_hashes: dict[str, str] = {}
_committed: list[Organization | User] = []


def user(
    email: str = "", *, name: str = "", password: str = "", super_admin: bool = False, active: bool = True
) -> User:
    """Make a person; without a password they sign in by `client.force_login` only."""
    address = email or f"person{next(_numbers)}@contoso.example"
    person = User(email=address.lower(), name=name, is_super_admin=super_admin, is_active=active)
    # Hashing is slow on purpose; one hash per password serves a whole run.
    if password not in _hashes:
        _hashes[password] = make_password(password or None)
    person.password = _hashes[password]
    if super_admin:
        _save_super_admin(person)
    else:
        person.save()
    return person


def _save_super_admin(person: User) -> None:
    """Save a super admin, committed at once: the web's role may not make one (`forget` removes the row)."""
    with _own_connection() as connection:
        connection.execute(
            "INSERT INTO orgs_user (id, email, name, password, is_active, is_super_admin, created_at)"
            " VALUES (%s, %s, %s, %s, %s, true, now())",
            [person.pk, person.email, person.name, person.password, person.is_active],
        )
    _committed.append(person)
    person._state.adding, person._state.db = False, ALIAS


def organization(
    name: str = "", *, slug: str = "", custom_mail: bool = False, active: bool = True
) -> Organization:
    """Make an organization, committed at once on a connection of its own.

    The web's role cannot make one, and what the system's role makes inside a test's transaction is
    invisible to the web's. `forget` removes it after the test.
    """
    number = next(_numbers)
    made = Organization(
        name=name or f"Organization {number}",
        slug=slug or f"organization-{number}",
        custom_mail=custom_mail,
        is_active=active,
    )
    with _own_connection() as connection:
        connection.execute(
            "INSERT INTO orgs_organization (id, name, slug, custom_mail, is_platform, is_active, created_at)"
            " VALUES (%s, %s, %s, %s, false, %s, now())",
            [made.pk, made.name, made.slug, custom_mail, active],
        )
    _committed.append(made)
    # Read from the web's alias, so to say: what hangs on it is saved there.
    made._state.adding, made._state.db = False, ALIAS
    return made


def membership(person: User, of: Organization, role: Role | str = Role.OWNER) -> Membership:
    """Give a person a place in an organization."""
    with tenant(of):
        return Membership.objects.create(organization=of, user=person, role=role)


def forget() -> None:
    """Remove the committed organizations; called after the test's own transaction is gone."""
    if not _committed:
        return
    keys = [made.pk for made in _committed]
    _committed.clear()
    with _own_connection() as connection:
        connection.execute("SET lock_timeout = '5s'")
        connection.execute("DELETE FROM orgs_organization WHERE id = ANY(%s)", [keys])
        connection.execute("DELETE FROM orgs_user WHERE id = ANY(%s)", [keys])


def _own_connection() -> psycopg.Connection[tuple[object, ...]]:
    parameters = connections[SYSTEM].get_connection_params()
    keys = ("dbname", "user", "password", "host", "port")
    return psycopg.connect(**{key: parameters[key] for key in keys if key in parameters}, autocommit=True)


def connection(
    of: Organization, chosen: str, values: Mapping[str, object], *, by: User | None = None
) -> Connection:
    """Save a connection as the Emails page would, and switch SMTP on."""
    way = provider(chosen)
    typed = {name: SecretText(str(values[name])) for name in secret_names(way) if values.get(name)}
    settings = way.parse({**values, **typed}, egress())
    with tenant(of):
        saved = save_connection(
            organization=of,
            chosen=way,
            settings=settings,
            typed=typed,
            user=by,
            expected_version=mail_settings(of.pk).version,
        )
    return saved.connection
