"""Removing a connection: who takes its place, and what becomes of the rules that send through it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from mailsettings.connections.services import NotPossible
from mailsettings.models import Connection, Rank, RoutingRule
from mailsettings.order import make_primary, number, ordered
from mailsettings.routing.services import remove_rule, repoint, rules_using
from mailsettings.services import locked_settings, raise_version
from orgs.models import User

REMOVE = "remove"


class RulesForm(forms.Form):
    """Asks what becomes of the rules that send through a connection."""

    def __init__(
        self, *args: Any, connection: Connection, others: Sequence[Connection], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.others = {str(row.pk): row for row in others}
        words = [(key, _("Send through %(name)s") % {"name": row.name}) for key, row in self.others.items()]
        self.fields["rules"] = forms.ChoiceField(
            label=_("These rules from now on"),
            choices=[("", _("Choose")), *words, (REMOVE, _("Are removed as well"))],
            error_messages={
                "required": _("Choose what becomes of the rules that send through %(name)s.")
                % {"name": connection.name},
                "invalid_choice": _("Choose one of the connections, or remove the rules."),
            },
        )

    @property
    def chosen(self) -> Connection | None:
        """The connection the rules choose from now on; None when they are removed."""
        return self.others.get(self.cleaned_data["rules"])


def heir_of(connection: Connection) -> Connection | None:
    """Give the backup that becomes the primary one when the primary one is removed."""
    if connection.rank != Rank.PRIMARY:
        return None
    rows = ordered(connection.organization_id)
    return next((row for row in rows if row.rank == Rank.BACKUP and row.enabled), None)


def remove(
    *, connection: Connection, rules: Sequence[RoutingRule], rules_to: Connection | None, user: User | None
) -> Connection | None:
    """Remove a connection with its secrets, tokens and versions, inside tenant().

    Mail that a rule sent to it follows the order; without any connection mail waits.

    Args:
        connection: which one.
        rules: the rules that send through it, as the person was told.
        rules_to: what these rules choose from now on; None removes them too.
        user: who removes it.

    Returns:
        The backup that is the primary connection now, if the primary one was removed.

    Raises:
        NotPossible: other rules send through it meanwhile.
    """
    organization_id = connection.organization_id
    mail = locked_settings(organization_id)
    now = rules_using(connection)
    if {rule.pk for rule in now} - {rule.pk for rule in rules}:
        raise NotPossible(
            _("More rules send through %(name)s meanwhile. Look again.") % {"name": connection.name}
        )
    if rules_to is not None:
        repoint(now, rules_to, user)
    else:
        for rule in now:
            remove_rule(rule=rule)
    heir = heir_of(connection)
    connection.delete()
    if heir is not None:
        make_primary(heir)
        heir.save()
    number(ordered(organization_id))
    raise_version(mail, smtp_enabled=mail.smtp_enabled, user=user)
    return heir
