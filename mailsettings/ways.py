"""Which way a notification leaves: the organization's own connection, or the system default mailer."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from mailsettings.consent.standing import require_consent, with_sender
from mailsettings.consent.wanted import wants_account
from mailsettings.draft_secrets import draft_secrets
from mailsettings.egress import egress
from mailsettings.models import Connection, ConnectionToken, Draft, MailSettings
from mailsettings.models.tokens import TYPED_TOKENS
from mailsettings.plan import Plan, plan_out
from mailsettings.reading import finish, mail_settings, require_complete, with_a_sender
from mailsettings.token_store import token_store
from mailsettings.vault import connection_secrets, typed_settings
from mailsettings.way import NoWayOut, Way
from orgs.sealing import SealBroken
from orgs.tenancy import tenant
from providers import Provider, Session, Settings, Stage, Trace, WireContext, failure, provider


def way_out(organization_id: UUID) -> Way:
    """Read the way meant for real mail of an organization right now, never a backup.

    Call it outside any tenant().

    Raises:
        NoWayOut: nothing can send for this organization now; its mail waits.
    """
    return plan_out(organization_id).way(0)


def connection_way(organization_id: UUID, connection_id: UUID) -> Way:
    """Read one connection of the organization, whatever its rank, for a test.

    Raises:
        NoWayOut: the connection was removed, or its secret cannot be read.
    """
    with tenant(organization_id):
        connection = Connection.objects.of(organization_id).filter(pk=connection_id).first()
        if connection is None:
            raise NoWayOut("no_connection", _("This connection was removed."))
        return with_a_sender(finish(connection, mail_settings(organization_id), user_id=organization_id))


def draft_way(organization_id: UUID, draft_id: UUID) -> Way:
    """Read a draft as if it were saved; secrets left empty come from its saved connection.

    Raises:
        NoWayOut: the draft is gone, or a stored secret does not belong to the draft's destination.
    """
    with tenant(organization_id):
        draft = Draft.objects.of(organization_id).select_related("connection").filter(pk=draft_id).first()
        if draft is None:
            raise NoWayOut("draft_gone", _("The values of this test are no longer kept. Test again."))
        chosen = provider(draft.provider)
        require_complete(chosen, draft.settings)
        bare = typed_settings(chosen, draft.settings, {})
        try:
            typed = draft_secrets(draft, chosen, bare)
            saved = draft.connection
            stored = connection_secrets(saved, chosen, bare, typed=typed) if saved else {}
        except SealBroken:
            raise NoWayOut(
                "secret_unreadable", _("A stored secret belongs to another destination. Type it again.")
            ) from None
        mail = mail_settings(organization_id)
        settings = typed_settings(chosen, draft.settings, {**stored, **typed})
        way = Way(
            user_id=organization_id,
            owner_id=organization_id,
            connection_id=None,
            draft_id=draft.pk,
            lender_id=lender(draft, chosen, bare),
            name=draft.connection.name if draft.connection else _("Unsaved settings"),
            provider=chosen,
            settings=with_sender(chosen, settings, draft.connection),
            version=draft.base_version,
            settings_version=mail.version,
            entitled=mail.organization.custom_mail,
            doubtful=mail.doubtful,
        )
        return with_a_sender(way)


def lender(draft: Draft, chosen: Provider, settings: Settings) -> UUID | None:
    """Give the saved connection whose refresh token a draft tries: not when another token was typed.

    A grant outlives a new client secret, so its newest refresh token is what is tried.
    """
    if wants_account(chosen, vars(settings)):
        return draft.connection_id
    if draft.connection_id is None or draft.sealed.keys() & TYPED_TOKENS:
        return None
    rows = ConnectionToken.objects.of(draft.organization_id).filter(connection_id=draft.connection_id)
    return draft.connection_id if rows.filter(refresh__isnull=False).exists() else None


def open_session(way: Way, trace: Trace, *, seconds: float = 180.0) -> Session:
    """Open the wire of a way; `seconds` is the limit for the opening, and for each message (C-EGR-8).

    Raises:
        providers.ProviderError: with the stage at which it failed.
    """
    if way.is_unreadable:
        # Nobody is to be spoken to without the secret.
        raise trace.fail(failure("secret_unreadable", stage=Stage.TOKEN))
    require_consent(way, trace)
    context = WireContext(
        egress=egress(),
        trace=trace,
        tokens=token_store(way, seconds=seconds),
        connection_key=way.token_key,
        time_limit=seconds,
    )
    return way.provider.open(way.settings, context)


def current_settings(way: Way) -> QuerySet[MailSettings]:
    """Find the settings a way was read from, unless a save happened since (guard 3)."""
    return MailSettings.objects.of(way.user_id).filter(
        version=way.settings_version,
        organization__is_active=True,
        organization__custom_mail=way.entitled,
    )


def still_current(way: Way) -> bool:
    """Say, inside tenant(way.user_id), whether no save happened since the way was read."""
    return current_settings(way).exists()


__all__ = [
    "NoWayOut",
    "Plan",
    "Way",
    "connection_way",
    "current_settings",
    "draft_way",
    "mail_settings",
    "open_session",
    "plan_out",
    "still_current",
    "way_out",
]
