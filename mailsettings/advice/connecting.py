"""Advice for name lookup, address policy, connection and encryption (smtp-and-oauth.md §1, §4)."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

from mailsettings.advice.row import Row, Variant

FITTING = _("With port 465 choose **TLS**, with 587 choose **STARTTLS**.")
OVER_HTTPS = "graph microsoft365_smtp microsoft_account"

CONNECTING: dict[str, Row] = {
    "dns_not_found": Row(
        title=_("{host} was not found"),
        cause=_("No address is published under this name."),
        steps=(
            _("Compare **Host** letter by letter with what your mail provider states."),
            _("Is the name new? It can take an hour until it is known everywhere."),
        ),
        variants=(
            Variant(
                provider="graph",
                steps=(
                    _("Compare **Access URL** letter by letter with **Overview › Endpoints** of your app."),
                    _("If it is right, the operator of this platform has to look at its name service."),
                ),
            ),
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
        cause=_("{host} is, or leads to, an address or a port that this platform does not connect to."),
        steps=(
            _("Enter the public name of your mail server in **Host**, with port 465, 587, 2525 or 25."),
            _("Is it a relay inside the platform's own network? Ask the operator to allow it."),
        ),
    ),
    "connect_refused": Row(
        title=_("{host} refused the connection"),
        cause=_("The machine answers, but nothing listens on port {port}."),
        steps=(
            _("Check **Host** and **Port**: 587 goes with STARTTLS, 465 with TLS."),
            _("If both are right, ask the server's administrator whether the mail service runs."),
        ),
    ),
    "connect_timeout": Row(
        title=_("{host} did not answer"),
        cause=_("Nothing came back from port {port}; usually a firewall drops the connection."),
        steps=(
            _("Check **Host** and **Port**. Port 25 is often blocked: use 587 or 465."),
            FITTING,
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
        variants=(
            Variant(
                said=("expired",),
                title=_("The certificate of {host} has expired"),
                cause=_("It was valid once, and its time is over. Nothing was sent."),
                steps=(
                    _("The server's administrator has to renew the certificate."),
                    _("There is nothing to change here; test again afterwards."),
                ),
            ),
            Variant(
                said=("mismatch", "doesn't match", "not valid for"),
                title=_("The certificate of {host} is made for another name"),
                cause=_("The server shows a certificate that does not name {host}. Nothing was sent."),
                steps=(
                    _("Enter **Host** exactly as it stands in the certificate, not as an IP address."),
                    _("If Host is right, the server's administrator has to install a certificate for it."),
                ),
                fixer="you",
            ),
            Variant(
                said=("self-signed", "self signed"),
                title=_("The certificate of {host} vouches for itself"),
                cause=_("No authority has signed it, so anyone could have made it. Nothing was sent."),
                steps=(
                    _("Paste the certificate, or its **SHA-256 fingerprint**, under **Certificate**."),
                    _("Or the server's administrator installs a certificate of a public authority."),
                ),
                fixer="you",
            ),
            Variant(
                said=("unable to get local issuer", "unable to get issuer", "unable to verify the first"),
                title=_("The certificate of {host} comes from an unknown authority"),
                cause=_("It may be your own authority, or the server leaves out a certificate in between."),
                steps=(
                    _("Is it your own authority? Paste its certificate (PEM) under **Certificate**."),
                    _("Otherwise the server's administrator has to install the **whole chain**."),
                ),
                fixer="you",
            ),
            Variant(
                said=("not yet valid",),
                title=_("The certificate of {host} is not valid yet"),
                cause=_("Its time begins later, or a clock is wrong. Nothing was sent."),
                steps=(_("The server's administrator has to check the certificate and the clock."),),
            ),
        ),
    ),
    "tls_fingerprint": Row(
        title=_("{host} shows another certificate than the one you entered"),
        cause=_("The fingerprint under **Certificate** does not belong to it. Nothing was sent."),
        steps=(
            _("Was the server's certificate renewed? Ask its administrator for the new fingerprint."),
            _("Enter it under **Certificate** and test again. Do not copy one you cannot confirm."),
        ),
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
    "unknown_reply": Row(
        title=_("The server gave an answer we do not know"),
        cause=_("The message was not accepted. The server's own words are below."),
        steps=(
            _("Check **Host** and **Port**: does a mail server answer there?"),
            _("Test again; if it repeats, send the server response below to your provider's support."),
        ),
        variants=(
            Variant(
                provider=OVER_HTTPS,
                cause=_("Something between this platform and Microsoft answered, such as a proxy."),
                steps=(
                    _("Check **Access URL** or **Cloud**."),
                    _("Test again; if it repeats, ask the operator of this platform."),
                ),
            ),
        ),
    ),
}
