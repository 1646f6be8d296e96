"""Names of connections, and the words for what a save changes."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext as _

from mailsettings.models import Connection
from mailsettings.vault import plain_values
from orgs.models import Organization
from providers import FieldSpec, Provider, SecretText, Settings, specs

NAME_LIMIT = 100


class NameTaken(Exception):
    """Another connection of the organization has this name, but for its case (COG-12)."""


def changed_labels(
    connection: Connection | None,
    chosen: Provider,
    settings: Settings,
    typed: Mapping[str, SecretText],
    name: str | None = None,
) -> tuple[str, ...]:
    """Name by label what differs from the saved connection; secrets by name only."""
    new = plain_values(settings)
    old = connection.settings if connection else {}
    renamed = (_("Name"),) if connection and name and name != connection.name else ()
    return renamed + tuple(
        spec.marker.label
        for spec in specs(chosen.settings_type)
        if (spec.name in typed if spec.secret else differs(spec, old, new))
    )


def differs(spec: FieldSpec, old: Mapping[str, object], new: Mapping[str, object]) -> bool:
    """Say whether a value changed; one the provider gained after the save was its default before."""
    before = old.get(spec.name, spec.default) if old else None
    return (before or "") != (new.get(spec.name) or "")


def free_name(organization: Organization, chosen: Provider) -> str:
    """Give a new connection its provider's name, numbered when that is taken."""
    taken = {name.lower() for name in Connection.objects.of(organization).values_list("name", flat=True)}
    name, number = chosen.label, 1
    while name.lower() in taken:
        number += 1
        name = f"{chosen.label} {number}"
    return name


def name_is_taken(organization: Organization, name: str, connection: Connection | None) -> bool:
    """Say whether another connection of the organization has this name, but for its case."""
    others = Connection.objects.of(organization).filter(name__iexact=name)
    return (others.exclude(pk=connection.pk) if connection else others).exists()


def require_free_name(organization: Organization, name: str | None, connection: Connection | None) -> None:
    """See that a typed name is free.

    Raises:
        NameTaken: it is not.
    """
    if name and name_is_taken(organization, name, connection):
        raise NameTaken
