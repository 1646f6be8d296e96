"""Advice for an app registration and its secret (microsoft.md §6, smtp-and-oauth.md §8)."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

from mailsettings.advice.row import Row, Variant

OPEN_SECRETS = _("Open Certificates & secrets")
OPEN_PERMISSIONS = _("Open API permissions")
OPEN_ENTERPRISE = _("Open Enterprise applications")
GRANT = _("Select **Grant admin consent**. Only a Microsoft 365 administrator can do this.")
AGAIN = _("Wait about a minute, then test again.")
# COG-60: what the three numbers have in common.
OTHERWISE = _(
    "Otherwise one of these is so: the app is not **multitenant**, it has no **service principal** (enterprise application) in {tenant}, or an id is of another app or directory."
)
NEW_SECRET = (
    _("In Entra ID open **App registrations**, your app, **Certificates & secrets**."),
    _("Create a **New client secret** and copy its **Value**, not the Secret ID."),
    _("On the Emails page choose **Replace**, paste it, and test again."),
)
ELSEWHERE = (
    _("Compare **Client ID** and **Client Secret** with what {service} shows for your client."),
    _("Some services want the client's name in the header: try the other **Client authentication**."),
    _("Choose **Replace**, enter the secret again, and test."),
)

TOKEN_APP: dict[str, Row] = {
    "token_secret_wrong": Row(
        title=_("The client secret is wrong"),
        cause=_("{service} knows the app {client_id}, but not this secret."),
        steps=(*NEW_SECRET, OTHERWISE),
        link="{link_secrets}",
        link_label=OPEN_SECRETS,
    ),
    "token_secret_expired": Row(
        title=_("The client secret has expired"),
        cause=_("Microsoft no longer accepts it. Mail is kept until a new one is entered."),
        steps=(
            _("In Entra ID open **App registrations**, your app, **Certificates & secrets**."),
            _("Create a **New client secret** and copy its **Value**."),
            _("On the Emails page choose **Replace**, paste it, set the new expiry date, and save."),
        ),
        link="{link_secrets}",
        link_label=OPEN_SECRETS,
    ),
    "token_secret_missing": Row(
        title=_("The client secret is missing"),
        cause=_("The request reached {service} without a secret."),
        steps=(_("On the Emails page choose **Replace**, paste the secret's **Value**, and save."),),
    ),
    "token_client_unknown": Row(
        title=_("{service} does not know this Client ID here"),
        cause=_("There is no app {client_id} in the directory {tenant}."),
        steps=(
            _("Copy **Application (client) ID** from your app's **Overview** into **Client ID**."),
            _("Check that **Access URL** is of the same directory."),
            _("The Object ID looks alike, but is another number."),
            OTHERWISE,
        ),
        link="{link_apps}",
        link_label=_("Open App registrations"),
    ),
    "token_client_refused": Row(
        title=_("{service} does not accept Client ID or Client Secret"),
        cause=_("One of them is wrong, has expired, or is sent in a way that the service does not want."),
        steps=ELSEWHERE,
    ),
    "token_client_public": Row(
        title=_("The app is registered as a public client"),
        cause=_("Microsoft takes no secret from a public client."),
        steps=(
            _("In Entra ID open your app, **Authentication**."),
            _("Set **Allow public client flows** to No, and use the platform **Web**."),
            _("Save there, then test again."),
        ),
        link="{link_authentication}",
        link_label=_("Open Authentication"),
    ),
    "token_application_disabled": Row(
        title=_("The app is disabled"),
        cause=_("The app {client_id} is switched off in the directory."),
        steps=(
            _("In Entra ID open **Enterprise applications**, your app, **Properties**."),
            _("Set **Enabled for users to sign in** to Yes, save, and test again."),
        ),
        fixer="microsoft_admin",
        link="{link_enterprise}",
        link_label=OPEN_ENTERPRISE,
        variants=(
            Variant(
                codes="AADSTS1000031",
                title=_("The app cannot be used at this time"),
                cause=_("Microsoft does not let anyone use the app {client_id} now."),
                steps=(
                    _("In Entra ID look at **Enterprise applications**, your app, **Properties**."),
                    _("If everything is switched on there, ask **Microsoft support**."),
                ),
            ),
        ),
    ),
    "token_permission_unlisted": Row(
        title=_("The app registration lacks the permission"),
        cause=_("The permission is not listed under API permissions of the app {client_id}."),
        steps=(
            _("Open **API permissions › Add a permission** and add it, of the kind the guide names."),
            GRANT,
            AGAIN,
        ),
        fixer="microsoft_admin",
        link="{link_permissions}",
        link_label=OPEN_PERMISSIONS,
    ),
}
