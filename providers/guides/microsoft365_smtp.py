"""The guide of "Microsoft 365 SMTP (OAuth2 client credentials)"."""

from __future__ import annotations

from typing import Final

from providers.guides.commands import EXCHANGE_APPLICATION, SEND_AS, SMTP_AUTH_ON
from providers.guides.graph import SUPPORT
from providers.markers import GuideStep

# COG-47 to COG-54, in the order of the work.
MICROSOFT365_SMTP_GUIDE: Final = (
    GuideStep(
        title="See that you may do this",
        text="You need a role in **Microsoft Entra ID**: **Application Developer** at least;"
        " **Cloud Application Administrator** or **Global Administrator** is better, since one of them"
        " has to consent. The mailbox {mailbox} must be in **Exchange Online** with **SMTP AUTH** on.",
    ),
    GuideStep(
        title="Register an app",
        text="Open **App registrations › New registration**. Give it a **name** such as {product} and choose"
        " **Accounts in any organizational directory (Multitenant)**; **Single tenant** does too while app"
        " and mailbox are in one directory. Leave **Redirect URI** empty and select **Register**.",
        link="{link_apps}",
        link_label="Open App registrations",
    ),
    GuideStep(
        title="Copy the ids",
        text="On **Overview**, copy **Application (client) ID** into Client ID and"
        " **Directory (tenant) ID** into Access URL; the rest of the address is added by itself.",
        link="{link_app}",
        link_label="Open Overview",
    ),
    GuideStep(
        title="Create a client secret",
        text="Open **Certificates & secrets › New client secret**. Enter a **description**, choose the"
        " **expiry** your policy allows and select **Add**. Copy the **Value**, not the Secret ID, into"
        " Client Secret: it is **shown only once**. Enter the day under Secret expires on; then a new secret"
        " has to be generated and entered here.",
        link="{link_secrets}",
        link_label="Open Certificates & secrets",
    ),
    GuideStep(
        title="Allow it to send",
        text="Open **API permissions › Add a permission › APIs my organization uses ›"
        " Office 365 Exchange Online › Application permissions**, tick **SMTP.SendAsApp** and select"
        " **Add permissions**. Then an administrator selects **Grant admin consent**.",
        link="{link_permissions}",
        link_label="Open API permissions",
    ),
    GuideStep(
        title="Register the app in Exchange",
        text="An Exchange administrator runs these commands. They register the app as a"
        " **service principal** and let it open this one mailbox. The Object ID is the one of the"
        " **enterprise application**, not of the app registration; the commands look it up.",
        commands=EXCHANGE_APPLICATION,
    ),
    GuideStep(
        title="Switch SMTP AUTH on for the mailbox",
        text="In the Microsoft 365 admin center open **Users › Active users**, choose {mailbox}, then"
        " **Mail › Manage email apps**, and tick **Authenticated SMTP**. Or run these commands."
        " It can take an hour to act.",
        link="{link_admin}",
        link_label="Open Microsoft 365 admin center",
        commands=SMTP_AUTH_ON,
    ),
    GuideStep(
        title="Only where the sender is another address",
        text="If Sender email is not the mailbox that signs in, that mailbox needs **Send As** for it.",
        commands=SEND_AS,
    ),
    SUPPORT,
)
