"""The values to type for the providers that sign in with access tokens."""

from __future__ import annotations

from sandbox.demo import Demo, GraphCase
from sandbox.demo_people import CLIENTS, PEOPLE, ClientCase
from sandbox.endpoints import Endpoints
from sandbox.markup import Safe, fill, join
from sandbox.values_parts import Pairs, cases, fields, table


def token_providers(demo: Demo, places: Endpoints) -> Safe:
    """The sections of Microsoft 365 SMTP, Microsoft account and generic OAuth2."""
    return join([_microsoft365(demo, places), _account(demo, places), _plain(demo, places)])


def _microsoft365(demo: Demo, places: Endpoints) -> Safe:
    working, *others = demo.smtp_token_cases
    usual = _app(demo, working, places)
    return fill(
        MICROSOFT365,
        fields=fields(usual, "Microsoft 365 SMTP"),
        cases=cases([(one.label, one.outcome, _app(demo, one, places)) for one in others], usual),
    )


def _account(demo: Demo, places: Endpoints) -> Safe:
    server = _server(demo, places)
    typed: Pairs = [
        ("Sends by", "SMTP"),
        ("Cloud", "Sandbox"),
        ("Who may sign in", "common"),
        ("Client ID", demo.client_id),
        ("Client Secret", demo.client_secret),
        *server,
    ]
    people = [(one.email, one.outcome) for one in PEOPLE]
    return fill(ACCOUNT, fields=fields(typed, "Microsoft account"), people=table(("Sign in as",), people))


def _plain(demo: Demo, places: Endpoints) -> Safe:
    working, *others = CLIENTS
    usual = _client(demo, working, places)
    return fill(
        PLAIN,
        fields=fields(usual, "Google / Generic OAuth2 SMTP"),
        cases=cases([(one.label, one.outcome, _client(demo, one, places)) for one in others], usual),
    )


def _app(demo: Demo, case: GraphCase, places: Endpoints) -> Pairs:
    return [
        ("Username", case.sender_email),
        ("Cloud", "Sandbox"),
        ("Client ID", case.client_id),
        ("Client Secret", case.client_secret),
        ("Access URL", f"{places.microsoft}/{case.tenant_id}/oauth2/v2.0/token"),
        *_server(demo, places),
    ]


def _client(demo: Demo, case: ClientCase, places: Endpoints) -> Pairs:
    method = "OAuth2 (legacy)" if case.refresh_token else "OAuth2 client credentials"
    return [
        ("Email service", "Other SMTP service"),
        *_server(demo, places),
        ("TLS option", "STARTTLS"),
        ("Authentication method", method),
        ("Username", case.username),
        ("Client ID", case.client_id),
        ("Client Secret", case.client_secret),
        ("Access URL", places.oauth),
        *([("Refresh token", case.refresh_token)] if case.refresh_token else []),
    ]


def _server(demo: Demo, places: Endpoints) -> Pairs:
    return [("Host", demo.host), ("Port", str(places.smtp_starttls))]


MICROSOFT365 = """<section class="card pad"><h2>Microsoft 365 SMTP</h2>
<dl class="values">{fields}</dl>
<h3>When something is wrong</h3>{cases}</section>"""

ACCOUNT = """<section class="card pad"><h2>Microsoft account</h2>
<p class="muted">Save these values, then choose Connect: the sandbox's own consent page opens.
Instead of SMTP, Microsoft Graph can be chosen; Host and Port are not asked for then.</p>
<dl class="values">{fields}</dl>
<h3>Who can sign in</h3>
<p class="muted">Untick a permission on the consent page to see what happens without it.</p>
{people}</section>"""

PLAIN = """<section class="card pad"><h2>Google / Generic OAuth2 SMTP</h2>
<dl class="values">{fields}</dl>
<h3>Other ways, and when something is wrong</h3>{cases}</section>"""
