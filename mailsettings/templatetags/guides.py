"""The guide of a provider inside another page."""

from __future__ import annotations

from django import template

from mailsettings.forms import EmailsForm
from mailsettings.guides.steps import FilledStep, guide_of

register = template.Library()


@register.simple_tag
def guide_steps(form: EmailsForm) -> tuple[FilledStep, ...]:
    """Give the steps of the chosen provider, filled with its saved values."""
    return guide_of(form.chosen, form.connection)
