"""What a connection with consent at Microsoft is made of: its settings, and what is asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Final

from providers.access_url import AccessUrl, cloud_row
from providers.app_fields import ClientId, ClientSecret, SecretExpiry
from providers.consent import Permission
from providers.consent_microsoft import Terms
from providers.consent_terms import KEEPING
from providers.errors import Stage, failure
from providers.fields import Choice, CloudPick, Email, Flag, Option, Settings, Text
from providers.network import Egress
from providers.smtp_fields import CERTIFICATE, CLOUD_HOST, ENVELOPE_SENDER, STARTTLS_PORT
from providers.tokens import MicrosoftClient

ACCOUNT: Final = "Microsoft account"
GRAPH: Final = ("method", "graph")
SMTP: Final = ("method", "smtp")


@dataclass(frozen=True, kw_only=True)
class MicrosoftAccountSettings(Settings):
    """The app that asks for consent, and how the account sends."""

    sender_email: Annotated[
        str,
        Email(
            label="Sender email",
            help="May stay empty: then it becomes the address of the account that is connected.",
            placeholder="notifications@example.com",
            optional=True,
            half=True,
        ),
    ] = ""
    sender_name: Annotated[
        str,
        Text(
            label="Sender name",
            help="Shown to the people who receive it.",
            optional=True,
            half=True,
            only_if=SMTP,
        ),
    ] = ""
    method: Annotated[
        str,
        Choice(
            label="Sends by",
            section=ACCOUNT,
            help="With Microsoft Graph people see the mailbox’s own display name; Sender name has no effect.",
            options=(
                Option(value="smtp", label="SMTP", hint="permission SMTP.Send"),
                Option(value="graph", label="Microsoft Graph", hint="permission Mail.Send"),
            ),
        ),
    ] = "smtp"
    cloud: Annotated[
        str,
        CloudPick(
            label="Cloud",
            section=ACCOUNT,
            half=True,
            help="Where your organization’s Microsoft 365 lives; for most it is Worldwide.",
        ),
    ] = "worldwide"
    tenant: Annotated[
        str,
        Text(
            label="Who may sign in",
            section=ACCOUNT,
            mono=True,
            half=True,
            help="common: any account. organizations: work and school. consumers: personal."
            " Or one tenant by its id or domain.",
            placeholder="common",
        ),
    ] = "common"
    client_id: ClientId
    client_secret: ClientSecret
    secret_expires_on: SecretExpiry = None
    host: Annotated[str, replace(CLOUD_HOST, only_if=SMTP)] = ""
    port: Annotated[int, replace(STARTTLS_PORT, only_if=SMTP)] = 587
    save_to_sent_items: Annotated[
        bool, Flag(label="Keep a copy in Sent Items", section="Mailbox", only_if=GRAPH)
    ] = True
    large_mail: Annotated[
        bool,
        Flag(
            label="Send attachments over 3 MB",
            section="Mailbox",
            only_if=GRAPH,
            help="Asks for Mail.ReadWrite too, since such mail is written as a draft first.",
        ),
    ] = False
    shared_sender: Annotated[
        bool,
        Flag(
            label="Send as other addresses",
            section="Mailbox",
            only_if=GRAPH,
            help="Asks for Mail.Send.Shared too: for mailboxes and groups that let this account send.",
        ),
    ] = False
    envelope_sender: Annotated[str, replace(ENVELOPE_SENDER, only_if=SMTP)] = ""
    certificate: Annotated[str, replace(CERTIFICATE, only_if=SMTP)] = ""


def account_settings(settings: Settings) -> MicrosoftAccountSettings:
    """Let settings of this provider pass."""
    if not isinstance(settings, MicrosoftAccountSettings):
        raise TypeError("These are settings of another provider.")
    return settings


def permissions_of(settings: Settings) -> tuple[Permission, ...]:
    """List what somebody is asked to allow, by the names Microsoft shows."""
    chosen = account_settings(settings)
    kept = Permission(scope=KEEPING, label="Keep the connection without asking again", required=True)
    if chosen.method == "smtp":
        send = Permission(scope="SMTP.Send", label="Send mail as you over SMTP", required=True)
        who = Permission(scope="openid profile email", label="See your name and address", required=False)
        return (send, kept, who)
    asked = [Permission(scope="Mail.Send", label="Send mail as you", required=True), kept]
    if chosen.large_mail:
        label = "Write drafts, for attachments over 3 MB"
        asked.append(Permission(scope="Mail.ReadWrite", label=label, required=False))
    if chosen.shared_sender:
        label = "Send as addresses that are shared with you"
        asked.append(Permission(scope="Mail.Send.Shared", label=label, required=False))
    return (*asked, Permission(scope="User.Read", label="See your name and address", required=False))


def terms_of(settings: Settings, egress: Egress) -> Terms:
    """Give the app, and the full scopes of the one resource of the chosen cloud.

    Raises:
        ProviderError: the cloud is not on the operator's list any more.
    """
    chosen = account_settings(settings)
    try:
        row = cloud_row(chosen.cloud, egress)
    except ValueError:
        raise failure("token_endpoint_wrong", stage=Stage.ADDRESS_POLICY) from None
    access = AccessUrl(row, row.login_host, chosen.tenant)
    client = MicrosoftClient(access, chosen.client_id, chosen.client_secret)
    if chosen.method == "smtp":
        return Terms(client, (row.smtp_send_scope,))
    names = [one.scope for one in permissions_of(chosen) if one.scope != KEEPING]
    return Terms(client, tuple(row.graph_scope(name) for name in names), asks_graph=True)
