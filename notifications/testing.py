"""Test SMTP: one real message through the values on the screen, by the code path of real mail."""

from __future__ import annotations

from hashlib import sha256
from uuid import UUID

from django import forms
from django.conf import settings
from django.db import connection as database
from django.utils import timezone
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mailsettings.models import Connection, Draft
from notifications.models import Kind, Notification
from notifications.services import enqueue
from orgs.access import Access
from orgs.models import Membership, Organization, Role, User
from providers import MessageInvalid, parse_addresses, provider

LIMITS = {
    "user_minute": gettext_lazy("You ran 5 tests within a minute. Wait a minute and test again."),
    "user_day": gettext_lazy("You ran 50 tests today. Test again tomorrow."),
    "organization_day": gettext_lazy("This organization ran 100 tests today. Test again tomorrow."),
    "recipient_day": gettext_lazy(
        "10 tests went to this address today, failed ones too. Use another address, or wait until tomorrow."
    ),
}


class LimitReached(Exception):
    """Too many tests (C-MAIL-8); the message says which limit and when to come back."""


class RecipientForm(forms.Form):
    """Where the test goes."""

    test_to = forms.CharField(
        label=gettext_lazy("Email address"),
        required=False,
        max_length=400,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )

    def __init__(self, *args: object, access: Access, sender_email: str = "", **kwargs: object) -> None:
        """Know who tests, since that decides which addresses may be tested."""
        self.access, self.sender_email = access, sender_email
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they came
        self.initial.setdefault("test_to", access.user.email)
        self.fields["test_to"].optional = False  # type: ignore[attr-defined]  # read by the field markup

    def clean_test_to(self) -> str:
        """Take one address: the own one, a member's, one of the sender's domain, or any as an owner."""
        typed = str(self.cleaned_data["test_to"]).strip()
        if not typed:
            raise forms.ValidationError(_("Enter the address that receives the test."))
        try:
            addresses = parse_addresses(typed)
        except MessageInvalid as error:
            raise forms.ValidationError(str(error)) from None
        if len(addresses) != 1:
            raise forms.ValidationError(_("Enter one address only."))
        address = addresses[0].email
        if not may_test_to(self.access, address, self.sender_email):
            raise forms.ValidationError(
                _("Only an owner may test to other people's addresses. Use your own, %(email)s.")
                % {"email": self.access.user.email}
            )
        return address


def may_test_to(access: Access, address: str, sender_email: str) -> bool:
    """Say whether this person may send a test there (C-MAIL-8)."""
    wanted = address.lower()
    if access.role == Role.OWNER or wanted == access.user.email.lower():
        return True
    domain = wanted.rpartition("@")[2]
    if sender_email and domain == sender_email.lower().rpartition("@")[2]:
        return True
    return Membership.objects.of(access.organization).filter(user__email=wanted).exists()


def start_test(
    *,
    organization: Organization,
    user: User,
    to: str,
    draft: Draft | None,
    connection: Connection | None = None,
) -> Notification:
    """Queue one test email; a worker runs it at once.

    Args:
        organization: whose test; the caller is inside its tenant().
        user: who tests.
        to: the one recipient.
        draft: unsaved values to try; None tries what is saved.
        connection: the saved connection to try; None (and no draft) tries what real mail uses now.

    Raises:
        LimitReached: one of the limits of C-MAIL-8 is used up.
    """
    take_mark(organization_id=organization.pk, user_id=user.pk, recipient=to)
    tried = draft or connection
    chosen = provider(tried.provider) if tried else None
    label = chosen.label if chosen else _("System default mailer")
    name = (draft.connection.name if draft and draft.connection else None) or (
        connection.name if connection else label
    )
    text = test_text(organization=organization, connection_name=name, provider_label=label)
    return enqueue(
        organization=organization,
        to=to,
        subject=_("Test from %(product)s for %(organization)s")
        % {"product": settings.PRODUCT_NAME, "organization": organization.name},
        text=text,
        html="".join(f"<p>{escape(line)}</p>" for line in text.splitlines() if line),
        kind=Kind.TEST,
        notification_type="test",
        created_by=user,
        draft=draft,
        connection=connection,
    )


def test_text(*, organization: Organization, connection_name: str, provider_label: str) -> str:
    """Write the fixed text of the test email (WPM-41): who, through what, when; no secret."""
    when = timezone.now().strftime("%-d %B %Y, %H:%M:%S UTC")
    return "\n\n".join(
        (
            _("This is a test email from %(product)s.") % {"product": settings.PRODUCT_NAME},
            _(
                "It was sent for %(organization)s through the connection “%(connection)s” "
                "(%(provider)s) on %(when)s."
            )
            % {
                "organization": organization.name,
                "connection": connection_name,
                "provider": provider_label,
                "when": when,
            },
            _(
                "If you can read this, the settings work. "
                "Äöü € ✓ shows that special characters arrive as they should."
            ),
        )
    )


def take_mark(*, organization_id: UUID, user_id: UUID, recipient: str) -> None:
    """Count this test against all limits in one step, safe against parallel requests.

    Raises:
        LimitReached: with the sentence for the screen.
    """
    digest = sha256(recipient.lower().encode()).digest()
    with database.cursor() as cursor:
        cursor.execute("SELECT take_test_mark(%s, %s, %s)", [organization_id, user_id, digest])
        reached = cursor.fetchone()[0]
    if reached:
        raise LimitReached(str(LIMITS[reached]))
