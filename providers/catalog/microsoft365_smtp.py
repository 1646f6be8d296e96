"""Microsoft 365 SMTP: an app of the own directory signs in to SMTP AUTH with an access token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final

from providers.access_url import parse_access_url, split_access_url
from providers.app_fields import (
    APP,
    APP_CLOUD,
    ClientId,
    ClientSecret,
    SecretExpiry,
    check_client_id,
    check_secret,
    secret_warnings,
)
from providers.base import IdentityPicture, Provider, Session, WireContext
from providers.errors import Stage, failure
from providers.fields import Email, Secret, Settings, Text, Url
from providers.guides import ACCESS_URL_GUIDE, MICROSOFT365_SMTP_GUIDE
from providers.network import Egress
from providers.secret_text import SecretText
from providers.smtp_fields import (
    CERTIFICATE,
    CLOUD_HOST,
    ENVELOPE_SENDER,
    OWN_SENDER,
    STARTTLS_PORT,
    check_certificate,
    check_cloud_server,
    other_sender,
    scope_warning,
    sender_picture,
)
from providers.tokens import MicrosoftApp, MicrosoftClient, MicrosoftUser, TokenSource
from providers.transports.smtp import SmtpServer, TokenLogin, open_smtp

NO_TOKEN: Final = SecretText("")


@dataclass(frozen=True, kw_only=True)
class Microsoft365SmtpSettings(Settings):
    """The app registration that signs in, and the mailbox it signs in to."""

    sender_email: Annotated[str, OWN_SENDER] = ""
    username: Annotated[
        str,
        Email(
            label="Username",
            section=APP,
            help="The mailbox that signs in and sends: a licensed one, or a shared one with SMTP AUTH on.",
            placeholder="notifications@example.com",
        ),
    ]
    client_id: ClientId
    client_secret: ClientSecret
    secret_expires_on: SecretExpiry = None
    cloud: Annotated[str, APP_CLOUD] = ""
    access_url: Annotated[
        str,
        Url(
            label="Access URL",
            section=APP,
            mono=True,
            help="Or only your Directory (tenant) ID.",
            guide=ACCESS_URL_GUIDE,
            sample="https://login.microsoftonline.com/**your-tenant-id**/oauth2/v2.0/token",
        ),
    ]
    scope: Annotated[
        str,
        Text(
            label="Scope",
            section=APP,
            optional=True,
            mono=True,
            help="Leave empty unless Microsoft support tells you otherwise.",
            placeholder="https://outlook.office365.com/.default",
        ),
    ] = ""
    refresh_token: Annotated[
        SecretText,
        Secret(
            label="Refresh token",
            section="Advanced",
            fold=True,
            optional=True,
            mono=True,
            generated=True,
            help="Only where a person’s sign-in is to be used instead of the app’s own.",
        ),
    ] = NO_TOKEN
    host: Annotated[str, CLOUD_HOST] = ""
    port: Annotated[int, STARTTLS_PORT] = 587
    envelope_sender: Annotated[str, ENVELOPE_SENDER] = ""
    certificate: Annotated[str, CERTIFICATE] = ""


class Microsoft365Smtp(Provider):
    """The choice "Microsoft 365 SMTP (OAuth2 client credentials)"."""

    key = "microsoft365_smtp"
    label = "Microsoft 365 SMTP (OAuth2 client credentials)"
    summary = "Sends through smtp.office365.com as an app. The mailbox needs SMTP AUTH switched on."
    icon = "brand-office"
    settings_type = Microsoft365SmtpSettings
    destination_fields = ("access_url", "client_id", "cloud", "host", "port", "certificate")
    guide = MICROSOFT365_SMTP_GUIDE

    def validate(self, chosen: dict[str, Any], errors: dict[str, str], egress: Egress) -> None:
        """Check the app's ids, bring the Access URL into its one form, and fill in the cloud's server."""
        check_client_id(chosen, errors)
        check_secret("client_secret", "Client Secret", chosen, errors)
        check_secret("refresh_token", "refresh token", chosen, errors)
        chosen["sender_email"] = chosen["sender_email"] or chosen["username"]
        if "access_url" not in errors:
            try:
                # A person's refresh token may come from a sign-in page all tenants share.
                access = parse_access_url(
                    str(chosen["access_url"]),
                    egress,
                    cloud=str(chosen["cloud"]),
                    shared=bool(chosen["refresh_token"]),
                )
            except ValueError as error:
                errors["access_url"] = str(error)
            else:
                chosen["access_url"], chosen["cloud"] = access.url, access.cloud.key
        check_cloud_server(chosen, errors, egress)
        check_certificate(chosen, errors)

    def warnings(self, settings: Settings) -> dict[str, str]:
        """Warn of a scope of another resource, a secret's ID or age, and a sender that needs Send As."""
        chosen = _smtp(settings)
        return {
            **secret_warnings(chosen.client_secret, chosen.secret_expires_on),
            **scope_warning(chosen.scope, is_app=not chosen.refresh_token),
            **other_sender(chosen.sender_email, chosen.username),
        }

    def destination(self, settings: Settings) -> tuple[str, ...]:
        """Bind the secrets to token host, tenant, app and cloud, and to the one server tokens are said to."""
        chosen = _smtp(settings)
        host, tenant = split_access_url(chosen.access_url)
        server = (chosen.host, str(chosen.port), chosen.certificate or "verify")
        return ("oauth-smtp", host, tenant, chosen.client_id, chosen.cloud, *server)

    def identity(self, settings: Settings) -> list[tuple[str, str]]:
        """Name the server, the mailbox, the app and the tenant."""
        chosen = _smtp(settings)
        host, tenant = split_access_url(chosen.access_url)
        return [
            ("Server", f"{chosen.host}:{chosen.port} (STARTTLS)"),
            ("Username", chosen.username),
            ("Client ID", chosen.client_id),
            ("Tenant", tenant),
            ("Signs in at", host),
            ("Sender email", chosen.sender_email),
        ]

    def identity_picture(self, settings: Settings, account: str = "") -> IdentityPicture:
        """Say which mailbox signs in and which address is shown."""
        chosen = _smtp(settings)
        return sender_picture(chosen.sender_email, account or chosen.username, chosen.envelope_sender)

    def open(self, settings: Settings, context: WireContext) -> Session:
        """Get an access token, connect, upgrade, sign in with it."""
        chosen = _smtp(settings)
        server = SmtpServer(chosen.host, chosen.port, "starttls", chosen.certificate)
        login = TokenLogin(chosen.username, _source(chosen, context.egress))
        return open_smtp(server, login, context, envelope_sender=chosen.envelope_sender)


def _source(chosen: Microsoft365SmtpSettings, egress: Egress) -> TokenSource:
    is_person = bool(chosen.refresh_token)
    try:
        access = parse_access_url(chosen.access_url, egress, cloud=chosen.cloud, shared=is_person)
    except ValueError:
        raise failure("token_endpoint_wrong", stage=Stage.ADDRESS_POLICY) from None
    client = MicrosoftClient(access, chosen.client_id, chosen.client_secret)
    if not is_person:
        return MicrosoftApp(client, "outlook", chosen.scope)
    scopes = tuple(chosen.scope.split()) or (access.cloud.smtp_send_scope,)
    return MicrosoftUser(client, scopes, "SMTP.Send", chosen.username, chosen.refresh_token)


def _smtp(settings: Settings) -> Microsoft365SmtpSettings:
    if not isinstance(settings, Microsoft365SmtpSettings):
        raise TypeError("These are settings of another provider.")
    return settings
