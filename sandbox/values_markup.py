"""The values to type: what to enter in the product, and what comes of it."""

from __future__ import annotations

from sandbox.demo import Demo, GraphCase
from sandbox.endpoints import Endpoints
from sandbox.markup import Safe, fill
from sandbox.values_oauth import token_providers
from sandbox.values_parts import Pairs, cases, fields, table

RECIPIENTS = (
    ("anybody@fabrikam.com", "Accepted, and listed under Mail that arrived."),
    ("unknown@fabrikam.com", "550 5.1.1: there is no such mailbox. Fails for good."),
    ("disabled@fabrikam.com", "550 5.2.1: the mailbox is disabled. Fails for good."),
    ("relay@fabrikam.com", "550 5.7.1: relaying denied. Fails for good."),
    ("spam@fabrikam.com", "554 5.7.1 after the whole mail: it looks like spam. Fails for good."),
    ("busy@fabrikam.com", "451 4.7.1: try again later. Retried until the limit."),
    ("full@fabrikam.com", "452 4.2.2: the mailbox is full. Retried until the limit."),
    ("greylisted@fabrikam.com", "450 4.2.0 at the first try, accepted at the next one."),
)
SENDERS = (
    ("intruder@contoso.com", "553 5.7.1: this sender does not belong to the signed-in user."),
    ("blocked@contoso.com", "550 5.1.8: this sender is blocked."),
)


def values(demo: Demo, places: Endpoints) -> Safe:
    """The whole page."""
    working, *others = demo.graph_cases
    usual = _graph(working, places)
    return fill(
        PAGE,
        graph=fields(usual, "Microsoft Graph API"),
        graph_cases=cases([(one.label, one.outcome, _graph(one, places)) for one in others], usual),
        tokens=token_providers(demo, places),
        starttls=fields(_smtp(demo, places.smtp_starttls, "STARTTLS"), "Custom SMTP with STARTTLS"),
        tls=fields(_smtp(demo, places.smtp_tls, "TLS"), "Custom SMTP with TLS"),
        plain_port=places.smtp_plain,
        users=table(
            ("Username", "Password"),
            [(user.username, user.password, user.outcome) for user in demo.smtp_users],
        ),
        recipients=table(("Email address",), RECIPIENTS),
        senders=table(("Sender email",), SENDERS),
    )


def _graph(case: GraphCase, places: Endpoints) -> Pairs:
    return [
        ("Sender email", case.sender_email),
        ("Client ID", case.client_id),
        ("Client Secret", case.client_secret),
        ("Access URL", f"{places.microsoft}/{case.tenant_id}/oauth2/v2.0/token"),
    ]


def _smtp(demo: Demo, port: int, tls_option: str) -> Pairs:
    return [
        ("Host", demo.host),
        ("Port", str(port)),
        ("TLS option", tls_option),
        ("Username", demo.smtp_username),
        ("Password", demo.smtp_password),
        ("Sender email", demo.mailbox),
    ]


PAGE = """<div class="page-head"><div><h1>Values to type</h1>
<p>Open the mail settings of an organization, choose the provider and type these values.
They stay the same at each start.</p>
</div></div>
<section class="card pad"><h2>Microsoft Graph API</h2>
<dl class="values">{graph}</dl>
<h3>When something is wrong</h3>
<p class="muted">Each set differs from the working one in the marked value.</p>
{graph_cases}</section>
{tokens}
<div class="two">
<section class="card pad"><h2>Custom SMTP with STARTTLS</h2><dl class="values">{starttls}</dl></section>
<section class="card pad"><h2>Custom SMTP with TLS</h2><dl class="values">{tls}</dl></section>
</div>
<section class="card pad"><h2>Sign-ins</h2>
<p class="muted">Username and password for Custom SMTP. Any other pair is refused with 535 5.7.8.</p>{users}
<p class="muted">Without encryption (TLS option None) the port is {plain_port},
and nobody can sign in there.</p></section>
<section class="card pad"><h2>Recipients</h2>
<p class="muted">What stands before the @ decides, in any domain. Custom SMTP only.</p>{recipients}</section>
<section class="card pad"><h2>Senders</h2>
<p class="muted">As Sender email of Custom SMTP.</p>{senders}</section>"""
