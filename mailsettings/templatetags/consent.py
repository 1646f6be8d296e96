"""The connected account inside another page."""

from __future__ import annotations

from django import template

from mailsettings.consent.panel import AccountPanel, account_panel
from mailsettings.forms import ConnectionForm

register = template.Library()


@register.simple_tag
def account_of(form: ConnectionForm) -> AccountPanel | None:
    """Give the account's part of a form of settings, for what is chosen on the screen now."""
    return account_panel(form.chosen, form.connection, form.current)
