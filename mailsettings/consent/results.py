"""What came of the last trip, as its page says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from mailsettings.advice import Advice, advise, facts
from mailsettings.consent.grants import OTHER_ACCOUNT, OVERTAKEN, SENDER_POLICY
from mailsettings.consent.panel import AccountPanel
from mailsettings.models import AccountState, Connection, ConsentRequest
from mailsettings.vault import typed_settings
from providers import provider

# Refusals that an administrator's approval for everybody ends.
FOR_ADMINS: Final = frozenset({"token_admin_consent", "token_consent_missing", "consent_declined"})


@dataclass(frozen=True, kw_only=True)
class TripResult:
    """A trip that did not pass; `still_works` says that the account connected before goes on."""

    request: ConsentRequest
    advice: Advice | None
    still_works: bool

    @property
    def is_other_account(self) -> bool:
        """Say whether somebody else than the intended sender signed in."""
        return self.request.failed_code == OTHER_ACCOUNT

    @property
    def is_sender_policy(self) -> bool:
        """Say whether the DMARC policy of the sender's domain forbids such a connection (HIR-23)."""
        return self.request.failed_code == SENDER_POLICY

    @property
    def account(self) -> str:
        """Who signed in, where that is known."""
        return str(self.request.failed_facts.get("account", ""))

    @property
    def sender(self) -> str:
        """The address mail is to be sent as."""
        return str(self.request.failed_facts.get("sender", ""))

    @property
    def choices(self) -> tuple[tuple[str, str], ...]:
        """What can be done about another account: the word a form sends, and its label."""
        words = {"account": self.account, "sender": self.sender}
        return (
            ("use", _("Use %(account)s as sender") % words),
            ("sends_as", _("%(account)s may send as %(sender)s") % words),
        )

    @property
    def needs_administrator(self) -> bool:
        """Say whether the link for administrators may help."""
        return self.request.failed_code in FOR_ADMINS

    @property
    def is_redirect(self) -> bool:
        """Say whether the redirect address is what has to be registered."""
        return self.request.failed_code == "token_redirect_wrong"

    @property
    def title(self) -> str:
        """The heading."""
        if self.is_sender_policy:
            return str(self.request.failed_facts.get("title", ""))
        if self.is_other_account:
            return _("Another account signed in")
        if self.request.failed_code == OVERTAKEN:
            return _("The settings were changed meanwhile")
        return self.advice.title if self.advice else ""

    @property
    def cause(self) -> str:
        """The sentence below it."""
        if self.is_sender_policy:
            return str(self.request.failed_facts.get("text", ""))
        if self.is_other_account:
            return _(
                "You signed in as %(account)s, but the Sender email is %(sender)s. Nothing was connected."
            ) % {"account": self.account, "sender": self.sender}
        if self.request.failed_code == OVERTAKEN:
            return _("Somebody saved other settings while you were away. Connect again with the new ones.")
        return self.advice.cause if self.advice else ""


def find_trip(connection: Connection, key: str) -> ConsentRequest | None:
    """Find a trip of this connection that did not pass, by what a browser sent."""
    try:
        wanted = UUID(key)
    except ValueError:
        return None
    rows = ConsentRequest.objects.of(connection.organization_id).filter(connection=connection, pk=wanted)
    return rows.exclude(failed_code="").first()


def result_of(connection: Connection, panel: AccountPanel, key: str) -> TripResult | None:
    """Word the trip a page is asked about; None where there is nothing but the account itself to show."""
    request = find_trip(connection, key)
    if request is None or (panel.state == AccountState.PERMISSION_MISSING and is_missing(request)):
        return None
    own = request.failed_code in {OTHER_ACCOUNT, OVERTAKEN, SENDER_POLICY}
    return TripResult(
        request=request,
        advice=None if own else explained(connection, request),
        still_works=panel.state == AccountState.CONNECTED,
    )


def is_missing(request: ConsentRequest) -> bool:
    """Say whether a trip ended without the permission to send; the account's own page says that."""
    return request.failed_code == "permission_missing"


def explained(connection: Connection, request: ConsentRequest) -> Advice:
    """Give cause and steps for what the provider refused, with the organization's own values."""
    chosen = provider(connection.provider)
    told = {name: str(value) for name, value in request.failed_facts.items()}
    known = facts(chosen, typed_settings(chosen, connection.settings, {})) | told
    return advise(
        request.failed_code, known, reply_code=told.get("provider_code", ""), reply=request.failed_reply
    )
