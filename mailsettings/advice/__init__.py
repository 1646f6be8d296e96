"""Turns a stable error code into cause, remedy and who can fix it; one row per code."""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter
from urllib.parse import urlsplit

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from mailsettings.advice.connecting import CONNECTING
from mailsettings.advice.graph import GRAPH
from mailsettings.advice.row import FIXERS, Advice, Row
from mailsettings.advice.smtp import SMTP
from mailsettings.advice.tokens import TOKENS
from providers import Provider, Settings

TABLE: dict[str, Row] = {**CONNECTING, **SMTP, **TOKENS, **GRAPH}

# Words for facts nobody told, so that a sentence stays whole.
UNKNOWN = {
    "host": "the server",
    "port": "this port",
    "sender": "the sender",
    "client_id": "your app",
    "tenant": "your directory",
    "username": "the username",
    "limit": "the limit",
}


def advise(code: str, facts: Mapping[str, str] | None = None) -> Advice:
    """Give the advice for an error code, filled with the organization's own values.

    Args:
        code: a code of `providers.errors`, or of `NoWayOut`.
        facts: values such as host, port, sender, client_id, tenant; missing ones read as plain words.

    Returns:
        The sentences for the screen; an unknown code gets a general row, never an error.
    """
    row = TABLE.get(code) or TABLE["unknown_reply"]
    known = UNKNOWN | {name: value for name, value in (facts or {}).items() if value}
    return Advice(
        code=code,
        title=sentence(row.title, known),
        cause=sentence(row.cause, known),
        steps=tuple(sentence(step, known) for step in row.steps),
        fixer=row.fixer,
        fixer_label=str(FIXERS[row.fixer]),
        link=fill(row.link, known),
        link_label=_(row.link_label) if row.link_label else "",
    )


def facts(chosen: Provider, settings: Settings) -> dict[str, str]:
    """Give the organization's own values that the advice may name; never a secret."""
    found = {"sender": settings.sender_email, "provider": chosen.label}
    for name in ("host", "port", "client_id", "username"):
        value = getattr(settings, name, "")
        if value:
            found[name] = str(value)
    access_url = getattr(settings, "access_url", "")
    if access_url:
        parts = urlsplit(access_url)
        found["host"] = parts.hostname or ""
        found["tenant"] = parts.path.strip("/").split("/")[0]
    return found


def sentence(pattern: str, known: Mapping[str, str]) -> str:
    """Fill and translate a sentence; a stand-in word at its start gets a capital, a value stays as it is."""
    words = _(pattern)
    name = words[1:].partition("}")[0] if words.startswith("{") else ""
    filled = fill(words, known)
    return capfirst(filled) if known.get(name) == UNKNOWN.get(name, "") else filled


def fill(sentence: str, facts: Mapping[str, str]) -> str:
    """Put facts into a sentence; values are plain text and never read as a pattern."""
    parts = []
    for text, name, _spec, _conversion in Formatter().parse(sentence):
        parts.append(text)
        if name is not None:
            parts.append(facts.get(name, ""))
    return "".join(parts)


__all__ = ["TABLE", "Advice", "Row", "advise", "facts"]
