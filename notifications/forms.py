"""The form of one message written by hand."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from notifications.models import Notification
from notifications.services import OrganizationSuspended, enqueue
from orgs.models import Organization, User
from providers import MessageInvalid

PRIORITIES = [("high", _("High")), ("normal", _("Normal")), ("low", _("Low"))]


class ComposeForm(forms.Form):
    """Collects one message; the outbox itself knows what may be sent."""

    to = forms.CharField(
        label=_("To"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("One or more addresses, separated by commas, such as Name <name@example.com>."),
    )
    cc = forms.CharField(label=_("CC"), required=False)
    bcc = forms.CharField(
        label=_("BCC"), required=False, help_text=_("These recipients are not shown to the others.")
    )
    reply_to = forms.CharField(label=_("Reply to"), required=False)
    subject = forms.CharField(label=_("Subject"), required=False, strip=False)
    text = forms.CharField(
        label=_("Message"), required=False, strip=False, widget=forms.Textarea(attrs={"rows": 10})
    )
    html = forms.CharField(
        label=_("HTML"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
        help_text=_("Shown instead of the message by programs that can."),
    )
    priority = forms.ChoiceField(label=_("Priority"), choices=PRIORITIES, initial="normal")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("to", "subject", "text"):
            # Wanted, but missing ones are named by the outbox, in the same words as for programs.
            self.fields[name].optional = False  # type: ignore[attr-defined]  # read by the field markup

    def clean(self) -> dict[str, Any]:
        """A message needs something to read."""
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        if not any(cleaned[name].strip() for name in ("to", "cc", "bcc")):
            self.add_error("to", _("Enter at least one recipient."))
        if not cleaned["subject"].strip():
            self.add_error("subject", _("Enter a subject."))
        if not cleaned["text"].strip() and not cleaned["html"].strip():
            self.add_error("text", _("Write a message, or enter HTML."))
        return cleaned

    def queue(self, *, organization: Organization, user: User) -> Notification | None:
        """Queue the message; None when the outbox refused it, with the reason at its field."""
        try:
            return enqueue(
                organization=organization, created_by=user, notification_type="message", **self.cleaned_data
            )
        except MessageInvalid as wrong:
            self.add_error(wrong.field if wrong.field in self.fields else None, wrong.text)
        except OrganizationSuspended as wrong:
            self.add_error(None, str(wrong))
        return None
