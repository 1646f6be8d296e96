"""Advice for Microsoft's token endpoint (microsoft.md §6)."""

from __future__ import annotations

from mailsettings.advice.row import Row

ENTRA = "https://entra.microsoft.com"
ENTRA_LABEL = "Open Entra admin center"

TOKENS: dict[str, Row] = {
    "token_secret_wrong": Row(
        title="The client secret is wrong",
        cause="Microsoft knows the app {client_id}, but not this secret.",
        steps=(
            "In Entra ID open **App registrations**, your app, **Certificates & secrets**.",
            "Create a **New client secret** and copy its **Value**, not the Secret ID.",
            "On the Emails page choose **Replace**, paste it, and test again.",
        ),
        link=ENTRA,
        link_label=ENTRA_LABEL,
    ),
    "token_secret_expired": Row(
        title="The client secret has expired",
        cause="Microsoft no longer accepts it. Mail is kept until a new one is entered.",
        steps=(
            "In Entra ID open **App registrations**, your app, **Certificates & secrets**.",
            "Create a **New client secret** and copy its **Value**.",
            "On the Emails page choose **Replace**, paste it, set the new expiry date, and save.",
        ),
        link=ENTRA,
        link_label=ENTRA_LABEL,
    ),
    "token_client_unknown": Row(
        title="Microsoft does not know this Client ID here",
        cause="There is no app {client_id} in the directory {tenant}.",
        steps=(
            "Copy **Application (client) ID** from your app's **Overview** into **Client ID**.",
            "Check that **Access URL** is of the same directory.",
            "The Object ID looks alike, but is another number.",
        ),
        link=ENTRA,
        link_label=ENTRA_LABEL,
    ),
    "token_tenant_unknown": Row(
        title="Microsoft does not know this directory",
        cause="{tenant} in the Access URL was not found.",
        steps=(
            "In Entra ID open your app, **Overview › Endpoints**.",
            "Copy **OAuth 2.0 token endpoint (v2)** into **Access URL**.",
            "Does your organization live in another Microsoft cloud? Copy the address from that portal.",
        ),
        link=ENTRA,
        link_label=ENTRA_LABEL,
    ),
    "token_consent_missing": Row(
        title="Admin consent is missing",
        cause="An administrator has not approved the permissions of the app {client_id}.",
        steps=(
            "In Entra ID open **App registrations**, your app, **API permissions**.",
            "Select **Grant admin consent**. Only a Microsoft 365 administrator can do this.",
            "Wait about a minute, then test again.",
        ),
        fixer="microsoft_admin",
        link=ENTRA,
        link_label=ENTRA_LABEL,
    ),
    "token_wrong_cloud": Row(
        title="This organization lives in another Microsoft cloud",
        cause="The Access URL leads to a cloud that does not hold the directory {tenant}.",
        steps=("Copy **Access URL** from the portal of your own cloud: GCC High, DoD or China.",),
    ),
    "token_scope_wrong": Row(
        title="Microsoft does not know the requested service here",
        cause="The directory {tenant} has no Exchange Online or Graph for this app.",
        steps=(
            "Check that the directory has Exchange Online licences.",
            "Check that **Access URL** is of the right cloud.",
        ),
        fixer="microsoft_admin",
    ),
    "token_application_disabled": Row(
        title="The app is disabled",
        cause="The app {client_id} is switched off in the directory.",
        steps=(
            "In Entra ID open **Enterprise applications**, your app, **Properties**.",
            "Set **Enabled for users to sign in** to Yes, save, and test again.",
        ),
        fixer="microsoft_admin",
        link=ENTRA,
        link_label=ENTRA_LABEL,
    ),
    "token_blocked_by_policy": Row(
        title="A policy blocks this app",
        cause="Conditional access of your directory does not let this platform in.",
        steps=(
            "In Entra ID open **Sign-in logs › Service principal sign-ins** to see which policy it is.",
            "Exclude the app from it, or allow this platform's address.",
        ),
        fixer="microsoft_admin",
    ),
    "token_refused": Row(
        title="Microsoft refused the sign-in",
        cause="The token endpoint did not give an access token; Microsoft's own words are below.",
        steps=(
            "Check **Client ID**, **Client Secret** and **Access URL**.",
            "Read the server response below.",
        ),
    ),
    "token_unavailable": Row(
        title="Microsoft's sign-in service has trouble",
        cause="The token endpoint could not answer.",
        steps=("Wait a few minutes and test again.",),
        fixer="nobody",
    ),
    "token_endpoint_wrong": Row(
        title="The Access URL does not answer like a token endpoint",
        cause="Something else answers at this address.",
        steps=("Copy **OAuth 2.0 token endpoint (v2)** from **Overview › Endpoints** into **Access URL**.",),
    ),
    "token_throttled": Row(
        title="Microsoft asks to slow down",
        cause="Too many sign-ins in a short time.",
        steps=("Wait five minutes and test again.",),
        fixer="nobody",
    ),
}
