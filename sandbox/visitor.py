"""A browser for tests that need none: opens a consent page, answers it, and tells where it leads."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from urllib.parse import urlencode, urlsplit

TIMEOUT = 10.0
SCOPE = re.compile(r'name="scope" value="([^"]*)"')


class NoWayBack(AssertionError):
    """The page did not send the browser back to the application."""


def visit(
    url: str, context: ssl.SSLContext, *, form: list[tuple[str, str]] | None = None
) -> tuple[int, str, str]:
    """Status, body and Location of one request; a form makes it a POST."""
    parts = urlsplit(url)
    host, port = str(parts.hostname), parts.port
    connection: HTTPConnection = (
        HTTPSConnection(host, port, context=context, timeout=TIMEOUT)
        if parts.scheme == "https"
        else HTTPConnection(host, port, timeout=TIMEOUT)
    )
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    try:
        if form is None:
            connection.request("GET", path)
        else:
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            connection.request("POST", path, urlencode(form), kind)
        return _read(connection.getresponse())
    finally:
        connection.close()


def decide(
    url: str,
    context: ssl.SSLContext,
    *,
    account: str,
    scopes: Iterable[str] | None = None,
    decision: str = "accept",
) -> str:
    """Answer the consent page and give the address it leads back to.

    `scopes` names what stays ticked, by full or by bare name; None: everything.

    Raises:
        NoWayBack: the page said something else; its text is in the error.
    """
    status, body, location = visit(url, context)
    if location:
        return location
    offered = SCOPE.findall(body)
    kept = offered if scopes is None else [one for one in offered if _is_named(one, tuple(scopes))]
    if status == 200:  # noqa: PLR2004 - the page itself
        form = [("account", account), ("decision", decision), *(("scope", scope) for scope in kept)]
        status, body, location = visit(url, context, form=form)
    if not location:
        raise NoWayBack(f"HTTP {status}: {' '.join(re.sub('<[^>]*>', ' ', body).split())[:500]}")
    return location


def _is_named(scope: str, names: tuple[str, ...]) -> bool:
    return scope in names or scope.rpartition("/")[2] in names


def _read(response: HTTPResponse) -> tuple[int, str, str]:
    return response.status, response.read().decode("utf-8", "replace"), response.headers.get("Location", "")
