"""Advice for what a token endpoint does not understand, or cannot do now (smtp-and-oauth.md §8)."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

from mailsettings.advice.row import Row, Variant

WAIT = _("Wait a few minutes and test again.")

TOKENS: dict[str, Row] = {
    "token_scope_wrong": Row(
        title=_("The scope is wrong"),
        cause=_("{service} does not know what was asked for, or it was asked for several services at once."),
        steps=(
            _("Leave **Scope** empty, or enter exactly one scope that ends in **/.default**."),
            _("For SMTP that is **https://outlook.office365.com/.default**."),
            _("Check that **Access URL** is of the right cloud."),
        ),
    ),
    "token_scope_refused": Row(
        title=_("The scope is wrong"),
        cause=_("{service} does not know this scope, or does not give it to this client."),
        steps=(
            _("Correct **Scope**; Gmail's is **https://mail.google.com/**."),
            _("Allow the scope for the client on the consent screen of {service}."),
        ),
    ),
    "token_grant_unsupported": Row(
        title=_("{service} does not know this way of getting a token"),
        cause=_("The token endpoint does not offer the grant that was used."),
        steps=(
            _("Gmail knows no client credentials: use a **refresh token** instead."),
            _("Otherwise compare **Authentication method** with what the service offers."),
        ),
    ),
    "token_grant_refused": Row(
        title=_("The grant was refused"),
        cause=_("{service} did not accept what was shown to it."),
        steps=(
            _("Check **Client ID** and **Client Secret**: the grant may belong to another client."),
            _("Read the server response below."),
        ),
    ),
    "token_request_wrong": Row(
        title=_("The token request was not understood"),
        cause=_("{service} misses something in the request, or a value has the wrong form."),
        steps=(
            _("Check **Access URL**, **Client ID** and **Scope** for blanks and typing errors."),
            _("If all are right, send the server response below to the operator of this platform."),
        ),
        variants=(
            Variant(
                codes="AADSTS90013",
                title=_("Client ID or Access URL holds a character that does not belong there"),
                cause=_("Microsoft could not read the request."),
                steps=(_("Copy **Client ID** and **Access URL** again, without blanks or quotes."),),
            ),
        ),
    ),
    # COG-56: the checks of a configuration that does not fit together.
    "token_refused": Row(
        title=_("{service} refused the sign-in"),
        cause=_(
            "The configuration does not fit together; the token endpoint gave no token and says why below."
        ),
        steps=(
            _("**Scope**: empty, or the one the guide names."),
            _("**Access URL**: the token endpoint of the same directory."),
            _("**Client Secret**: typed completely, not expired."),
            _("**Mailbox**: the same one that the app was set up for."),
        ),
    ),
    "token_unavailable": Row(
        title=_("{service}'s sign-in service has trouble"),
        cause=_("The token endpoint could not answer."),
        steps=(WAIT,),
        fixer="nobody",
        variants=(
            Variant(
                codes="AADSTS50000 AADSTS90036 AADSTS90091 AADSTS90092",
                steps=(WAIT, _("If it lasts, ask **Microsoft support** and name the request id.")),
            ),
        ),
    ),
    "token_endpoint_wrong": Row(
        title=_("The Access URL does not answer like a token endpoint"),
        cause=_("Something else answers at this address."),
        steps=(
            _("Copy **OAuth 2.0 token endpoint (v2)** from **Overview › Endpoints** into **Access URL**."),
        ),
        variants=(
            Variant(
                provider="oauth_smtp",
                steps=(
                    _(
                        "Look for **token endpoint** in the documentation of the service and copy it into **Access URL**."
                    ),
                ),
            ),
        ),
    ),
    "token_throttled": Row(
        title=_("{service} asks to slow down"),
        cause=_("Too many sign-ins in a short time."),
        steps=(_("Wait five minutes and test again."),),
        fixer="nobody",
        variants=(
            Variant(
                codes="AADSTS50196",
                title=_("Microsoft saw the same request too often"),
                cause=_("It refuses equal requests for some minutes (a request loop)."),
                steps=(
                    _("Wait five minutes and test again."),
                    _("If it comes back, tell the operator of this platform."),
                ),
            ),
        ),
    ),
}
