"""Advice for grants that ended (microsoft.md §3, §6; WPM-42, WPM-48)."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

from mailsettings.advice.row import Row, Variant

RECONNECT = _("Choose **Reconnect** on the Emails page and sign in as the mailbox that sends.")
HELD = _("Mail that waits goes out by itself afterwards; nothing is lost.")

RECONNECTS: dict[str, Row] = {
    # WPM-42, WPM-48: what ends a connection.
    "token_reconnect": Row(
        title=_("The account has to be connected again"),
        cause=_(
            "{service} has ended the connection, for example after a changed password or after two-step sign-in (MFA) was switched on."
        ),
        steps=(RECONNECT, HELD),
        variants=(
            Variant(
                codes="AADSTS50055 AADSTS50144",
                title=_("The password of the account has expired"),
                cause=_("Microsoft gives no token until the password is changed."),
                steps=(
                    _("Sign in to Microsoft 365 with a browser and change the password."),
                    RECONNECT,
                    HELD,
                ),
            ),
            Variant(
                fact="why=mfa",
                title=_("Two-step sign-in is needed: connect again"),
                cause=_(
                    "MFA was switched on, or its proof is too old, after the account was connected. A changed password does the same."
                ),
                steps=(
                    _("Choose **Reconnect** on the Emails page and complete the second step."),
                    HELD,
                ),
            ),
            Variant(
                fact="why=revoked",
                title=_("The connection was ended: connect again"),
                cause=_(
                    "An administrator or the account's owner ended all sessions, or the password was changed."
                ),
            ),
            Variant(
                fact="why=password",
                title=_("The password was changed: connect again"),
                cause=_(
                    "A changed or reset password ends the connection, and so does MFA switched on later."
                ),
            ),
            Variant(
                fact="why=consent",
                title=_("The consent was taken back or never given"),
                cause=_("Nobody allows this app to send for the account any more."),
                steps=(
                    _("Choose **Reconnect** on the Emails page and approve."),
                    _("Where users may not consent, send the consent link to your administrator."),
                    HELD,
                ),
                link="{consent_url}",
                link_label=_("Open the consent link"),
            ),
            Variant(
                fact="why=policy",
                title=_("Not allowed: a policy wants a new sign-in"),
                cause=_("Conditional access of your organization asks for something only a person can show."),
                steps=(
                    RECONNECT,
                    _("If it comes back, your administrator has to exclude the app from that policy."),
                ),
                fixer="microsoft_admin",
                link="{link_sign_ins}",
                link_label=_("Open Sign-in logs"),
            ),
            Variant(
                fact="why=idle",
                title=_("The connection was not used for 90 days"),
                cause=_("Microsoft ends a connection that fetched no token for that long."),
            ),
            Variant(
                fact="why=sign_in_frequency",
                title=_("A policy wants a new sign-in"),
                cause=_("The sign-in frequency of conditional access is shorter than the connection."),
                steps=(
                    RECONNECT,
                    _("Ask your administrator to exclude the app from **sign-in frequency**."),
                ),
                fixer="microsoft_admin",
            ),
            Variant(
                codes="AADSTS54005 AADSTS501481 AADSTS50147 AADSTS700005",
                title=_("This sign-in was used already"),
                cause=_("The page was loaded twice, or the answer belongs to another sign-in."),
                steps=(_("Choose **Connect** once more and wait until the page comes back."),),
            ),
            Variant(
                fact="service=Google",
                cause=_(
                    "Google has ended the connection: the password was changed, access was removed, or the app is still in **Testing**, where a connection lasts 7 days."
                ),
                steps=(
                    _("On the consent screen of your Google project choose **Publish app**."),
                    RECONNECT,
                    HELD,
                ),
            ),
        ),
    ),
    "token_expired": Row(
        title=_("The access token has expired, and there is no refresh token"),
        cause=_("An access token alone lasts about an hour."),
        steps=(
            _("Enter a **Refresh token**, so that new access tokens can be fetched."),
            _("Or choose **Convert to client credentials**: nobody has to sign in again."),
        ),
    ),
}
