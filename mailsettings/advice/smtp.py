"""Advice for SMTP replies (smtp-and-oauth.md §4, microsoft.md §11.6)."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

from mailsettings.advice.row import Row

LATER = _("Notifications are tried again by themselves. Run a test again in a few minutes.")

SMTP: dict[str, Row] = {
    "auth_failed": Row(
        title=_("The sign-in was refused"),
        cause=_("{host} does not accept this username with this password."),
        steps=(
            _("Check **Username**: most servers want the full email address."),
            _("Choose **Replace** and enter the password again."),
            _("With two-step sign-in at your provider, create an app password and use that."),
        ),
    ),
    "auth_app_password": Row(
        title=_("An app password is needed"),
        cause=_("Your provider does not accept the normal password from applications."),
        steps=(
            _("Turn on two-step sign-in at your provider and create an app password."),
            _("Enter it under **Password** and test again."),
        ),
    ),
    "auth_temporary": Row(
        title=_("The sign-in could not be checked now"),
        cause=_("{host} has trouble with its own user directory."),
        steps=(_("Wait a few minutes and test again."),),
        fixer="nobody",
    ),
    "auth_unsupported": Row(
        title=_("{host} offers no sign-in"),
        cause=_("The server offers none of the ways to sign in with a password over this connection."),
        steps=(
            _("Check **Port** and **TLS option**: port 25 rarely offers sign-in, 587 and 465 do."),
            _("If this relay needs no sign-in, turn **Authentication** off."),
        ),
    ),
    "auth_blocked_by_policy": Row(
        title=_("Sign-in with a password is switched off"),
        cause=_("SMTP AUTH is disabled for this mailbox or directory, or a policy blocks it."),
        steps=(
            _("In the Microsoft 365 admin center open **Users › Active users**, choose the mailbox."),
            _("Open **Mail › Manage email apps** and switch **Authenticated SMTP** on."),
            _("If security defaults or conditional access block it, use **Microsoft Graph API** instead."),
        ),
        fixer="microsoft_admin",
        link="https://admin.microsoft.com",
        link_label=_("Open Microsoft 365 admin center"),
    ),
    "basic_auth_retired": Row(
        title=_("Password sign-in is retired at this provider"),
        cause=_("The server no longer accepts passwords from applications."),
        steps=(_("Choose **Microsoft Graph API** under Mailing provider."),),
    ),
    "auth_required": Row(
        title=_("{host} wants a sign-in first"),
        cause=_("The server does not take mail from unknown senders."),
        steps=(_("Turn **Authentication** on and enter username and password."),),
    ),
    "sender_refused": Row(
        title=_("The sender was refused"),
        cause=_("{host} does not accept {sender} as the sender."),
        steps=(
            _("Set **Sender email** to the address you sign in with, or to one of its aliases."),
            _("Ask the server's administrator to allow this sender."),
        ),
    ),
    "send_as_denied": Row(
        title=_("This mailbox may not send as {sender}"),
        cause=_("The account that signs in has no right to send under this address."),
        steps=(
            _("Set **Sender email** to the account's own address."),
            _("Or have an administrator grant **Send As**, or add the address as an alias."),
        ),
        fixer="microsoft_admin",
    ),
    "sender_blocked": Row(
        title=_("The sender is blocked"),
        cause=_("The provider has blocked {sender} or its account from sending."),
        steps=(_("Ask your mail administrator to lift the block; the server response says why."),),
        fixer="mail_admin",
    ),
    "recipient_refused": Row(
        title=_("The recipient was refused"),
        cause=_("The server says this mailbox does not exist or takes no mail."),
        steps=(_("Check the address with the recipient. Trying again does not help until it is corrected."),),
        fixer="recipient",
    ),
    "recipient_temporary": Row(
        title=_("The recipient cannot take mail now"),
        cause=_("The mailbox is busy, full, or the server asks to come back later."),
        steps=(LATER,),
        fixer="nobody",
    ),
    "message_refused": Row(
        title=_("The message was refused"),
        cause=_("The server took sender and recipient, but not this content."),
        steps=(
            _("Read the server response below."),
            _("Often SPF, DKIM or DMARC of the sender's domain is the cause."),
        ),
    ),
    "message_too_large": Row(
        title=_("The message is too large"),
        cause=_("The server takes at most {limit}."),
        steps=(_("Send smaller attachments, or a link instead."),),
    ),
    "smtputf8_missing": Row(
        title=_("{host} cannot send to this address"),
        cause=_("The address has letters outside ASCII before the @, which this server does not support."),
        steps=(_("Use an address with plain letters, or another mail server."),),
        fixer="recipient",
    ),
    "too_many_connections": Row(
        title=_("Too many connections at once"),
        cause=_("The provider limits how many connections one mailbox may hold."),
        steps=(LATER,),
        fixer="nobody",
    ),
    "rate_limited": Row(
        title=_("The provider asks to slow down"),
        cause=_("Its limit of messages in a short time is reached."),
        steps=(LATER,),
        fixer="nobody",
    ),
    "quota_exceeded": Row(
        title=_("The sending limit is reached"),
        cause=_("The daily limit of this mailbox, or its storage, is used up."),
        steps=(_("Wait until the limit is reset, usually a day."), _("Or use another sender or provider.")),
    ),
    "server_busy": Row(
        title=_("{host} is busy"),
        cause=_("The server cannot take the message right now."),
        steps=(LATER,),
        fixer="nobody",
    ),
    "server_refused": Row(
        title=_("{host} refused the message"),
        cause=_("The server does not accept the message; its own words are below."),
        steps=(_("Read the server response below."), _("Ask the server's administrator.")),
        fixer="mail_admin",
    ),
    "outcome_unknown": Row(
        title=_("The last answer was lost"),
        cause=_("The message was handed over, but the connection broke before the server confirmed it."),
        steps=(_("Look into the inbox of the recipient before sending again: it may have arrived."),),
        fixer="nobody",
    ),
}
