"""What other pages may show of an organization's mail settings."""

from __future__ import annotations

from django import template

from mailsettings.models import Connection
from mailsettings.plan import primary
from mailsettings.ways import mail_settings
from orgs.models import Organization

register = template.Library()


@register.simple_tag
def connection_in_use(organization: Organization) -> Connection | None:
    """Give the organization's own connection while it sends through it; None means the default mailer."""
    if not organization.custom_mail or not mail_settings(organization.pk).smtp_enabled:
        return None
    return primary(organization.pk)
