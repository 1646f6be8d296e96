"""Advice for Microsoft's token endpoint (microsoft.md §6)."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

from mailsettings.advice.row import Row

ENTRA = "https://entra.microsoft.com"
ENTRA_LABEL = _("Open Entra admin center")

TOKENS: dict[str, Row] = {
    "token_secret_wrong": Row(
        title=_("The client secret is wrong"),
        cause=_("Microsoft knows the app {client_id}, but not this secret."),
        steps=(
            _("In Entra ID open **App registrations**, your app, **Certificates & secrets**."),
            _("Create a **New client secret** and copy its **Value**, not the Secret ID."),
            _("On the Emails page choose **Replace**, paste it, and test again."),
        ),
        link=ENTRA,
        link_label=ENTRA_LABEL,
    ),
    "token_secret_expired": Row(
        title=_("The client secret has expired"),
        cause=_("Microsoft no longer accepts it. Mail is kept until a new one is entered."),
        steps=(
            _("In Entra ID open **App registrations**, your app, **Certificates & secrets**."),
            _("Create a **New client secret** and copy its **Value**."),
            _("On the Emails page choose **Replace**, paste it, set the new expiry date, and save."),
        ),
        link=ENTRA,
        link_label=ENTRA_LABEL,
    ),
    "token_client_unknown": Row(
        title=_("Microsoft does not know this Client ID here"),
        cause=_("There is no app {client_id} in the directory {tenant}."),
        steps=(
            _("Copy **Application (client) ID** from your app's **Overview** into **Client ID**."),
            _("Check that **Access URL** is of the same directory."),
            _("The Object ID looks alike, but is another number."),
        ),
        link=ENTRA,
        link_label=ENTRA_LABEL,
    ),
    "token_tenant_unknown": Row(
        title=_("Microsoft does not know this directory"),
        cause=_("{tenant} in the Access URL was not found."),
        steps=(
            _("In Entra ID open your app, **Overview › Endpoints**."),
            _("Copy **OAuth 2.0 token endpoint (v2)** into **Access URL**."),
            _("Does your organization live in another Microsoft cloud? Copy the address from that portal."),
        ),
        link=ENTRA,
        link_label=ENTRA_LABEL,
    ),
    "token_consent_missing": Row(
        title=_("Admin consent is missing"),
        cause=_("An administrator has not approved the permissions of the app {client_id}."),
        steps=(
            _("In Entra ID open **App registrations**, your app, **API permissions**."),
            _("Select **Grant admin consent**. Only a Microsoft 365 administrator can do this."),
            _("Wait about a minute, then test again."),
        ),
        fixer="microsoft_admin",
        link=ENTRA,
        link_label=ENTRA_LABEL,
    ),
    "token_wrong_cloud": Row(
        title=_("This organization lives in another Microsoft cloud"),
        cause=_("The Access URL leads to a cloud that does not hold the directory {tenant}."),
        steps=(_("Copy **Access URL** from the portal of your own cloud: GCC High, DoD or China."),),
    ),
    "token_scope_wrong": Row(
        title=_("Microsoft does not know the requested service here"),
        cause=_("The directory {tenant} has no Exchange Online or Graph for this app."),
        steps=(
            _("Check that the directory has Exchange Online licences."),
            _("Check that **Access URL** is of the right cloud."),
        ),
        fixer="microsoft_admin",
    ),
    "token_application_disabled": Row(
        title=_("The app is disabled"),
        cause=_("The app {client_id} is switched off in the directory."),
        steps=(
            _("In Entra ID open **Enterprise applications**, your app, **Properties**."),
            _("Set **Enabled for users to sign in** to Yes, save, and test again."),
        ),
        fixer="microsoft_admin",
        link=ENTRA,
        link_label=ENTRA_LABEL,
    ),
    "token_blocked_by_policy": Row(
        title=_("A policy blocks this app"),
        cause=_("Conditional access of your directory does not let this platform in."),
        steps=(
            _("In Entra ID open **Sign-in logs › Service principal sign-ins** to see which policy it is."),
            _("Exclude the app from it, or allow this platform's address."),
        ),
        fixer="microsoft_admin",
    ),
    "token_refused": Row(
        title=_("Microsoft refused the sign-in"),
        cause=_("The token endpoint did not give an access token; Microsoft's own words are below."),
        steps=(
            _("Check **Client ID**, **Client Secret** and **Access URL**."),
            _("Read the server response below."),
        ),
    ),
    "token_unavailable": Row(
        title=_("Microsoft's sign-in service has trouble"),
        cause=_("The token endpoint could not answer."),
        steps=(_("Wait a few minutes and test again."),),
        fixer="nobody",
    ),
    "token_endpoint_wrong": Row(
        title=_("The Access URL does not answer like a token endpoint"),
        cause=_("Something else answers at this address."),
        steps=(
            _("Copy **OAuth 2.0 token endpoint (v2)** from **Overview › Endpoints** into **Access URL**."),
        ),
    ),
    "token_throttled": Row(
        title=_("Microsoft asks to slow down"),
        cause=_("Too many sign-ins in a short time."),
        steps=(_("Wait five minutes and test again."),),
        fixer="nobody",
    ),
}
