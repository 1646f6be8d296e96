"""The values to type: what to enter in the product, and what comes of it."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.demo import Demo, GraphCase
from sandbox.endpoints import Endpoints
from sandbox.markup import Safe, fill, join

Pairs = list[tuple[str, str]]

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
        graph=_fields(usual, "Microsoft Graph API"),
        graph_cases=join(
            fill(
                CASE,
                label=case.label,
                outcome=case.outcome,
                fields=_fields(_graph(case, places), case.label, usual=usual),
            )
            for case in others
        ),
        starttls=_fields(_smtp(demo, places.smtp_starttls, "STARTTLS"), "Custom SMTP with STARTTLS"),
        tls=_fields(_smtp(demo, places.smtp_tls, "TLS"), "Custom SMTP with TLS"),
        plain_port=places.smtp_plain,
        users=_table(
            ("Username", "Password"),
            [(user.username, user.password, user.outcome) for user in demo.smtp_users],
        ),
        recipients=_table(("Email address",), RECIPIENTS),
        senders=_table(("Sender email",), SENDERS),
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


def _fields(pairs: Pairs, group: str, *, usual: Pairs | None = None) -> Safe:
    """Labels and values; those that are not the usual ones are marked."""
    return join(
        fill(
            FIELD,
            label=label,
            value=value,
            group=group,
            differs=Safe("") if usual is None or (label, value) in usual else Safe(' class="differs"'),
        )
        for label, value in pairs
    )


def _table(headings: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Safe:
    """Values to type in the first columns, what happens in the last."""
    heads = join(fill('<th scope="col">{heading}</th>', heading=heading) for heading in headings)
    return fill(TABLE, heads=heads, rows=join(_row(headings, row) for row in rows))


def _row(headings: tuple[str, ...], row: tuple[str, ...]) -> Safe:
    *typed, outcome = row
    cells = join(
        fill(CELL, heading=heading, value=value) for heading, value in zip(headings, typed, strict=True)
    )
    return fill(ROW, cells=cells, outcome=outcome)


FIELD = """<div><dt>{label}</dt><dd><code{differs}>{value}</code>
<button class="btn small" type="button" data-copy="{value}"
hidden>Copy<span class="sr"> {label}, {group}</span></button></dd></div>"""

CASE = """<details class="case"><summary>{label}<span class="muted">{outcome}</span></summary>
<dl class="values">{fields}</dl></details>"""

CELL = '<td data-label="{heading}"><code>{value}</code></td>'

ROW = '<tr>{cells}<td data-label="What happens">{outcome}</td></tr>'

TABLE = """<table class="cards"><thead><tr>{heads}<th scope="col">What happens</th></tr></thead>
<tbody>{rows}</tbody></table>"""

PAGE = """<div class="page-head"><div><h1>Values to type</h1>
<p>Open the mail settings of an organization, choose the provider and type these values.
They stay the same at each start.</p>
</div></div>
<section class="card pad"><h2>Microsoft Graph API</h2>
<dl class="values">{graph}</dl>
<h3>When something is wrong</h3>
<p class="muted">Each set differs from the working one in the marked value.</p>
{graph_cases}</section>
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
