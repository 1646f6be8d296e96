"""Microsoft Graph API: an app of the organization's own directory sends without any mailbox password."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode

from providers.access_url import GUID, cloud_key, parse_access_url, split_access_url
from providers.base import Provider, Session, WireContext
from providers.errors import Stage, failure
from providers.fields import Date, Flag, Secret, Settings, Text, Url
from providers.guides import (
    ACCESS_URL_GUIDE,
    CLIENT_ID_GUIDE,
    CLIENT_SECRET_GUIDE,
    GRAPH_GUIDE,
    SECRET_EXPIRY_GUIDE,
)
from providers.network import Egress
from providers.secret_text import SecretText
from providers.tokens import MicrosoftApp, MicrosoftClient
from providers.transports.graph import GraphMailbox, open_graph

SECTION = "App credentials"


@dataclass(frozen=True, kw_only=True)
class GraphSettings(Settings):
    """The app registration that sends."""

    sender_name: Annotated[
        str,
        Text(
            label="Sender name",
            help="Microsoft 365 usually shows the mailbox’s own display name instead.",
            optional=True,
            half=True,
        ),
    ] = ""
    client_id: Annotated[
        str,
        Text(
            label="Client ID",
            section=SECTION,
            mono=True,
            help="In Entra ID this is the Application (client) ID on your app’s Overview.",
            guide=CLIENT_ID_GUIDE,
            sample="7d1f0c52-93ab-4c1e-b0a7-2f5e8c6a1d44",
        ),
    ]
    client_secret: Annotated[
        SecretText,
        Secret(
            label="Client Secret",
            section=SECTION,
            mono=True,
            generated=True,
            placeholder="Paste the new value",
            help="Stored encrypted. It can be replaced but never shown again.",
            guide=CLIENT_SECRET_GUIDE,
        ),
    ]
    secret_expires_on: Annotated[
        date | None,
        Date(
            label="Secret expires on",
            section=SECTION,
            optional=True,
            help="The day Entra ID shows beside the secret. You are warned before it comes.",
            guide=SECRET_EXPIRY_GUIDE,
        ),
    ] = None
    access_url: Annotated[
        str,
        Url(
            label="Access URL",
            section=SECTION,
            mono=True,
            guide=ACCESS_URL_GUIDE,
            sample="https://login.microsoftonline.com/**your-tenant-id**/oauth2/v2.0/token",
        ),
    ]
    save_to_sent_items: Annotated[
        bool,
        Flag(
            label="Keep a copy in Sent Items",
            section="Mailbox",
            help="Off saves room in the mailbox; mail with text and HTML then goes out as HTML only.",
        ),
    ] = True


class MicrosoftGraph(Provider):
    """The choice "Microsoft Graph API"."""

    key = "graph"
    label = "Microsoft Graph API"
    summary = (
        "Sends through Microsoft Graph with an app of your own directory."
        " No mailbox password, no SMTP AUTH needed."
    )
    settings_type = GraphSettings
    destination_fields = ("access_url", "client_id")
    guide = GRAPH_GUIDE

    def validate(self, chosen: dict[str, Any], errors: dict[str, str], egress: Egress) -> None:
        """Check the shape of the app's ids and bring the Access URL into its one form."""
        chosen["client_id"] = str(chosen["client_id"]).lower()
        if "client_id" not in errors and not GUID.fullmatch(str(chosen["client_id"])):
            errors["client_id"] = (
                "The Client ID has the form 7d1f0c52-93ab-4c1e-b0a7-2f5e8c6a1d44."
                " Copy the Application (client) ID from your app’s Overview."
            )
        if "access_url" not in errors:
            try:
                chosen["access_url"] = parse_access_url(str(chosen["access_url"]), egress).url
            except ValueError as error:
                errors["access_url"] = str(error)
        secret = chosen["client_secret"]
        if isinstance(secret, SecretText) and "client_secret" not in errors:
            _check_secret(secret, chosen, errors)

    def warnings(self, settings: Settings) -> dict[str, str]:
        """Warn of a secret's ID pasted for its value, and of a secret that has expired."""
        chosen = _graph(settings)
        found: dict[str, str] = {}
        if GUID.fullmatch(chosen.client_secret.reveal().strip().lower()):
            found["client_secret"] = "This looks like the Secret ID. Paste the secret’s Value instead."  # noqa: S105
        expires = chosen.secret_expires_on
        if expires is not None and expires < date.today():  # noqa: DTZ011 - a calendar day as typed
            found |= {
                "secret_expires_on": "This day has passed. Create a new client secret and enter it here."
            }
        return found

    def destination(self, settings: Settings) -> tuple[str, ...]:
        """Bind the secret to token host, tenant and app."""
        chosen = _graph(settings)
        host, tenant = split_access_url(chosen.access_url)
        return ("oauth", host, tenant, chosen.client_id, cloud_key(host))

    def identity(self, settings: Settings) -> list[tuple[str, str]]:
        """Name the app, the tenant and the mailbox."""
        chosen = _graph(settings)
        host, tenant = split_access_url(chosen.access_url)
        return [
            ("Client ID", chosen.client_id),
            ("Tenant", tenant),
            ("Signs in at", host),
            ("Sender email", chosen.sender_email),
        ]

    def open(self, settings: Settings, context: WireContext) -> Session:
        """Get an access token and reach Graph."""
        chosen = _graph(settings)
        try:
            access = parse_access_url(chosen.access_url, context.egress)
        except ValueError:
            raise failure("token_endpoint_wrong", stage=Stage.ADDRESS_POLICY) from None
        client = MicrosoftClient(access, chosen.client_id, chosen.client_secret)
        mailbox = GraphMailbox(
            access.cloud.graph_host,
            chosen.sender_email,
            save_to_sent_items=chosen.save_to_sent_items,
        )
        return open_graph(MicrosoftApp(client), mailbox, context)


def admin_consent_url(settings: Settings) -> str:
    """Give the link with which an administrator of the tenant consents to the app (CIR-10)."""
    chosen = _graph(settings)
    host, tenant = split_access_url(chosen.access_url)
    return f"https://{host}/{tenant}/adminconsent?{urlencode({'client_id': chosen.client_id})}"


def _check_secret(secret: SecretText, chosen: dict[str, Any], errors: dict[str, str]) -> None:
    value = secret.reveal().strip()
    if "…" in value or "***" in value or "•" in value:
        errors["client_secret"] = (
            "This is a shortened secret. Paste the complete Value, or create a new secret."  # noqa: S105
        )
    elif not value.isascii() or any(character.isspace() for character in value):
        errors["client_secret"] = (
            "A client secret has no blanks and no foreign letters. Copy the Value again."  # noqa: S105
        )
    else:
        chosen["client_secret"] = SecretText(value)


def _graph(settings: Settings) -> GraphSettings:
    if not isinstance(settings, GraphSettings):
        raise TypeError("These are settings of another provider.")
    return settings
