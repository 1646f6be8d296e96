"""What a form of settings is about: the provider, and the saved connection it changes."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.http import QueryDict

from mailsettings.models import AccountState, ConnectedAccount, Connection, Draft, MailSettings, Rank
from mailsettings.names import free_name
from mailsettings.services import connection_for
from mailsettings.ways import mail_settings
from orgs.models import Organization
from providers import PROVIDERS, Provider, provider

# What the field "Connection" says when a new one is to be made.
NEW = "new"


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One form's matter; `connection` is None for a connection that is not saved yet.

    `chooses` forms offer the saved connections of the provider, `named` ones ask for the name;
    `activates` says whether saving makes real mail use the connection.
    """

    organization: Organization
    mail: MailSettings
    url: str
    chosen: Provider
    connection: Connection | None
    draft: Draft | None = None
    chooses: bool = False
    named: bool = False
    activates: bool = True

    @property
    def name(self) -> str:
        """The name to begin with."""
        if self.draft is not None and self.draft.name:
            return self.draft.name
        return self.connection.name if self.connection else free_name(self.organization, self.chosen)

    @property
    def account(self) -> ConnectedAccount | None:
        """The account the connection was connected with, if its provider wants one and it still holds."""
        if self.connection is None or not self.chosen.needs_consent:
            return None
        rows = ConnectedAccount.objects.of(self.organization)
        return rows.filter(connection=self.connection, state=AccountState.CONNECTED).first()

    @property
    def may_send(self) -> bool:
        """Say whether something could be sent after a save: a provider with consent needs its account."""
        return not self.chosen.needs_consent or self.account is not None


def emails_subject(organization: Organization, asked: QueryDict, *, url: str) -> Subject:
    """Find what the Emails page is about: what is asked for, drafted or in use, in that order."""
    draft = find_draft(organization, asked.get("draft", ""))
    in_use = current(organization)
    saved = draft.provider if draft else in_use.provider if in_use else PROVIDERS[0].key
    chosen = known_provider(asked.get("provider", ""), saved)
    own_draft = draft if draft and draft.provider == chosen.key else None
    wanted = asked.get("connection", "")
    if own_draft and not wanted:
        connection = own_draft.connection
        is_new = connection is None and bool(own_draft.name)
    else:
        connection = None if wanted == NEW else find_connection(organization, wanted, chosen.key)
        is_new = wanted == NEW
    if connection is None and not is_new:
        connection = connection_for(organization, chosen.key)
    return Subject(
        organization=organization,
        mail=mail_settings(organization.pk),
        url=url,
        chosen=chosen,
        connection=connection,
        draft=draft,
        chooses=True,
        named=is_new and connection_for(organization, chosen.key) is not None,
    )


def known_provider(key: str, otherwise: str) -> Provider:
    """Give the provider of a key somebody sent, or another one."""
    return provider(key if key in {item.key for item in PROVIDERS} else otherwise)


def current(organization: Organization) -> Connection | None:
    """Give the connection the page opens with: the primary one, else the one changed last."""
    rows = Connection.objects.of(organization)
    return rows.filter(rank=Rank.PRIMARY).first() or rows.order_by("-updated_at").first()


def find_connection(organization: Organization, typed: str, provider_key: str) -> Connection | None:
    """Find a connection of this organization and provider by what a browser sent."""
    rows = Connection.objects.of(organization).filter(provider=provider_key)
    key = as_key(typed)
    return rows.filter(pk=key).first() if key else None


def find_draft(organization: Organization, typed: str) -> Draft | None:
    """Find a draft of this organization; anything else is as if it were not there."""
    key = as_key(typed)
    rows = Draft.objects.of(organization).select_related("connection")
    return rows.filter(pk=key).first() if key else None


def as_key(typed: str) -> UUID | None:
    """Read a key a browser sent; None for anything that is none."""
    try:
        return UUID(typed)
    except ValueError:
        return None
