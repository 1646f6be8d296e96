"""The guide of "Microsoft account (connect with consent)"."""

from __future__ import annotations

from typing import Final

from providers.guides.commands import SMTP_AUTH_ON
from providers.guides.graph import SUPPORT
from providers.markers import GuideStep

# WPM-3, 6, 7 and WPM-15 to WPM-24, then the consent (HIR-7, WPM-53); in the order of the work.
MICROSOFT_ACCOUNT_GUIDE: Final = (
    GuideStep(
        title="What it costs, and whose address it sends from",
        text="Sending this way is **free**. Microsoft may ask for a **credit card** when an Azure account is"
        " made for the first time. The sender is an address **hosted by Microsoft**: an Outlook.com address,"
        " or one of your own domain with a paid Microsoft 365 plan.",
    ),
    GuideStep(
        title="Register an app",
        text="Open the portal, search for **App registrations** and select **New registration**."
        " Choose any **name**, such as {product} mail.",
        link="{link_apps}",
        link_label="Open App registrations",
    ),
    GuideStep(
        title="Choose who may sign in",
        text="Under **Supported account types** choose"
        " **Accounts in any organizational directory and personal Microsoft accounts**. If that is not"
        " offered, choose **Accounts in any organizational directory**. Choose the same under"
        " Who may sign in.",
    ),
    GuideStep(
        title="Enter the redirect URI",
        text="Under **Redirect URI** choose **Web** and paste **{redirect_uri}**. Select **Register**."
        " Afterwards look at **Authentication**: account types and redirect URI must stand there as chosen.",
        link="{link_authentication}",
        link_label="Open Authentication",
    ),
    GuideStep(
        title="Copy the id",
        text="On **Overview**, copy **Application (client) ID** into Client ID.",
        link="{link_app}",
        link_label="Open Overview",
    ),
    GuideStep(
        title="Create a client secret",
        text="Open **Certificates & secrets › New client secret**. Enter a **description**, choose"
        " **730 days (24 months)** and select **Add**. Copy the column **Value**, not **Secret ID**, into"
        " Client Secret. It **cannot be seen again** once you leave that page.",
        link="{link_secrets}",
        link_label="Open Certificates & secrets",
    ),
    GuideStep(
        title="Add the permission",
        text="Open **API permissions › Add a permission**. For sending by SMTP choose"
        " **Office 365 Exchange Online › Delegated permissions › SMTP.Send**. For sending by Graph choose"
        " **Microsoft Graph › Delegated permissions › Mail.Send**, and **Mail.ReadWrite** for attachments"
        " over 3 MB.",
        link="{link_permissions}",
        link_label="Open API permissions",
    ),
    GuideStep(
        title="Save, then connect",
        text="Save Client ID and Client Secret, then choose **Connect Microsoft account**, sign in as the"
        " mailbox that sends and approve. Where users may not consent, an administrator opens the consent"
        " link once.",
        link="{consent_url}",
        link_label="Open the consent link",
    ),
    GuideStep(
        title="For SMTP: switch SMTP AUTH on",
        text="Work and school mailboxes need **Authenticated SMTP**: in the Microsoft 365 admin center open"
        " **Users › Active users**, choose the mailbox, **Mail › Manage email apps**. Sending by Graph does"
        " not need it.",
        link="{link_admin}",
        link_label="Open Microsoft 365 admin center",
        commands=SMTP_AUTH_ON,
    ),
    GuideStep(
        title="When to connect again",
        text="After a **changed password**, after two-step sign-in (**MFA**) was switched on, or after"
        " 90 days without any mail, Microsoft may end the connection. Choose **Reconnect**; nothing has to"
        " be typed again.",
    ),
    SUPPORT,
)
