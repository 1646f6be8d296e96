"""The form of a connection: one for every provider, judged by the provider it is for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mailsettings.destinations import changed_destination, missing_secrets
from mailsettings.drafts import draft_typed
from mailsettings.egress import egress
from mailsettings.fields import SECRET_STAND_IN
from mailsettings.names import NAME_LIMIT, name_is_taken
from mailsettings.shown_form import ShownForm
from mailsettings.vault import plain_values, typed_settings
from orgs.rendering import Switch
from providers import CloudPick, Pick, SecretText, Settings, SettingsInvalid
from providers.values import applies


class ConnectionForm(ShownForm):
    """The settings of one connection.

    After `is_valid()`: `settings`, `typed` (the secrets typed now or in the draft) and `typed_now`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Build the fields."""
        self.settings: Settings | None = None
        self.typed: dict[str, SecretText] = {}
        self.typed_now: frozenset[str] = frozenset()
        super().__init__(*args, **kwargs)
        self.note_saved()

    def clean_name(self) -> str:
        """Take a name that no other connection has."""
        name = " ".join(str(self.cleaned_data["name"]).split())
        if not name:
            raise forms.ValidationError(_("Enter the Name."))
        if len(name) > NAME_LIMIT:
            raise forms.ValidationError(
                _("The Name is longer than %(limit)d characters. Shorten it.") % {"limit": NAME_LIMIT}
            )
        if name_is_taken(self.subject.organization, name, self.connection):
            raise forms.ValidationError(
                _("Another connection is called %(name)s. Choose another name.") % {"name": name}
            )
        return name

    def clean(self) -> dict[str, object]:
        """Let the provider judge its own values, then see which secrets must be typed."""
        cleaned: dict[str, object] = dict(super().clean() or {})
        self.typed = {
            spec.name: SecretText(str(cleaned[spec.name]))
            for spec in self.specs
            if spec.secret and cleaned.get(spec.name)
        }
        self.typed_now = frozenset(self.typed)
        try:
            self.settings = self.chosen.parse(self._judged(cleaned), egress())
            if self.has_moved:
                # What is stored stays behind, so the provider judges without it.
                self.settings = self.chosen.parse(self._judged(cleaned, moved=True), egress())
        except SettingsInvalid as error:
            self.settings = None
            for name, message in error.errors.items():
                if name not in self.errors:
                    self.add_error(name if name in self.fields else None, _(message))
            self._name_empty_secrets(cleaned)
            return cleaned
        self._take_secrets()
        return cleaned

    def _judged(self, cleaned: Mapping[str, object], *, moved: bool = False) -> dict[str, object]:
        """Give what the provider judges: a stand-in for each secret that is stored or will be asked for."""
        values = dict(cleaned)
        for spec in self.specs:
            if isinstance(spec.marker, Pick | CloudPick) and spec.name not in self.data:
                # A dropdown always sends something; who sends nothing means what it stands at by itself.
                values[spec.name] = None
            if spec.secret:
                in_draft = self.own_draft is not None and spec.name in self.own_draft.sealed
                there = not spec.marker.optional or in_draft or (spec.name in self.stored and not moved)
                values[spec.name] = self.typed.get(spec.name, SECRET_STAND_IN if there else SecretText(""))
        return {spec.name: values.get(spec.name) for spec in self.specs}

    @property
    def has_moved(self) -> bool:
        """Say whether the settings name another destination than the stored secrets are for."""
        if self.connection is None or self.settings is None:
            return False
        old = typed_settings(self.chosen, self.connection.settings, {})
        return bool(changed_destination(self.chosen, old, self.settings))

    def _name_empty_secrets(self, cleaned: Mapping[str, object]) -> None:
        """Say all at once: a form that is wrong elsewhere still names the secrets it lacks."""
        for spec in self.specs:
            there = spec.name in self.typed or spec.name in self.stored or spec.name in self.errors
            if spec.secret and not there and applies(spec, cleaned) and not spec.marker.optional:
                self.add_error(spec.name, _("Enter the %(label)s.") % {"label": spec.marker.label})

    def _take_secrets(self) -> None:
        """Fill untyped secrets from the draft, and name the ones that must be typed again."""
        if self.settings is None:
            return
        if self.own_draft:
            self.typed = {**draft_typed(self.own_draft, self.chosen, self.settings), **self.typed}
        needed = missing_secrets(self.connection, self.chosen, self.settings, self.typed)
        for name, message in needed.items():
            self.add_error(name, message)

    @property
    def is_proven(self) -> bool:
        """Say whether a test of exactly these values passed: the draft's own, secrets included."""
        draft = self.own_draft
        return (
            draft is not None
            and draft.passed_at is not None
            and self.settings is not None
            and not self.typed_now
            and draft.settings == plain_values(self.settings)
        )

    @property
    def is_unchanged(self) -> bool:
        """Say whether nothing differs from what is saved and in use, so that there is nothing to prove."""
        saved = self.connection
        return (
            saved is not None
            and self.settings is not None
            and not self.typed
            and saved.settings == plain_values(self.settings)
        )

    def typed_notes(self) -> list[str]:
        """Warnings about what was typed just now, secrets included; for valid forms."""
        if self.settings is None:
            return []
        visible = typed_settings(self.chosen, plain_values(self.settings), self.typed)
        return [_(text) for name, text in self.chosen.warnings(visible).items() if name in self.typed]

    @property
    def new_name(self) -> str | None:
        """The name that was typed; None where the form asks for none."""
        return str(self.cleaned_data["name"]) if self.subject.named else None


class EmailsForm(ConnectionForm):
    """What is on the Emails page: the switch, the provider, its fields; no `settings` when SMTP is off."""

    smtp_enabled = forms.BooleanField(
        label=gettext_lazy("SMTP enabled"),
        required=False,
        widget=Switch(),
    )

    def __init__(self, *args: Any, asked: bool = False, **kwargs: Any) -> None:
        """Show the switch as it is stored; on where somebody asked for a provider."""
        self.asked = asked
        super().__init__(*args, **kwargs)

    def first_values(self) -> dict[str, object]:
        """Add the switch."""
        is_on = self.subject.mail.smtp_enabled or self.source is not None or self.asked
        return {"smtp_enabled": is_on, **super().first_values()}

    def clean(self) -> dict[str, object]:
        """Off needs nothing: what stands in the hidden fields is not judged."""
        if self.cleaned_data.get("smtp_enabled"):
            return super().clean()
        for name in set(self.errors) - {"version"}:
            del self.errors[name]
        return dict(self.cleaned_data)
