"""The guide of "Google / Generic OAuth2 SMTP"."""

from __future__ import annotations

from typing import Final

from providers.markers import GuideStep

# smtp-and-oauth.md §9.
OAUTH_SMTP_GUIDE: Final = (
    GuideStep(
        title="Google: make a project",
        text="Open the **Google Cloud console**, make a **project**, and enable the **Gmail API** under"
        " **APIs & Services › Library**.",
        link="https://console.cloud.google.com/apis/library/gmail.googleapis.com",
        link_label="Open Gmail API",
    ),
    GuideStep(
        title="Google: set up the consent screen",
        text="Under **Google Auth Platform** choose **Internal** for a Workspace of your own, else"
        " **External** and then **Publish app**. While the app stays in **Testing**, Google ends each"
        " refresh token after 7 days. Add the scope **https://mail.google.com/**.",
        link="https://console.cloud.google.com/auth/overview",
        link_label="Open Google Auth Platform",
    ),
    GuideStep(
        title="Google: create the client",
        text="Under **Clients › Create client** choose **Web application** and add **{redirect_uri}** to"
        " **Authorized redirect URIs**. Copy **Client ID** and **Client secret** into the fields here.",
        link="https://console.cloud.google.com/auth/clients",
        link_label="Open Clients",
    ),
    GuideStep(
        title="Google: get a refresh token",
        text="Gmail knows no client credentials. Sign in once as the mailbox that sends and approve; the"
        " refresh token is kept, and a new access token is fetched whenever one is needed.",
    ),
    GuideStep(
        title="Another service",
        text="Look for **token endpoint** in its OAuth2 documentation and enter it as Access URL, with"
        " **Client ID**, **Client secret** and, where it asks for one, **Scope**. Prefer client credentials:"
        " no person has to sign in, and nothing runs out but the secret. The operator of this platform"
        " keeps the list of hosts a secret may be sent to.",
    ),
    GuideStep(
        title="Prove it",
        text="Enter your own address and press **Test SMTP**. One real message takes the way of all others.",
    ),
)
