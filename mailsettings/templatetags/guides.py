"""The guide of a provider inside another page."""

from __future__ import annotations

from django import template
from django.template.context import Context
from django.urls import reverse

from mailsettings.forms import EmailsForm
from mailsettings.guides.steps import FilledStep, guide_of
from orgs.access import Permission

register = template.Library()


@register.simple_tag
def guide_steps(form: EmailsForm) -> tuple[FilledStep, ...]:
    """Give the steps of the chosen provider, filled with its saved values."""
    return guide_of(form.chosen, form.connection)


@register.simple_tag(takes_context=True)
def guide_url(context: Context, name: str, *provider: str) -> str:
    """Give the address of a page of help: inside the organization of the page, else everybody's."""
    organization, access = context.get("organization"), context.get("access")
    if organization is not None and access is not None and access.may(Permission.CHANGE_MAIL):
        return reverse(f"mailsettings:{name}", args=[organization.slug, *provider])
    return reverse(name, args=provider)
