"""The pages on which a person allows an application something; they work without script."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sandbox.accounts import permissions
from sandbox.directory import App
from sandbox.entra_errors import EntraRefused
from sandbox.http_server import Response
from sandbox.markup import Safe, fill, join

# No form-action: after the answer the browser goes on to the application, wherever that is.
POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'"
WORDS = {
    "SMTP.Send": "Send emails from your mailbox using SMTP AUTH",
    "Mail.Send": "Send mail as you",
    "Mail.ReadWrite": "Read and write your mail",
    "Mail.Send.Shared": "Send mail on behalf of others",
    "User.Read": "View your basic profile",
    "https://mail.google.com/": "Read, compose, send and permanently delete all your email from Gmail",
}


def consent(
    app: str, accounts: Sequence[tuple[str, str]], scopes: Sequence[str], *, allowed: Collection[str] = ()
) -> Response:
    """The page of one person: who (address and name), and what to allow."""
    people = join(
        fill(ACCOUNT, email=email, name=name or email, checked=Safe(" checked") if number == 0 else Safe(""))
        for number, (email, name) in enumerate(accounts)
    )
    asked = join(
        fill(
            ALLOWED if scope in allowed else SCOPE,
            scope=scope,
            words=WORDS.get(_bare(scope), scope),
            name=_bare(scope),
        )
        for scope in scopes
    )
    return page("Permissions requested", fill(CONSENT, app=app, accounts=people, scopes=asked))


def admin_consent(app: App, tenant: str, scopes: Sequence[str]) -> Response:
    """The page of an administrator."""
    listed = [*permissions(scopes), *app.roles] or ["All permissions of its registration"]
    items = join(fill("<li>{scope}</li>", scope=WORDS.get(_bare(scope), scope)) for scope in listed)
    return page("Permissions requested", fill(ADMIN, app=app.name, tenant=tenant, scopes=items))


def done() -> Response:
    """The end of an administrator's consent that was not begun by the application."""
    return page("Done", fill("<p>{text}</p>", text="The application is approved. You can close this page."))


def refused(refusal: EntraRefused) -> Response:
    """What Microsoft says on its own page, because it does not trust the redirect address."""
    return page(
        "Sorry, but we’re having trouble signing you in.", fill(REFUSED, text=refusal.sentence), status=400
    )


def page(title: str, content: Safe, *, status: int = 200) -> Response:
    """A whole page of the sign-in."""
    body = fill(SHELL, title=title, content=content).encode()
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": POLICY,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return Response(status=status, body=body, headers=headers)


def _bare(scope: str) -> str:
    return scope if scope.endswith("/") else scope.rpartition("/")[2]


ACCOUNT = """<li><label><input type="radio" name="account" value="{email}"{checked}>
<span class="strong">{name}</span> <span class="muted">{email}</span></label></li>"""

SCOPE = """<li><label><input type="checkbox" name="scope" value="{scope}" checked>
{words} <span class="muted">{name}</span></label></li>"""

ALLOWED = """<li><input type="hidden" name="scope" value="{scope}">
{words} <span class="muted">{name}, allowed before</span></li>"""

BUTTONS = """<p class="buttons"><button class="btn" name="decision" value="cancel">Cancel</button>
<button class="btn primary" name="decision" value="accept">Accept</button></p>"""

CONSENT = f"""<p><strong>{{app}}</strong> would like to send mail for you.</p>
<form method="post">
<fieldset><legend>Sign in as</legend><ul>{{accounts}}</ul></fieldset>
<fieldset><legend>This app would like to</legend><ul>{{scopes}}</ul></fieldset>
{BUTTONS}</form>"""

ADMIN = f"""<p><strong>{{app}}</strong> asks the administrator of <strong>{{tenant}}</strong> for:</p>
<ul>{{scopes}}</ul><form method="post">{BUTTONS}</form>"""

REFUSED = """<p role="alert">{text}</p>"""

SHELL = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · Sandbox</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/style.css">
</head>
<body class="sign-in">
<main><section class="card pad"><p class="muted">Sandbox, in the place of the sign-in of a mail service</p>
<h1>{title}</h1>
{content}
</section></main>
</body>
</html>
"""
