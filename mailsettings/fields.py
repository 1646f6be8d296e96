"""From a provider's declared marker to a form field with the one widget that suits it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _

from mailsettings.models import StoredSecret
from orgs.rendering import ChoiceRow
from providers import Choice, Date, Email, FieldSpec, Flag, Number, Secret, SecretText, Url

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
            "days_left": self.field.days_left,
            "expires_on": self.field.expiry,
            "label": self.field.label,
            "open": bool(wrong),
        }


class SecretField(forms.CharField):
    """Write-only; empty keeps what is stored."""

    stored: StoredSecret | None = None
    in_draft = False
    expires_on: object = None

    def __init__(self, **kwargs: Any) -> None:
        """Make the field with its own widget; blanks around a pasted secret are cut off by the provider."""
        super().__init__(required=False, strip=False, max_length=4000, **kwargs)
        self.widget = SecretInput(self, attrs={"autocomplete": "new-password", "class": "mono"})

    def __deepcopy__(self, memo: dict[int, Any]) -> SecretField:
        """Forms copy their fields; the widget must point at the copy."""
        copied: SecretField = super().__deepcopy__(memo)
        copied.widget.field = copied
        return copied

    @property
    def expiry(self) -> date | None:
        """The day the stored secret expires, when it was told."""
        return (
            date.fromisoformat(self.expires_on)
            if isinstance(self.expires_on, str) and self.expires_on
            else None
        )

    @property
    def days_left(self) -> int | None:
        """Days until the stored secret expires; negative afterwards."""
        return (self.expiry - timezone.now().date()).days if self.expiry else None


def form_field(spec: FieldSpec) -> forms.Field:
    """Make the form field of one declared setting.

    Emptiness and formats are judged by the provider, so that form, API and import give the same sentences.
    """
    marker = spec.marker
    words: dict[str, Any] = {"label": _(marker.label), "help_text": _(marker.help) if marker.help else ""}
    attrs = {"autocomplete": "off", "spellcheck": "false"}
    if marker.mono:
        attrs["class"] = "mono"
    if marker.placeholder:
        attrs["placeholder"] = marker.placeholder
    field: forms.Field
    match marker:
        case Secret():
            field = SecretField(**words)
        case Flag():
            field = forms.BooleanField(required=False, initial=spec.default, **words)
        case Choice():
            choices = [(option.value, _(option.label)) for option in marker.options]
            hints = {option.value: _(option.hint) for option in marker.options}
            field = forms.ChoiceField(
                choices=choices, required=False, initial=spec.default, widget=ChoiceRow(hints=hints), **words
            )
        case Number():
            limits = {"inputmode": "numeric", "min": marker.minimum, "max": marker.maximum}
            field = forms.CharField(
                required=False, initial=spec.default, widget=forms.NumberInput(attrs=attrs | limits), **words
            )
        case Date():
            field = forms.CharField(
                required=False, widget=forms.DateInput(attrs={**attrs, "type": "date"}), **words
            )
        case Email():
            field = forms.CharField(required=False, widget=forms.EmailInput(attrs=attrs), **words)
        case Url():
            field = forms.CharField(required=False, widget=forms.URLInput(attrs=attrs), **words)
        case _:
            field = forms.CharField(required=False, widget=forms.TextInput(attrs=attrs), **words)
    # What the one field markup reads beyond Django's own attributes.
    field.marker = marker  # type: ignore[attr-defined]
    field.optional = marker.optional  # type: ignore[attr-defined]
    field.guide = tuple(_(step) for step in marker.guide)  # type: ignore[attr-defined]
    field.sample = marker.sample  # type: ignore[attr-defined]
    return field
