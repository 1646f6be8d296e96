"""Advice for directory, cloud, consent and policies at a token endpoint (microsoft.md §6)."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

from mailsettings.advice.policy import POLICY
from mailsettings.advice.row import Row, Variant
from mailsettings.advice.token_app import AGAIN, GRANT, OPEN_ENTERPRISE, OPEN_PERMISSIONS, OTHERWISE

OPEN_APP = _("Open your app")
OPEN_SIGN_INS = _("Open Sign-in logs")

TOKEN_DIRECTORY: dict[str, Row] = {
    "token_tenant_unknown": Row(
        title=_("Microsoft does not know this directory"),
        cause=_("{tenant} in the Access URL was not found."),
        steps=(
            _("In Entra ID open your app, **Overview › Endpoints**."),
            _("Copy **OAuth 2.0 token endpoint (v2)** into **Access URL**."),
            _("Does your organization live in another Microsoft cloud? Copy the address from that portal."),
            OTHERWISE,
        ),
        link="{link_app}",
        link_label=OPEN_APP,
        variants=(
            Variant(
                codes="AADSTS900023",
                title=_("The directory in the Access URL is neither an id nor a domain"),
                cause=_("{tenant} has not the form of a directory."),
            ),
            Variant(
                codes="AADSTS90019 AADSTS50059 AADSTS50128",
                title=_("The Access URL names no directory"),
                cause=_("Microsoft cannot tell which organization the app belongs to."),
            ),
            Variant(
                codes="AADSTS9001023",
                title=_("An app of its own needs its own directory"),
                cause=_("The names common and consumers are for people who sign in, not for an app."),
            ),
        ),
    ),
    "token_account_type": Row(
        title=_("This kind of account does not fit the app"),
        cause=_("The app takes accounts of its own directory only, or not of this kind."),
        steps=(
            _("Enter your own **Directory (tenant) ID** under **Who may sign in**."),
            _("Or change **Supported account types** under **Authentication** of the app."),
        ),
        link="{link_authentication}",
        link_label=_("Open Authentication"),
    ),
    "token_wrong_cloud": Row(
        title=_("This organization lives in another Microsoft cloud"),
        cause=_("{cloud} does not hold the directory {tenant}."),
        steps=(
            _("Choose the right cloud: Worldwide, GCC High, DoD or China."),
            _("Copy **Access URL** from the portal of that cloud; GCC High and DoD end in **.us**."),
        ),
    ),
    "token_resource_missing": Row(
        title=_("Microsoft does not know the requested service here"),
        cause=_("The directory {tenant} has no Exchange Online, or no Graph, for this app."),
        steps=(
            _("Check that the directory has **Exchange Online licences**."),
            _("Check that **Access URL** and **Scope** are of the right cloud."),
            OTHERWISE,
        ),
        fixer="microsoft_admin",
        link="{link_admin}",
        link_label=_("Open Microsoft 365 admin center"),
    ),
    "token_consent_missing": Row(
        title=_("Admin consent is missing"),
        cause=_("Nobody has approved the permissions of the app {client_id} yet."),
        steps=(
            _("In Entra ID open **App registrations**, your app, **API permissions**."),
            GRANT,
            AGAIN,
        ),
        fixer="microsoft_admin",
        link="{link_permissions}",
        link_label=OPEN_PERMISSIONS,
        variants=(
            Variant(
                provider="microsoft_account",
                title=_("The consent is missing"),
                cause=_("Nobody has approved the permissions of the app {client_id} for this account."),
                steps=(
                    _("Choose **Reconnect** on the Emails page and approve."),
                    _("Where users may not consent, send the consent link to your administrator."),
                ),
                link="{consent_url}",
                link_label=_("Open the consent link"),
            ),
        ),
    ),
    "token_admin_consent": Row(
        title=_("An administrator has to approve first"),
        cause=_("In this directory users may not consent to the app {client_id} themselves."),
        steps=(
            _("Send the consent link to your Microsoft 365 administrator, who opens it and approves once."),
            _("Or choose **Request approval** on Microsoft's page and wait for the answer."),
            _("Then connect again."),
        ),
        fixer="microsoft_admin",
        link="{consent_url}",
        link_label=_("Open the consent link"),
    ),
    "token_blocked_by_policy": Row(
        title=_("Not allowed: a policy blocks this app"),
        cause=POLICY,
        steps=(
            _(
                "In Entra ID open **Sign-in logs**; app sign-ins stand under **Service principal sign-ins**. They name the policy."
            ),
            _("Exclude the app {client_id} from that policy, or allow this platform's address."),
        ),
        fixer="microsoft_admin",
        link="{link_sign_ins}",
        link_label=OPEN_SIGN_INS,
        variants=(
            Variant(
                codes="AADSTS50105",
                title=_("Not allowed: the account is not assigned to the app"),
                cause=_("Your organization lets only assigned people use this app."),
                steps=(
                    _("In Entra ID open **Enterprise applications**, your app, **Users and groups**."),
                    _("Add {mailbox}, or set **Assignment required** to No under **Properties**."),
                ),
                link="{link_enterprise}",
                link_label=OPEN_ENTERPRISE,
            ),
        ),
    ),
    "token_security_defaults": Row(
        title=_("Not allowed: security defaults block this sign-in"),
        cause=POLICY,
        steps=(
            _("Choose **Microsoft Graph API**: it needs neither a password nor SMTP AUTH."),
            _("Or an administrator replaces **security defaults** by conditional access."),
        ),
        fixer="microsoft_admin",
    ),
    "token_tenant_restricted": Row(
        title=_("Not allowed: your organization restricts foreign directories"),
        cause=_("A tenant restriction or cross-tenant policy does not let the directory {tenant} in."),
        steps=(_("Your IT has to allow this directory in the restriction; **Sign-in logs** name it."),),
        fixer="microsoft_admin",
        link="{link_sign_ins}",
        link_label=OPEN_SIGN_INS,
    ),
}
