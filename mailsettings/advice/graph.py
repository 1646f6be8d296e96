"""Advice for Microsoft Graph (microsoft.md §9)."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

from mailsettings.advice.row import Row, Variant
from mailsettings.advice.token_app import AGAIN, GRANT, OPEN_PERMISSIONS

BY_THEMSELVES = _("Notifications are tried again by themselves. Run a test again in a few minutes.")

GRAPH: dict[str, Row] = {
    "graph_access_denied": Row(
        title=_("The app may not send mail yet: admin consent is missing"),
        cause=_(
            "Sign-in worked. Microsoft then refused to send: the app needs **Mail.Send**, of the kind Application, approved by an administrator."
        ),
        steps=(
            _("Open **Entra admin center › App registrations › your app › API permissions**."),
            _(
                "If **Mail.Send** is missing, choose **Add a permission › Microsoft Graph › Application permissions** and add it. The delegated one does not help."
            ),
            GRANT,
            AGAIN,
        ),
        fixer="microsoft_admin",
        link="{link_permissions}",
        link_label=OPEN_PERMISSIONS,
        variants=(
            Variant(
                provider="microsoft_account",
                title=_("The connected account may not send this way"),
                cause=_("Microsoft refused to send: **Mail.Send** was not approved for {mailbox}."),
                steps=(
                    _("Choose **Reconnect** on the Emails page and approve **Mail.Send**."),
                    _("To send from another mailbox, **Mail.Send.Shared** and **Send As** are needed too."),
                ),
                fixer="you",
            ),
            Variant(
                said=("raop", "accesspolicy", "access to odata"),
                title=_("The app is not allowed to use the mailbox {sender}"),
                cause=_("In Exchange the app is limited to some mailboxes, and {sender} is none of them."),
                steps=(
                    _("An Exchange administrator adds {sender} to the **application access policy**."),
                    _("Or to the **management scope** of the app; the commands below make one."),
                    _("It takes up to two hours to act."),
                ),
                commands="send_scope",
            ),
            Variant(
                codes="accessDenied extensionError",
                title=_("A policy or the place of the mailbox forbids sending"),
                cause=_("Microsoft refused {sender}: a policy says no, or the mailbox is on premises."),
                steps=(
                    _("Choose a mailbox in **Exchange Online**."),
                    _("If it is one, check **API permissions** and **Grant admin consent**."),
                ),
            ),
        ),
    ),
    # COG-58: what a bare 401 can mean.
    "graph_unauthorized": Row(
        title=_("Microsoft Graph did not accept the token"),
        cause=_("The token was issued, but gives no right to Graph in this directory."),
        steps=(
            _("**Permission**: add **Mail.Send** under **API permissions › Microsoft Graph**."),
            _("**Consent**: select **Grant admin consent**, wait about a minute, then test again."),
            _("**Service principal**: the app must stand under **Enterprise applications** here."),
            _("**Send As**: {sender} must be a licensed mailbox that the app may send as."),
        ),
        fixer="microsoft_admin",
        link="{link_permissions}",
        link_label=OPEN_PERMISSIONS,
        variants=(
            Variant(
                said=("audience",),
                title=_("The token is for another service or cloud"),
                cause=_("Graph says that the token was made for somebody else (Invalid audience)."),
                steps=(
                    _("Check that **Cloud** and **Access URL** belong together."),
                    _("A **Scope** of Exchange does not work for Graph: leave it empty."),
                ),
                fixer="you",
            ),
        ),
    ),
    "graph_mailbox_unknown": Row(
        title=_("The mailbox {sender} does not exist in this directory"),
        cause=_("Microsoft found no user with this address."),
        steps=(
            _(
                "Check **Sender email** letter by letter; an alias does not work, only the mailbox's main address."
            ),
            _("Check that **Access URL** is of the directory that holds the mailbox."),
        ),
    ),
    # WPM-57: both causes and the remedy.
    "graph_mailbox_unsupported": Row(
        title=_("{sender} has no Microsoft 365 mailbox"),
        cause=_(
            "Graph (REST) does not reach it: the account has no licence, is new or inactive, or the mailbox lives on a server of your own (on-premises)."
        ),
        steps=(
            _("Assign an **Exchange Online** licence to {sender}, or choose another mailbox."),
            _("For a mailbox on your own server choose **Custom SMTP**."),
        ),
        fixer="microsoft_admin",
        link="{link_admin}",
        link_label=_("Open Microsoft 365 admin center"),
    ),
    "graph_mailbox_full": Row(
        title=_("The mailbox {sender} is full"),
        cause=_("The sender's own mailbox takes no more mail, and sent mail is kept there."),
        steps=(
            _("Delete old mail, above all in **Sent Items**, and empty **Deleted Items**."),
            _("Or turn **Keep a copy in Sent Items** off for this connection."),
        ),
    ),
    "graph_sending_limit": Row(
        title=_("The sending limit of {sender} is reached"),
        cause=_(
            "Microsoft limits messages and recipients per day; new and trial accounts have small limits."
        ),
        steps=(
            _(
                "Sign in to the mailbox with a browser: a message there may ask you to **verify the account**."
            ),
            _("Otherwise wait; the limit is lifted within a day. Or use another sender."),
        ),
    ),
    "graph_account_suspended": Row(
        title=_("Microsoft has suspended {sender}"),
        cause=_("The account sent something that looked like spam, or it was never verified."),
        steps=(
            _("Sign in to the mailbox with a browser and follow what Microsoft asks there."),
            _("Then test again."),
        ),
    ),
    # WPM-44: large mail needs one more permission; small mail goes on.
    "graph_large_permission": Row(
        title=_("A permission is missing for large mail: Mail.ReadWrite"),
        cause=_("Messages over 3 MB are uploaded as a draft first. Smaller ones are not affected."),
        steps=(
            _(
                "Add **Mail.ReadWrite** under **API permissions › Microsoft Graph › Application permissions**."
            ),
            _("Select **Grant admin consent**, wait about a minute, then send again."),
            _("Or send smaller attachments."),
        ),
        fixer="microsoft_admin",
        link="{link_permissions}",
        link_label=OPEN_PERMISSIONS,
        variants=(
            Variant(
                provider="microsoft_account",
                steps=(
                    _(
                        "Turn **Send attachments over 3 MB** on, choose **Reconnect** and approve **Mail.ReadWrite**."
                    ),
                    _("Or send smaller attachments."),
                ),
                fixer="you",
            ),
        ),
    ),
    "graph_throttled": Row(
        title=_("Microsoft asks to slow down"),
        cause=_("The limit of requests for this mailbox is reached."),
        steps=(BY_THEMSELVES,),
        fixer="nobody",
    ),
    "graph_unavailable": Row(
        title=_("Microsoft Graph has trouble"),
        cause=_("The service could not take the message right now."),
        steps=(BY_THEMSELVES,),
        fixer="nobody",
    ),
    "graph_refused": Row(
        title=_("Microsoft refused the message"),
        cause=_("Graph did not accept this message; its own words are below."),
        steps=(_("Read the server response below."),),
        variants=(
            Variant(
                codes="InvalidInternetMessageHeader InvalidInternetMessageHeaderCollection",
                title=_("Microsoft does not take these message headers"),
                cause=_("Graph takes one to five own headers, each beginning with X-."),
                steps=(_("Send fewer headers of your own, or choose **Microsoft 365 SMTP**."),),
            ),
            Variant(
                codes="ErrorMimeContentInvalid ErrorMimeContentInvalidBase64String UnableToDeserializePostBody"
                " ErrorInvalidIdMalformed",
                cause=_("Microsoft could not read the message as it was written."),
                steps=(_("Send the server response below to the operator of this platform."),),
                fixer="platform",
            ),
        ),
    ),
}
