"""The form of a next secret: its value and its last day, judged by the provider like the current one."""

from __future__ import annotations

from datetime import date

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _

from mailsettings.egress import egress
from mailsettings.fields import SECRET_STAND_IN
from mailsettings.models import Connection
from mailsettings.secret_slots import declared
from mailsettings.vault import connection_secrets
from orgs.sealing import SealBroken
from providers import FieldSpec, SecretText, SettingsInvalid, specs


class NextSecretForm(forms.Form):
    """After `is_valid()`: `secret`, `cleaned_data["expires_on"]`, and `note`, a warning about the secret."""

    next_secret = forms.CharField(required=False, strip=False, max_length=4000)
    expires_on = forms.DateField(required=False)
    version = forms.IntegerField(
        widget=forms.HiddenInput(attrs={"id": "id_next_version"}), min_value=1, max_value=2**31 - 1
    )

    def __init__(self, *args: object, connection: Connection, spec: FieldSpec, **kwargs: object) -> None:
        """Ask for the next one of the secret `spec` declares."""
        self.connection, self.spec = connection, spec
        self.secret, self.note = SecretText(""), ""
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they came
        label = _(spec.marker.label)
        self.fields["next_secret"].label = _("Next %(label)s") % {"label": label}
        self.fields["next_secret"].widget = forms.PasswordInput(
            attrs={
                "class": "mono",
                "autocomplete": "new-password",
                "placeholder": _("Paste the new value"),
            }
        )
        self.fields["expires_on"].label = _("Expires on")
        self.fields["expires_on"].widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        for name in ("next_secret", "expires_on"):
            setattr(self.fields[name], "optional", False)  # noqa: B010  # read by the field markup
        self.initial.setdefault("version", connection.version)

    def clean_next_secret(self) -> str:
        """Let the provider judge the secret beside the saved values; what is wrong with those is not asked.

        The clear text stays in `secret`, not among the cleaned values.
        """
        typed = str(self.cleaned_data["next_secret"])
        chosen, settings = declared(self.connection)
        label = {"label": _(self.spec.marker.label)}
        if not typed.strip():
            raise forms.ValidationError(_("Enter the next %(label)s.") % label)
        stand_ins = {one.name: SECRET_STAND_IN for one in specs(chosen.settings_type) if one.secret}
        values = {**self.connection.settings, **stand_ins, self.spec.name: SecretText(typed)}
        try:
            parsed = chosen.parse(values, egress())
        except SettingsInvalid as error:
            if self.spec.name in error.errors:
                raise forms.ValidationError(_(error.errors[self.spec.name])) from None
            self.secret = SecretText(typed.strip())
        else:
            self.secret = getattr(parsed, self.spec.name)
            self.note = _(chosen.warnings(parsed).get(self.spec.name, ""))
        try:
            current = connection_secrets(self.connection, chosen, settings).get(self.spec.name)
        except SealBroken:
            current = None
        if current == self.secret:
            raise forms.ValidationError(_("This is the current %(label)s. Paste the new one.") % label)
        return ""

    def clean_expires_on(self) -> date:
        """Take a day to come."""
        day: date | None = self.cleaned_data["expires_on"]
        if day is None:
            raise forms.ValidationError(_("Enter the day the next secret expires on."))
        if day <= timezone.now().date():
            raise forms.ValidationError(_("This day has passed. Enter the day the next secret expires on."))
        return day
