"""A stored secret goes only to the destination it was typed for; else it has to be typed again (C-CRY-3)."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext as _

from mailsettings.models import Connection, StoredSecret
from mailsettings.vault import applies, typed_settings
from providers import Provider, SecretText, Settings, specs


class SecretNeeded(Exception):
    """A stored secret may not be sent to the destination the new values name (C-CRY-3)."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        """Keep one message per secret field."""
        super().__init__("; ".join(errors.values()))
        self.errors = dict(errors)


def missing_secrets(
    connection: Connection | None, chosen: Provider, settings: Settings, typed: Mapping[str, SecretText]
) -> dict[str, str]:
    """Tell which secrets must be typed: none stored, or stored for another destination.

    Returns:
        Field name → sentence; empty when everything needed is there.
    """
    wanted = [
        spec
        for spec in specs(chosen.settings_type)
        if spec.secret and spec.name not in typed and not spec.marker.optional and applies(spec, settings)
    ]
    if not wanted:
        return {}
    stored = stored_secrets(connection)
    errors: dict[str, str] = {}
    for spec in wanted:
        words = {"label": spec.marker.label}
        if connection is None or spec.name not in stored:
            errors[spec.name] = _("Enter the %(label)s.") % words
            continue
        old = typed_settings(chosen, connection.settings, {})
        field = changed_destination(chosen, old, settings)
        if field:
            errors[spec.name] = _(
                "Enter the %(label)s again. You changed %(field)s, so the saved one is not reused."
            ) % (words | {"field": field})
        elif connection.held_code == "secret_unreadable":
            errors[spec.name] = _("Enter the %(label)s again. The saved one cannot be read.") % words
    return errors


def changed_destination(chosen: Provider, old: Settings, new: Settings) -> str:
    """Name (by label) the first destination field that differs; empty when none does."""
    if chosen.destination(old) == chosen.destination(new):
        return ""
    labels = {spec.name: spec.marker.label for spec in specs(chosen.settings_type)}
    for name in chosen.destination_fields:
        if getattr(old, name) != getattr(new, name):
            return labels[name]
    return labels[chosen.destination_fields[0]]


def stored_secrets(connection: Connection | None) -> dict[str, StoredSecret]:
    """Give the stored secrets of a connection that are in use, by field name; not the next ones."""
    if connection is None:
        return {}
    rows = StoredSecret.objects.of(connection.organization_id).filter(connection=connection, is_next=False)
    return {row.field: row for row in rows}
