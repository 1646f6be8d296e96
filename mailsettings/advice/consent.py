"""Advice for connected accounts: consent, and who signed in (microsoft.md §3, §6, §12.4)."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

from mailsettings.advice.reconnect import HELD
from mailsettings.advice.row import Row, Variant
from mailsettings.advice.token_app import AGAIN, GRANT, OPEN_PERMISSIONS

APP_PERMISSION = (
    _("Open **Entra admin center › App registrations › your app › API permissions**."),
    _(
        "If **{missing}** is not listed, choose **Add a permission** and add it under **Application permissions**. The delegated one does not help."
    ),
    GRANT,
    AGAIN,
)

CONSENT: dict[str, Row] = {
    # HIR-10, HIR-20: nobody has consented, or the connection was removed.
    "not_connected": Row(
        title=_("No account is connected"),
        cause=_("Sending fails because nobody has allowed it yet, or the consent was refused or removed."),
        steps=(_("Choose **Connect** on the Emails page, sign in and approve."), HELD),
    ),
    "permission_missing": Row(
        title=_("A permission is missing: {missing}"),
        cause=_("The account is connected, but **{missing}** was not approved."),
        steps=(
            _("Choose **Reconnect** on the Emails page and approve **{missing}**."),
            _("If it is not asked for, add it under **API permissions** of the app first."),
        ),
        variants=(
            Variant(
                provider="graph",
                title=_("The app may not send mail yet: {missing} or its admin consent is missing"),
                cause=_(
                    "Sign-in worked. Microsoft then refused to send: the token carries no **{missing}**, of the kind Application, approved by an administrator."
                ),
                steps=APP_PERMISSION,
                fixer="microsoft_admin",
                link="{link_permissions}",
                link_label=OPEN_PERMISSIONS,
            ),
            Variant(
                provider="microsoft365_smtp",
                cause=_("The app {client_id} was not given **{missing}**, of the kind Application."),
                steps=APP_PERMISSION,
                fixer="microsoft_admin",
                link="{link_permissions}",
                link_label=OPEN_PERMISSIONS,
            ),
            Variant(
                provider="oauth_smtp",
                cause=_("The token does not cover **{missing}**."),
                steps=(
                    _("Get a new refresh token with the scope **{missing}**."),
                    _("Choose **Replace** and paste it, or connect again."),
                ),
            ),
        ),
    ),
    "token_user_unknown": Row(
        title=_("This account is not in the directory"),
        cause=_("The account that signed in does not belong to {tenant}."),
        steps=(
            _("Choose **Reconnect** and sign in with an account of your organization."),
            _("Or choose **Who may sign in** so that it covers this account."),
        ),
    ),
    "token_user_disabled": Row(
        title=_("The connected account is disabled"),
        cause=_("Its sign-in is blocked in the directory."),
        steps=(
            _(
                "In the Microsoft 365 admin center open **Users › Active users** and unblock the sign-in of {mailbox}."
            ),
            _("Or choose **Reconnect** and sign in with another mailbox."),
        ),
        fixer="microsoft_admin",
        link="{link_admin}",
        link_label=_("Open Microsoft 365 admin center"),
    ),
    "token_user_locked": Row(
        title=_("The account is locked for the moment"),
        cause=_("Too many wrong sign-ins, or an address with a bad reputation."),
        steps=(
            _("Wait an hour, or let an administrator unlock {mailbox}."),
            _("Find out who signs in with a wrong password: **Sign-in logs** show it."),
        ),
        fixer="microsoft_admin",
        link="{link_sign_ins}",
        link_label=_("Open Sign-in logs"),
    ),
    "token_redirect_wrong": Row(
        title=_("The redirect URI is not registered"),
        cause=_("{service} sends people back to registered addresses only, letter by letter."),
        steps=(
            _("Open your app, **Authentication**, platform **Web**."),
            _("Add exactly **{redirect_uri}** and save there."),
            _("Then connect again."),
        ),
        link="{link_authentication}",
        link_label=_("Open Authentication"),
    ),
    "token_redirect_kind": Row(
        title=_("The redirect URI is registered for another kind of app"),
        cause=_("It stands under **Single-page application**, where a connection ends after 24 hours."),
        steps=(
            _("Open your app, **Authentication**, and remove {redirect_uri} from the other platform."),
            _("Add it under **Web**, save there, and connect again."),
        ),
        link="{link_authentication}",
        link_label=_("Open Authentication"),
    ),
    "consent_declined": Row(
        title=_("The consent was refused"),
        cause=_("Somebody chose Cancel on the page of {service}. Nothing was connected or changed."),
        steps=(
            _("Choose **Connect** again and approve; sending is what the permission is for."),
            _("If you may not approve, send the consent link to your administrator."),
        ),
    ),
    "consent_mismatch": Row(
        title=_("This sign-in does not belong to your request"),
        cause=_("The answer came too late, twice, from another browser, or from another directory."),
        steps=(_("Go back to the Emails page and choose **Connect** once more."),),
    ),
    "consent_refresh_missing": Row(
        title=_("No lasting permission was given"),
        cause=_("{service} gave an access token, but no refresh token: it would end within an hour."),
        steps=(
            _("Choose **Reconnect** and approve everything that is asked, **offline access** included."),
            _("The redirect URI must be registered as **Web**."),
        ),
    ),
}
