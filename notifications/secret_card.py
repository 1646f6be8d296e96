"""The card of the next secret beside a connection's form, which belongs to the room below (NEW-5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from mailsettings.expiry import SOON, Expiry, expiry_of
from mailsettings.forms import ConnectionForm
from mailsettings.models import Connection, StoredSecret
from mailsettings.next_secret_form import NextSecretForm
from mailsettings.pages import PANELS
from mailsettings.secret_slots import rotating, slot, slots
from notifications.models import Notification
from notifications.next_secrets import last_test
from orgs.access import OrganizationRequest
from providers import FieldSpec

# Where a refused form waits for the card that draws it again.
CARD_FORM = "mailroom_next_secret_form"


@dataclass(frozen=True, kw_only=True)
class Card:
    """What the card shows: when the current secret expires, and the next one with its last test."""

    connection: Connection
    spec: FieldSpec
    expiry: Expiry | None
    waiting: StoredSecret | None
    test: Notification | None

    @property
    def label(self) -> str:
        """What this kind of secret is called."""
        return _(self.spec.marker.label)

    @property
    def days_left(self) -> int | None:
        """Days until the current secret expires."""
        return self.expiry.days_left() if self.expiry else None

    @property
    def is_soon(self) -> bool:
        """Say whether the end of the current secret is near."""
        return self.expiry is not None and self.expiry.is_soon

    @property
    def next_days_left(self) -> int:
        """Days until the next secret expires."""
        ends = self.waiting.expires_on if self.waiting else None
        return (ends - timezone.now().date()).days if ends else SOON + 1

    @property
    def takes_over_on(self) -> date | None:
        """The day the next secret takes over by itself; None where nobody said when the current one ends."""
        return self.expiry.on if self.expiry and self.expiry.days_left() > 0 else None


def card_of(connection: Connection) -> Card | None:
    """Give the card of a connection, inside tenant(); None where its provider has no secret that expires."""
    spec = rotating(connection)
    if spec is None:
        return None
    waiting = slot(connection, is_next=True)
    return Card(
        connection=connection,
        spec=spec,
        expiry=expiry_of(connection, slots(connection.organization_id, connection.pk).defer("blob")),
        waiting=waiting,
        test=last_test(connection, waiting.saved_at) if waiting else None,
    )


def draw_card(request: OrganizationRequest, form: ConnectionForm) -> SafeString:
    """Draw the card beside the form of a saved connection whose secret expires."""
    saved = form.connection
    if saved is None or not request.organization.custom_mail:
        return SafeString("")
    card = card_of(saved)
    if card is None:
        return SafeString("")
    refused = getattr(request, CARD_FORM, None)
    context = {
        "card": card,
        "next_form": refused or NextSecretForm(connection=saved, spec=card.spec),
        "refused": refused is not None,
        "organization": request.organization,
    }
    return render_to_string("notifications/_next_secret.html", context, request)


def hang_card() -> None:
    """Hang the card into the pages of connections, once; called when the apps are ready."""
    if draw_card not in PANELS:
        PANELS.append(draw_card)
