"""Microsoft Graph API: an app of the organization's own directory sends without any mailbox password."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from providers.access_url import cloud_key, parse_access_url, split_access_url
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
from providers.base import Provider, Session, WireContext
from providers.errors import Stage, failure
from providers.fields import Flag, Settings, Text, Url
from providers.guides import ACCESS_URL_GUIDE, GRAPH_GUIDE
from providers.network import Egress
from providers.tokens import MicrosoftApp, MicrosoftClient
from providers.transports.graph import REQUESTS_AT_ONCE, GraphMailbox, open_graph


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
    icon = "brand-windows"
    summary = (
        "Sends through Microsoft Graph with an app of your own directory."
        " No mailbox password, no SMTP AUTH needed. Attachments over 3 MB need Mail.ReadWrite too."
    )
    settings_type = GraphSettings
    destination_fields = ("access_url", "client_id", "cloud")
    guide = GRAPH_GUIDE

    def validate(self, chosen: dict[str, Any], errors: dict[str, str], egress: Egress) -> None:
        """Check the shape of the app's ids and bring the Access URL into its one form."""
        check_client_id(chosen, errors)
        check_secret("client_secret", "Client Secret", chosen, errors)
        if "access_url" not in errors:
            try:
                access = parse_access_url(str(chosen["access_url"]), egress, cloud=str(chosen["cloud"]))
            except ValueError as error:
                errors["access_url"] = str(error)
            else:
                chosen["access_url"], chosen["cloud"] = access.url, access.cloud.key

    def warnings(self, settings: Settings) -> dict[str, str]:
        """Warn of a secret's ID pasted for its value, and of a secret that has expired."""
        chosen = _graph(settings)
        return secret_warnings(chosen.client_secret, chosen.secret_expires_on)

    def destination(self, settings: Settings) -> tuple[str, ...]:
        """Bind the secret to token host, tenant and app."""
        chosen = _graph(settings)
        host, tenant = split_access_url(chosen.access_url)
        return ("oauth", host, tenant, chosen.client_id, cloud_key(host, chosen.cloud))

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

    def requests_at_once(self, settings: Settings) -> int:  # noqa: ARG002 - the same for each mailbox
        """Graph takes as many requests at a time from one app for one mailbox."""
        return REQUESTS_AT_ONCE

    def open(self, settings: Settings, context: WireContext) -> Session:
        """Get an access token and reach Graph."""
        chosen = _graph(settings)
        try:
            access = parse_access_url(chosen.access_url, context.egress, cloud=chosen.cloud)
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


def _graph(settings: Settings) -> GraphSettings:
    if not isinstance(settings, GraphSettings):
        raise TypeError("These are settings of another provider.")
    return settings
