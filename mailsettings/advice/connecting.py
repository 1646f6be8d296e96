"""Advice for name lookup, address policy, connection and encryption (smtp-and-oauth.md §1, §4)."""

from __future__ import annotations

from mailsettings.advice.row import Row

CONNECTING: dict[str, Row] = {
    "dns_not_found": Row(
        title="{host} was not found",
        cause="No address is published under this name.",
        steps=(
            "Compare **Host** letter by letter with what your mail provider states.",
            "Is the name new? It can take an hour until it is known everywhere.",
        ),
    ),
    "dns_unavailable": Row(
        title="The name {host} could not be looked up",
        cause="The name service did not answer in time.",
        steps=("Wait a minute and test again.",),
        fixer="nobody",
    ),
    "address_refused": Row(
        title="This address may not be used",
        cause="{host} is, or leads to, an address inside a private network or a reserved range.",
        steps=(
            "Enter the public name of your mail server in **Host**.",
            "Is it a relay inside the platform's own network? Ask the operator to allow it.",
        ),
    ),
    "connect_refused": Row(
        title="{host} refused the connection",
        cause="The machine answers, but nothing listens on port {port}.",
        steps=(
            "Check **Port**: 587 goes with STARTTLS, 465 with TLS.",
            "If both are right, ask the server's administrator whether the mail service runs.",
        ),
    ),
    "connect_timeout": Row(
        title="{host} did not answer",
        cause="Nothing came back from port {port}; usually a firewall drops the connection.",
        steps=(
            "Check **Host** and **Port**. Port 25 is often blocked: use 587 or 465.",
            "With port 465 choose **TLS**, with 587 choose **STARTTLS**.",
            "Ask the server's administrator to let this platform in.",
        ),
    ),
    "timeout": Row(
        title="{host} took too long",
        cause="The server accepted the connection but did not answer in time.",
        steps=(
            "With port 465 choose **TLS**, with 587 choose **STARTTLS**: a wrong pair waits forever.",
            "Otherwise wait a few minutes and test again.",
        ),
    ),
    "connection_lost": Row(
        title="{host} closed the connection",
        cause="The connection broke before the server had taken the message.",
        steps=("Wait a minute and test again.", "If it repeats, ask the server's administrator for its log."),
        fixer="nobody",
    ),
    "tls_certificate": Row(
        title="The certificate of {host} is not valid",
        cause="Its certificate is expired, made for another name, or signed by an unknown authority. Nothing was sent.",
        steps=(
            "Enter **Host** exactly as it stands in the certificate, not as an IP address.",
            "Otherwise the server's administrator has to install a valid certificate.",
        ),
        fixer="mail_admin",
    ),
    "tls_mode": Row(
        title="The TLS option does not fit the port",
        cause="The server on port {port} speaks another kind of encryption than the one chosen.",
        steps=("Choose **STARTTLS** with port 587, or **TLS** with port 465.", "Then test again."),
    ),
    "tls_version": Row(
        title="{host} offers only outdated encryption",
        cause="The server does not speak TLS 1.2 or newer.",
        steps=("The server's administrator has to enable TLS 1.2 or 1.3.",),
        fixer="mail_admin",
    ),
    "starttls_missing": Row(
        title="{host} does not offer STARTTLS",
        cause="The connection would stay unencrypted, so nothing was sent.",
        steps=(
            "Try **TLS** with port 465.",
            "If the server has no encryption at all, ask its administrator to enable it.",
        ),
    ),
    "greeting_refused": Row(
        title="{host} does not talk to this platform",
        cause="The server refused the conversation before any sign-in.",
        steps=(
            "Read the server response below: it often names a block list.",
            "Ask the server's administrator to allow this platform's address.",
        ),
        fixer="mail_admin",
    ),
    "settings_incomplete": Row(
        title="A setting is missing",
        cause="The saved settings are not complete.",
        steps=("Open the Emails page, fill in the marked fields and save.",),
    ),
    "secret_unreadable": Row(
        title="The saved secret cannot be used",
        cause="It was stored for another server or app, or the record was altered. It is not sent anywhere.",
        steps=("Choose **Replace**, enter the secret again, and save.",),
    ),
    "no_connection": Row(
        title="SMTP settings not found",
        cause="SMTP is on, but no connection is saved.",
        steps=("Open the Emails page, choose a mailing provider, fill in its fields and save.",),
    ),
    "draft_gone": Row(
        title="The values of this test are gone",
        cause="Values that were never saved are kept for a day.",
        steps=("Go back to Emails, enter them again and test.",),
    ),
    "default_mailer_missing": Row(
        title="The system default mailer is not set up",
        cause="The platform has no mailer of its own yet. Mail is kept until it has.",
        steps=("Ask the operator to set **DEFAULT_MAILER_URL**.",),
        fixer="platform",
    ),
    "organization_suspended": Row(
        title="The organization is suspended",
        cause="Its mail is kept and goes out when it is active again.",
        steps=("Ask the operator of this platform.",),
        fixer="platform",
    ),
    "unknown_reply": Row(
        title="The server gave an answer we do not know",
        cause="The message was not accepted. The server's own words are below.",
        steps=(
            "Read the server response below.",
            "Test again; if it repeats, send it to your provider's support.",
        ),
    ),
}
