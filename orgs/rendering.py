"""One markup for every form field of the site, and the controls plain Django does not have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.forms.renderers import TemplatesSetting
from django.utils.functional import Promise


class FormRenderer(TemplatesSetting):
    """Finds form templates where pages are found; `{{ field.as_field_group }}` is `forms/field.html`."""

    field_template_name = "forms/field.html"
    form_template_name = "forms/form.html"


class Switch(forms.CheckboxInput):
    """A setting that takes effect as a whole, such as SMTP enabled."""

    def __init__(self, attrs: Mapping[str, Any] | None = None) -> None:
        super().__init__({"role": "switch", **(attrs or {})})


class ChoiceRow(forms.RadioSelect):
    """Two to four exclusive options side by side, each with a hint of a few words."""

    template_name = "forms/choice_row.html"

    def __init__(
        self, attrs: Mapping[str, Any] | None = None, *, hints: Mapping[str, str | Promise] | None = None
    ) -> None:
        super().__init__(dict(attrs or {}))
        self.hints = dict(hints or {})

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:  # noqa: ANN401
        """Add the hint to what the template sees of one option."""
        option = super().create_option(name, value, *args, **kwargs)
        return {**option, "hint": self.hints.get(str(value), "")}
