"""Advice for what a policy forbids at a mail server (microsoft.md §11.3, §11.4, §11.6; HIR-19)."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

from mailsettings.advice.row import Row, Variant

ADMIN_CENTER = _("Open Microsoft 365 admin center")
# HIR-19: the one category of everything a policy forbids.
POLICY = _("Your organization does not allow this: SMTP AUTH is disabled, or conditional access blocks it.")
SWITCH_ON = _(
    "In the Microsoft 365 admin center open **Users › Active users**, choose {mailbox}, then **Mail › Manage email apps**, and switch **Authenticated SMTP** on. It can take an hour to act."
)
OTHER_WAY = _("Or choose **Microsoft Graph API** under Mailing provider: it needs no SMTP AUTH.")
CONDITIONAL = _(
    "If a conditional access policy or security defaults block it, your administrator has to exclude this app; **Sign-in logs** in Entra ID name the policy."
)

POLICIES: dict[str, Row] = {
    "auth_blocked_by_policy": Row(
        title=_("Not allowed: a policy blocks this sign-in"),
        cause=POLICY,
        steps=(SWITCH_ON, CONDITIONAL, OTHER_WAY),
        fixer="microsoft_admin",
        link="{link_admin}",
        link_label=ADMIN_CENTER,
        commands="smtp_auth_on",
        variants=(
            Variant(
                fact="policy=smtp_auth_off",
                said=("for the tenant",),
                title=_("Not allowed: SMTP AUTH is switched off for the whole organization"),
                steps=(
                    SWITCH_ON,
                    _("The commands below switch it on for this mailbox only; that is enough."),
                    OTHER_WAY,
                ),
            ),
            Variant(
                fact="policy=smtp_auth_off",
                title=_("Not allowed: SMTP AUTH is switched off for {mailbox}"),
                steps=(SWITCH_ON, _("The commands below do the same."), OTHER_WAY),
            ),
            Variant(
                fact="policy=security_defaults",
                title=_("Not allowed: security defaults block the password"),
                steps=(
                    _("Choose **Microsoft Graph API** or **Microsoft account**: neither needs a password."),
                    _(
                        "Or an administrator turns **security defaults** off in Entra ID and uses conditional access."
                    ),
                ),
                commands="",
            ),
            Variant(
                fact="policy=conditional_access",
                title=_("Not allowed: an access policy blocks this sign-in"),
                steps=(CONDITIONAL, SWITCH_ON, OTHER_WAY),
                link="{link_sign_ins}",
                link_label=_("Open Sign-in logs"),
            ),
            Variant(
                codes="5.7.57",
                title=_("Not allowed: Microsoft does not take mail from this sign-in"),
                steps=(
                    SWITCH_ON,
                    _("Check **Username** and **Password**: the sign-in was not accepted."),
                    CONDITIONAL,
                ),
            ),
            Variant(
                codes="5.7.13 525",
                title=_("The account is disabled"),
                cause=_("{host} knows the account {username}, but it is switched off."),
                steps=(_("Ask the server's administrator to switch it on, or use another account."),),
                fixer="mail_admin",
                link="",
                commands="",
            ),
        ),
    ),
    "basic_auth_retired": Row(
        title=_("Not allowed: password sign-in is retired at this provider"),
        cause=_("The server no longer accepts passwords from applications; app passwords do not help."),
        steps=(
            _("Choose **Microsoft Graph API** or **Microsoft account** under Mailing provider."),
            _(
                "Until it is retired for good, an administrator may allow **basic authentication** for SMTP AUTH once more."
            ),
        ),
    ),
    "auth_required": Row(
        title=_("{host} wants a sign-in first"),
        cause=_("The server does not take mail from unknown senders."),
        steps=(_("Turn **Authentication** on and enter username and password."),),
        variants=(
            Variant(
                codes="5.7.57",
                title=_("Not allowed: Microsoft wants a sign-in first"),
                cause=POLICY,
                steps=(
                    _("Turn **Authentication** on and enter username and password."),
                    SWITCH_ON,
                    CONDITIONAL,
                ),
                fixer="microsoft_admin",
                link="{link_admin}",
                link_label=ADMIN_CENTER,
            ),
        ),
    ),
}
