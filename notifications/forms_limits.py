"""The form of what one connection takes: sessions at a time, messages a minute."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mailsettings.models import Connection
from notifications.limits import Limits
from notifications.models import ConnectionLimit

MOST_SESSIONS = 50
MOST_PER_MINUTE = 100_000


def whole_number(least: int, most: int, **options: Any) -> forms.IntegerField:
    """Make a field for a whole number that may be left empty; one sentence names its bounds."""
    words = gettext_lazy("Enter a whole number from %(least)s to %(most)s, or leave it empty.")
    wrong = words % {"least": least, "most": f"{most:,}"}
    return forms.IntegerField(
        required=False,
        min_value=least,
        max_value=most,
        error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), wrong),
        **options,
    )


class LimitsForm(forms.Form):
    """Limits of one connection; an empty field means the preset of its provider."""

    sessions = whole_number(1, MOST_SESSIONS, label=gettext_lazy("Sessions at a time"))
    per_minute = whole_number(0, MOST_PER_MINUTE, label=gettext_lazy("Messages a minute"))

    def __init__(self, *args: Any, preset: Limits, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sessions, per_minute = self.fields["sessions"], self.fields["per_minute"]
        sessions.help_text = _("Empty: %(count)s, the preset of the provider.") % {"count": preset.sessions}
        words = (
            _("Empty: %(count)s, the preset of the provider. 0 means no limit.")
            if preset.per_minute
            else _("Empty: no limit, the preset of the provider. 0 means no limit, too.")
        )
        per_minute.help_text = words % {"count": f"{preset.per_minute:,}"}
        sessions.widget.attrs["placeholder"] = str(preset.sessions)
        per_minute.widget.attrs["placeholder"] = str(preset.per_minute or _("No limit"))


def stored_limits(connection: Connection) -> dict[str, int | None]:
    """Give the limits of a connection's own, inside its organization's tenant(); None means the preset."""
    row = ConnectionLimit.objects.of(connection.organization_id).filter(connection=connection).first()
    return {"sessions": row.sessions if row else None, "per_minute": row.per_minute if row else None}


def store_limits(connection: Connection, wanted: dict[str, int | None]) -> None:
    """Keep the limits of a connection, inside tenant(): every worker asks the database before it sends."""
    rows = ConnectionLimit.objects.of(connection.organization_id)
    rows.get_or_create(connection=connection, organization_id=connection.organization_id)
    rows.filter(connection=connection).update(**wanted)
