"""What a connection by generic OAuth2 SMTP is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final

from providers.fields import Choice, Date, Email, Number, Option, Pick, Secret, Settings, Text, Url
from providers.secret_text import SecretText
from providers.smtp_fields import CERTIFICATE, ENVELOPE_SENDER, OWN_SENDER, SERVER
from providers.token_url import GOOGLE_DEFAULT

SIGN_IN: Final = "OAuth2"
LEGACY: Final = ("method", "legacy")
OTHER: Final = ("service", "other")
NO_TOKEN: Final = SecretText("")
GMAIL: Final = {"host": "smtp.gmail.com", "port": 465, "tls_option": "tls"}
SERVICES: Final = (
    Option(
        value="gmail",
        label="Gmail / Google Workspace",
        hint="Needs a client of your own in Google Cloud, and one consent of the mailbox that sends.",
        aliases=("google", "googlemail", "googleworkspace", "gmail.com"),
        sets=GMAIL,
    ),
    Option(
        value="microsoft365",
        label="Microsoft 365",
        hint="SMTP AUTH must be on for the mailbox. Access URL may be only your Directory (tenant) ID.",
        aliases=("office365", "outlook365", "exchangeonline"),
        sets={"host": "smtp.office365.com", "port": 587, "tls_option": "starttls"},
    ),
    Option(
        value="yahoo",
        label="Yahoo Mail",
        hint="Yahoo gives OAuth2 clients to mail programs on request.",
        sets={"host": "smtp.mail.yahoo.com", "port": 465, "tls_option": "tls"},
    ),
    Option(value="other", label="Other SMTP service", hint="Enter host, port and TLS option yourself."),
)


@dataclass(frozen=True, kw_only=True)
class OAuthSmtpSettings(Settings):
    """The server, the client that asks for tokens, and how."""

    sender_email: Annotated[str, OWN_SENDER] = ""
    service: Annotated[str, Pick(label="Email service", section=SERVER, options=SERVICES)] = "gmail"
    host: Annotated[
        str,
        Text(
            label="Host",
            section=SERVER,
            optional=True,
            half=True,
            mono=True,
            placeholder="smtp.example.com",
            only_if=OTHER,
        ),
    ] = ""
    port: Annotated[
        int, Number(label="Port", section=SERVER, minimum=1, maximum=65535, half=True, only_if=OTHER)
    ] = 587
    tls_option: Annotated[
        str,
        Choice(
            label="TLS option",
            section=SERVER,
            only_if=OTHER,
            options=(
                Option(value="tls", label="TLS", hint="from the start, 465"),
                Option(value="starttls", label="STARTTLS", hint="upgrade, 587"),
            ),
        ),
    ] = "starttls"
    method: Annotated[
        str,
        Choice(
            label="Authentication method",
            section=SIGN_IN,
            options=(
                Option(value="client_credentials", label="OAuth2 client credentials", hint="recommended"),
                Option(value="connect", label="Connect with Google", hint="somebody signs in once"),
                Option(value="legacy", label="OAuth2 (legacy)", hint="refresh or access token"),
            ),
        ),
    ] = "client_credentials"
    username: Annotated[
        str, Email(label="Username", section=SIGN_IN, help="The mailbox that signs in and sends.")
    ]
    client_id: Annotated[str, Text(label="Client ID", section=SIGN_IN, mono=True)]
    client_secret: Annotated[
        SecretText,
        Secret(
            label="Client Secret",
            section=SIGN_IN,
            mono=True,
            generated=True,
            expiry="secret_expires_on",
            help="Stored encrypted. It can be replaced but never shown again.",
        ),
    ]
    secret_expires_on: Annotated[
        date | None, Date(label="Secret expires on", section=SIGN_IN, optional=True)
    ] = None
    access_url: Annotated[
        str,
        Url(
            label="Access URL",
            section=SIGN_IN,
            mono=True,
            optional=True,
            help="The token endpoint. Left empty: Google’s, the same for everyone.",
            placeholder=GOOGLE_DEFAULT,
        ),
    ] = ""
    client_authentication: Annotated[
        str,
        Choice(
            label="Client authentication",
            section="Advanced",
            fold=True,
            options=(
                Option(value="body", label="In the body", hint="usual"),
                Option(value="basic", label="Basic", hint="in a header"),
            ),
        ),
    ] = "body"
    scope: Annotated[
        str, Text(label="Scope", section=SIGN_IN, optional=True, mono=True, help="Left out when empty.")
    ] = ""
    refresh_token: Annotated[
        SecretText,
        Secret(
            label="Refresh token",
            section=SIGN_IN,
            optional=True,
            mono=True,
            generated=True,
            only_if=LEGACY,
            help="Gets a new access token whenever the old one runs out or is refused.",
        ),
    ] = NO_TOKEN
    access_token: Annotated[
        SecretText,
        Secret(
            label="Access token",
            section=SIGN_IN,
            optional=True,
            mono=True,
            only_if=LEGACY,
            help="Needed only without a refresh token; works until it expires.",
        ),
    ] = NO_TOKEN
    expiry_date: Annotated[
        str,
        Text(
            label="Expiry date of the access token",
            section=SIGN_IN,
            optional=True,
            mono=True,
            only_if=LEGACY,
            help="Unix time in milliseconds, 13 digits.",
            placeholder="1793000000000",
        ),
    ] = ""
    envelope_sender: Annotated[str, ENVELOPE_SENDER] = ""
    certificate: Annotated[str, CERTIFICATE] = ""


def services() -> Mapping[str, Mapping[str, object]]:
    """Give what each service fixes."""
    return {one.value: one.sets for one in SERVICES}


def oauth_settings(settings: Settings) -> OAuthSmtpSettings:
    """Let settings of this provider pass."""
    if not isinstance(settings, OAuthSmtpSettings):
        raise TypeError("These are settings of another provider.")
    return settings
