"""Microsoft account: somebody signs in at Microsoft once and lets this platform send from their mailbox."""

from __future__ import annotations

from typing import Any, Final

from providers.access_url import cloud_row, parse_access_url
from providers.account_settings import (
    MicrosoftAccountSettings,
    account_settings,
    permissions_of,
    terms_of,
)
from providers.app_fields import check_client_id, check_secret, secret_warnings
from providers.base import IdentityPicture, Provider, Session, WireContext
from providers.consent_microsoft import MicrosoftConsent
from providers.fields import Settings
from providers.guides import MICROSOFT_ACCOUNT_GUIDE
from providers.network import Egress
from providers.network.certificate import trust_name
from providers.smtp_fields import check_certificate, check_cloud_server, sender_picture
from providers.tokens import MicrosoftUser
from providers.transports.graph import REQUESTS_AT_ONCE, GraphMailbox, open_graph
from providers.transports.smtp import SmtpServer, TokenLogin, open_smtp

PERMISSION: Final = {"smtp": "SMTP.Send", "graph": "Mail.Send"}
# Personal accounts exist worldwide only (microsoft.md §1.2).
NATIONAL: Final = {"us_government", "us_defense", "china"}


class MicrosoftAccount(Provider):
    """The choice "Microsoft account (connect with consent)"."""

    key = "microsoft_account"
    label = "Microsoft account (connect with consent)"
    summary = "Somebody signs in to Microsoft once and allows sending. No mailbox password is kept."
    icon = "brand-windows"
    settings_type = MicrosoftAccountSettings
    destination_fields = ("client_id", "cloud", "tenant", "method", "host", "port", "certificate")
    guide = MICROSOFT_ACCOUNT_GUIDE
    needs_consent = True
    consent = MicrosoftConsent(permissions_of, terms_of)

    def validate(self, chosen: dict[str, Any], errors: dict[str, str], egress: Egress) -> None:
        """Check the app, the cloud and who may sign in, and fill in the cloud's mail server."""
        check_client_id(chosen, errors)
        check_secret("client_secret", "Client Secret", chosen, errors)
        try:
            chosen["cloud"] = cloud_row(str(chosen["cloud"]), egress).key
        except ValueError as error:
            errors.setdefault("cloud", str(error))
        if not {"tenant", "cloud"} & set(errors):
            try:
                typed, cloud = str(chosen["tenant"]), str(chosen["cloud"])
                chosen["tenant"] = parse_access_url(typed, egress, cloud=cloud, shared=True).tenant
            except ValueError as error:
                errors["tenant"] = str(error)
        if chosen["tenant"] == "consumers" and chosen["cloud"] in NATIONAL:
            errors.setdefault("tenant", "Personal accounts live in the Worldwide cloud only.")
        if chosen["method"] == "smtp":
            check_cloud_server(chosen, errors, egress)
            check_certificate(chosen, errors)

    def warnings(self, settings: Settings) -> dict[str, str]:
        """Warn of a secret's ID pasted for its value, and of a secret that has expired."""
        chosen = account_settings(settings)
        return secret_warnings(chosen.client_secret, chosen.secret_expires_on)

    def destination(self, settings: Settings) -> tuple[str, ...]:
        """Bind secret and tokens to cloud, tenant and app, and to the one host the tokens are said to."""
        chosen = account_settings(settings)
        return ("consent", chosen.cloud, chosen.tenant, chosen.client_id, *_mail_host(chosen))

    def identity(self, settings: Settings) -> list[tuple[str, str]]:
        """Name the app, the cloud and who may sign in."""
        chosen = account_settings(settings)
        server = f"{chosen.host}:{chosen.port} (STARTTLS)" if chosen.method == "smtp" else "Microsoft Graph"
        return [
            ("Client ID", chosen.client_id),
            ("Who may sign in", chosen.tenant),
            ("Sends by", server),
            ("Sender email", chosen.sender_email),
        ]

    def identity_picture(self, settings: Settings, account: str = "") -> IdentityPicture:
        """Say whose mailbox sends; Microsoft refuses other senders without Send As."""
        chosen = account_settings(settings)
        return sender_picture(chosen.sender_email or account, account, chosen.envelope_sender)

    def requests_at_once(self, settings: Settings) -> int:
        """By Graph several messages may be under way at a time, by SMTP one."""
        return REQUESTS_AT_ONCE if account_settings(settings).method == "graph" else 1

    def open(self, settings: Settings, context: WireContext) -> Session:
        """Renew the access token where needed and reach the mailbox."""
        chosen = account_settings(settings)
        source = _source(chosen, context)
        if chosen.method == "graph":
            mailbox = GraphMailbox(
                source.client.access.cloud.graph_host,
                chosen.sender_email or source.account,
                delegated=True,
                save_to_sent_items=chosen.save_to_sent_items,
                large_mail=chosen.large_mail,
            )
            return open_graph(source, mailbox, context)
        server = SmtpServer(chosen.host, chosen.port, "starttls", chosen.certificate)
        login = TokenLogin(source.account, source)
        return open_smtp(server, login, context, envelope_sender=chosen.envelope_sender)

    def renew(self, settings: Settings, context: WireContext) -> None:
        """Trade the refresh token for new tokens, whatever is left of the old ones."""
        source = _source(account_settings(settings), context)
        source.token(None, context, stale=context.tokens.get(context.connection_key))


def _source(chosen: MicrosoftAccountSettings, context: WireContext) -> MicrosoftUser:
    """Make the source of the connected account's tokens; whose they are is noted with them."""
    terms = terms_of(chosen, context.egress)
    known = context.tokens.get(context.connection_key)
    account = known.claims.get("account", "") if known is not None else ""
    return MicrosoftUser(
        terms.client, terms.scopes, PERMISSION[chosen.method], account or chosen.sender_email
    )


def _mail_host(chosen: MicrosoftAccountSettings) -> tuple[str, ...]:
    if chosen.method == "graph":
        return ("graph",)
    return ("smtp", chosen.host, str(chosen.port), trust_name(chosen.certificate))
