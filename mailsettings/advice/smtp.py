"""Advice for SMTP replies (smtp-and-oauth.md §4, microsoft.md §11.6)."""

from __future__ import annotations

from mailsettings.advice.row import Row

LATER = "Nothing to do here: the message is tried again by itself."

SMTP: dict[str, Row] = {
    "auth_failed": Row(
        title="The sign-in was refused",
        cause="{host} does not accept this username with this password.",
        steps=(
            "Check **Username**: most servers want the full email address.",
            "Choose **Replace** and enter the password again.",
            "With two-step sign-in at your provider, create an app password and use that.",
        ),
    ),
    "auth_app_password": Row(
        title="An app password is needed",
        cause="Your provider does not accept the normal password from applications.",
        steps=(
            "Turn on two-step sign-in at your provider and create an app password.",
            "Enter it under **Password** and test again.",
        ),
    ),
    "auth_temporary": Row(
        title="The sign-in could not be checked now",
        cause="{host} has trouble with its own user directory.",
        steps=("Wait a few minutes and test again.",),
        fixer="nobody",
    ),
    "auth_unsupported": Row(
        title="{host} offers no sign-in",
        cause="The server offers none of the ways to sign in with a password over this connection.",
        steps=(
            "Check **Port** and **TLS option**: port 25 rarely offers sign-in, 587 and 465 do.",
            "If this relay needs no sign-in, turn **Authentication** off.",
        ),
    ),
    "auth_blocked_by_policy": Row(
        title="Sign-in with a password is switched off",
        cause="SMTP AUTH is disabled for this mailbox or directory, or a policy blocks it.",
        steps=(
            "In the Microsoft 365 admin center open **Users › Active users**, choose the mailbox.",
            "Open **Mail › Manage email apps** and switch **Authenticated SMTP** on.",
            "If security defaults or conditional access block it, use **Microsoft Graph API** instead.",
        ),
        fixer="microsoft_admin",
        link="https://admin.microsoft.com",
        link_label="Open Microsoft 365 admin center",
    ),
    "basic_auth_retired": Row(
        title="Password sign-in is retired at this provider",
        cause="The server no longer accepts passwords from applications.",
        steps=("Choose **Microsoft Graph API** under Mailing provider.",),
    ),
    "auth_required": Row(
        title="{host} wants a sign-in first",
        cause="The server does not take mail from unknown senders.",
        steps=("Turn **Authentication** on and enter username and password.",),
    ),
    "sender_refused": Row(
        title="The sender was refused",
        cause="{host} does not accept {sender} as the sender.",
        steps=(
            "Set **Sender email** to the address you sign in with, or to one of its aliases.",
            "Ask the server's administrator to allow this sender.",
        ),
    ),
    "send_as_denied": Row(
        title="This mailbox may not send as {sender}",
        cause="The account that signs in has no right to send under this address.",
        steps=(
            "Set **Sender email** to the account's own address.",
            "Or have an administrator grant **Send As**, or add the address as an alias.",
        ),
        fixer="microsoft_admin",
    ),
    "sender_blocked": Row(
        title="The sender is blocked",
        cause="The provider has blocked {sender} or its account from sending.",
        steps=("Ask your mail administrator to lift the block; the server response says why.",),
        fixer="mail_admin",
    ),
    "recipient_refused": Row(
        title="The recipient was refused",
        cause="The server says this mailbox does not exist or takes no mail.",
        steps=("Check the address with the recipient. Trying again does not help until it is corrected.",),
        fixer="recipient",
    ),
    "recipient_temporary": Row(
        title="The recipient cannot take mail now",
        cause="The mailbox is busy, full, or the server asks to come back later.",
        steps=(LATER,),
        fixer="nobody",
    ),
    "message_refused": Row(
        title="The message was refused",
        cause="The server took sender and recipient, but not this content.",
        steps=(
            "Read the server response below.",
            "Often SPF, DKIM or DMARC of the sender's domain is the cause.",
        ),
    ),
    "message_too_large": Row(
        title="The message is too large",
        cause="The server takes at most {limit}.",
        steps=("Send smaller attachments, or a link instead.",),
    ),
    "smtputf8_missing": Row(
        title="{host} cannot send to this address",
        cause="The address has letters outside ASCII before the @, which this server does not support.",
        steps=("Use an address with plain letters, or another mail server.",),
        fixer="recipient",
    ),
    "too_many_connections": Row(
        title="Too many connections at once",
        cause="The provider limits how many connections one mailbox may hold.",
        steps=(LATER,),
        fixer="nobody",
    ),
    "rate_limited": Row(
        title="The provider asks to slow down",
        cause="Its limit of messages in a short time is reached.",
        steps=(LATER,),
        fixer="nobody",
    ),
    "quota_exceeded": Row(
        title="The sending limit is reached",
        cause="The daily limit of this mailbox, or its storage, is used up.",
        steps=("Wait until the limit is reset, usually a day.", "Or use another sender or provider."),
    ),
    "server_busy": Row(
        title="{host} is busy",
        cause="The server cannot take the message right now.",
        steps=(LATER,),
        fixer="nobody",
    ),
    "server_refused": Row(
        title="{host} refused the message",
        cause="The server does not accept the message; its own words are below.",
        steps=("Read the server response below.", "Ask the server's administrator."),
        fixer="mail_admin",
    ),
    "outcome_unknown": Row(
        title="The last answer was lost",
        cause="The message was handed over, but the connection broke before the server confirmed it.",
        steps=("Look into the inbox of the recipient before sending again: it may have arrived.",),
        fixer="nobody",
    ),
}
