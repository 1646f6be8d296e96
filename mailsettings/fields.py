"""From a provider's declared marker to a form field with the one widget that suits it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from mailsettings.egress import egress
from mailsettings.expiry import Expiry
from mailsettings.models import StoredSecret
from mailsettings.presets import SECRET_MONTHS
from orgs.rendering import ChoiceRow
from providers import (
    Area,
    Choice,
    CloudPick,
    Date,
    Email,
    FieldSpec,
    Flag,
    Marker,
    Number,
    Pick,
    Secret,
    SecretText,
    Url,
)

# Stands in for a secret that keeps its stored value while the provider judges the other fields.
SECRET_STAND_IN = SecretText("keeps-its-stored-value")


class SecretInput(forms.PasswordInput):
    """Never renders a value; says what is stored and offers Replace."""

    template_name = "mailsettings/widgets/secret.html"
    group_label = True

    def __init__(self, field: SecretField, attrs: dict[str, Any] | None = None) -> None:
        """Remember the field, which knows what is stored."""
        super().__init__(attrs=attrs, render_value=False)
        self.field = field

    def get_context(self, name: str, value: object, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Add what may be shown of the stored secret: date, who, last four, expiry."""
        context: dict[str, Any] = super().get_context(name, value, attrs)
        wrong = (attrs or {}).get("aria-invalid")
        return context | {
            "stored": self.field.stored,
            "in_draft": self.field.in_draft,
            "expiry": self.field.expiry,
            "label": self.field.label,
            "open": bool(wrong),
        }


class SecretField(forms.CharField):
    """Write-only; empty keeps what is stored."""

    stored: StoredSecret | None = None
    in_draft = False
    # When the stored one expires, where that is known.
    expiry: Expiry | None = None

    def __init__(self, **kwargs: Any) -> None:
        """Make the field with its own widget; blanks around a pasted secret are cut off by the provider."""
        super().__init__(required=False, strip=False, max_length=4000, **kwargs)
        self.widget = SecretInput(self, attrs={"autocomplete": "new-password", "class": "mono"})

    def __deepcopy__(self, memo: dict[int, Any]) -> SecretField:
        """Forms copy their fields; the widget must point at the copy."""
        copied: SecretField = super().__deepcopy__(memo)
        copied.widget.field = copied
        return copied


class ExpiryInput(forms.DateInput):
    """A day, with one click for the longest life of a secret (WPM-21)."""

    template_name = "mailsettings/widgets/expiry.html"
    # The attributes with which a script asks for that day; the form knows where.
    asking: Mapping[str, str] = MappingProxyType({})

    def get_context(self, name: str, value: object, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Add the one click."""
        context: dict[str, Any] = super().get_context(name, value, attrs)
        return context | {"asking": dict(self.asking), "months": SECRET_MONTHS}


def form_field(spec: FieldSpec) -> forms.Field:
    """Make the form field of one declared setting.

    Emptiness and formats are judged by the provider, so that form, API and import give the same sentences.
    """
    marker = spec.marker
    words: dict[str, Any] = {"label": _(marker.label), "help_text": _(marker.help) if marker.help else ""}
    field: forms.Field
    match marker:
        case Secret():
            field = SecretField(**words)
        case Flag():
            field = forms.BooleanField(required=False, initial=spec.default, **words)
        case Choice():
            choices = [(option.value, _(option.label)) for option in marker.options]
            row = ChoiceRow(hints={option.value: _(option.hint) for option in marker.options})
            field = forms.ChoiceField(
                choices=choices, required=False, initial=spec.default, widget=row, **words
            )
        case Pick():
            choices = [(option.value, _(option.label)) for option in marker.options]
            field = forms.CharField(
                required=False, initial=spec.default, widget=forms.Select(choices=choices), **words
            )
        case CloudPick():
            choices = [(cloud.key, _(cloud.label)) for cloud in egress().clouds]
            if marker.optional:
                choices.insert(0, ("", _("As the Access URL says")))
            field = forms.CharField(
                required=False, initial=spec.default, widget=forms.Select(choices=choices), **words
            )
        case _:
            initial = None if spec.secret else spec.default
            field = forms.CharField(required=False, initial=initial, widget=line(marker), **words)
    # What the one field markup reads beyond Django's own attributes.
    more = {"optional": marker.optional, "guide": tuple(map(_, marker.guide)), "sample": marker.sample}
    for name, value in more.items():
        setattr(field, name, value)
    return field


def line(marker: Marker) -> forms.Widget:
    """Make the control of a setting that is typed."""
    attrs: dict[str, Any] = {"autocomplete": "off", "spellcheck": "false"}
    if marker.mono:
        attrs["class"] = "mono"
    if marker.placeholder:
        attrs["placeholder"] = marker.placeholder
    if isinstance(marker, Area):
        return forms.Textarea(attrs=attrs | {"rows": 4})
    if isinstance(marker, Number):
        limits = {"inputmode": "numeric", "min": marker.minimum, "max": marker.maximum}
        return forms.NumberInput(attrs=attrs | limits)
    if isinstance(marker, Date):
        return ExpiryInput(attrs=attrs | {"type": "date"})
    kinds: dict[type[Marker], type[forms.Widget]] = {Email: forms.EmailInput, Url: forms.URLInput}
    return kinds.get(type(marker), forms.TextInput)(attrs=attrs)
