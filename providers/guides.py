"""What an administrator does on Microsoft's side, step by step."""

from __future__ import annotations

from typing import Final

from providers.fields import GuideStep

CLIENT_ID_GUIDE: Final = (
    "Open **Entra admin center › App registrations** and choose your app.",
    "On **Overview**, copy **Application (client) ID**. It looks like this:",
)
CLIENT_SECRET_GUIDE: Final = (
    "Open **Entra admin center › App registrations** and choose your app.",
    "On **Certificates & secrets**, select **New client secret** and **Add**.",
    "Copy the **Value**, not the Secret ID. Microsoft shows it only once.",
)
SECRET_EXPIRY_GUIDE: Final = (
    "Open **Certificates & secrets** of your app.",
    "The column **Expires** holds the day of the secret in use.",
)
ACCESS_URL_GUIDE: Final = (
    "Open **Entra admin center › App registrations** and choose your app.",
    "On **Overview**, select **Endpoints**.",
    "Copy **OAuth 2.0 token endpoint (v2)**. It looks like this:",
)

# The order is that of the work; CIR-8 to CIR-13.
GRAPH_GUIDE: Final = (
    GuideStep(
        title="Register an app",
        text="Sign in to the portal and open **Microsoft Entra ID**."
        " Choose **App registrations › New registration**, give it a **name** such as Mailroom,"
        " leave the rest as it is and select **Register**.",
        link="https://entra.microsoft.com/#view/Microsoft_AAD_RegisteredApps/ApplicationsListBlade",
        link_label="Open App registrations",
    ),
    GuideStep(
        title="Allow it to send",
        text="In the app, open **API permissions › Add a permission › Microsoft Graph ›"
        " Application permissions** (not Delegated), tick **Mail.Send** and select **Add permissions**.",
    ),
    GuideStep(
        title="Grant admin consent",
        text="Still on **API permissions**, an administrator of the tenant selects"
        " **Grant admin consent**. Without it Microsoft refuses every message."
        " If you are no administrator, send them the consent link.",
    ),
    GuideStep(
        title="Create a client secret",
        text="Open **Certificates & secrets › New client secret**, name it, choose its **expiry**"
        " and select **Add**. Enter the day under Secret expires on, and you are warned in time;"
        " then a **new secret has to be generated and entered here**.",
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
    ),
    GuideStep(
        title="If you are unsure",
        text="Licences, mailboxes and permissions belong to your own **Microsoft 365 administrator**."
        " Where the admin center itself does not work, ask **Microsoft support**.",
        link="https://learn.microsoft.com/microsoft-365/admin/get-help-support",
        link_label="Get help from Microsoft support",
    ),
)
