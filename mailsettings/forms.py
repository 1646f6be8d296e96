"""The Emails form: one form for every provider, its fields made from the provider's declaration."""

from __future__ import annotations

from collections.abc import Mapping

from django import forms
from django.http import QueryDict
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mailsettings.carry import COMMON, KEPT
from mailsettings.destinations import missing_secrets, stored_secrets
from mailsettings.drafts import draft_typed
from mailsettings.egress import egress
from mailsettings.fields import SECRET_STAND_IN, SecretField, form_field
from mailsettings.layout import Section
from mailsettings.models import Connection, Draft, MailSettings
from mailsettings.services import connection_for
from mailsettings.vault import typed_settings
from orgs.models import Organization
from orgs.rendering import Switch
from providers import PROVIDERS, FieldSpec, Provider, SecretText, Settings, SettingsInvalid, provider, specs
from providers.values import applies

# The largest number its column holds.
LAST_VERSION = 2**31 - 1


class EmailsForm(forms.Form):
    """What is on the Emails page: the switch, the provider, its fields.

    After `is_valid()`: `chosen`, `settings` (None when SMTP is off) and `typed`, the secrets typed now
    or in the draft.
    """

    smtp_enabled = forms.BooleanField(
        label=gettext_lazy("SMTP enabled"),
        required=False,
        widget=Switch(),
    )
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=LAST_VERSION)
    shown = forms.CharField(widget=forms.HiddenInput, required=False)
    draft = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(
        self,
        posted: QueryDict | None = None,
        *,
        organization: Organization,
        mail: MailSettings,
        connection: Connection | None,
        draft: Draft | None = None,
        provider_key: str = "",
        values: Mapping[str, object] | None = None,
        kept: Mapping[str, str] | None = None,
    ) -> None:
        """Build the fields of the provider that is posted, asked for, drafted or saved, in that order."""
        self.organization, self.mail, self.source = organization, mail, draft
        self.carried = dict(kept or {})
        if posted:
            self.carried |= {name: str(posted[name]) for name in posted if name.startswith(f"{KEPT}-")}
        asked = (posted.get("provider", "") if posted else "") or provider_key
        saved = draft.provider if draft else connection.provider if connection else PROVIDERS[0].key
        known = {item.key for item in PROVIDERS}
        self.chosen: Provider = provider(asked if asked in known else saved)
        self.connection = connection_for(organization, self.chosen.key)
        self.settings: Settings | None = None
        self.typed: dict[str, SecretText] = {}
        super().__init__(
            posted,
            initial={
                "smtp_enabled": mail.smtp_enabled or draft is not None or bool(provider_key),
                "provider": self.chosen.key,
                "version": mail.version,
                "shown": self.chosen.key,
                "draft": draft.pk if draft else None,
                **self._saved_values(),
                **(values or {}),
            },
        )
        self.fields["provider"] = forms.ChoiceField(
            label=_("Mailing provider"), choices=[(item.key, _(item.label)) for item in PROVIDERS]
        )
        stored = stored_secrets(self.connection)
        in_draft = set(draft.sealed) if draft and draft.provider == self.chosen.key else set()
        for spec in self.specs:
            field = form_field(spec)
            if isinstance(field, SecretField):
                field.stored = stored.get(spec.name)
                field.expires_on = self._expires_on(spec)
                field.in_draft = spec.name in in_draft
            self.fields[spec.name] = field
        self._set_notes()

    @cached_property
    def specs(self) -> tuple[FieldSpec, ...]:
        """The declared fields of the chosen provider."""
        return specs(self.chosen.settings_type)

    def _saved_values(self) -> dict[str, object]:
        source = self.source if self.source and self.source.provider == self.chosen.key else self.connection
        return dict(source.settings) if source else {}

    def _expires_on(self, spec: FieldSpec) -> object:
        if not getattr(spec.marker, "generated", False) or self.connection is None:
            return None
        return self.connection.settings.get("secret_expires_on")

    def clean(self) -> dict[str, object]:
        """Let the provider judge its own values, then see which secrets must be typed."""
        cleaned: dict[str, object] = dict(super().clean() or {})
        if not cleaned.get("smtp_enabled"):
            # Off needs nothing: what stands in the hidden fields is not judged.
            for name in set(self.errors) - {"version"}:
                del self.errors[name]
            return cleaned
        self.typed = {
            spec.name: SecretText(str(cleaned[spec.name]))
            for spec in self.specs
            if spec.secret and cleaned.get(spec.name)
        }
        values = {
            spec.name: self.typed.get(spec.name, SECRET_STAND_IN) if spec.secret else cleaned.get(spec.name)
            for spec in self.specs
        }
        try:
            self.settings = self.chosen.parse(values, egress())
        except SettingsInvalid as error:
            for name, message in error.errors.items():
                if name not in self.errors:
                    self.add_error(name if name in self.fields else None, _(message))
            self._name_empty_secrets(cleaned)
            return cleaned
        self._take_secrets()
        return cleaned

    def _name_empty_secrets(self, cleaned: Mapping[str, object]) -> None:
        """Say all at once: a form that is wrong elsewhere still names the secrets it lacks."""
        stored = stored_secrets(self.connection)
        for spec in self.specs:
            counts = applies(spec, cleaned)
            lacks = spec.secret and spec.name not in self.typed and spec.name not in stored
            if lacks and counts and not spec.marker.optional:
                self.add_error(spec.name, _("Enter the %(label)s.") % {"label": spec.marker.label})

    def _take_secrets(self) -> None:
        """Fill untyped secrets from the draft, and name the ones that must be typed again."""
        if self.settings is None:
            return
        if self.source and self.source.provider == self.chosen.key:
            self.typed = {**draft_typed(self.source, self.chosen, self.settings), **self.typed}
        needed = missing_secrets(self.connection, self.chosen, self.settings, self.typed)
        for name, message in needed.items():
            self.add_error(name, message)

    def _set_notes(self) -> None:
        """Put warnings about values that are allowed but look wrong beside their fields."""
        source = self.source if self.source and self.source.provider == self.chosen.key else self.connection
        if self.is_bound or source is None:
            return
        saved = typed_settings(self.chosen, source.settings, {})
        for name, text in self.chosen.warnings(saved).items():
            setattr(self.fields[name], "note", _(text))  # noqa: B010  # read by the field markup

    def typed_notes(self) -> list[str]:
        """Warnings about what was typed just now, secrets included; for valid forms."""
        if self.settings is None:
            return []
        plain = {spec.name: getattr(self.settings, spec.name) for spec in self.specs if not spec.secret}
        visible = typed_settings(self.chosen, plain, self.typed)
        return [_(text) for name, text in self.chosen.warnings(visible).items() if name in self.typed]

    @property
    def sections(self) -> list[Section]:
        """The provider's own fields under their headings, halves beside each other, in the declared order."""
        sections: list[Section] = []
        for spec in self.specs:
            if spec.name in COMMON:
                continue
            if not sections or (spec.marker.section and sections[-1].heading != spec.marker.section):
                sections.append(Section(heading=spec.marker.section, rows=[]))
            sections[-1].add(spec, self[spec.name])
        return sections

    @property
    def secret_names(self) -> str:
        """The names a request for other fields must leave out: secrets never travel in a GET."""
        names = {spec.name for item in PROVIDERS for spec in specs(item.settings_type) if spec.secret}
        return ",".join(sorted(names))

    @property
    def kept(self) -> list[tuple[str, str]]:
        """Hidden values typed for other providers, so that choosing back and forth loses nothing."""
        own = f"{KEPT}-{self.chosen.key}-"
        return [(name, value) for name, value in self.carried.items() if not name.startswith(own)]
