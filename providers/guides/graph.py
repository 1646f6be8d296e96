"""The guide of "Microsoft Graph API": an app of the organization's own directory."""

from __future__ import annotations

from typing import Final

from providers.guides.commands import APPLICATION_POLICY, SEND_SCOPE
from providers.markers import GuideStep

# Where Microsoft's own people have to help.
SUPPORT: Final = GuideStep(
    title="If you are unsure",
    text="Licences, mailboxes and permissions belong to your own **Microsoft 365 administrator**."
    " Where the admin center itself does not work, ask **Microsoft support**.",
    link="https://learn.microsoft.com/microsoft-365/admin/get-help-support",
    link_label="Get help from Microsoft support",
)

# The order is that of the work; CIR-8 to CIR-13, then NEW-15.
GRAPH_GUIDE: Final = (
    GuideStep(
        title="Register an app",
        text="Sign in to the portal and open **Microsoft Entra ID**."
        " Choose **App registrations › New registration**, give it a **name** such as {product},"
        " leave the rest as it is and select **Register**.",
        link="{link_apps}",
        link_label="Open App registrations",
    ),
    GuideStep(
        title="Allow it to send",
        text="In the app, open **API permissions › Add a permission › Microsoft Graph ›"
        " Application permissions** (not Delegated), tick **Mail.Send** and select **Add permissions**."
        " For attachments over 3 MB tick **Mail.ReadWrite** too.",
        link="{link_permissions}",
        link_label="Open API permissions",
    ),
    GuideStep(
        title="Grant admin consent",
        text="Still on **API permissions**, an administrator of the tenant selects"
        " **Grant admin consent**. Without it Microsoft refuses every message."
        " If you are no administrator, send them the consent link.",
        link="{consent_url}",
        link_label="Open the consent link",
    ),
    GuideStep(
        title="Create a client secret",
        text="Open **Certificates & secrets › New client secret**, name it, choose its **expiry**"
        " and select **Add**. Enter the day under Secret expires on, and you are warned in time;"
        " then a **new secret has to be generated and entered here**.",
        link="{link_secrets}",
        link_label="Open Certificates & secrets",
    ),
    GuideStep(
        title="Copy the Value",
        text="Copy the secret’s **Value** into Client Secret. It is **shown only once** by Microsoft;"
        " the Secret ID beside it is something else.",
    ),
    GuideStep(
        title="Copy the ids",
        text="On **Overview**, copy **Application (client) ID** into Client ID."
        " Still on **Overview**, select **Endpoints** and copy"
        " **OAuth 2.0 token endpoint (v2)** into Access URL.",
        link="{link_app}",
        link_label="Open Overview",
    ),
    GuideStep(
        title="Limit the app to this one mailbox",
        text="Recommended. **Mail.Send** lets the app send from every mailbox of the directory."
        " An Exchange administrator runs these commands, then removes **Mail.Send** from"
        " **API permissions**: grants add up, so the limit counts only when the wide one is gone."
        " It takes 30 minutes to 2 hours to act. The token then carries no Mail.Send; that is fine.",
        commands=SEND_SCOPE,
    ),
    GuideStep(
        title="Or limit it the older way",
        text="An **application access policy** does the same and keeps **Mail.Send** in place."
        " It can take more than an hour to act.",
        commands=APPLICATION_POLICY,
    ),
    SUPPORT,
)
