"""Advice for SMTP replies about recipients, content and the server (smtp-and-oauth.md §4, §9)."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

from mailsettings.advice.row import Row, Variant
from mailsettings.advice.smtp_sender import LATER

SMTP: dict[str, Row] = {
    "recipient_refused": Row(
        title=_("The recipient was refused"),
        cause=_("The server says this mailbox does not exist or takes no mail."),
        steps=(_("Check the address with the recipient. Trying again does not help until it is corrected."),),
        fixer="recipient",
        variants=(
            Variant(
                codes="5.2.1",
                title=_("The recipient's mailbox is disabled"),
                cause=_("The mailbox exists, but takes no mail."),
            ),
            Variant(
                codes="5.2.2",
                title=_("The recipient's mailbox is full"),
                cause=_("The mailbox takes no more mail until it is cleaned up."),
            ),
            Variant(
                codes="5.1.2 5.4.4 5.1.10 556",
                title=_("The recipient's domain takes no mail"),
                cause=_("The domain does not exist, or it says that it takes no mail."),
            ),
            Variant(
                codes="5.7.12 5.7.124 5.7.133 5.7.134 5.7.135 5.7.136",
                title=_("The recipient takes no mail from outside"),
                cause=_("The group or mailbox accepts mail from its own organization only."),
                steps=(_("The recipient's administrator has to allow senders from outside."),),
            ),
        ),
    ),
    "recipient_temporary": Row(
        title=_("The recipient cannot take mail now"),
        cause=_("The mailbox is busy, full, or the server asks to come back later."),
        steps=(LATER,),
        fixer="nobody",
        variants=(
            Variant(
                said=("greylist",),
                title=_("The recipient's server asks to come back later"),
                cause=_("It takes unknown senders at the second try only (greylisting)."),
            ),
            Variant(
                codes="4.2.2",
                title=_("The recipient's mailbox is full for now"),
                cause=_("The mailbox takes no more mail until it is cleaned up."),
            ),
            Variant(
                codes="4.5.3",
                title=_("Too many recipients in one message"),
                cause=_("{host} takes fewer recipients at once than this message has."),
            ),
        ),
    ),
    "relay_denied": Row(
        title=_("{host} does not send to other domains for you"),
        cause=_("The server takes mail for its own domains only, unless you sign in."),
        steps=(
            _("Turn **Authentication** on and enter username and password."),
            _("Set **Sender email** to an address of the account that signs in."),
            _("Otherwise the server's administrator has to allow this platform as a relay."),
        ),
    ),
    "message_refused": Row(
        title=_("The message was refused"),
        cause=_("The server took sender and recipient, but not this content."),
        steps=(_("Read the server response below: often SPF, DKIM or DMARC of the domain is the cause."),),
        variants=(
            Variant(
                codes="5.7.0",
                title=_("An attachment of this type is forbidden"),
                cause=_("The provider takes no programs and no archives it cannot look into."),
                steps=(_("Send another file type, or a link instead."),),
            ),
            Variant(
                said=("spam",),
                title=_("The message was taken for spam"),
                cause=_("The server did not like the content or the sender."),
                steps=(
                    _("Read the server response below."),
                    _("Check SPF, DKIM and DMARC of the sender's domain."),
                ),
                fixer="mail_admin",
            ),
            Variant(
                codes="5.6.11 5.6.0 5.6.1 5.6.2 5.6.3",
                title=_("{host} does not understand this message"),
                cause=_("The form of the message does not suit the server."),
                steps=(_("Send the server response below to the operator of this platform."),),
                fixer="platform",
            ),
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
        variants=(
            Variant(
                codes="5.7.232 5.7.233",
                title=_("The organization's limit of outside recipients is reached"),
                cause=_("Microsoft counts recipients outside your organization over 24 hours."),
                steps=(
                    _("Wait; the count goes down by itself within a day."),
                    _("More licences raise the limit; a trial has a small one."),
                ),
                fixer="microsoft_admin",
            ),
            Variant(
                codes="5.4.5",
                title=_("The daily limit of this Gmail account is reached"),
                cause=_(
                    "Google counts messages over 24 hours: 500 for a personal account, 2,000 for Workspace."
                ),
            ),
        ),
    ),
    "server_busy": Row(
        title=_("{host} is busy"),
        cause=_("The server cannot take the message right now."),
        steps=(LATER,),
        fixer="nobody",
    ),
    "address_blocklisted": Row(
        title=_("This platform's address stands on a block list"),
        cause=_("{host} asks a block list before it takes mail, and refused."),
        steps=(
            _("Read the server response below: it names the list and often a page for removal."),
            _("Ask the operator of this platform to have its address removed."),
            _("Or send through a provider that you sign in to, such as **Microsoft Graph API**."),
        ),
        fixer="platform",
    ),
    "server_refused": Row(
        title=_("{host} refused the message"),
        cause=_("The server does not accept the message; its own words are below."),
        steps=(_("Read the server response below."), _("Ask the server's administrator.")),
        fixer="mail_admin",
        variants=(
            Variant(
                codes="5.7.64 4.4.62",
                title=_("Microsoft does not know this platform as your server"),
                cause=_("Host is your **MX** address: it is for a connector, not for signing in."),
                steps=(
                    _("Enter **smtp.office365.com** in Host, port 587, and sign in."),
                    _("Or an Exchange administrator sets up a **connector** for this platform's address."),
                ),
                fixer="you",
            ),
            Variant(
                codes="500 502 503 504 555 5.5.1 5.5.2 5.5.4",
                title=_("{host} does not understand what was asked"),
                cause=_("It may be no full mail server, or something in between changes what is said."),
                steps=(
                    _("Check **Host** and **Port**."),
                    _("Send the server response below to the operator of this platform."),
                ),
                fixer="platform",
            ),
        ),
    ),
    "outcome_unknown": Row(
        title=_("The last answer was lost"),
        cause=_("The message was handed over, but the connection broke before the server confirmed it."),
        steps=(_("Look into the inbox of the recipient before sending again: it may have arrived."),),
        fixer="nobody",
    ),
}
