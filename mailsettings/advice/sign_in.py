"""Advice for refused sign-ins to a mail server (smtp-and-oauth.md §3, §9, microsoft.md §11.5, §11.6)."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

from mailsettings.advice.policy import ADMIN_CENTER
from mailsettings.advice.row import If, Row, Variant

APP_PASSWORD = _("With two-step sign-in at your provider, create an **app password** and use that.")
# COG-57: these four causes, the first only when the sender is not who signs in.
FOUR_CAUSES = (
    If(
        "custom_from",
        _(
            "**Custom sender**: {username} signs in, but Sender email is {sender}. Use {username}, or grant **Send As**."
        ),
    ),
    _(
        "**Credential mismatch**: Username must be the mailbox that the app {client_id} was given in Exchange. The commands below do that."
    ),
    _(
        "**SMTP AUTH off**: in the Microsoft 365 admin center open **Users › Active users**, choose {username}, then **Mail › Manage email apps**, and switch **Authenticated SMTP** on."
    ),
    _(
        "**Wrong endpoint or scope**: Access URL must be of the mailbox's own directory, and Scope **https://outlook.office365.com/.default** or empty."
    ),
)
RECONNECT_SMTP = (
    _("Choose **Reconnect** on the Emails page and approve **SMTP.Send**."),
    _("Sign in as {sender}: another account gives a token that is refused here."),
    _("Authenticated SMTP must be on for this mailbox: **Users › Active users › Mail › Manage email apps**."),
    _("Check **Host** and **Port**."),
)

SIGN_IN: dict[str, Row] = {
    "auth_failed": Row(
        title=_("The sign-in was refused"),
        cause=_("{host} does not accept this username with this password."),
        steps=(
            _("Check **Username**: most servers want the full email address."),
            _("Choose **Replace** and enter the password again."),
            APP_PASSWORD,
        ),
        variants=(
            Variant(
                codes="4.7.12",
                title=_("The password must be renewed"),
                cause=_("{host} accepts this password only after it was changed once."),
                steps=(
                    _("Sign in to your provider's web page and change the password there."),
                    _("Choose **Replace** and enter the new one."),
                ),
            ),
            Variant(
                codes="5.7.139",
                cause=_("Microsoft does not accept this username with this password."),
                steps=(
                    _("Check **Username** and choose **Replace** to enter the password again."),
                    _(
                        "A mailbox with two-step sign-in (MFA) has no password for applications: choose **Microsoft Graph API** or **Microsoft account** under Mailing provider."
                    ),
                ),
            ),
        ),
    ),
    # COG-57 and COG-58: a token that Microsoft gave and Exchange does not take.
    "auth_token_refused": Row(
        title=_("The sign-in was refused"),
        cause=_(
            "Microsoft gave a token, but {host} does not accept it: the **permission** SMTP.SendAsApp, its **admin consent**, the **service principal** in Exchange or **Send As** is missing, or one of these is so."
        ),
        steps=FOUR_CAUSES,
        fixer="microsoft_admin",
        link="{link_admin}",
        link_label=ADMIN_CENTER,
        commands="exchange_application",
        variants=(
            Variant(
                provider="oauth_smtp",
                cause=_("{service} gave a token, but {host} does not accept it for {username}."),
                steps=(
                    _("**Username** must be the account that gave the token."),
                    _("The token needs the right scope; Gmail's is **https://mail.google.com/**."),
                    _("Get a new refresh token with this scope, choose **Replace** and paste it."),
                ),
                fixer="you",
                link="",
                commands="",
            ),
            Variant(
                fact="delegated=yes",
                cause=_("{host} does not accept the connected account. Was **SMTP.Send** left out?"),
                steps=RECONNECT_SMTP,
                fixer="you",
                commands="",
            ),
        ),
    ),
    "auth_app_password": Row(
        title=_("An app password is needed"),
        cause=_("Your provider does not accept the normal password from applications."),
        steps=(
            _("Turn on two-step sign-in at your provider and create an **app password**."),
            _("Enter it under **Password** and test again."),
        ),
        variants=(
            Variant(
                codes="5.7.14",
                title=_("Google wants you to sign in with a browser first"),
                cause=_("Google holds this sign-in back until a person has confirmed it."),
                steps=(
                    _("Sign in to the account once with a browser and confirm that it was you."),
                    _("Then use an **app password**, or connect the account with OAuth2."),
                ),
            ),
        ),
    ),
    "auth_temporary": Row(
        title=_("The sign-in could not be checked now"),
        cause=_("{host} has trouble with its own user directory."),
        steps=(_("Wait a few minutes and test again."),),
        fixer="nobody",
    ),
    "auth_mailbox_permission": Row(
        title=_("The app may not open the mailbox {mailbox}"),
        cause=_("Microsoft accepted the token, but Exchange did not let the app into the mailbox."),
        steps=(
            _(
                "An Exchange administrator gives the app the mailbox permission **FullAccess**; the commands below do that."
            ),
            _(
                "The **Object ID** must be the one of the enterprise application, not of the app registration."
            ),
            _("Wait some minutes, then test again."),
        ),
        fixer="microsoft_admin",
        link="{link_enterprise}",
        link_label=_("Open Enterprise applications"),
        commands="exchange_application",
    ),
    "auth_unsupported": Row(
        title=_("{host} offers no sign-in that fits"),
        cause=_("The server does not offer the way to sign in that these settings need."),
        steps=(
            _("Check **Port** and **TLS option**: port 25 rarely offers sign-in, 587 and 465 do."),
            _("If this relay needs no sign-in, turn **Authentication** off."),
        ),
        variants=(
            Variant(
                provider="microsoft365_smtp microsoft_account oauth_smtp",
                cause=_(
                    "The server does not offer XOAUTH2 or OAUTHBEARER, the ways to sign in with a token."
                ),
                steps=(
                    _("Check **Host** and **Port**; Microsoft's is smtp.office365.com with port 587."),
                    _("If the server knows passwords only, choose **Custom SMTP**."),
                ),
            ),
        ),
    ),
}
