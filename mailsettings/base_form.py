"""The fields of a connection's form and how they stand on the page; judging them is `forms`'."""

from __future__ import annotations

from collections.abc import Mapping

from django import forms
from django.http import QueryDict
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mailsettings.carry import KEPT
from mailsettings.destinations import stored_secrets
from mailsettings.expiry import Expiry, expiry_of
from mailsettings.fields import ExpiryInput, SecretField, form_field
from mailsettings.models import Draft, StoredSecret
from mailsettings.presets import locked, sets_of
from mailsettings.secret_slots import slots
from mailsettings.subject import Subject
from mailsettings.vault import typed_settings
from orgs.rendering import ChoiceRow
from providers import PROVIDERS, FieldSpec, Flag, specs
from providers.values import applies, conditions

# The largest number its column holds.
LAST_VERSION = 2**31 - 1
# What stands above the sections: the sender; a dropdown that fills in the rest comes first of all.
SENDER = ("sender_email", "sender_name")
MUTED = gettext_lazy("Has no effect here: people see the name of the account itself.")


class FieldsForm(forms.Form):
    """The provider and its fields, as the Emails page and the page of one connection show them."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=LAST_VERSION)
    shown = forms.CharField(widget=forms.HiddenInput, required=False)
    draft = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(
        self,
        posted: QueryDict | None = None,
        *,
        subject: Subject,
        values: Mapping[str, object] | None = None,
        kept: Mapping[str, str] | None = None,
    ) -> None:
        """Build the fields of the subject's provider, filled from what is posted, given, drafted or saved."""
        self.subject, self.chosen = subject, subject.chosen
        self.connection, self.source = subject.connection, subject.draft
        self.carried = dict(kept or {})
        if posted:
            self.carried |= {name: str(posted[name]) for name in posted if name.startswith(f"{KEPT}-")}
            # What a listed service sets is not typed: it is the service's, whatever the browser sent.
            posted = posted.copy()
            for name, value in locked(self.chosen, posted).items():
                posted[name] = str(value)
        super().__init__(posted, initial=self.first_values() | dict(values or {}))
        self._add_fields()

    def first_values(self) -> dict[str, object]:
        """Give what the fields show before anything is typed."""
        source = self.own_draft or self.connection
        return {
            "provider": self.chosen.key,
            "name": self.subject.name,
            "version": self.subject.mail.version,
            "shown": self.chosen.key,
            "draft": self.source.pk if self.source else None,
            **(source.settings if source else {}),
        }

    def _add_fields(self) -> None:
        self.fields["provider"] = forms.ChoiceField(
            label=_("Mailing provider"), choices=[(item.key, _(item.label)) for item in PROVIDERS]
        )
        if self.subject.named:
            self.fields["name"] = forms.CharField(label=_("Name"), required=False)
            self.fields["name"].optional = False  # type: ignore[attr-defined]  # read by the field markup
        in_draft = set(self.own_draft.sealed) if self.own_draft else set()
        for spec in self.specs:
            field = form_field(spec)
            if isinstance(field, SecretField):
                field.stored = self.stored.get(spec.name)
                field.expiry = self.expiry if getattr(spec.marker, "expiry", "") else None
                field.in_draft = spec.name in in_draft
            self.fields[spec.name] = field
        self._tie_controls()

    def _tie_controls(self) -> None:
        """Let controls that fill in, show or hide others ask for that; lock what a service has filled in."""
        named = {name for spec in self.specs for name, _wanted in conditions(spec)}
        # The style sheet follows switches and choices by itself, but for what a field says of itself.
        asking = {name for name in named if isinstance(self.fields[name].widget, forms.Select)}
        asking |= {name for spec in self.specs if spec.name in SENDER for name, _wanted in conditions(spec)}
        # What is asked for at the consent page depends on the method, and is said beforehand.
        asking |= {"method"} if self.chosen.consent is not None else set()
        for spec in self.specs:
            widget = self.fields[spec.name].widget
            if sets_of(spec) or spec.name in named & asking:
                widget.attrs |= self.asking
            if spec.name in self.muted:
                widget.attrs |= {"disabled": True}
                self[spec.name].help_text = MUTED
            if isinstance(widget, ExpiryInput):
                widget.asking = self.asking
            if spec.name in self.read_only:
                widget.attrs |= {"disabled" if isinstance(widget, ChoiceRow) else "readonly": True}

    @property
    def asking(self) -> dict[str, str]:
        """The attributes of a control that asks for other fields; without a script a button does."""
        return {
            "hx-get": self.subject.url,
            "hx-include": "#emails-form",
            "hx-params": f"not csrfmiddlewaretoken,version,draft,{self.secret_names}",
            "hx-swap": "none",
            "hx-sync": "#emails-form:queue all",
        }

    @cached_property
    def expiry(self) -> Expiry | None:
        """When the stored secret expires, where that is known."""
        if self.connection is None:
            return None
        return expiry_of(self.connection, slots(self.connection.organization_id, self.connection.pk))

    @cached_property
    def specs(self) -> tuple[FieldSpec, ...]:
        """The declared fields of the chosen provider."""
        return specs(self.chosen.settings_type)

    @cached_property
    def stored(self) -> dict[str, StoredSecret]:
        """The stored secrets of the connection by field name."""
        return stored_secrets(self.connection)

    @property
    def own_draft(self) -> Draft | None:
        """The draft, if it is one of the chosen provider."""
        return self.source if self.source and self.source.provider == self.chosen.key else None

    @cached_property
    def current(self) -> dict[str, object]:
        """What stands in the fields now, as far as it is no secret; switches as yes or no."""
        values: dict[str, object] = {}
        for spec in self.specs:
            if not spec.secret:
                value = self[spec.name].value()
                is_on = value not in (None, "", False, "False")
                values[spec.name] = is_on if isinstance(spec.marker, Flag) else value
        return values

    @cached_property
    def read_only(self) -> frozenset[str]:
        """The fields a listed service has filled in (COG-4)."""
        return frozenset(locked(self.chosen, self.current))

    @cached_property
    def muted(self) -> frozenset[str]:
        """Fields of the sender that have no effect with what is chosen (WPM-32)."""
        return frozenset(
            spec.name for spec in self.specs if spec.name in SENDER and not applies(spec, self.current)
        )

    @property
    def secret_names(self) -> str:
        """The names a request for other fields must leave out: secrets never travel in a GET."""
        names = {spec.name for item in PROVIDERS for spec in specs(item.settings_type) if spec.secret}
        return ",".join(sorted(names))

    def note_saved(self) -> None:
        """Put warnings about values that are allowed but look wrong beside their fields."""
        source = self.own_draft or self.connection
        if self.is_bound or source is None:
            return
        saved = typed_settings(self.chosen, source.settings, {})
        for name, text in self.chosen.warnings(saved).items():
            setattr(self.fields[name], "note", _(text))  # noqa: B010  # read by the field markup
