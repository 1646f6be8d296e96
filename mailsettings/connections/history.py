"""What each version of a connection changed, in words; secrets as changed or unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from mailsettings.models import Connection, ConnectionVersion
from mailsettings.names import differs
from providers import Choice, FieldSpec, Pick, provider, specs

SHOWN = 20
# Digits of a number its column holds.
LONGEST = 9


@dataclass(frozen=True, kw_only=True)
class Change:
    """One setting that a version changed; secrets have no before and after."""

    label: str
    before: str = ""
    after: str = ""
    secret: bool = False


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One version as people read it."""

    version: ConnectionVersion
    changes: tuple[Change, ...]
    first: bool
    current: bool

    @property
    def secrets_unchanged(self) -> bool:
        """Say whether this version left the stored secrets as they were."""
        has_secrets = any(spec.secret for spec in specs(provider(self.version.provider).settings_type))
        return has_secrets and not self.first and not self.version.changed_secrets


def history(connection: Connection) -> list[Entry]:
    """List the latest versions of a connection, newest first, each beside the one before it."""
    rows = ConnectionVersion.objects.of(connection.organization_id).filter(connection=connection)
    versions = list(rows.select_related("saved_by").order_by("-number")[: SHOWN + 1])
    earlier: list[ConnectionVersion | None] = [*versions[1:], None]
    return [
        Entry(
            version=version,
            changes=() if before is None else changes(before, version),
            first=before is None,
            current=version.number == connection.version,
        )
        for version, before in zip(versions, earlier, strict=True)
    ][:SHOWN]


def version_of(connection: Connection, typed: str) -> ConnectionVersion | None:
    """Find a version of a connection by the number a browser sent."""
    if not (typed.isascii() and typed.isdecimal() and len(typed) <= LONGEST):
        return None
    rows = ConnectionVersion.objects.of(connection.organization_id).filter(connection=connection)
    return rows.filter(number=int(typed)).first()


def changes(before: ConnectionVersion, after: ConnectionVersion) -> tuple[Change, ...]:
    """Compare two versions."""
    found = (
        [Change(label=_("Name"), before=before.name, after=after.name)] if before.name != after.name else []
    )
    for spec in specs(provider(after.provider).settings_type):
        if spec.secret:
            if spec.name in after.changed_secrets:
                found.append(Change(label=spec.marker.label, secret=True))
        elif differs(spec, before.settings, after.settings):
            found.append(
                Change(
                    label=spec.marker.label,
                    before=words(spec, before.settings),
                    after=words(spec, after.settings),
                )
            )
    return tuple(found)


def words(spec: FieldSpec, values: Mapping[str, object]) -> str:
    """Say a value as the form does."""
    value = values.get(spec.name, spec.default)
    if isinstance(spec.marker, Choice | Pick):
        option = next((one for one in spec.marker.options if one.value == value), None)
        return _(option.label) if option else str(value)
    if isinstance(value, bool):
        return _("on") if value else _("off")
    return _("none") if value in (None, "") else str(value)
