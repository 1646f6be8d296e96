"""The form of a sample message; nothing of it is sent or stored."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mailsettings.routing.sample import Sample
from providers import MessageInvalid, parse_addresses

LISTS: Final = ("to", "cc", "bcc", "reply_to")
LINE_LIMIT: Final = 1000
LIST_LIMIT: Final = 10_000
BODY_LIMIT: Final = 100_000


class SampleForm(forms.Form):
    """The parts of a message that rules look at.

    After `is_valid()`: `sample`.
    """

    to = forms.CharField(
        label=gettext_lazy("To"),
        max_length=LIST_LIMIT,
        required=False,
        help_text=gettext_lazy("One or more addresses, separated by commas."),
    )
    cc = forms.CharField(label=gettext_lazy("CC"), max_length=LIST_LIMIT, required=False)
    bcc = forms.CharField(label=gettext_lazy("BCC"), max_length=LIST_LIMIT, required=False)
    sender = forms.CharField(
        label=gettext_lazy("From"),
        max_length=LINE_LIMIT,
        required=False,
        help_text=gettext_lazy("What the application asks for, such as Name <name@example.com>."),
    )
    reply_to = forms.CharField(label=gettext_lazy("Reply to"), max_length=LIST_LIMIT, required=False)
    subject = forms.CharField(
        label=gettext_lazy("Subject"), max_length=LINE_LIMIT, required=False, strip=False
    )
    body = forms.CharField(
        label=gettext_lazy("Body"),
        max_length=BODY_LIMIT,
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    notification_type = forms.CharField(
        label=gettext_lazy("Notification type"), max_length=LINE_LIMIT, required=False
    )
    headers = forms.CharField(
        label=gettext_lazy("Headers"),
        max_length=LIST_LIMIT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
        help_text=gettext_lazy("One per line, such as X-Campaign: spring."),
    )

    sample: Sample

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            # The page says once that all of them may stay empty.
            field.optional = False  # type: ignore[attr-defined]  # read by the field markup

    def clean(self) -> dict[str, object]:
        """Read the addresses and headers as the outbox would."""
        cleaned: dict[str, object] = dict(super().clean() or {})
        addresses = {name: self._addresses(name) for name in (*LISTS, "sender")}
        headers = self._headers()
        if len(addresses["sender"]) > 1:
            self.add_error("sender", _("Give one sender."))
        if self.errors:
            return cleaned
        sender_email, sender_name = (*addresses["sender"], ("", ""))[0]
        emails = {name: tuple(email for email, _name in addresses[name]) for name in LISTS}
        self.sample = Sample(
            subject=str(cleaned["subject"]),
            text=str(cleaned["body"]),
            from_address=sender_email,
            from_name=sender_name,
            to=emails["to"],
            cc=emails["cc"],
            bcc=emails["bcc"],
            reply_to=emails["reply_to"],
            headers=headers,
            notification_type=str(cleaned["notification_type"]),
        )
        return cleaned

    def _addresses(self, name: str) -> tuple[tuple[str, str], ...]:
        """Read one list of addresses with their names."""
        try:
            found = parse_addresses(str(self.cleaned_data.get(name, "")))
        except MessageInvalid as wrong:
            self.add_error(name, wrong.text)
            return ()
        return tuple((one.email, one.name) for one in found)

    def _headers(self) -> tuple[tuple[str, str], ...]:
        """Read the headers, one a line."""
        found = []
        for line in str(self.cleaned_data.get("headers", "")).splitlines():
            name, colon, value = line.partition(":")
            if colon and name.strip():
                found.append((name.strip(), value.strip()))
            elif line.strip():
                self.add_error("headers", _("Write each header as Name: value."))
                break
        return tuple(found)


def values_of(sample: Sample) -> dict[str, str]:
    """Give a sample as the form shows it; its body stays behind."""
    return {
        "sender": _written(sample.from_name, sample.from_address),
        "subject": sample.subject,
        "notification_type": sample.notification_type,
        "headers": "\n".join(f"{name}: {value}" for name, value in sample.headers),
        **{name: ", ".join(getattr(sample, name)) for name in LISTS},
    }


def _written(name: str, email: str) -> str:
    """Write a sender as people type one; a name with signs in it goes in quotes."""
    if not (name and email):
        return email
    if all(character.isalnum() or character == " " for character in name):
        return f"{name} <{email}>"
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" <{email}>'
