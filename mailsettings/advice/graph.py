"""Advice for Microsoft Graph (microsoft.md §9)."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

from mailsettings.advice.row import Row
from mailsettings.advice.tokens import ENTRA, ENTRA_LABEL

GRAPH: dict[str, Row] = {
    "graph_access_denied": Row(
        title=_("The app may not send mail yet"),
        cause=_(
            "Sign-in worked. Microsoft then refused to send: the app needs **Mail.Send**, of the kind Application, approved by an administrator."
        ),
        steps=(
            _("Open **Entra admin center › App registrations › your app › API permissions**."),
            _(
                "If **Mail.Send** is missing, choose **Add a permission › Microsoft Graph › Application permissions** and add it. The delegated one does not help."
            ),
            _("Select **Grant admin consent**. Only a Microsoft 365 administrator can do this."),
            _(
                "Wait about a minute, then test again. If the app is limited to some mailboxes in Exchange, {sender} must be one of them."
            ),
        ),
        fixer="microsoft_admin",
        link=ENTRA,
        link_label=ENTRA_LABEL,
    ),
    "graph_unauthorized": Row(
        title=_("Microsoft Graph did not accept the token"),
        cause=_("The token was issued, but gives no right to Graph in this directory."),
        steps=(
            _("Add **Mail.Send** under **API permissions › Microsoft Graph › Application permissions**."),
            _("Select **Grant admin consent**, wait about a minute, then test again."),
            _("Check that the mailbox {sender} has a licence."),
        ),
        fixer="microsoft_admin",
        link=ENTRA,
        link_label=ENTRA_LABEL,
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
    "graph_mailbox_unsupported": Row(
        title=_("{sender} has no Microsoft 365 mailbox"),
        cause=_(
            "The account has no licence, the mailbox is new or inactive, or it lives on a server of your own."
        ),
        steps=(
            _("Assign an Exchange Online licence to {sender}, or choose another mailbox."),
            _("For a mailbox on your own server choose **Custom SMTP**."),
        ),
        fixer="microsoft_admin",
    ),
    "graph_throttled": Row(
        title=_("Microsoft asks to slow down"),
        cause=_("The limit of requests for this mailbox is reached."),
        steps=(_("Notifications are tried again by themselves. Run a test again in a few minutes."),),
        fixer="nobody",
    ),
    "graph_unavailable": Row(
        title=_("Microsoft Graph has trouble"),
        cause=_("The service could not take the message right now."),
        steps=(_("Notifications are tried again by themselves. Run a test again in a few minutes."),),
        fixer="nobody",
    ),
    "graph_refused": Row(
        title=_("Microsoft refused the message"),
        cause=_("Graph did not accept this message; its own words are below."),
        steps=(_("Read the server response below."),),
    ),
}
