"""Advice for name lookup, address policy, connection and encryption (smtp-and-oauth.md §1, §4)."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

from mailsettings.advice.row import Row

CONNECTING: dict[str, Row] = {
    "dns_not_found": Row(
        title=_("{host} was not found"),
        cause=_("No address is published under this name."),
        steps=(
            _("Compare **Host** letter by letter with what your mail provider states."),
            _("Is the name new? It can take an hour until it is known everywhere."),
        ),
    ),
    "dns_unavailable": Row(
        title=_("The name {host} could not be looked up"),
        cause=_("The name service did not answer in time."),
        steps=(_("Wait a minute and test again."),),
        fixer="nobody",
    ),
    "address_refused": Row(
        title=_("This address may not be used"),
        cause=_("{host} is, or leads to, an address inside a private network or a reserved range."),
        steps=(
            _("Enter the public name of your mail server in **Host**."),
            _("Is it a relay inside the platform's own network? Ask the operator to allow it."),
        ),
    ),
    "connect_refused": Row(
        title=_("{host} refused the connection"),
        cause=_("The machine answers, but nothing listens on port {port}."),
        steps=(
            _("Check **Port**: 587 goes with STARTTLS, 465 with TLS."),
            _("If both are right, ask the server's administrator whether the mail service runs."),
        ),
    ),
    "connect_timeout": Row(
        title=_("{host} did not answer"),
        cause=_("Nothing came back from port {port}; usually a firewall drops the connection."),
        steps=(
            _("Check **Host** and **Port**. Port 25 is often blocked: use 587 or 465."),
            _("With port 465 choose **TLS**, with 587 choose **STARTTLS**."),
            _("Ask the server's administrator to let this platform in."),
        ),
    ),
    "timeout": Row(
        title=_("{host} took too long"),
        cause=_("The server accepted the connection but did not answer in time."),
        steps=(
            _("With port 465 choose **TLS**, with 587 choose **STARTTLS**: a wrong pair waits forever."),
            _("Otherwise wait a few minutes and test again."),
        ),
    ),
    "connection_lost": Row(
        title=_("{host} closed the connection"),
        cause=_("The connection broke before the server had taken the message."),
        steps=(
            _("Wait a minute and test again."),
            _("If it repeats, ask the server's administrator for its log."),
        ),
        fixer="nobody",
    ),
    "tls_certificate": Row(
        title=_("The certificate of {host} is not valid"),
        cause=_(
            "Its certificate is expired, made for another name, or signed by an unknown authority. Nothing was sent."
        ),
        steps=(
            _("Enter **Host** exactly as it stands in the certificate, not as an IP address."),
            _("Otherwise the server's administrator has to install a valid certificate."),
        ),
        fixer="mail_admin",
    ),
    "tls_mode": Row(
        title=_("The TLS option does not fit the port"),
        cause=_("The server on port {port} speaks another kind of encryption than the one chosen."),
        steps=(_("Choose **STARTTLS** with port 587, or **TLS** with port 465."), _("Then test again.")),
    ),
    "tls_version": Row(
        title=_("{host} offers only outdated encryption"),
        cause=_("The server does not speak TLS 1.2 or newer."),
        steps=(_("The server's administrator has to enable TLS 1.2 or 1.3."),),
        fixer="mail_admin",
    ),
    "starttls_missing": Row(
        title=_("{host} does not offer STARTTLS"),
        cause=_("The connection would stay unencrypted, so nothing was sent."),
        steps=(
            _("Try **TLS** with port 465."),
            _("If the server has no encryption at all, ask its administrator to enable it."),
        ),
    ),
    "greeting_refused": Row(
        title=_("{host} does not talk to this platform"),
        cause=_("The server refused the conversation before any sign-in."),
        steps=(
            _("Read the server response below: it often names a block list."),
            _("Ask the server's administrator to allow this platform's address."),
        ),
        fixer="mail_admin",
    ),
    "settings_incomplete": Row(
        title=_("A setting is missing"),
        cause=_("The saved settings are not complete."),
        steps=(_("Open the Emails page, fill in the marked fields and save."),),
    ),
    "secret_unreadable": Row(
        title=_("The saved secret cannot be used"),
        cause=_(
            "It was stored for another server or app, or the record was altered. It is not sent anywhere."
        ),
        steps=(_("Choose **Replace**, enter the secret again, and save."),),
    ),
    "no_connection": Row(
        title=_("SMTP settings not found"),
        cause=_("SMTP is on, but no connection is saved."),
        steps=(_("Open the Emails page, choose a mailing provider, fill in its fields and save."),),
    ),
    "draft_gone": Row(
        title=_("The values of this test are gone"),
        cause=_("Values that were never saved are kept for a day."),
        steps=(_("Go back to Emails, enter them again and test."),),
    ),
    "default_mailer_missing": Row(
        title=_("The system default mailer is not set up"),
        cause=_("The platform has no mailer of its own yet. Mail is kept until it has."),
        steps=(_("Ask the operator to set **DEFAULT_MAILER_URL**."),),
        fixer="platform",
    ),
    "organization_suspended": Row(
        title=_("The organization is suspended"),
        cause=_("Its mail is kept and goes out when it is active again."),
        steps=(_("Ask the operator of this platform."),),
        fixer="platform",
    ),
    "unknown_reply": Row(
        title=_("The server gave an answer we do not know"),
        cause=_("The message was not accepted. The server's own words are below."),
        steps=(
            _("Read the server response below."),
            _("Test again; if it repeats, send it to your provider's support."),
        ),
    ),
}
